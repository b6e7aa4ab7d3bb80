#include "kafka/client.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/suggest.h"
#include "kafka/security.h"
#include "kafka/token.h"
#include "telemetry/errors.h"
#include "telemetry/log.h"

enum { MAX_PROPERTIES = 1000 };

/* Detect dead peers and come back soon: the library's own defaults are made for clients that nobody waits
 * for. */
static const struct client_setting common[] = {
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"socket.connection.setup.timeout.ms", "10000"},
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "5000"},
    {"log.connection.close", "false"}, /* brokers close idle connections all day long */
    {NULL, NULL},
};

static enum log_level level_of_syslog(int level) {
    if (level <= 2) return LOG_LEVEL_ERROR;
    if (level <= 4)
        return LOG_LEVEL_WARN; /* 3: a broker is away; whether that is an error is for us to say */
    return level <= 6 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    /* one set of properties serves consumers and producers; that each ignores the other's is no news */
    if (strcmp(facility, "CONFWARN") == 0 && strstr(text, "and will be ignored by this")) return;
    enum log_level ours = level_of_syslog(level);
    (ours <= LOG_LEVEL_WARN ? log_repeated : log_event)(ours, "kafka_client",
                                                        "client=%s facility=%s message=%s",
                                                        rd_kafka_name(client), facility, LOG_QUOTE(text));
}

/* The property whose name is nearest, from the table that librdkafka prints of all its properties: one a
 * line, the name up to the first blank. The table is cut up into the names that `*text` then holds. */
static const char *nearest_property(const char *name, char **text) {
    const char *names[MAX_PROPERTIES];
    size_t len = 0;
    int count = 0;
    *text = NULL;
    FILE *table = open_memstream(text, &len);
    if (!table) return NULL;
    rd_kafka_conf_properties_show(table);
    fclose(table);
    char *rest;
    for (char *line = strtok_r(*text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, " ")] = '\0';
        if (*line && count < MAX_PROPERTIES) names[count++] = line;
    }
    return suggest_nearest(name, names, count);
}

static bool unknown_property(const char *name, struct error *error) {
    char *text;
    const char *nearest = nearest_property(name, &text);
    const char *version = rd_kafka_version_str();
    if (nearest)
        error_set(error, ERROR_CONFIG,
                  "kafka property \"%s\" does not exist in librdkafka %s\nhint: did you mean \"%s\"?", name,
                  version, nearest);
    else
        error_set(error, ERROR_CONFIG, "kafka property \"%s\" does not exist in librdkafka %s", name,
                  version);
    free(text);
    return false;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error) {
    char why[300] = "";
    switch (rd_kafka_conf_set(conf, name, value, why, sizeof why)) {
    case RD_KAFKA_CONF_OK: return true;
    case RD_KAFKA_CONF_UNKNOWN: return unknown_property(name, error);
    case RD_KAFKA_CONF_INVALID: break;
    }
    why[strcspn(why, "\n")] = '\0'; /* some of its messages end with one */
    return error_set(error, ERROR_CONFIG, "kafka property \"%s\": %s", name, why);
}

static bool set_all(rd_kafka_conf_t *conf, const struct client_setting *settings, struct error *error) {
    for (; settings && settings->name; settings++)
        if (!set(conf, settings->name, settings->value, error)) return false;
    return true;
}

static bool set_user(rd_kafka_conf_t *conf, const struct kafka_config *config, struct error *error) {
    for (int i = 0; i < config->property_count; i++)
        if (!set(conf, config->properties[i].name, config->properties[i].value, error)) return false;
    return true;
}

static const char *user_value(const struct kafka_config *config, const char *name) {
    const char *value = NULL; /* of a property given twice the last one stands */
    for (int i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0) value = config->properties[i].value;
    return value;
}

static bool require_all(rd_kafka_conf_t *conf, const struct kafka_config *config,
                        const struct client_setting *settings, struct error *error) {
    for (; settings && settings->name; settings++) {
        const char *value = user_value(config, settings->name);
        if (value && strcasecmp(value, settings->value) != 0)
            return error_set(error, ERROR_CONFIG,
                             "kafka property \"%s\" cannot be \"%s\": the results depend on \"%s\"\n"
                             "hint: leave it out",
                             settings->name, value, settings->value);
        if (!set(conf, settings->name, settings->value, error)) return false;
    }
    return true;
}

/* The named options for TLS and SASL. */
static bool set_security(rd_kafka_conf_t *conf, const struct kafka_config *config, struct error *error) {
    struct client_setting settings[SECURITY_SETTINGS];
    security_settings(config, settings);
    security_warn(config);
    if (!security_check(config, settings, error)) return false;
    token_prepare(conf, &config->sasl);
    return set_all(conf, settings, error);
}

rd_kafka_conf_t *client_conf_new(const struct kafka_config *config, const char *role,
                                 const struct client_setting *defaults, const struct client_setting *required,
                                 struct error *error) {
    char id[64];
    snprintf(id, sizeof id, "tributary-%s", role);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (set(conf, "bootstrap.servers", config->brokers, error) && set(conf, "client.id", id, error) &&
        set_all(conf, common, error) && set_all(conf, defaults, error) && set_user(conf, config, error) &&
        set_security(conf, config, error) && require_all(conf, config, required, error))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error) {
    char why[500] = "";
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client) {
        token_serve(client);
        return client;
    }
    rd_kafka_conf_destroy(conf);
    error_set(error, ERROR_CONFIG, "the kafka client does not start: %s", why);
    return NULL;
}

int64_t client_setting_ms(const rd_kafka_conf_t *conf, const char *name) {
    char text[24] = "";
    size_t size = sizeof text;
    rd_kafka_conf_get(conf, name, text, &size);
    return strtoll(text, NULL, 10);
}

