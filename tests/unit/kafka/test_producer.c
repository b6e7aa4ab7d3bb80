#include "kafka/producer.h"

#include "kafka/client.h"
#include "mock.h"
#include "telemetry/log.h"

enum { FLUSH_MS = 30000 };

static struct producer *open_producer(const struct kafka_config *config) {
    struct error error = {0};
    struct producer *producer = producer_new(config, "test", 0, &error);
    ck_assert_msg(producer != NULL, "%s", error.message);
    return producer;
}

static void send_record(struct producer *producer, const char *key, struct span value, uintptr_t tag) {
    struct error error = {0};
    struct producer_record record = {.topic = "out", .key = span_of(key), .value = value, .tag = tag};
    ck_assert_msg(producer_send(producer, &record, &error), "%s", error.message);
}

/* Reads the first record of the topic's partition 0 as any consumer would. */
static rd_kafka_message_t *read_first(rd_kafka_t *consumer, const char *topic) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(consumer, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_message_t *message = NULL;
    for (int i = 0; i < 300 && !message; i++) message = rd_kafka_consumer_poll(consumer, 100);
    ck_assert_ptr_nonnull(message);
    ck_assert_int_eq(message->err, 0);
    return message;
}

static rd_kafka_t *open_consumer(const struct mock *mock) {
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", mock->config.brokers, why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", "test", why, sizeof why);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    ck_assert_msg(consumer != NULL, "%s", why);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static void assert_header(const rd_kafka_headers_t *headers, size_t index, const char *name,
                          struct span value) {
    const char *its_name;
    const void *data;
    size_t len;
    ck_assert_int_eq(rd_kafka_header_get_all(headers, index, &its_name, &data, &len), 0);
    ck_assert_str_eq(its_name, name);
    ck_assert_int_eq(data == NULL, value.data == NULL);
    ck_assert(span_equal((struct span){data, len}, value));
}

START_TEST(a_record_arrives_as_it_was) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "out", 1);
    struct producer *producer = open_producer(&mock.config);
    const struct producer_header headers[] = {
        {"reason", span_of("late")}, {"empty", {"", 0}}, {"null", {NULL, 0}}};
    struct producer_record record = {.topic = "out",
                                     .key = {"k\0k", 3},
                                     .value = {"", 0},
                                     .timestamp_ms = 1718600400123,
                                     .headers = headers,
                                     .header_count = 3};
    ck_assert(producer_send_to(producer, &record, 0, &error));
    ck_assert_uint_eq(producer_pending(producer), 1);
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    ck_assert_uint_eq(producer_pending(producer), 0);
    ck_assert_uint_eq(producer_acknowledged(producer), 1);

    rd_kafka_t *consumer = open_consumer(&mock);
    rd_kafka_message_t *message = read_first(consumer, "out");
    rd_kafka_timestamp_type_t type;
    rd_kafka_headers_t *got;
    ck_assert(span_equal((struct span){message->key, message->key_len}, record.key));
    ck_assert_uint_eq(message->len, 0);
    ck_assert_int_eq(rd_kafka_message_timestamp(message, &type), 1718600400123);
    ck_assert_int_eq(rd_kafka_message_headers(message, &got), 0);
    ck_assert_uint_eq(rd_kafka_header_cnt(got), 3);
    for (size_t i = 0; i < 3; i++) assert_header(got, i, headers[i].name, headers[i].value);
    rd_kafka_message_destroy(message);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    producer_free(producer);
    mock_release(&mock);
}
END_TEST

struct refusals {
    struct producer *producer;
    int count, resend_first; /* how many refused records are sent again, cut to one byte */
    uintptr_t tags[4];
    size_t lengths[4];
    rd_kafka_resp_err_t code;
};

static bool on_refusal(void *context, const struct producer_failure *failure) {
    struct refusals *refusals = context;
    struct error error = {0};
    ck_assert_str_eq(failure->topic, "out");
    ck_assert_int_lt(refusals->count, 4);
    refusals->tags[refusals->count] = failure->tag;
    refusals->lengths[refusals->count] = failure->value.len;
    refusals->code = failure->code;
    if (refusals->count++ >= refusals->resend_first) return false;
    struct producer_record shorter = {
        .topic = failure->topic, .key = failure->key, .value = {failure->value.data, 1}, .tag = failure->tag};
    return producer_send(refusals->producer, &shorter, &error);
}

