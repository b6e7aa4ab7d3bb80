#include "kafka/reader.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/producer.h"
#include "mock.h"
#include "telemetry/log.h"

enum { TIMEOUT_MS = 20000, BATCH = 100 };

static struct reader *open_reader(const struct kafka_config *config) {
    struct error error = {0};
    struct reader *reader = reader_new(config, "test", &error);
    ck_assert_msg(reader != NULL, "%s", error.message);
    return reader;
}

static struct reader_partition *open_partition(struct reader *reader, const char *topic, int32_t partition,
                                               int64_t offset) {
    struct error error = {0};
    struct reader_partition *opened = reader_open(reader, topic, partition, offset, &error);
    ck_assert_msg(opened != NULL, "%s", error.message);
    return opened;
}

/* Records whose value is their number, from `first` on. */
static void fill(const struct mock *mock, const char *topic, int32_t partition, int first, int count) {
    struct error error = {0};
    struct producer *producer = producer_new(&mock->config, "test", 0, &error);
    ck_assert_msg(producer != NULL, "%s", error.message);
    for (int i = 0; i < count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", first + i);
        struct producer_record record = {.topic = topic, .value = span_of(text)};
        ck_assert_msg(producer_send_to(producer, &record, partition, &error), "%s", error.message);
    }
    ck_assert_msg(producer_flush(producer, TIMEOUT_MS, &error), "%s", error.message);
    producer_free(producer);
}

