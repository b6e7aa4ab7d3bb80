#include "kafka/prober.h"

#include <time.h>

#include "kafka/producer.h"
#include "mock.h"
#include "telemetry/log.h"

enum { TIMEOUT_MS = 20000, PARTITIONS = 100 };

static struct prober *open_prober(const struct kafka_config *config) {
    struct error error = {0};
    struct prober *prober = prober_new(config, &error);
    ck_assert_msg(prober != NULL, "%s", error.message);
    return prober;
}

static void fill(const struct mock *mock, const char *topic, int32_t partition, int count) {
    struct error error = {0};
    struct producer *producer = producer_new(&mock->config, "test", 0, &error);
    ck_assert_msg(producer != NULL, "%s", error.message);
    struct producer_record record = {.topic = topic, .value = span_of("v")};
    for (int i = 0; i < count; i++) ck_assert(producer_send_to(producer, &record, partition, &error));
    ck_assert_msg(producer_flush(producer, TIMEOUT_MS, &error), "%s", error.message);
    producer_free(producer);
}

START_TEST(many_questions_take_few_requests) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", PARTITIONS);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "checkouts", PARTITIONS, 1), 0);
    fill(&mock, "clicks", 7, 70);
    fill(&mock, "checkouts", 99, 5);
    struct probe probes[4 * PARTITIONS];
    for (int i = 0; i < 4 * PARTITIONS; i++) /* topics and kinds all mixed */
        probes[i] = (struct probe){.topic = i % 2 ? "clicks" : "checkouts",
                                   .partition = i / 4,
                                   .kind = i / 2 % 2 ? PROBE_HIGH : PROBE_LOW,
                                   .offset = -7};
    struct prober *prober = open_prober(&mock.config);
    mock_count(&mock, MOCK_LIST_OFFSETS);
    ck_assert_msg(prober_ask_and_wait(prober, probes, 4 * PARTITIONS, TIMEOUT_MS, &error), "%s",
                  error.message);
    ck_assert_int_eq(mock_counted(&mock, MOCK_LIST_OFFSETS), 2);
    for (int i = 0; i < 4 * PARTITIONS; i++) {
        bool filled = probes[i].partition == (i % 2 ? 7 : 99);
        int records = i % 2 ? 70 : 5;
        ck_assert_int_eq(probes[i].offset, filled && probes[i].kind == PROBE_HIGH ? records : 0);
    }
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

/* The mock cluster answers every time with the end, as a real one does where no record is that new: it says
 * nothing about a record's time, which the system tests look at. */
START_TEST(the_end_is_asked_for_before_a_time) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", 2);
    fill(&mock, "clicks", 1, 3);
    struct probe probes[] = {
        {.topic = "clicks", .partition = 1, .kind = PROBE_TIME, .time_us = 1700000000000000},
        {.topic = "clicks", .partition = 1, .kind = PROBE_TIME, .time_us = -1},
        {.topic = "clicks", .partition = 0, .kind = PROBE_TIME, .time_us = 1700000000000000}};
    struct prober *prober = open_prober(&mock.config);
    mock_count(&mock, MOCK_LIST_OFFSETS);
    ck_assert_msg(prober_ask_and_wait(prober, probes, 3, TIMEOUT_MS, &error), "%s", error.message);
    /* two questions for each probe, and two probes of one partition */
    ck_assert_int_eq(mock_counted(&mock, MOCK_LIST_OFFSETS), 4);
    ck_assert_int_eq(probes[0].offset, 3);
    ck_assert_int_eq(probes[1].offset, 3);
    ck_assert_int_eq(probes[2].offset, 0);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

static enum prober_state await(struct prober *prober, int slot, const struct probe **probes,
                               struct error *error) {
    const struct timespec pause = {0, 1000000};
    enum prober_state state;
    int count;
    while ((state = prober_poll(prober, slot, probes, &count, error)) == PROBER_WAITING)
        nanosleep(&pause, NULL);
    return state;
}

START_TEST(how_many_partitions_there_are) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", PARTITIONS);
    fill(&mock, "clicks", 7, 70);
    struct probe probes[] = {{.topic = "clicks", .kind = PROBE_PARTITIONS},
                             {.topic = "clicks", .partition = 7, .kind = PROBE_HIGH}};
    struct prober *prober = open_prober(&mock.config);
    ck_assert_msg(prober_ask_and_wait(prober, probes, 2, TIMEOUT_MS, &error), "%s", error.message);
    ck_assert_int_eq(probes[0].offset, PARTITIONS);
    ck_assert_int_eq(probes[1].offset, 70);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

