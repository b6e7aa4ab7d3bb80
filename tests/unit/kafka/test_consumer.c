/* A group member against librdkafka's mock cluster: what it is assigned, reads and has committed. */
#include "kafka/consumer.h"

#include "base/clock.h"
#include "kafka/producer.h"
#include "mock.h"
#include "telemetry/log.h"

enum { TIMEOUT_MS = 30000, PARTITIONS = 3, MOCK_OFFSET_FETCH = 9 };
enum { LEFT, RIGHT, BESIDE, TOPICS };

static const struct consumer_topic topics[TOPICS] = {{"left", true}, {"right", true}, {"beside", false}};

struct member {
    struct mock mock;
    struct consumer *consumer;
    int assigned[TOPICS][PARTITIONS]; /* how often */
    int assignments;
};

static void on_assigned(void *context, const struct consumer_partition *partitions, int count) {
    struct member *member = context;
    member->assignments++;
    for (int i = 0; i < count; i++) member->assigned[partitions[i].topic][partitions[i].partition]++;
}

static void on_revoked(void *context) {
    (void)context;
}

static void fill(const struct mock *mock, const char *topic, int32_t partition, int count) {
    struct error error = {0};
    struct producer *producer = producer_new(&mock->config, "test", 0, &error);
    ck_assert_msg(producer != NULL, "%s", error.message);
    for (int i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %d %d", topic, partition, i);
        struct producer_record record = {.topic = topic, .value = span_of(text)};
        ck_assert_msg(producer_send_to(producer, &record, partition, &error), "%s", error.message);
    }
    ck_assert_msg(producer_flush(producer, TIMEOUT_MS, &error), "%s", error.message);
    producer_free(producer);
}

static void join(struct member *member) {
    struct error error = {0};
    struct consumer_options options = {.config = &member->mock.config,
                                       .group = "g.repartition",
                                       .role = "rekey",
                                       .member = "rekey-",
                                       .worker = 2,
                                       .topics = topics,
                                       .topic_count = TOPICS,
                                       .fetch = FETCH_LIMITS_FULL,
                                       .on_assigned = on_assigned,
                                       .on_revoked = on_revoked,
                                       .context = member};
    *member = (struct member){.mock = member->mock};
    member->consumer = consumer_new(&options, &error);
    ck_assert_msg(member->consumer != NULL, "%s", error.message);
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    while (!member->assignments && clock_monotonic_us() < until)
        ck_assert_msg(consumer_poll(member->consumer, 100, &error), "%s", error.message);
    ck_assert_int_eq(member->assignments, 1);
}

static void member_init(struct member *member) {
    mock_init(&member->mock, "left", PARTITIONS);
    ck_assert_int_eq(rd_kafka_mock_topic_create(member->mock.cluster, "right", PARTITIONS, 1), 0);
    ck_assert_int_eq(rd_kafka_mock_topic_create(member->mock.cluster, "beside", PARTITIONS, 1), 0);
    join(member);
}

static void member_release(struct member *member) {
    consumer_free(member->consumer);
    mock_release(&member->mock);
}

/* The first record that comes; the caller destroys it. */
static rd_kafka_message_t *read_one(struct member *member, int topic, int32_t partition) {
    struct error error = {0};
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    while (clock_monotonic_us() < until) {
        rd_kafka_message_t *message;
        ck_assert_msg(consumer_poll(member->consumer, 10, &error), "%s", error.message);
        if (!consumer_read(member->consumer, topic, partition, &message, 1)) continue;
        if (!message->err) return message;
        rd_kafka_message_destroy(message);
    }
    ck_abort_msg("nothing to read");
    return NULL;
}

static void assert_reads(struct member *member, int topic, int32_t partition, const char *text) {
    rd_kafka_message_t *message = read_one(member, topic, partition);
    assert_span((struct span){message->payload, message->len}, text);
    rd_kafka_message_destroy(message);
}

START_TEST(subscribed_topics_are_assigned) {
    struct member member;
    member_init(&member);
    for (int topic = 0; topic < TOPICS; topic++)
        for (int p = 0; p < PARTITIONS; p++)
            ck_assert_int_eq(member.assigned[topic][p], topics[topic].subscribed);
    member_release(&member);
}
END_TEST