START_TEST(a_refused_record_is_known_and_can_be_sent_again) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "out", 1);
    struct producer *producer = open_producer(&mock.config);
    struct refusals refusals = {.producer = producer, .resend_first = 1};
    producer_set_on_failure(producer, on_refusal, &refusals);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_record(producer, "k", span_of("far too long"), 4711);
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    ck_assert_int_eq(refusals.count, 1);
    ck_assert_uint_eq(refusals.tags[0], 4711);
    ck_assert_uint_eq(refusals.lengths[0], strlen("far too long"));
    ck_assert_int_eq(refusals.code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    ck_assert_uint_eq(producer_acknowledged(producer), 1);
    ck_assert_uint_eq(producer_failures(producer), 0);
    ck_assert_ptr_null(producer_first_failure(producer));
    producer_free(producer);
    mock_release(&mock);
}
END_TEST

struct deliveries {
    int seen[20]; /* by tag */
    int count;
};

static void on_delivery(void *context, uintptr_t tag, int32_t partition, int64_t offset) {
    struct deliveries *deliveries = context;
    ck_assert_uint_lt(tag, COUNT_OF(deliveries->seen));
    ck_assert_int_eq(partition, 1);
    ck_assert_int_eq(offset, 5 + (int64_t)tag - (tag > 7)); /* the record of tag 7 is refused */
    ck_assert_int_eq(deliveries->seen[tag]++, 0);
    deliveries->count++;
}

START_TEST(each_delivery_is_told_with_its_offset) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "out", 2);
    struct producer *producer = open_producer(&mock.config);
    struct producer_record record = {.topic = "out", .value = span_of("v")};
    for (int i = 0; i < 5; i++) ck_assert(producer_send_to(producer, &record, 1, &error));
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    struct deliveries deliveries = {0};
    struct refusals refusals = {.producer = producer};
    producer_set_on_delivery(producer, on_delivery, &deliveries);
    producer_set_on_failure(producer, on_refusal, &refusals);
    for (uintptr_t i = 0; i < 20; i++) {
        record.tag = i;
        if (i == 7)
            rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1,
                                              RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        ck_assert(producer_send_to(producer, &record, 1, &error));
        if (i > 7) continue; /* those go out together */
        ck_assert_int_eq(producer_flush(producer, FLUSH_MS, &error), i < 7);
        producer_forget_failures(producer);
    }
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    ck_assert_int_eq(deliveries.count, 19);
    ck_assert_int_eq(refusals.count, 1);
    ck_assert_uint_eq(refusals.tags[0], 7);
    ck_assert(producer_send_to(producer, &record, 1, &error));
    producer_free(producer); /* tells nothing more */
    ck_assert_int_eq(deliveries.count, 19);
    mock_release(&mock);
}
END_TEST

START_TEST(a_failure_stays_until_it_is_forgotten) {
    struct mock mock;
    struct error error = {.class = ERROR_FATAL};
    mock_init(&mock, "out", 1);
    struct producer *producer = open_producer(&mock.config);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_record(producer, "k", span_of("v"), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert(!producer_flush(producer, FLUSH_MS, &error));
        ck_assert_int_eq(error.class, ERROR_POISON);
        ck_assert_msg(strstr(error.message, "\"out\"") && strstr(error.message, "MSG_SIZE_TOO_LARGE"), "%s",
                      error.message);
    }
    ck_assert_uint_eq(producer_failures(producer), 1);
    ck_assert_str_eq(producer_first_failure(producer)->message, error.message);
    producer_forget_failures(producer);
    send_record(producer, "k", span_of("v"), 0);
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    producer_free(producer);
    mock_release(&mock);
}
END_TEST

START_TEST(errors_that_pass_are_waited_out) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "out", 1);
    struct producer *producer = open_producer(&mock.config);
    rd_kafka_mock_push_request_errors(
        mock.cluster, MOCK_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    for (uintptr_t i = 0; i < 100; i++) send_record(producer, "k", span_of("v"), i);
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    ck_assert_uint_eq(producer_acknowledged(producer), 100);
    producer_free(producer);
    mock_release(&mock);
}
END_TEST

