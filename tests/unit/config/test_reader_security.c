/* `kafka.tls`, `kafka.sasl`, the postgres password: what is taken, what is refused, and that nothing is
 * shown. */
#include "support.h"

#include "../suite.h"

static const char rest[] = "inputs:\n  t: {kafka: {topic: tt}, time: {field: at}}\n"
                           "  c: {kafka: {topic: cc}, time: {field: at}}\n"
                           "attribute: {conversions: c, touches: t, key: [k], window: 1h}\n"
                           "outputs:\n  - postgres: {table: r, write: append, columns: [a]}\n";

static char *file_with(const char *kafka, const char *postgres) {
    char *text = malloc(4000);
    snprintf(text, 4000, "version: 1\npipeline: p\nkafka: {brokers: b%s}\npostgres: {url: \"%s}\n%s", kafka,
             postgres, rest);
    return text;
}

static void refuses(const char *kafka, const char *postgres, const char *expected) {
    char *text = file_with(kafka, postgres), *errors;
    struct pipeline *pipeline = parse_bytes(text, strlen(text), &errors);
    ck_assert_ptr_null(pipeline);
    ck_assert_str_eq(errors, expected);
    ck_assert_ptr_null(strstr(errors, "hunter2"));
    free(errors);
    free(text);
}

static struct pipeline *accepts(const char *kafka, const char *postgres) {
    setenv("PW", "hunter2", 1);
    char *text = file_with(kafka, postgres);
    struct pipeline *pipeline = parse_good(text);
    free(text);
    return pipeline;
}

START_TEST(absent) {
    struct pipeline *pipeline = accepts("", "host=h\"");
    ck_assert(!pipeline->kafka.tls.present && !pipeline->kafka.sasl.present);
    char *printed = print(pipeline);
    ck_assert_ptr_null(strstr(printed, "tls:"));
    ck_assert_ptr_null(strstr(printed, "sasl:"));
    free(printed);
    pipeline_free(pipeline);
}
END_TEST

START_TEST(alone) {
    struct pipeline *pipeline = accepts(", tls: {}", "host=h\"");
    ck_assert(pipeline->kafka.tls.present);
    ck_assert_int_eq(pipeline->kafka.tls.verify, TLS_VERIFY_FULL);
    ck_assert_ptr_null(pipeline->kafka.tls.ca);
    pipeline_free(pipeline);
}
END_TEST

START_TEST(never_shown) {
    struct pipeline *pipeline = accepts(", tls: {certificate: c, key: k, key_password: \"${PW}\"}"
                                        ", sasl: {mechanism: PLAIN, username: u, password: \"${PW}\"}",
                                        "host=h\", password_command: [get, \"${PW}\"]");
    ck_assert_str_eq(pipeline->kafka.sasl.password, "hunter2");
    ck_assert_str_eq(pipeline->kafka.tls.key_password, "hunter2");
    ck_assert_str_eq(pipeline->postgres.password.command[1], "hunter2");
    ck_assert_ptr_null(pipeline->postgres.password.command[2]);
    char *printed = print(pipeline);
    ck_assert_ptr_null(strstr(printed, "hunter2"));
    ck_assert_ptr_nonnull(strstr(printed, "password_command: [get, \"***\"]"));
    ck_assert_ptr_nonnull(strstr(printed, "mechanism: PLAIN"));
    free(printed);
    pipeline_free(pipeline);
}
END_TEST

START_TEST(sasl) {
    setenv("PW", "hunter2", 1);
    refuses(
        ", sasl: {username: u}", "host=h\"",
        "p.yaml:3:21: \"kafka.sasl.mechanism\" is missing\n  hint: for example: mechanism: SCRAM-SHA-512\n");
    refuses(", sasl: {mechanism: PLAIN, username: u, password: hunter2}", "host=h\"",
            "p.yaml:3:69: \"kafka.sasl.password\" is a secret written in the file\n"
            "  hint: take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
            "${file:/run/secrets/password}\n");
    refuses(", sasl: {mechanism: PLAIN, username: u}", "host=h\"",
            "p.yaml:3:21: \"kafka.sasl\" needs a \"username\" and a \"password\"\n"
            "  hint: for example: {mechanism: SCRAM-SHA-512, username: tributary, password: "
            "\"${KAFKA_PASSWORD}\"}\n");
    refuses(", sasl: {mechanism: OAUTHBEARER}", "host=h\"",
            "p.yaml:3:21: OAUTHBEARER needs a token\n  hint: add \"token_command\" or \"token_file\"\n");
    refuses(", sasl: {mechanism: OAUTHBEARER, token_file: f, token_command: [c]}", "host=h\"",
            "p.yaml:3:21: \"kafka.sasl.token_command\" and \"kafka.sasl.token_file\" are both there\n"
            "  hint: keep the one that shall be asked\n");
    refuses(", sasl: {mechanism: OAUTHBEARER, token_file: f, username: u}", "host=h\"",
            "p.yaml:3:21: OAUTHBEARER takes a token, not a \"username\" and a \"password\"\n");
    refuses(", sasl: {mechanism: PLAIN, username: u, password: \"${PW}\", token_file: f}", "host=h\"",
            "p.yaml:3:21: a token is for the mechanism OAUTHBEARER only\n");
}
END_TEST

START_TEST(tls) {
    refuses(", tls: {certificate: c}", "host=h\"",
            "p.yaml:3:21: \"kafka.tls.key\" is missing\n  hint: a certificate and its key belong together\n");
    refuses(", tls: {key: k}", "host=h\"",
            "p.yaml:3:21: \"kafka.tls.certificate\" is missing\n"
            "  hint: a certificate and its key belong together\n");
    refuses(", tls: {verify: nome}", "host=h\"",
            "p.yaml:3:35: \"kafka.tls.verify\" must be full, ca or none, not \"nome\"\n"
            "  hint: did you mean \"none\"?\n");
}
END_TEST

START_TEST(postgres) {
    setenv("PW", "hunter2", 1);
    refuses("", "postgresql://u:${PW}@h/d\", password_file: f",
            "p.yaml:4:12: \"postgres.url\" has a password, and \"password_file\" brings another\n"
            "  hint: take it out of the URL: postgresql://user@host:5432/database\n");
    refuses("", "host=h\", password_file: f, password_command: [c]",
            "p.yaml:4:12: \"postgres.password_command\" and \"postgres.password_file\" are both there\n"
            "  hint: keep the one that shall be asked\n");
    refuses(
        "", "host=h\", password_command: []",
        "p.yaml:4:45: \"postgres.password_command\" must be a list of texts, a program and its arguments, "
        "not an empty list\n"
        "  hint: for example: password_command: [aws, rds, generate-db-auth-token, --hostname, "
        "db.example.com]\n");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("reader_security");
    tcase_add_test(tests, absent);
    tcase_add_test(tests, alone);
    tcase_add_test(tests, never_shown);
    tcase_add_test(tests, sasl);
    tcase_add_test(tests, tls);
    tcase_add_test(tests, postgres);
    return suite_run("config.reader_security", tests);
}
