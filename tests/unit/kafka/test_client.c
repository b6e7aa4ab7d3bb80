#include "kafka/client.h"

#include "../suite.h"

static char brokers[] = "127.0.0.1:1";

static struct kafka_config config_of(struct property *properties, int count) {
    return (struct kafka_config){.brokers = brokers, .properties = properties, .property_count = count};
}

static void assert_value(rd_kafka_conf_t *conf, const char *name, const char *expected) {
    char value[200] = "";
    size_t size = sizeof value;
    ck_assert_int_eq(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    ck_assert_str_eq(value, expected);
}

START_TEST(the_user_has_the_last_word) {
    struct property properties[] = {{"linger.ms", "77"}, {"client.id", "me"}};
    static const struct client_setting defaults[] = {{"linger.ms", "5"}, {"acks", "all"}, {NULL, NULL}};
    struct kafka_config config = config_of(properties, 1);
    struct error error;
    rd_kafka_conf_t *conf = client_conf_new(&config, "producer", defaults, NULL, &error);
    ck_assert_ptr_nonnull(conf);
    assert_value(conf, "bootstrap.servers", brokers);
    assert_value(conf, "client.id", "tributary-producer");
    assert_value(conf, "socket.keepalive.enable", "true");
    assert_value(conf, "linger.ms", "77");
    assert_value(conf, "acks", "-1");
    rd_kafka_conf_destroy(conf);
    config = config_of(properties, 2);
    conf = client_conf_new(&config, "producer", NULL, NULL, &error);
    assert_value(conf, "client.id", "me");
    rd_kafka_conf_destroy(conf);
}
END_TEST

static void assert_refused(const char *name, const char *value, const char *part) {
    char name_copy[64], value_copy[64];
    snprintf(name_copy, sizeof name_copy, "%s", name);
    snprintf(value_copy, sizeof value_copy, "%s", value);
    struct property property = {name_copy, value_copy};
    struct kafka_config config = config_of(&property, 1);
    struct error error = {.class = ERROR_FATAL};
    ck_assert_ptr_null(client_conf_new(&config, "x", NULL, NULL, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, name) && strstr(error.message, part), "%s", error.message);
    ck_assert_ptr_null(strstr(error.message, "\n\n"));
    ck_assert_int_ne(error.message[strlen(error.message) - 1], '\n');
}

START_TEST(a_refused_property_is_named) {
    assert_refused("sasl.pasword", "secret", "did you mean \"sasl.password\"?");
    assert_refused("no.such.thing.at.all", "1", "does not exist");
    assert_refused("acks", "7000000", "range");
    assert_refused("enable.idempotence", "perhaps", "enable.idempotence");
    assert_refused("compression.type", "zip", "zip");
}
END_TEST

/* One list of properties serves all clients of a pipeline. */
START_TEST(properties_of_the_other_kind_do_no_harm) {
    struct property properties[] = {{"group.instance.id", "a"},   {"session.timeout.ms", "9000"},
                                    {"fetch.min.bytes", "10"},    {"linger.ms", "3"},
                                    {"compression.type", "gzip"}, {"isolation.level", "read_committed"}};
    struct kafka_config config = config_of(properties, COUNT_OF(properties));
    static const rd_kafka_type_t types[] = {RD_KAFKA_PRODUCER, RD_KAFKA_CONSUMER};
    for (int i = 0; i < COUNT_OF(types); i++) {
        struct error error = {0};
        rd_kafka_conf_t *conf = client_conf_new(&config, "x", NULL, NULL, &error);
        ck_assert_ptr_nonnull(conf);
        rd_kafka_t *client = client_new(types[i], conf, &error);
        ck_assert_msg(client != NULL, "%s", error.message);
        ck_assert(!client_has_ended(client, &error));
        rd_kafka_destroy(client);
    }
}
END_TEST

START_TEST(contradictions_are_config_errors) {
    struct property properties[] = {{"enable.idempotence", "true"}, {"acks", "1"}};
    struct kafka_config config = config_of(properties, 2);
    struct error error = {.class = ERROR_FATAL};
    rd_kafka_conf_t *conf = client_conf_new(&config, "x", NULL, NULL, &error);
    ck_assert_ptr_nonnull(conf);
    ck_assert_ptr_null(client_new(RD_KAFKA_PRODUCER, conf, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "acks") != NULL, "%s", error.message);
}
END_TEST

START_TEST(what_the_results_depend_on_stays) {
    struct property properties[] = {{"enable.auto.commit", "FALSE"}, {"auto.offset.reset", "latest"}};
    static const struct client_setting required[] = {
        {"enable.auto.commit", "false"}, {"auto.offset.reset", "error"}, {NULL, NULL}};
    struct error error = {.class = ERROR_FATAL};
    struct kafka_config config = config_of(properties, 1);
    rd_kafka_conf_t *conf = client_conf_new(&config, "x", NULL, required, &error);
    assert_value(conf, "auto.offset.reset", "error");
    rd_kafka_conf_destroy(conf);
    config = config_of(properties, 2);
    ck_assert_ptr_null(client_conf_new(&config, "x", NULL, required, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "\"auto.offset.reset\" cannot be \"latest\"") != NULL, "%s",
                  error.message);
}
END_TEST

START_TEST(errors_have_classes) {
    static const struct {
        rd_kafka_resp_err_t code;
        enum error_class class;
    } cases[] = {
        {RD_KAFKA_RESP_ERR__TRANSPORT, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR__QUEUE_FULL, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, ERROR_RETRY},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERROR_POISON},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERROR_POISON},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, ERROR_CONFIG},
        {RD_KAFKA_RESP_ERR__SSL, ERROR_CONFIG},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERROR_CONFIG},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_CONFIG},
        {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERROR_CONFIG},
        {RD_KAFKA_RESP_ERR__FATAL, ERROR_FATAL},
        {RD_KAFKA_RESP_ERR__FENCED, ERROR_FATAL},
        {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ERROR_FATAL},
        {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ERROR_FATAL},
        {(rd_kafka_resp_err_t)30000, ERROR_FATAL}, /* of a broker from the future */
    };
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(client_error_class(cases[i].code) == cases[i].class, "%s",
                      rd_kafka_err2name(cases[i].code));
}
END_TEST

