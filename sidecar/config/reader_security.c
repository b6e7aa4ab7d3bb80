/* Commands, and what the options of security need of each other. */
#include "base/memory.h"
#include "config/password.h"
#include "config/reader.h"

/* An argument may hold what a variable brought, so it is never shown but as it was written. */
void reader_command(struct reader *reader, const struct option_row *option, const struct place *place,
                    void *target) {
    if (!reader_filled(reader, option, place, NODE_LIST)) return;
    char **command = memory_zalloc((size_t)place->node->count + 1, sizeof *command);
    int count = 0;
    memcpy(target, &command, sizeof command);
    for (const struct node *item = place->node->first; item; item = item->next) {
        const char *text = reader_item(reader, item, KIND_TEXT, "an argument");
        if (text) command[count++] = memory_strdup(text);
    }
}

/* Where the option stands, or else what should contain it. */
static struct position position_of(const struct node *root, const char *section, const char *below,
                                   const char *name) {
    const struct node *map = node_find(root, section);
    const struct node *inner = map && map->kind == NODE_MAP && below ? node_find(map, below) : map;
    const struct node *value = inner && inner->kind == NODE_MAP && name ? node_find(inner, name) : NULL;
    return value ? value->named : inner ? inner->named : root->position;
}

static void one_source(struct reader *reader, const struct credential_config *credential,
                       struct position position, const char *what) {
    if (!credential->command || !credential->file) return;
    problems_add(reader->problems, position, "\"%s_command\" and \"%s_file\" are both there", what, what);
    problems_hint(reader->problems, "keep the one that shall be asked");
}

static bool is_given(const struct credential_config *credential) {
    return credential->command || credential->file;
}

static void check_sasl(struct reader *reader, const struct node *root) {
    const struct sasl_config *sasl = &reader->pipeline->kafka.sasl;
    struct position position = position_of(root, "kafka", "sasl", NULL);
    const struct node *kafka = node_find(root, "kafka"), *map = node_find(kafka, "sasl");
    if (map->kind != NODE_MAP || !node_find(map, "mechanism")) return; /* has been reported */
    bool token = sasl->mechanism == SASL_OAUTHBEARER;
    one_source(reader, &sasl->token, position, "kafka.sasl.token");
    if (token && !is_given(&sasl->token)) {
        problems_add(reader->problems, position, "OAUTHBEARER needs a token");
        problems_hint(reader->problems, "add \"token_command\" or \"token_file\"");
    } else if (!token && (!sasl->username || !sasl->password)) {
        problems_add(reader->problems, position, "\"kafka.sasl\" needs a \"username\" and a \"password\"");
        problems_hint(reader->problems, "for example: {mechanism: SCRAM-SHA-512, username: tributary, "
                                        "password: \"${KAFKA_PASSWORD}\"}");
    }
    if (!token && is_given(&sasl->token))
        problems_add(reader->problems, position, "a token is for the mechanism OAUTHBEARER only");
    if (token && (sasl->username || sasl->password))
        problems_add(reader->problems, position,
                     "OAUTHBEARER takes a token, not a \"username\" and a \"password\"");
}

static void check_tls(struct reader *reader, const struct node *root) {
    const struct tls_config *tls = &reader->pipeline->kafka.tls;
    struct position position = position_of(root, "kafka", "tls", NULL);
    if (!tls->certificate != !tls->key) {
        problems_add(reader->problems, position, "\"%s\" is missing",
                     tls->key ? "kafka.tls.certificate" : "kafka.tls.key");
        problems_hint(reader->problems, "a certificate and its key belong together");
    }
    if (tls->key_password && !tls->key)
        problems_add(reader->problems, position, "\"kafka.tls.key_password\" is there without \"key\"");
}

static void check_postgres(struct reader *reader, const struct node *root) {
    const struct postgres_config *postgres = &reader->pipeline->postgres;
    struct position position = position_of(root, "postgres", NULL, "url");
    struct span password;
    size_t from = 0;
    one_source(reader, &postgres->password, position, "postgres.password");
    if (!is_given(&postgres->password) || !postgres->url) return;
    if (!password_next(span_of(postgres->url), &from, &password)) return;
    problems_add(reader->problems, position, "\"postgres.url\" has a password, and \"%s\" brings another",
                 postgres->password.command ? "password_command" : "password_file");
    problems_hint(reader->problems, "take it out of the URL: postgresql://user@host:5432/database");
}

void reader_security(struct reader *reader, const struct node *root) {
    if (reader->pipeline->kafka.tls.present) check_tls(reader, root);
    if (reader->pipeline->kafka.sasl.present) check_sasl(reader, root);
    check_postgres(reader, root);
}
