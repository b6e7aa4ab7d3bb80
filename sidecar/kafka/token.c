#include "kafka/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/credential.h"
#include "base/memory.h"

/* --- what a token says --- */

static int digit_of(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Base64 of URLs, without padding. False for what is none. */
static bool decode(struct span text, struct buffer *out) {
    unsigned bits = 0;
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) return false;
        bits = bits << 6 | (unsigned)digit;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        buffer_byte(out, (char)(bits >> count & 0xff));
    }
    return true;
}

/* The part between the first two dots. */
static struct span payload_of(struct span token) {
    const char *first = token.len ? memchr(token.data, '.', token.len) : NULL;
    if (!first) return (struct span){0};
    const char *start = first + 1, *end = token.data + token.len;
    const char *second = start < end ? memchr(start, '.', (size_t)(end - start)) : NULL;
    return second ? (struct span){start, (size_t)(second - start)} : (struct span){0};
}

void token_describe(struct span token, int64_t *expires_ms, char principal[TOKEN_PRINCIPAL_MAX]) {
    struct buffer json;
    struct span payload = payload_of(token);
    buffer_init(&json);
    *expires_ms = clock_wall_us() / 1000 + TOKEN_OPAQUE_MS;
    snprintf(principal, TOKEN_PRINCIPAL_MAX, "tributary");
    yyjson_doc *doc =
        payload.len && decode(payload, &json) ? yyjson_read(buffer_string(&json), json.len, 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *expires = yyjson_obj_get(root, "exp"), *subject = yyjson_obj_get(root, "sub");
    double seconds = yyjson_is_num(expires) ? yyjson_get_num(expires) : -1;
    if (seconds >= 0 && seconds < 1e12) *expires_ms = (int64_t)(seconds * 1000);
    if (yyjson_is_str(subject) && yyjson_get_len(subject))
        snprintf(principal, TOKEN_PRINCIPAL_MAX, "%s", yyjson_get_str(subject));
    yyjson_doc_free(doc);
    buffer_release(&json);
}

/* --- fetching: on the client's background thread --- */

static void offer(rd_kafka_t *client, const char *token) {
    char principal[TOKEN_PRINCIPAL_MAX], why[300] = "";
    int64_t expires_ms, now_ms = clock_wall_us() / 1000;
    token_describe(span_of(token), &expires_ms, principal);
    if (expires_ms <= now_ms)
        snprintf(why, sizeof why, "the token expired %lld s ago", (long long)(now_ms - expires_ms) / 1000);
    else if (!rd_kafka_oauthbearer_set_token(client, token, expires_ms, principal, NULL, 0, why, sizeof why))
        return;
    rd_kafka_oauthbearer_set_token_failure(client, why);
}

static void fetch(rd_kafka_t *client, const struct credential_source *source) {
    struct error error;
    struct credential *credential = credential_new(source, "the token", CREDENTIAL_TIMEOUT_MS);
    if (credential_wait(credential, &error))
        offer(client, credential_text(credential));
    else
        rd_kafka_oauthbearer_set_token_failure(client, error.message);
    credential_free(credential);
}

/* The opaque pointer is the role's, so what is to be fetched comes as the client's own property: a JSON list
 * is a command, a JSON string a file. */
static void on_refresh(rd_kafka_t *client, const char *config, void *opaque) {
    (void)opaque;
    yyjson_doc *doc = config ? yyjson_read(config, strlen(config), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *item;
    struct credential_source source = {.file = yyjson_get_str(root)};
    size_t i, count;
    char **command = memory_zalloc(yyjson_arr_size(root) + 1, sizeof *command);
    yyjson_arr_foreach(root, i, count, item) command[i] = memory_strdup(yyjson_get_str(item));
    if (command[0]) source.command = command;
    if (source.command || source.file) fetch(client, &source);
    for (char **argument = command; *argument; argument++) free(*argument);
    free(command);
    yyjson_doc_free(doc);
}

void token_prepare(rd_kafka_conf_t *conf, const struct sasl_config *sasl) {
    if (!sasl->present || sasl->mechanism != SASL_OAUTHBEARER) return;
    struct buffer config;
    char why[200];
    buffer_init(&config);
    if (sasl->token.command) {
        for (char **argument = sasl->token.command; *argument; argument++) {
            buffer_byte(&config, argument == sasl->token.command ? '[' : ',');
            buffer_json(&config, span_of(*argument));
        }
        buffer_byte(&config, ']');
    } else {
        buffer_json(&config, span_of(sasl->token.file));
    }
    rd_kafka_conf_set(conf, "sasl.oauthbearer.config", buffer_string(&config), why, sizeof why);
    buffer_release(&config);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_refresh);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
}

void token_serve(rd_kafka_t *client) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_sasl(client);
    if (!queue) return;
    rd_kafka_queue_destroy(queue);
    rd_kafka_error_t *error = rd_kafka_sasl_background_callbacks_enable(client);
    if (error) rd_kafka_error_destroy(error);
}