START_TEST(errors_say_it_in_the_clients_words) {
    struct error error;
    ck_assert(!client_error(&error, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic \"%s\"", "clicks"));
    ck_assert_str_eq(error.message, "topic \"clicks\": unknown topic or partition (UNKNOWN_TOPIC_OR_PART)");
    ck_assert(!client_error(&error, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "a record"));
    ck_assert_str_eq(error.message, "a record: message timed out (_MSG_TIMED_OUT)");
    ck_assert(!client_error(&error, RD_KAFKA_RESP_ERR__SSL, "x"));
    ck_assert_str_eq(error.message, "x: SSL error (_SSL)");
}
END_TEST

START_TEST(the_end_of_a_client_keeps_its_cause) {
    struct kafka_config config = config_of(NULL, 0);
    static const struct {
        rd_kafka_resp_err_t code;
        enum error_class class;
    } cases[] = {{RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ERROR_FATAL},
                 {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERROR_CONFIG}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct error error = {0};
        rd_kafka_t *client =
            client_new(RD_KAFKA_PRODUCER, client_conf_new(&config, "x", NULL, NULL, &error), &error);
        rd_kafka_test_fatal_error(client, cases[i].code, "for the test");
        ck_assert(client_has_ended(client, &error));
        ck_assert_int_eq(error.class, cases[i].class);
        ck_assert_msg(strstr(error.message, "for the test") &&
                          strstr(error.message, rd_kafka_err2name(cases[i].code)),
                      "%s", error.message);
        rd_kafka_destroy(client);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("client");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, the_user_has_the_last_word);
    tcase_add_test(tests, a_refused_property_is_named);
    tcase_add_test(tests, properties_of_the_other_kind_do_no_harm);
    tcase_add_test(tests, contradictions_are_config_errors);
    tcase_add_test(tests, what_the_results_depend_on_stays);
    tcase_add_test(tests, errors_have_classes);
    tcase_add_test(tests, errors_say_it_in_the_clients_words);
    tcase_add_test(tests, the_end_of_a_client_keeps_its_cause);
    return suite_run("kafka.client", tests);
}
