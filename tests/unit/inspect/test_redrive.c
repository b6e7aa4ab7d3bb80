/* What is sent again and what it looks like. The mock cluster knows transactions, but shows their records
 * whether they are committed or not: that is for the system tests. */
#include "inspect/redrive.h"

#include "scene.h"

#define T1 "1970-01-01T00:00:01Z"

enum { MOCK_END_TXN = 26 };

static void send_origin(struct scene *scene, int partition, const char *value) {
    struct producer_header headers[] = {
        scene_header("trace", "abc"), {"null", {0}}, scene_header("trace", "")};
    struct producer_record record = {.topic = "clicks",
                                     .key = span_of("k"),
                                     .value = span_of(value),
                                     .timestamp_ms = 1000,
                                     .headers = headers,
                                     .header_count = COUNT_OF(headers)};
    scene_send(scene, &record, partition);
}

static struct redrive_plan plan_of(const struct letters *letters, const struct scene *scene,
                                   struct redrive_choice choice) {
    struct redrive_plan plan;
    redrive_plan_init(&plan, letters, &scene->pipeline, choice);
    return plan;
}

/* Everything from the start: letters read, chosen, sent. */
static bool redrive_all(struct scene *scene, struct redrive_choice choice, struct redrive_result *result,
                        struct error *error) {
    struct transactions *transactions = redrive_begin(&scene->pipeline, error);
    ck_assert_msg(transactions != NULL, "%s", error->message);
    struct letters letters = scene_letters(scene, &SCENE_EVERYTHING);
    struct redrive_plan plan = plan_of(&letters, scene, choice);
    ck_assert_msg(redrive_check(&plan, &scene->pipeline, error), "%s", error->message);
    bool done = redrive_run(&plan, &scene->inspection, transactions, NULL, NULL, result, error);
    redrive_plan_release(&plan);
    letters_release(&letters);
    transactions_free(transactions);
    return done;
}

static struct redrive_result redriven(struct scene *scene, struct redrive_choice choice) {
    struct redrive_result result;
    struct error error = {0};
    ck_assert_msg(redrive_all(scene, choice, &result, &error), "%s", error.message);
    return result;
}

static int64_t end_of(const struct scene *scene, const char *topic, int partition) {
    int count;
    struct error error = {0};
    struct extent *extents = inspection_extents(&scene->inspection, topic, &count, &error);
    ck_assert_msg(extents != NULL, "%s", error.message);
    int64_t end = extents[partition].high;
    free(extents);
    return end;
}

/* Calls `look` with the record there. */
static void look_at(struct scene *scene, const char *topic, int partition, int64_t offset,
                    void (*look)(const rd_kafka_message_t *message)) {
    struct error error = {0};
    const rd_kafka_message_t *message;
    struct scan *scan = inspection_scan(&scene->inspection, topic, partition, offset, offset + 1, &error);
    ck_assert_ptr_nonnull(scan);
    ck_assert_int_eq(scan_next(scan, &message, &error), SCAN_RECORD);
    ck_assert_int_eq(message->offset, offset);
    look(message);
    scan_free(scan);
}

static struct span view(const void *data, size_t len) {
    return (struct span){data, len};
}

static void is_click(const rd_kafka_message_t *message, const char *value) {
    assert_span(view(message->key, message->key_len), "k");
    assert_span(view(message->payload, message->len), value);
    ck_assert_int_eq(rd_kafka_message_timestamp(message, NULL), 1000);
}

static void is_header(const rd_kafka_headers_t *headers, size_t at, const char *name, const char *value) {
    const char *its_name;
    const void *data;
    size_t len;
    ck_assert_int_eq(rd_kafka_header_get_all(headers, at, &its_name, &data, &len), 0);
    ck_assert_str_eq(its_name, name);
    assert_span(view(data, len), value);
}

static void as_at_its_origin(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers;
    is_click(message, "one");
    ck_assert_int_eq(rd_kafka_message_headers(message, &headers), 0);
    ck_assert_uint_eq(rd_kafka_header_cnt(headers), 3);
    is_header(headers, 0, "trace", "abc");
    is_header(headers, 1, "null", NULL);
    is_header(headers, 2, "trace", "");
}