START_TEST(a_missing_topic_is_said) {
    struct mock mock;
    struct error error = {0};
    const struct probe *answers;
    mock_init(&mock, "clicks", 1);
    rd_kafka_mock_topic_set_error(mock.cluster, "nowhere", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    struct probe probes[] = {{.topic = "clicks", .kind = PROBE_HIGH},
                             {.topic = "nowhere", .kind = PROBE_HIGH}};
    struct prober *prober = open_prober(&mock.config);
    prober_ask(prober, 2, probes, 2);
    ck_assert_int_eq(await(prober, 2, &answers, &error), PROBER_FAILED);
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "\"nowhere\" [0]") != NULL, "%s", error.message);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

START_TEST(errors_that_pass_are_asked_again) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", 1);
    fill(&mock, "clicks", 0, 9);
    struct probe probe = {.topic = "clicks", .kind = PROBE_HIGH};
    struct prober *prober = open_prober(&mock.config);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_LIST_OFFSETS, 2,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE);
    ck_assert_msg(prober_ask_and_wait(prober, &probe, 1, TIMEOUT_MS, &error), "%s", error.message);
    ck_assert_int_eq(probe.offset, 9);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

START_TEST(what_nobody_answers_does_not_hold_up_other_slots) {
    struct mock mock;
    struct error error = {0};
    const struct probe *answers;
    mock_init(&mock, "clicks", 2);
    rd_kafka_mock_partition_set_leader(mock.cluster, "clicks", 0, -1);
    struct probe without = {.topic = "clicks", .partition = 0, .kind = PROBE_HIGH};
    struct probe with = {.topic = "clicks", .partition = 1, .kind = PROBE_HIGH};
    struct prober *prober = open_prober(&mock.config);
    prober_ask(prober, 0, &without, 1);
    prober_ask(prober, 1, &with, 1);
    ck_assert_int_eq(await(prober, 1, &answers, &error), PROBER_ANSWERED);
    prober_ask(prober, 2, &with, 1);
    ck_assert_int_eq(await(prober, 2, &answers, &error), PROBER_ANSWERED);
    ck_assert_int_eq(answers->offset, 0);
    rd_kafka_mock_partition_set_leader(mock.cluster, "clicks", 0, MOCK_BROKER);
    ck_assert_int_eq(await(prober, 0, &answers, &error), PROBER_ANSWERED);
    ck_assert_int_eq(answers->offset, 0);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

START_TEST(a_withdrawn_question_leaves_nothing) {
    struct mock mock;
    struct error error = {0};
    const struct probe *answers;
    int count;
    mock_init(&mock, "clicks", 1);
    struct probe probe = {.topic = "clicks", .kind = PROBE_HIGH, .context = 1};
    struct prober *prober = open_prober(&mock.config);
    prober_ask(prober, 0, &probe, 1);
    prober_withdraw(prober, 0);
    ck_assert_int_eq(prober_poll(prober, 0, &answers, &count, &error), PROBER_NOTHING);
    probe.context = 2;
    prober_ask(prober, 0, &probe, 1);
    ck_assert_int_eq(await(prober, 0, &answers, &error), PROBER_ANSWERED);
    ck_assert_uint_eq(answers->context, 2);
    ck_assert_int_eq(prober_poll(prober, 0, &answers, &count, &error), PROBER_NOTHING);
    prober_free(prober);
    mock_release(&mock);
}
END_TEST

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("prober");
    tcase_add_test(tests, many_questions_take_few_requests);
    tcase_add_test(tests, the_end_is_asked_for_before_a_time);
    tcase_add_test(tests, how_many_partitions_there_are);
    tcase_add_test(tests, a_missing_topic_is_said);
    tcase_add_test(tests, errors_that_pass_are_asked_again);
    tcase_add_test(tests, what_nobody_answers_does_not_hold_up_other_slots);
    tcase_add_test(tests, a_withdrawn_question_leaves_nothing);
    return suite_run("kafka.prober", tests);
}