START_TEST(a_full_queue_says_try_again) {
    char name[] = "queue.buffering.max.messages", value[] = "10";
    char brokers[] = "127.0.0.1:1";
    struct property property = {name, value};
    struct kafka_config config = {.brokers = brokers, .properties = &property, .property_count = 1};
    struct error error = {.class = ERROR_FATAL};
    struct producer *producer = open_producer(&config);
    struct producer_record record = {.topic = "out", .value = span_of("v")};
    for (int i = 0; i < 10; i++) ck_assert(producer_send(producer, &record, &error));
    ck_assert(!producer_send(producer, &record, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_uint_eq(producer_pending(producer), 10);
    producer_free(producer);
}
END_TEST

START_TEST(silence_is_not_success) {
    char brokers[] = "127.0.0.1:1"; /* where nobody listens */
    struct kafka_config config = {.brokers = brokers};
    struct error error = {.class = ERROR_FATAL};
    struct producer *producer = open_producer(&config);
    send_record(producer, "k", span_of("v"), 0);
    ck_assert(!producer_flush(producer, 500, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_msg(strstr(error.message, "1 records not acknowledged") && strstr(error.message, brokers) &&
                      strstr(error.message, "refused"),
                  "%s", error.message);
    ck_assert_uint_eq(producer_pending(producer), 1);
    producer_free(producer);
}
END_TEST

START_TEST(a_record_that_waits_too_long_fails) {
    char name[] = "message.timeout.ms", value[] = "300";
    char brokers[] = "127.0.0.1:1";
    struct property property = {name, value};
    struct kafka_config config = {.brokers = brokers, .properties = &property, .property_count = 1};
    struct error error = {.class = ERROR_FATAL};
    struct producer *producer = open_producer(&config);
    send_record(producer, "k", span_of("v"), 0);
    ck_assert(!producer_flush(producer, FLUSH_MS, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_msg(strstr(error.message, "_MSG_TIMED_OUT") != NULL, "%s", error.message);
    ck_assert_uint_eq(producer_pending(producer), 0);
    ck_assert_uint_eq(producer_failures(producer), 1);
    producer_free(producer);
}
END_TEST

START_TEST(what_no_broker_could_take_is_refused_at_once) {
    enum { HUGE_BYTES = 17 * 1024 * 1024 };
    struct mock mock;
    struct error error = {.class = ERROR_FATAL};
    char *huge = calloc(1, HUGE_BYTES);
    mock_init(&mock, "out", 1);
    struct producer *producer = open_producer(&mock.config);
    struct producer_record record = {.topic = "out", .value = {huge, HUGE_BYTES}};
    ck_assert(!producer_send(producer, &record, &error));
    ck_assert_int_eq(error.class, ERROR_POISON);
    record.value.len = 15 * 1024 * 1024;
    ck_assert(producer_send(producer, &record, &error));
    ck_assert_msg(producer_flush(producer, FLUSH_MS, &error), "%s", error.message);
    producer_free(producer);
    mock_release(&mock);
    free(huge);
}
END_TEST

/* The client refuses to start where a record may outlive its transaction. */
START_TEST(records_of_a_transaction_wait_no_longer_than_it) {
    static const struct {
        const char *name, *value;
        int64_t transaction, record;
    } cases[] = {
        {"linger.ms", "5", 60000, 60000},
        {"transaction.timeout.ms", "1000", 1000, 1000},
        {"transaction.timeout.ms", "200000", 200000, 120000},
        {"message.timeout.ms", "5000", 60000, 5000},
        {"delivery.timeout.ms", "5000", 60000, 5000},
        {"message.timeout.ms", "0", 60000, 60000},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char brokers[] = "127.0.0.1:1", name[40], value[40];
        struct property property = {name, value};
        struct kafka_config config = {.brokers = brokers, .properties = &property, .property_count = 1};
        struct error error = {0};
        snprintf(name, sizeof name, "%s", cases[i].name);
        snprintf(value, sizeof value, "%s", cases[i].value);
        const struct producer_transactions transactions = {.id = "id", .timeout_ms = 60000};
        struct producer *producer = producer_new_transactional(&config, "test", &transactions, &error);
        ck_assert_msg(producer != NULL, "%s", error.message);
        const rd_kafka_conf_t *conf = rd_kafka_conf(producer_client(producer));
        ck_assert_int_eq(client_setting_ms(conf, "transaction.timeout.ms"), cases[i].transaction);
        ck_assert_int_eq(client_setting_ms(conf, "message.timeout.ms"), cases[i].record);
        producer_free(producer);
    }
}
END_TEST

int main(void) {
    log_set_level(LOG_LEVEL_ERROR); /* nobody listens in some of the tests, and the client would say so */
    TCase *tests = tcase_create("producer");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_record_arrives_as_it_was);
    tcase_add_test(tests, a_refused_record_is_known_and_can_be_sent_again);
    tcase_add_test(tests, each_delivery_is_told_with_its_offset);
    tcase_add_test(tests, a_failure_stays_until_it_is_forgotten);
    tcase_add_test(tests, errors_that_pass_are_waited_out);
    tcase_add_test(tests, a_full_queue_says_try_again);
    tcase_add_test(tests, silence_is_not_success);
    tcase_add_test(tests, a_record_that_waits_too_long_fails);
    tcase_add_test(tests, what_no_broker_could_take_is_refused_at_once);
    tcase_add_test(tests, records_of_a_transaction_wait_no_longer_than_it);
    return suite_run("kafka.producer", tests);
}