/* UNKNOWN is an unexpected error inside the broker, INVALID_MSG a checksum that did not match on the way. */
static const rd_kafka_resp_err_t retry_codes[] = {
    RD_KAFKA_RESP_ERR__TRANSPORT,
    RD_KAFKA_RESP_ERR__RESOLVE,
    RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
    RD_KAFKA_RESP_ERR__NODE_UPDATE,
    RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
    RD_KAFKA_RESP_ERR__TIMED_OUT,
    RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    RD_KAFKA_RESP_ERR__QUEUE_FULL,
    RD_KAFKA_RESP_ERR__ISR_INSUFF,
    RD_KAFKA_RESP_ERR__WAIT_COORD,
    RD_KAFKA_RESP_ERR__WAIT_CACHE,
    RD_KAFKA_RESP_ERR__IN_PROGRESS,
    RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
    RD_KAFKA_RESP_ERR__INTR,
    RD_KAFKA_RESP_ERR__RETRY,
    RD_KAFKA_RESP_ERR__PARTIAL,
    RD_KAFKA_RESP_ERR__OUTDATED,
    RD_KAFKA_RESP_ERR__BAD_MSG,
    RD_KAFKA_RESP_ERR__PURGE_QUEUE,
    RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,
    RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
    RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
    RD_KAFKA_RESP_ERR_UNKNOWN,
    RD_KAFKA_RESP_ERR_INVALID_MSG,
    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH,
    RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED,
    RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
    RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
    RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED,
    RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
    RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
    RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
    RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
    RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
    RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH,
    RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
    RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
};

/* INVALID_RECORD: for instance no key in a compacted topic; INVALID_TIMESTAMP: too far from now for the
 * topic. */
static const rd_kafka_resp_err_t poison_codes[] = {
    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,   RD_KAFKA_RESP_ERR_INVALID_RECORD,
    RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
};

/* AUTO_OFFSET_RESET and OFFSET_OUT_OF_RANGE: the records wanted are gone, retention is too short. */
static const rd_kafka_resp_err_t config_codes[] = {
    RD_KAFKA_RESP_ERR__AUTHENTICATION,
    RD_KAFKA_RESP_ERR__SSL,
    RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
    RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    RD_KAFKA_RESP_ERR__UNKNOWN_GROUP,
    RD_KAFKA_RESP_ERR__INVALID_ARG,
    RD_KAFKA_RESP_ERR__NOT_CONFIGURED,
    RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
    RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
    RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
    RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
    RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS,
    RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,
    RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
    RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
    RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
    RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
    RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL,
    RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE,
    RD_KAFKA_RESP_ERR_SECURITY_DISABLED,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
    RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
    RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
    RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
    RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT,
    RD_KAFKA_RESP_ERR_INVALID_CONFIG,
    RD_KAFKA_RESP_ERR_INVALID_REQUEST,
    RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
    RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
    RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,
    RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED,
};

#define HAS(codes, code) has((codes), sizeof(codes) / sizeof *(codes), (code))

static bool has(const rd_kafka_resp_err_t *codes, size_t count, rd_kafka_resp_err_t code) {
    for (size_t i = 0; i < count; i++)
        if (codes[i] == code) return true;
    return false;
}

enum error_class client_error_class(rd_kafka_resp_err_t code) {
    if (HAS(retry_codes, code)) return ERROR_RETRY;
    if (HAS(poison_codes, code)) return ERROR_POISON;
    return HAS(config_codes, code) ? ERROR_CONFIG : ERROR_FATAL;
}

/* "Broker: Unknown topic or partition" -> "unknown topic or partition"; abbreviations keep their capitals. */
static void plain_text(rd_kafka_resp_err_t code, char *text, size_t size) {
    const char *words = rd_kafka_err2str(code);
    if (strncmp(words, "Local: ", 7) == 0) words += 7;
    if (strncmp(words, "Broker: ", 8) == 0) words += 8;
    snprintf(text, size, "%s", words);
    if (isupper((unsigned char)text[0]) && !isupper((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}

const char *client_hint(rd_kafka_resp_err_t code) {
    bool right = code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    return right ? "\nhint: \"tributary init FILE --print-acls\" prints the rights that are needed" : "";
}

bool client_error(struct error *error, rd_kafka_resp_err_t code, const char *format, ...) {
    char subject[600], words[200];
    va_list args;
    va_start(args, format);
    vsnprintf(subject, sizeof subject, format, args);
    va_end(args);
    plain_text(code, words, sizeof words);
    return error_set(error, client_error_class(code), "%s: %s (%s)%s", subject, words,
                     rd_kafka_err2name(code), client_hint(code));
}

void client_note_refusal(const rd_kafka_t *client, rd_kafka_resp_err_t code, const char *text) {
    if (code != RD_KAFKA_RESP_ERR__AUTHENTICATION && code != RD_KAFKA_RESP_ERR__SSL) return;
    errors_refused(rd_kafka_err2name(code));
    log_repeated(LOG_LEVEL_ERROR, "kafka_refused", "client=%s error=%s hint=%s", rd_kafka_name(client),
                 LOG_QUOTE(text),
                 LOG_QUOTE("tried again without end; are `kafka.sasl` and `kafka.tls` right?"));
}

bool client_has_ended(rd_kafka_t *client, struct error *error) {
    char why[500] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(client, why, sizeof why);
    if (!code) return false;
    enum error_class class = client_error_class(code) == ERROR_CONFIG ? ERROR_CONFIG : ERROR_FATAL;
    error_set(error, class, "the kafka client has ended: %s (%s)", why, rd_kafka_err2name(code));
    return true;
}