/* Asserts that the records `from`..`to`-1 come next, and then the end; the offset is the number. */
static void assert_reads(struct reader_partition *partition, int from, int to) {
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    bool end = false;
    while (!end) {
        rd_kafka_message_t *messages[BATCH];
        ck_assert_msg(clock_monotonic_us() < until, "nothing after record %d", from);
        int got = reader_read(partition, 100, messages, BATCH);
        for (int i = 0; i < got; i++) {
            ck_assert_msg(!end, "a record behind the end");
            ck_assert_int_eq(messages[i]->offset, from);
            end = messages[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            ck_assert_msg(end || !messages[i]->err, "%s", rd_kafka_message_errstr(messages[i]));
            if (!end) {
                char text[16];
                snprintf(text, sizeof text, "%d", from++);
                assert_span((struct span){messages[i]->payload, messages[i]->len}, text);
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    ck_assert_int_eq(from, to);
}

/* Asserts that an error comes, and no record. */
static rd_kafka_resp_err_t read_error(struct reader_partition *partition) {
    rd_kafka_message_t *message;
    ck_assert_int_eq(reader_read(partition, TIMEOUT_MS, &message, 1), 1);
    rd_kafka_resp_err_t code = message->err;
    rd_kafka_message_destroy(message);
    ck_assert_int_ne(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    return code;
}

START_TEST(several_partitions_of_several_topics) {
    struct mock mock;
    mock_init(&mock, "clicks", 2);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "changelog", 2, 1), 0);
    fill(&mock, "clicks", 0, 0, 500);
    fill(&mock, "changelog", 1, 0, 300);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *clicks = open_partition(reader, "clicks", 0, 0);
    struct reader_partition *empty = open_partition(reader, "clicks", 1, 0);
    struct reader_partition *changelog = open_partition(reader, "changelog", 1, 120);
    assert_reads(changelog, 120, 300);
    assert_reads(empty, 0, 0);
    assert_reads(clicks, 0, 500);
    fill(&mock, "clicks", 0, 500, 10);
    fill(&mock, "clicks", 1, 0, 10);
    assert_reads(clicks, 500, 510);
    assert_reads(empty, 0, 10);
    reader_close(clicks);
    reader_close(empty);
    reader_close(changelog);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(the_beginning_and_the_end_have_names) {
    struct mock mock;
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 20);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, RD_KAFKA_OFFSET_BEGINNING);
    assert_reads(partition, 0, 20);
    reader_close(partition);
    partition = open_partition(reader, "clicks", 0, RD_KAFKA_OFFSET_END);
    assert_reads(partition, 20, 20);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(a_read_takes_what_is_there_and_no_more_than_asked) {
    struct mock mock;
    rd_kafka_message_t *messages[BATCH];
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 30);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 0);
    int64_t before = clock_monotonic_us();
    int total = 0;
    while (total < 30) {
        int max = total ? 7 : BATCH; /* more than there are: waiting for that would take the whole timeout */
        int got = reader_read(partition, TIMEOUT_MS, messages, max);
        ck_assert_int_gt(got, 0);
        ck_assert_int_le(got, max);
        for (int i = 0; i < got; i++) {
            total += !messages[i]->err;
            rd_kafka_message_destroy(messages[i]);
        }
    }
    ck_assert_int_lt(clock_monotonic_us() - before, TIMEOUT_MS * 1000LL / 2);
    reader_close(partition);
    partition = open_partition(reader, "clicks", 0, 0);
    ck_assert_int_eq(reader_read(partition, TIMEOUT_MS, messages, 3), 3);
    for (int i = 0; i < 3; i++) rd_kafka_message_destroy(messages[i]);
    assert_reads(partition, 3, 30);
    ck_assert_int_eq(reader_read(partition, 0, messages, BATCH), 0);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

/* Records of 1,000 bytes in batches of 20 of them, as one fetch brings them. */
static void fill_large(const struct mock *mock, int batches) {
    struct error error = {0};
    char value[1000] = {0};
    struct producer *producer = producer_new(&mock->config, "test", 0, &error);
    ck_assert_msg(producer != NULL, "%s", error.message);
    for (int i = 0; i < batches * 20; i++) {
        struct producer_record record = {.topic = "clicks", .value = {value, sizeof value}};
        ck_assert_msg(producer_send_to(producer, &record, 0, &error), "%s", error.message);
        if (i % 20 != 19) continue;
        ck_assert_msg(producer_flush(producer, TIMEOUT_MS, &error), "%s", error.message);
    }
    producer_free(producer);
}

/* librdkafka before 2.2 sleeps for a second when each queue is full: 30 times here, if nobody woke it. */
START_TEST(a_full_queue_is_filled_again_at_once) {
    struct mock mock;
    struct error error = {0};
    rd_kafka_message_t *messages[BATCH];
    struct fetch_limits limits = {.queue_bytes = 64 << 10, .fetch_bytes = 32 << 10, .messages = 1000};
    mock_init(&mock, "clicks", 1);
    fill_large(&mock, 100);
    struct reader *reader = reader_new_limited(&mock.config, "test", &limits, &error);
    ck_assert_msg(reader != NULL, "%s", error.message);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 0);
    int64_t before = clock_monotonic_us();
    for (bool end = false; !end;) {
        nanosleep(&(struct timespec){0, 20000000}, NULL); /* as if it were used; the queue fills up */
        int got = reader_read(partition, TIMEOUT_MS, messages, BATCH);
        ck_assert_int_gt(got, 0);
        for (int i = 0; i < got; i++) {
            end = messages[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            rd_kafka_message_destroy(messages[i]);
        }
    }
    ck_assert_int_lt(clock_monotonic_us() - before, 8000000);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(a_partition_can_be_opened_again_elsewhere) {
    struct mock mock;
    rd_kafka_message_t *message;
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 400);
    struct reader *reader = open_reader(&mock.config);
    for (int from = 399; from >= 0; from -= 57) {
        struct reader_partition *partition = open_partition(reader, "clicks", 0, from);
        ck_assert_int_eq(reader_read(partition, TIMEOUT_MS, &message, 1), 1);
        ck_assert_int_eq(message->offset, from);
        reader_close(partition); /* with most of a fetch unread */
        rd_kafka_message_destroy(message);
    }
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 100);
    assert_reads(partition, 100, 400);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(what_is_closed_is_not_fetched) {
    struct mock mock;
    mock_init(&mock, "clicks", 1);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "checkouts", 1, 1), 0);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *clicks = open_partition(reader, "clicks", 0, 0);
    struct reader_partition *other = open_partition(reader, "checkouts", 0, 0);
    assert_reads(clicks, 0, 0);
    assert_reads(other, 0, 0);
    reader_close(clicks);
    fill(&mock, "clicks", 0, 0, 10); /* would be fetched by now … */
    fill(&mock, "checkouts", 0, 0, 10);
    assert_reads(other, 0, 10);
    mock_count(&mock, MOCK_FETCH);
    reader_close(other);
    int fetches = mock_counted(&mock, MOCK_FETCH);
    nanosleep(&(struct timespec){1, 0}, NULL);                      /* ten times fetch.wait.max.ms */
    ck_assert_int_le(mock_counted(&mock, MOCK_FETCH), fetches + 1); /* one may have been under way */
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(closing_while_a_fetch_is_under_way) {
    struct mock mock;
    mock_init(&mock, "clicks", 1);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 0);
    assert_reads(partition, 0, 0);
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 3000); /* the next answers take 3 s */
    mock_count(&mock, MOCK_FETCH);
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    rd_kafka_message_t *message;
    while (mock_counted(&mock, MOCK_FETCH) < 1) {
        ck_assert(clock_monotonic_us() < until);
        ck_assert_int_eq(reader_read(partition, 10, &message, 1), 0);
    }
    int64_t before = clock_monotonic_us();
    reader_close(partition);
    ck_assert_int_lt(clock_monotonic_us() - before, 1000000);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(no_record_at_that_offset) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 10);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *beyond = open_partition(reader, "clicks", 0, 11);
    rd_kafka_resp_err_t code = read_error(beyond);
    ck_assert_int_eq(code, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
    ck_assert_int_eq(client_error_class(code), ERROR_CONFIG);
    reader_close(beyond);
    struct reader_partition *end = open_partition(reader, "clicks", 0, 10);
    assert_reads(end, 10, 10);
    reader_close(end);
    ck_assert_ptr_null(reader_open(reader, "clicks", 0, -5, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "topic \"clicks\" [0]") != NULL, "%s", error.message);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

static void await_missing(struct reader_partition *partition) {
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    rd_kafka_message_t *message;
    ck_assert_int_eq(reader_missing(partition), RD_KAFKA_RESP_ERR_NO_ERROR);
    while (!reader_missing(partition)) {
        ck_assert(clock_monotonic_us() < until);
        ck_assert_int_eq(reader_read(partition, 50, &message, 1), 0);
    }
    ck_assert_int_eq(client_error_class(reader_missing(partition)), ERROR_CONFIG);
}

START_TEST(a_partition_that_is_not_there) {
    struct mock mock;
    mock_init(&mock, "clicks", 1);
    rd_kafka_mock_topic_set_error(mock.cluster, "nowhere", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *partition = open_partition(reader, "clicks", 1, 0);
    struct reader_partition *good = open_partition(reader, "clicks", 0, 0);
    await_missing(partition);
    assert_reads(good, 0, 0);
    ck_assert_int_eq(reader_missing(good), RD_KAFKA_RESP_ERR_NO_ERROR);
    reader_close(partition);
    reader_close(good);
    partition = open_partition(reader, "nowhere", 0, 0);
    await_missing(partition);
    ck_assert_msg(strstr(reader_trouble(reader), "nowhere [0]") != NULL, "%s", reader_trouble(reader));
    rd_kafka_mock_topic_set_error(mock.cluster, "nowhere", RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_reads(partition, 0, 0); /* created late */
    ck_assert_int_eq(reader_missing(partition), RD_KAFKA_RESP_ERR_NO_ERROR);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(a_broker_that_comes_back_is_waited_for) {
    struct mock mock;
    rd_kafka_message_t *message;
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 10);
    struct reader *reader = open_reader(&mock.config);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 0);
    assert_reads(partition, 0, 10);
    ck_assert_str_eq(reader_trouble(reader), "");
    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    while (!reader_trouble(reader)[0]) {
        ck_assert(clock_monotonic_us() < until);
        if (!reader_read(partition, 10, &message, 1)) continue;
        ck_assert_int_eq(client_error_class(message->err), ERROR_RETRY);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
    fill(&mock, "clicks", 0, 10, 10);
    assert_reads(partition, 10, 20);
    ck_assert_str_eq(reader_trouble(reader), "");
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(errors_that_pass_are_waited_out) {
    struct mock mock;
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 0, 10);
    struct reader *reader = open_reader(&mock.config);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_FETCH, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                                      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    struct reader_partition *partition = open_partition(reader, "clicks", 0, 0);
    assert_reads(partition, 0, 10);
    reader_close(partition);
    reader_free(reader);
    mock_release(&mock);
}
END_TEST

START_TEST(properties_the_results_depend_on_are_refused) {
    char brokers[] = "127.0.0.1:1", name[] = "isolation.level", value[] = "read_uncommitted";
    struct property property = {name, value};
    struct kafka_config config = {.brokers = brokers, .properties = &property, .property_count = 1};
    struct error error = {.class = ERROR_FATAL};
    ck_assert_ptr_null(reader_new(&config, "test", &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    reader_free(NULL);
    reader_close(NULL);
}
END_TEST

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("reader");
    tcase_add_test(tests, several_partitions_of_several_topics);
    tcase_add_test(tests, the_beginning_and_the_end_have_names);
    tcase_add_test(tests, a_read_takes_what_is_there_and_no_more_than_asked);
    tcase_add_test(tests, a_full_queue_is_filled_again_at_once);
    tcase_add_test(tests, a_partition_can_be_opened_again_elsewhere);
    tcase_add_test(tests, what_is_closed_is_not_fetched);
    tcase_add_test(tests, closing_while_a_fetch_is_under_way);
    tcase_add_test(tests, no_record_at_that_offset);
    tcase_add_test(tests, a_partition_that_is_not_there);
    tcase_add_test(tests, a_broker_that_comes_back_is_waited_for);
    tcase_add_test(tests, errors_that_pass_are_waited_out);
    tcase_add_test(tests, properties_the_results_depend_on_are_refused);
    return suite_run("kafka.reader", tests);
}
