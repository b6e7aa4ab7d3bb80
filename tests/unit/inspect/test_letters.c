/* What is read of dead letters, also of those that somebody else has written or damaged. */
#include "inspect/letters.h"

#include "base/hash.h"
#include "scene.h"

#define T1 "1970-01-01T00:00:01Z"
#define T2 "1970-01-01T00:00:02Z"
#define T3 "1970-01-01T00:00:03.5Z"

START_TEST(a_letter_as_it_is_written) {
    struct scene scene;
    scene_init(&scene);
    scene_usual(&scene, "clicks", 1, 7, "time_invalid", T3, "{}");
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    ck_assert_uint_eq(letters.count, 1);
    const struct letter *letter = &letters.items[0];
    ck_assert_str_eq(letters.topics[letter->origin.topic], "clicks");
    ck_assert_str_eq(letters_input(&letters, &scene.pipeline, letter->origin.topic), "t");
    ck_assert_int_eq(letter->origin.partition, 1);
    ck_assert_int_eq(letter->origin.offset, 7);
    ck_assert_int_eq(letter->reason, OUTCOME_TIME_INVALID);
    ck_assert_int_eq(letter->partition, 0);
    ck_assert_int_eq(letter->offset, 0);
    ck_assert_int_eq(letter->time_us, 3500000);
    ck_assert_int_eq(letter->timestamp_us, 1000000);
    ck_assert_uint_eq(letter->value_hash, hash_bytes("{}", 2));
    ck_assert_int_eq(letter->length, -1);
    assert_span(letter->reason_text, "time_invalid");
    assert_span(letter->detail, "why not");
    ck_assert(!letter->copy && !letter->redriven);
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

/* What cannot be read is missing, and nothing else is taken for it. */
START_TEST(headers_that_are_no_good) {
    static const struct {
        const char *text;
        int partition;
        int64_t offset, timestamp_us, length;
    } cases[] = {
        {"", -1, -1, TIME_NONE, -1},
        {"-1", -1, -1, TIME_NONE, -1},
        {"x", -1, -1, TIME_NONE, -1},
        {"7x", -1, -1, TIME_NONE, -1},
        {"7 ", -1, -1, TIME_NONE, -1},
        {"0", 0, 0, 0, 0},
        {"7", 7, 7, 7000, 7},
        {"2147483647", 2147483647, 2147483647, INT64_C(2147483647000), 2147483647},
        {"4294967297", -1, INT64_C(4294967297), INT64_C(4294967297000), INT64_C(4294967297)},
        {"9223372036854775807", -1, INT64_MAX, TIME_NONE, INT64_MAX},
        {"9223372036854775808", -1, -1, TIME_NONE, -1},
        {"99999999999999999999999999999999", -1, -1, TIME_NONE, -1},
        {NULL, -1, -1, TIME_NONE, -1}, /* a null */
    };
    struct scene scene;
    scene_init(&scene);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const char *text = cases[i].text;
        struct producer_header headers[] = {
            scene_header("partition", text), scene_header("offset", text), scene_header("timestamp", text),
            scene_header("truncated", text), scene_header("reason", text), scene_header("topic", text),
            scene_header("detail", text),    scene_header("time", text),   {NULL, {0}}};
        scene_letter(&scene, "{", headers);
    }
    scene_letter(&scene, NULL, &(struct producer_header){NULL, {0}}); /* none at all, of a tombstone */
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    ck_assert_uint_eq(letters.count, COUNT_OF(cases) + 1);
    for (size_t n = 0; n < letters.count; n++) {
        const struct letter *letter = &letters.items[n];
        int i = letter->offset < COUNT_OF(cases) ? (int)letter->offset : 0;
        const char *text = i == letter->offset && cases[i].text ? cases[i].text : "";
        ck_assert_str_eq(letters.topics[letter->origin.topic], text);
        ck_assert_int_eq(letter->origin.partition, cases[i].partition);
        ck_assert_int_eq(letter->origin.offset, cases[i].offset);
        ck_assert_int_eq(letter->timestamp_us, cases[i].timestamp_us);
        ck_assert_int_eq(letter->length, cases[i].length);
        ck_assert_int_eq(letter->reason, OUTCOME_COUNT);
        ck_assert_int_eq(letter->time_us, 5000000); /* when it was written */
    }
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

START_TEST(a_long_detail_is_shortened) {
    struct scene scene;
    char *detail = calloc(1, 100001);
    memset(detail, 'd', 100000);
    struct producer_header headers[] = {{"detail", span_of(detail)}, {NULL, {0}}};
    scene_init(&scene);
    scene_letter(&scene, "{", headers);
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    ck_assert_uint_eq(letters.count, 1);
    ck_assert_uint_eq(letters.items[0].detail.len, 500);
    letters_release(&letters);
    scene_release(&scene);
    free(detail);
}
END_TEST

static size_t chosen(struct scene *scene, struct letters_filter filter) {
    struct letters letters = scene_letters(scene, &filter);
    size_t count = letters.count;
    letters_release(&letters);
    return count;
}

START_TEST(chosen_by_reason_topic_and_time) {
    struct scene scene;
    scene_init(&scene);
    scene_usual(&scene, "clicks", 0, 1, "malformed", T1, "1");
    scene_usual(&scene, "clicks", 1, 1, "late", T2, "2");
    scene_usual(&scene, "checkouts", 0, 1, "malformed", T3, "3");
    scene_usual(&scene, "checkouts", 0, 2, "of_another_version", T3, "4");
    const uint64_t malformed = UINT64_C(1) << OUTCOME_MALFORMED, late = UINT64_C(1) << OUTCOME_LATE;
    const int64_t from = TIME_NONE, to = TIME_END;
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, NULL, from, to}), 4);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){malformed, NULL, from, to}), 2);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){malformed | late, NULL, from, to}), 3);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, "clicks", from, to}), 2);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){late, "checkouts", from, to}), 0);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, NULL, 2000000, to}), 3);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, NULL, 2000001, to}), 2);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, NULL, from, 2000000}), 1);
    ck_assert_uint_eq(chosen(&scene, (struct letters_filter){0, NULL, from, 2000001}), 2);
    scene_release(&scene);
}
END_TEST