static void as_in_its_letter(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers;
    is_click(message, "two");
    ck_assert_int_eq(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR__NOENT);
}

static void is_note(const rd_kafka_message_t *message) {
    assert_span(view(message->payload, message->len), "clicks-0-0\nclicks-1-9\n");
    assert_span(dead_letter_header(message, DEAD_LETTER_REDRIVEN), "2");
    assert_span(dead_letter_header(message, "pipeline"), "p");
    assert_span(dead_letter_header(message, "version"), TRIBUTARY_VERSION);
    ck_assert_uint_gt(dead_letter_header(message, "time").len, 0);
}

START_TEST(a_record_is_sent_as_it_was) {
    struct scene scene;
    scene_init(&scene);
    send_origin(&scene, 0, "one");
    scene_usual(&scene, "clicks", 0, 0, "malformed", T1, "one");
    scene_usual(&scene, "clicks", 1, 9, "malformed", T1, "two"); /* gone from its topic */
    struct redrive_result result = redriven(&scene, (struct redrive_choice){0});
    ck_assert_uint_eq(result.sent, 2);
    ck_assert_uint_eq(result.from_letter, 1);
    ck_assert_uint_eq(result.lost, 0);
    look_at(&scene, "clicks", 0, 1, as_at_its_origin);
    look_at(&scene, "clicks", 1, 0, as_in_its_letter);
    look_at(&scene, "p.dead-letters", 0, 2, is_note);
    ck_assert_int_eq(end_of(&scene, "clicks", 0), 2);
    ck_assert_int_eq(end_of(&scene, "clicks", 1), 1);
    scene_release(&scene);
}
END_TEST

START_TEST(what_was_sent_is_not_sent_again) {
    struct scene scene;
    scene_init(&scene);
    send_origin(&scene, 0, "one");
    scene_usual(&scene, "clicks", 0, 0, "malformed", T1, "one");
    ck_assert_uint_eq(redriven(&scene, (struct redrive_choice){0}).sent, 1);
    ck_assert_uint_eq(redriven(&scene, (struct redrive_choice){0}).sent, 0);
    ck_assert_int_eq(end_of(&scene, "clicks", 0), 2);
    ck_assert_uint_eq(redriven(&scene, (struct redrive_choice){.again = true}).sent, 1);
    ck_assert_int_eq(end_of(&scene, "clicks", 0), 3);
    scene_release(&scene);
}
END_TEST

/* At the letter's place lies another record, or the letter has only the beginning. */
START_TEST(another_record_is_not_taken_for_it) {
    struct scene scene;
    scene_init(&scene);
    send_origin(&scene, 1, "another");
    scene_usual(&scene, "clicks", 1, 0, "malformed", T1, "two");
    struct producer_header cut[] = {scene_header("reason", "malformed"),
                                    scene_header("topic", "clicks"),
                                    scene_header("partition", "1"),
                                    scene_header("offset", "5"),
                                    scene_header("timestamp", "1000"),
                                    scene_header("truncated", "300000"),
                                    {NULL, {0}}};
    scene_letter(&scene, "only the beginni", cut);
    struct redrive_result result = redriven(&scene, (struct redrive_choice){0});
    ck_assert_uint_eq(result.sent, 1);
    ck_assert_uint_eq(result.from_letter, 1);
    ck_assert_uint_eq(result.lost, 1);
    look_at(&scene, "clicks", 1, 1, as_in_its_letter);
    ck_assert_int_eq(end_of(&scene, "clicks", 1), 2);
    scene_release(&scene);
}
END_TEST

