/* Transactions with the offsets of what was read, against librdkafka's mock cluster. It takes all of it and
 * forgets the offsets: what becomes visible is the system tests' affair. */
#include "kafka/transactions.h"

#include "base/clock.h"
#include "mock.h"
#include "telemetry/log.h"

enum { TIMEOUT_MS = 30000, MOCK_INIT_PRODUCER_ID = 22, MOCK_END_TXN = 26, MOCK_TXN_OFFSET_COMMIT = 28 };

struct stage {
    struct mock mock;
    struct consumer *consumer;
    struct transactions *transactions;
    bool assigned;
};

static void on_assigned(void *context, const struct consumer_partition *partitions, int count) {
    struct stage *stage = context;
    stage->assigned = partitions && count;
}

static void on_revoked(void *context) {
    (void)context;
}

static void open_consumer(struct stage *stage) {
    static const struct consumer_topic in = {"in", true};
    struct error error = {0};
    struct consumer_options options = {.config = &stage->mock.config,
                                       .group = "g.repartition",
                                       .role = "rekey",
                                       .topics = &in,
                                       .topic_count = 1,
                                       .fetch = FETCH_LIMITS_FULL,
                                       .on_assigned = on_assigned,
                                       .on_revoked = on_revoked,
                                       .context = stage};
    stage->consumer = consumer_new(&options, &error);
    ck_assert_msg(stage->consumer != NULL, "%s", error.message);
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    while (!stage->assigned && clock_monotonic_us() < until)
        ck_assert_msg(consumer_poll(stage->consumer, 100, &error), "%s", error.message);
    ck_assert(stage->assigned);
}

static struct transactions *open_limited(const struct stage *stage, int64_t queue_bytes) {
    struct error error = {0};
    struct transactions_options options = {.config = &stage->mock.config,
                                           .role = "rekey",
                                           .id = "g.repartition-1",
                                           .timeout_ms = 10000,
                                           .queue_bytes = queue_bytes,
                                           .bulk = true};
    struct transactions *transactions = transactions_new_limited(&options, &error);
    ck_assert_msg(transactions != NULL, "%s", error.message);
    return transactions;
}

static void stage_init(struct stage *stage) {
    *stage = (struct stage){.assigned = false};
    mock_init(&stage->mock, "in", 1);
    ck_assert_int_eq(rd_kafka_mock_topic_create(stage->mock.cluster, "out", 2, 1), 0);
    open_consumer(stage);
    stage->transactions = open_limited(stage, 0);
}

static void stage_release(struct stage *stage) {
    transactions_free(stage->transactions);
    consumer_free(stage->consumer);
    mock_release(&stage->mock);
}

static void begin(struct stage *stage) {
    struct error error = {0};
    ck_assert_msg(transactions_begin(stage->transactions, &error), "%s", error.message);
}

static void send_one(struct stage *stage) {
    struct error error = {0};
    struct producer_record record = {.topic = "out", .key = span_of("k"), .value = span_of("v")};
    ck_assert_msg(transactions_send_now(stage->transactions, &record, 1, &error), "%s", error.message);
}

static bool consumed(struct stage *stage, int64_t next, const char *metadata, struct error *error) {
    struct consumed consumed = {"in", 0, next, metadata ? span_of(metadata) : (struct span){0}};
    return transactions_consumed(stage->transactions, stage->consumer, &consumed, 1, error);
}

static void commit(struct stage *stage, int64_t next, const char *metadata) {
    struct error error = {0};
    begin(stage);
    send_one(stage);
    ck_assert_msg(consumed(stage, next, metadata, &error), "%s", error.message);
    ck_assert_msg(transactions_commit(stage->transactions, &error), "%s", error.message);
}

static void push(struct stage *stage, int16_t request, rd_kafka_resp_err_t code) {
    rd_kafka_mock_push_request_errors(stage->mock.cluster, request, 1, code);
}

START_TEST(offsets_belong_to_the_transaction) {
    struct stage stage;
    stage_init(&stage);
    mock_count(&stage.mock, MOCK_TXN_OFFSET_COMMIT);
    commit(&stage, 5, "ledger of five");
    ck_assert_int_eq(mock_counted(&stage.mock, MOCK_TXN_OFFSET_COMMIT), 1);
    commit(&stage, 6, NULL);
    ck_assert_int_eq(mock_counted(&stage.mock, MOCK_TXN_OFFSET_COMMIT), 2);
    stage_release(&stage);
}
END_TEST