START_TEST(a_copy_is_known_and_strangers_are_passed_over) {
    struct scene scene;
    scene_init(&scene);
    scene_usual(&scene, "clicks", 0, 2, "malformed", T1, "b");
    scene_usual(&scene, "clicks", 0, 1, "malformed", T1, "a");
    scene_usual(&scene, "clicks", 0, 2, "malformed", T1, "b");
    struct producer_header other = scene_header("pipeline", "q"), null = {"pipeline", {0}};
    struct producer_record record = {.topic = "p.dead-letters", .value = span_of("x"), .header_count = 1};
    record.headers = &other;
    scene_send(&scene, &record, 0);
    record.headers = &null;
    scene_send(&scene, &record, 0);
    record.header_count = 0;
    scene_send(&scene, &record, 0);
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    ck_assert_uint_eq(letters.count, 3);
    ck_assert_int_eq(letters.items[0].origin.offset, 1);
    ck_assert(!letters.items[0].copy && !letters.items[1].copy && letters.items[2].copy);
    ck_assert_int_eq(letters.items[1].offset, 0); /* the first one is the letter */
    ck_assert_int_eq(letters.items[2].offset, 2);
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

/* A line of a note that is not understood says nothing of any letter. */
START_TEST(notes_say_what_was_redriven) {
    static const char lines[] = "clicks-0-1\nclicks-1-3\n\nclicks-0-\nclicks--0\n-0-2\nclicks-0-2x\n"
                                "clicks-4294967296-2\nclicks-0- 2\nclicks-0-18446744073709551618\n"
                                "clicks-x-2\nno line\na-b-0-5\0-0-2\na-b-0-6";
    struct scene scene;
    scene_init(&scene);
    for (int i = 0; i < 4; i++) scene_usual(&scene, "clicks", 0, i, "malformed", T1, "x");
    scene_usual(&scene, "clicks", 1, 3, "malformed", T1, "x");
    scene_usual(&scene, "a-b", 0, 5, "malformed", T1, "x");
    scene_usual(&scene, "a-b", 0, 6, "malformed", T1, "x");
    scene_note(&scene, "p", (struct span){lines, sizeof lines - 1});
    scene_note(&scene, "q", span_of("clicks-0-0"));
    scene_note(&scene, "p", (struct span){0});
    struct letters letters = scene_letters(&scene, &SCENE_EVERYTHING);
    ck_assert_uint_eq(letters.count, 7);
    for (size_t i = 0; i < letters.count; i++) {
        const struct letter *letter = &letters.items[i];
        const char *topic = letters.topics[letter->origin.topic];
        bool expected = strcmp(topic, "a-b") == 0
                            ? letter->origin.offset == 6
                            : letter->origin.offset == (letter->origin.partition ? 3 : 1);
        ck_assert_msg(letter->redriven == expected, "%s-%d-%lld", topic, letter->origin.partition,
                      (long long)letter->origin.offset);
    }
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

START_TEST(no_topic) {
    struct scene scene;
    struct letters letters;
    struct error error = {.class = ERROR_FATAL};
    char nowhere[] = "nowhere";
    scene_init(&scene);
    scene.pipeline.dead_letter_topic = nowhere;
    rd_kafka_mock_topic_set_error(scene.mock.cluster, nowhere, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    ck_assert(!letters_read(&letters, &scene.inspection, &SCENE_EVERYTHING, NULL, NULL, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "there is no topic \"nowhere\"") != NULL, "%s", error.message);
    letters_release(&letters);
    scene_release(&scene);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("letters");
    tcase_add_test(tests, a_letter_as_it_is_written);
    tcase_add_test(tests, headers_that_are_no_good);
    tcase_add_test(tests, a_long_detail_is_shortened);
    tcase_add_test(tests, chosen_by_reason_topic_and_time);
    tcase_add_test(tests, a_copy_is_known_and_strangers_are_passed_over);
    tcase_add_test(tests, notes_say_what_was_redriven);
    tcase_add_test(tests, no_topic);
    return suite_run("inspect.letters", tests);
}