START_TEST(a_plan_says_what_it_leaves_out) {
    struct scene scene;
    scene_init(&scene);
    scene_usual(&scene, "clicks", 0, 1, "malformed", T1, "x");
    scene_usual(&scene, "clicks", 0, 1, "malformed", T1, "x");
    scene_usual(&scene, "clicks", 0, 2, "late", T1, "x");
    scene_usual(&scene, "clicks", 0, 3, "malformed", T1, "x");
    scene_usual(&scene, "elsewhere", 0, 1, "malformed", T1, "x");
    scene_usual(&scene, "clicks", 0, -1, "malformed", T1, "x");
    scene_note(&scene, "p", span_of("clicks-0-3\n"));
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    struct redrive_plan plan = plan_of(&letters, &scene, (struct redrive_choice){0});
    ck_assert_uint_eq(plan.count, 1);
    ck_assert_int_eq(plan.items[0]->origin.offset, 1);
    ck_assert_uint_eq(plan.copies, 1);
    ck_assert_uint_eq(plan.late, 1);
    ck_assert_uint_eq(plan.redriven, 1);
    ck_assert_uint_eq(plan.foreign, 2);
    redrive_plan_release(&plan);
    plan = plan_of(&letters, &scene, (struct redrive_choice){.again = true, .late = true});
    ck_assert_uint_eq(plan.count, 3);
    ck_assert_uint_eq(plan.late + plan.redriven, 0);
    redrive_plan_release(&plan);
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

START_TEST(a_partition_that_is_not_there) {
    struct scene scene;
    struct error error = {.class = ERROR_FATAL};
    scene_init(&scene);
    scene_usual(&scene, "clicks", 2, 1, "malformed", T1, "x");
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    struct redrive_plan plan = plan_of(&letters, &scene, (struct redrive_choice){0});
    ck_assert(!redrive_check(&plan, &scene.pipeline, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "partition 2 of topic \"clicks\"") != NULL, "%s", error.message);
    redrive_plan_release(&plan);
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

START_TEST(what_is_not_committed_is_not_counted) {
    struct scene scene;
    struct redrive_result result;
    struct error error = {.class = ERROR_RETRY};
    scene_init(&scene);
    send_origin(&scene, 0, "one");
    scene_usual(&scene, "clicks", 0, 0, "malformed", T1, "one");
    rd_kafka_mock_push_request_errors(scene.mock.cluster, MOCK_END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    ck_assert(!redrive_all(&scene, (struct redrive_choice){0}, &result, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "tributary.p.redrive") != NULL, "%s", error.message);
    ck_assert_uint_eq(result.sent, 0);
    scene_release(&scene);
}
END_TEST

START_TEST(a_later_one_has_taken_over) {
    struct scene scene;
    struct redrive_result result;
    struct error error = {.class = ERROR_RETRY};
    scene_init(&scene);
    send_origin(&scene, 0, "one");
    scene_usual(&scene, "clicks", 0, 0, "malformed", T1, "one");
    rd_kafka_mock_push_request_errors(scene.mock.cluster, MOCK_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    ck_assert(!redrive_all(&scene, (struct redrive_choice){0}, &result, &error));
    ck_assert_int_eq(error.class, ERROR_FATAL);
    ck_assert_msg(strstr(error.message, "taken over") != NULL, "%s", error.message);
    ck_assert_uint_eq(result.sent, 0);
    scene_release(&scene);
}
END_TEST

static bool always(void) {
    return true;
}

START_TEST(stopped) {
    struct scene scene;
    struct redrive_result result;
    struct error error = {.class = ERROR_FATAL};
    scene_init(&scene);
    send_origin(&scene, 0, "one");
    scene_usual(&scene, "clicks", 0, 0, "malformed", T1, "one");
    struct transactions *transactions = redrive_begin(&scene.pipeline, &error);
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    struct redrive_plan plan = plan_of(&letters, &scene, (struct redrive_choice){0});
    scene.inspection.stop = always;
    ck_assert(!redrive_run(&plan, &scene.inspection, transactions, NULL, NULL, &result, &error));
    ck_assert_str_eq(error.message, "stopped");
    ck_assert_uint_eq(result.sent, 0);
    ck_assert_int_eq(end_of(&scene, "clicks", 0), 1);
    redrive_plan_release(&plan);
    letters_release(&letters);
    transactions_free(transactions);
    scene_release(&scene);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("redrive");
    tcase_add_test(tests, a_record_is_sent_as_it_was);
    tcase_add_test(tests, what_was_sent_is_not_sent_again);
    tcase_add_test(tests, another_record_is_not_taken_for_it);
    tcase_add_test(tests, a_plan_says_what_it_leaves_out);
    tcase_add_test(tests, a_partition_that_is_not_there);
    tcase_add_test(tests, what_is_not_committed_is_not_counted);
    tcase_add_test(tests, a_later_one_has_taken_over);
    tcase_add_test(tests, stopped);
    return suite_run("inspect.redrive", tests);
}