START_TEST(busy_coordinators_are_waited_for) {
    struct stage stage;
    stage_init(&stage);
    push(&stage, MOCK_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    push(&stage, MOCK_END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    commit(&stage, 5, "m");
    stage_release(&stage);
}
END_TEST

static void assert_class(const struct error *error, enum error_class class) {
    ck_assert_msg(error->class == class, "%s: %s", error_class_name(error->class), error->message);
}

/* A member that the group has gone on without may not commit; the next transaction may. */
static void aborts(rd_kafka_resp_err_t code) {
    struct stage stage;
    struct error error = {0};
    stage_init(&stage);
    begin(&stage);
    send_one(&stage);
    push(&stage, MOCK_TXN_OFFSET_COMMIT, code);
    ck_assert(!consumed(&stage, 5, "m", &error));
    assert_class(&error, ERROR_RETRY);
    ck_assert(transactions_abort(stage.transactions));
    commit(&stage, 6, "n");
    stage_release(&stage);
}

START_TEST(a_lost_membership_aborts) {
    aborts(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    aborts(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    aborts(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
}
END_TEST

START_TEST(a_missing_right_is_no_matter_of_time) {
    struct stage stage;
    struct error error = {0};
    stage_init(&stage);
    begin(&stage);
    push(&stage, MOCK_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    ck_assert(!consumed(&stage, 5, NULL, &error));
    assert_class(&error, ERROR_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.message, "\nhint: \"tributary init FILE --print-acls\""));
    stage_release(&stage);
}
END_TEST

/* The failed one is over. The next may still fail for it: the refused record has left a gap in the numbers.
 */
static void assert_recovers(struct stage *stage) {
    struct error error = {0};
    for (int i = 0; i < 3; i++) {
        begin(stage);
        send_one(stage);
        if (consumed(stage, 6, "n", &error) && transactions_commit(stage->transactions, &error)) return;
        assert_class(&error, ERROR_RETRY);
        transactions_abort(stage->transactions);
    }
    ck_abort_msg("%s", error.message);
}

START_TEST(a_refused_record_aborts) {
    struct stage stage;
    struct error error = {0};
    stage_init(&stage);
    begin(&stage);
    push(&stage, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_one(&stage);
    ck_assert(!transactions_commit(stage.transactions, &error));
    assert_class(&error, ERROR_POISON);
    assert_recovers(&stage);
    stage_release(&stage);
}
END_TEST

START_TEST(another_holder_fences) {
    struct stage stage;
    struct error error = {0};
    stage_init(&stage);
    begin(&stage);
    send_one(&stage);
    push(&stage, MOCK_END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    ck_assert(!transactions_commit(stage.transactions, &error));
    assert_class(&error, ERROR_FENCED);
    ck_assert(!transactions_abort(stage.transactions));
    ck_assert(!transactions_begin(stage.transactions, &error));
    assert_class(&error, ERROR_FENCED);
    struct producer_record record = {.topic = "out", .value = span_of("v")};
    ck_assert(!transactions_send_now(stage.transactions, &record, 0, &error));
    assert_class(&error, ERROR_FENCED);
    transactions_free(stage.transactions);
    stage.transactions = open_limited(&stage, 0);
    commit(&stage, 7, "m");
    stage_release(&stage);
}
END_TEST

/* As before: for a command that does its work once, it is the end. */
START_TEST(another_holder_ends_a_command) {
    struct stage stage;
    struct error error = {0};
    stage_init(&stage);
    transactions_free(stage.transactions);
    stage.transactions = transactions_new(&stage.mock.config, "redrive", "r", &error);
    ck_assert_msg(stage.transactions != NULL, "%s", error.message);
    begin(&stage);
    send_one(&stage);
    push(&stage, MOCK_END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    ck_assert(!transactions_commit(stage.transactions, &error));
    assert_class(&error, ERROR_FATAL);
    ck_assert_str_eq(error.message, "another process has taken over the transactional id \"r\"");
    stage_release(&stage);
}
END_TEST

START_TEST(a_full_queue_does_not_wait) {
    enum { BYTES = 100 << 10 };
    struct stage stage;
    struct error error = {0};
    char *value = calloc(1, BYTES);
    stage_init(&stage);
    transactions_free(stage.transactions);
    stage.transactions = open_limited(&stage, 256 << 10);
    rd_kafka_mock_broker_set_rtt(stage.mock.cluster, MOCK_BROKER, 500);
    struct producer_record record = {.topic = "out", .value = {value, BYTES}};
    begin(&stage);
    int sent = 0;
    while (sent < 100 && transactions_send_now(stage.transactions, &record, 0, &error)) sent++;
    ck_assert_int_lt(sent, 4);
    assert_class(&error, ERROR_RETRY);
    ck_assert(transactions_is_full(stage.transactions));
    int64_t until = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    while (!transactions_send_now(stage.transactions, &record, 0, &error) && clock_monotonic_us() < until)
        transactions_poll(stage.transactions, 100);
    ck_assert(!transactions_is_full(stage.transactions));
    ck_assert_msg(transactions_commit(stage.transactions, &error), "%s", error.message);
    stage_release(&stage);
    free(value);
}
END_TEST

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("transactions");
    tcase_add_test(tests, offsets_belong_to_the_transaction);
    tcase_add_test(tests, busy_coordinators_are_waited_for);
    tcase_add_test(tests, a_lost_membership_aborts);
    tcase_add_test(tests, a_missing_right_is_no_matter_of_time);
    tcase_add_test(tests, a_refused_record_aborts);
    tcase_add_test(tests, another_holder_fences);
    tcase_add_test(tests, another_holder_ends_a_command);
    tcase_add_test(tests, a_full_queue_does_not_wait);
    return suite_run("kafka.transactions", tests);
}