START_TEST(each_partition_starts_where_it_is_told) {
    struct member member;
    struct error error = {0};
    rd_kafka_message_t *none;
    member_init(&member);
    for (int topic = 0; topic < TOPICS; topic++) fill(&member.mock, topics[topic].name, topic, 5);
    const struct consumer_start starts[] = {{LEFT, 0, 3}, {RIGHT, 1, 0}, {BESIDE, 2, 4}};
    ck_assert_msg(consumer_assign(member.consumer, starts, 3, &error), "%s", error.message);
    assert_reads(&member, LEFT, 0, "left 0 3");
    assert_reads(&member, BESIDE, 2, "beside 2 4");
    assert_reads(&member, RIGHT, 1, "right 1 0");
    ck_assert_int_eq(consumer_high(member.consumer, RIGHT, 1), 5);
    ck_assert_int_eq(consumer_read(member.consumer, LEFT, 2, &none, 1), 0);
    ck_assert_int_eq(consumer_read(member.consumer, RIGHT, 0, &none, 1), 0);
    consumer_unassign(member.consumer);
    ck_assert_int_eq(consumer_read(member.consumer, RIGHT, 1, &none, 1), 0);
    member_release(&member);
}
END_TEST

static const struct consumer_partition asked[] = {{RIGHT, 2}, {LEFT, 0}, {LEFT, 1}};

/* With metadata, which consumer_report has not. */
static void commit(const struct member *member) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, "left", 0);
    item->offset = 7;
    item->metadata = strdup("seven");
    item->metadata_size = 5;
    rd_kafka_topic_partition_list_add(list, "right", 2)->offset = 9;
    ck_assert_int_eq(rd_kafka_commit(consumer_client(member->consumer), list, 0), 0);
    rd_kafka_topic_partition_list_destroy(list);
}

START_TEST(what_is_committed) {
    struct member member;
    struct error error = {0};
    struct consumer_committed told[3];
    member_init(&member);
    commit(&member);
    ck_assert_msg(consumer_committed(member.consumer, asked, 3, TIMEOUT_MS, told, &error), "%s",
                  error.message);
    ck_assert_int_eq(told[0].offset, 9);
    ck_assert_ptr_null(told[0].metadata);
    ck_assert_int_eq(told[1].offset, 7);
    ck_assert_str_eq(told[1].metadata, "seven");
    ck_assert_int_eq(told[2].offset, -1);
    ck_assert_ptr_null(told[2].metadata);
    free(told[1].metadata);
    member_release(&member);
}
END_TEST

static void assert_not_told(struct member *member, int timeout_ms, enum error_class class) {
    struct error error = {0};
    struct consumer_committed told[3];
    ck_assert(!consumer_committed(member->consumer, asked, 3, timeout_ms, told, &error));
    ck_assert_msg(error.class == class, "%s: %s", error_class_name(error.class), error.message);
    ck_assert_ptr_nonnull(strstr(error.message, "g.repartition"));
}

START_TEST(what_is_committed_is_not_known) {
    struct member member;
    member_init(&member);
    rd_kafka_mock_broker_set_rtt(member.mock.cluster, MOCK_BROKER, 2000);
    assert_not_told(&member, 200, ERROR_RETRY);
    rd_kafka_mock_broker_set_rtt(member.mock.cluster, MOCK_BROKER, 0);
    rd_kafka_mock_push_request_errors(member.mock.cluster, MOCK_OFFSET_FETCH, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    assert_not_told(&member, TIMEOUT_MS, ERROR_CONFIG);
    member_release(&member);
}
END_TEST

START_TEST(open_transactions_are_waited_for) {
    struct member member;
    member_init(&member);
    for (int i = 0; i < 100; i++)
        rd_kafka_mock_push_request_errors(member.mock.cluster, MOCK_OFFSET_FETCH, 1,
                                          RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT);
    assert_not_told(&member, 1000, ERROR_RETRY);
    member_release(&member);
}
END_TEST

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("consumer");
    tcase_add_test(tests, subscribed_topics_are_assigned);
    tcase_add_test(tests, each_partition_starts_where_it_is_told);
    tcase_add_test(tests, what_is_committed);
    tcase_add_test(tests, what_is_committed_is_not_known);
    tcase_add_test(tests, open_transactions_are_waited_for);
    return suite_run("kafka.consumer", tests);
}
