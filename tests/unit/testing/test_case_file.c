/* What is said about case files that are wrong, and what is read of one that is right. */
#include "cases.h"

#define HEAD "pipeline: " FLAGSHIP "\n"

struct trial {
    const char *part, *errors;
};

/* Each part stands in line 5 from column 9 on. */
static void try_events(const struct trial *trials, int count) {
    for (int i = 0; i < count; i++) {
        char text[1000];
        snprintf(text, sizeof text,
                 HEAD "cases:\n  - name: n\n    events:\n      - %s\n    expect: {rows: []}\n",
                 trials[i].part);
        assert_refused(text, trials[i].errors);
    }
}

/* Each part stands in line 5 from column 13 on. */
static void try_expectations(const struct trial *trials, int count) {
    for (int i = 0; i < count; i++) {
        char text[1000];
        snprintf(text, sizeof text, HEAD "cases:\n  - name: n\n    events: []\n    expect: %s\n",
                 trials[i].part);
        assert_refused(text, trials[i].errors);
    }
}

START_TEST(wrong_events) {
    static const struct trial trials[] = {
        {"hello", "t.yaml:5:9: an event must be a map, not \"hello\"\n"},
        {"{}", "t.yaml:5:9: an event without an input\n  hint: for example: - clicks: {field: value}\n"},
        {"{partition: 0}",
         "t.yaml:5:9: an event without an input\n  hint: for example: - clicks: {field: value}\n"},
        {"clikcs: {a: 1}", "t.yaml:5:9: unknown input \"clikcs\"; did you mean \"clicks\"?\n"},
        {"orders: {a: 1}", "t.yaml:5:9: unknown input \"orders\"\n  hint: known here: clicks, checkouts\n"},
        {"clikcs: hello", "t.yaml:5:9: unknown key \"clikcs\"; did you mean \"clicks\"?\n"},
        {"clicks: hello", "t.yaml:5:17: \"clicks\" must be a map of fields, not \"hello\"\n  hint: a record "
                          "that is no JSON object is written {input: clicks, raw: \"…\"}\n"},
        {"{clicks: {a: 1}, checkouts: {a: 1}}",
         "t.yaml:5:26: one event with two inputs, \"clicks\" and \"checkouts\"\n"
         "  hint: each event has a line of its own, beginning with \"- \"\n"},
        {"{clicks: {a: 1}, partitions: 0}",
         "t.yaml:5:26: unknown key \"partitions\"; did you mean \"partition\"?\n"},
        {"{clicks: {a: 1}, partition: 2}", "t.yaml:5:37: there is no partition 2: the case has 1\n"
                                           "  hint: give the case \"partitions: 3\"; they count from 0\n"},
        {"{clicks: {a: 1}, partition: -1}",
         "t.yaml:5:37: \"partition\" must be a whole number from 0 to 255, not \"-1\"\n"},
        {"{clicks: {a: 1}, timestamp: noon}", "t.yaml:5:37: \"timestamp\" must be a time, not \"noon\"\n"
                                              "  hint: for example: timestamp: \"2024-06-17T05:00:00Z\"\n"},
        {"{clicks: {a: 1}, timestamp: }", "t.yaml:5:37: \"timestamp\" must be a text, not nothing\n"},
        {"{clicks: {a: 1}, key: [7]}", "t.yaml:5:31: \"key\" must be a text, not a list\n"},
        {"{clicks: {a: 1}, raw: x}",
         "t.yaml:5:26: unknown key \"raw\"\n  hint: known here: clicks, partition, timestamp, key\n"},
        {"advance: 30", "t.yaml:5:18: \"advance\" must be a duration, not \"30\"\n"
                        "  hint: for example: advance: 31s\n"},
        {"advance: 0s", "t.yaml:5:18: \"advance\" must be a duration, not \"0s\"\n"
                        "  hint: for example: advance: 31s\n"},
        {"advance: [1s]", "t.yaml:5:18: \"advance\" must be a text, not a list\n"},
        {"{advance: 1s, partition: 0}",
         "t.yaml:5:23: unknown key \"partition\"\n  hint: known here: advance\n"},
    };
    try_events(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(wrong_broken_records) {
    static const char one[] =
        "t.yaml:5:9: an event with \"input\" needs one of \"raw\", \"base64\" and \"tombstone\"\n"
        "  hint: an event that is whole is written {clicks: {field: value}}\n";
    static const struct trial trials[] = {
        {"{input: clicks}", one},
        {"{input: clicks, raw: x, tombstone: true}", one},
        {"{input: click, raw: x}", "t.yaml:5:17: unknown input \"click\"; did you mean \"clicks\"?\n"},
        {"{input: [clicks], raw: x}", "t.yaml:5:17: \"input\" must be a text, not a list\n"},
        {"{input: clicks, raw: {a: 1}}",
         "t.yaml:5:30: \"raw\" must be a text, not a map\n  hint: put it in quotes: raw: '{\"id\": 1}'\n"},
        {"{input: clicks, raw: null}",
         "t.yaml:5:30: \"raw\" must be a text, not nothing\n  hint: put it in quotes: raw: '{\"id\": 1}'\n"},
        {"{input: clicks, base64: \"%%%\"}", "t.yaml:5:33: \"base64\" is not base64: \"%%%\"\n"},
        {"{input: clicks, tombstone: false}", "t.yaml:5:36: \"tombstone\" can only be true\n"},
        {"{input: clicks, tombstone: \"true\"}",
         "t.yaml:5:36: \"tombstone\" must be true or false, not \"true\"\n"},
        {"{input: clicks, raw: x, timestmp: x}",
         "t.yaml:5:33: unknown key \"timestmp\"; did you mean \"timestamp\"?\n"},
    };
    try_events(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(wrong_expectations) {
    static const struct trial trials[] = {
        {"{}", "t.yaml:5:13: \"expect\" is empty: such a case cannot fail\n"
               "  hint: name at least one of rows, dead_letters and outcomes\n"},
        {"rows", "t.yaml:5:13: \"expect\" must be a map, not \"rows\"\n"},
        {"{row: []}", "t.yaml:5:14: unknown key \"row\"; did you mean \"rows\"?\n"},
        {"{rows: {}}", "t.yaml:5:20: \"rows\" must be a list, not an empty map\n"},
        {"{rows: [7]}", "t.yaml:5:21: a row must be a map, not \"7\"\n"},
        {"{rows: [{}]}", "t.yaml:5:21: a row that names no column\n"},
        {"{rows: [{clickid: c1}]}", "t.yaml:5:22: unknown column \"clickid\"; did you mean \"click_id\"?\n"},
        {"{dead_letters: [{}]}", "t.yaml:5:29: a dead letter that names no key\n"},
        {"{dead_letters: [{why: late}]}", "t.yaml:5:30: unknown key \"why\"\n"
                                          "  hint: known here: input, partition, offset, reason, detail\n"},
        {"{dead_letters: [{reason: lat}]}", "t.yaml:5:38: unknown reason \"lat\"; did you mean \"late\"?\n"},
        {"{dead_letters: [{input: click}]}",
         "t.yaml:5:37: unknown input \"click\"; did you mean \"clicks\"?\n"},
        {"{dead_letters: [{offset: one}]}",
         "t.yaml:5:38: \"offset\" must be a whole number of at least 0, not \"one\"\n"},
        {"{dead_letters: [{partition: -1}]}",
         "t.yaml:5:41: \"partition\" must be a whole number of at least 0, not \"-1\"\n"},
        {"{dead_letters: [{detail: \"\"}]}", "t.yaml:5:38: \"detail\" must be a text, not \"\"\n"},
        {"{outcomes: {late: -1}}",
         "t.yaml:5:31: the number of an outcome must be a whole number of at least 0, not \"-1\"\n"},
        {"{outcomes: {attribted: 1}}",
         "t.yaml:5:25: unknown outcome \"attribted\"; did you mean \"attributed\"?\n"},
    };
    try_expectations(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(reasons_are_only_those_of_dead_letters) {
    static const struct trial trial = {
        "{dead_letters: [{reason: attributed}]}",
        "t.yaml:5:38: unknown reason \"attributed\"\n  hint: known here: late, empty, encoding, nul, "
        "malformed, not_an_object, step_failed, time_invalid, time_in_future, key_null, key_invalid, "
        "value_refused, "
        "row_refused, lookup_missing\n"};
    try_expectations(&trial, 1);
}
END_TEST

START_TEST(wrong_cases) {
    assert_refused(HEAD "cases: []\n", "t.yaml:2:8: \"cases\" is empty: nothing to test\n");
    assert_refused(HEAD "cases: {}\n", "t.yaml:2:8: \"cases\" must be a list, not an empty map\n");
    assert_refused(HEAD "cases: [7, {}]\n", "t.yaml:2:9: a case must be a map, not \"7\"\n"
                                            "t.yaml:2:12: \"name\" is missing\n"
                                            "t.yaml:2:12: \"events\" is missing\n"
                                            "t.yaml:2:12: \"expect\" is missing\n");
    assert_refused(HEAD
                   "cases:\n"
                   "  - {name: n, close: no, partitions: 257, evnts: [], events: [], expect: {rows: []}}\n"
                   "  - {name: n, partitions: one, lookups: [], events: 7, expect: {rows: []}}\n"
                   "  - {name: [n], events: [], expect: {rows: []}}\n",
                   "t.yaml:3:22: \"close\" must be true or false, not \"no\"\n"
                   "t.yaml:3:38: \"partitions\" must be a whole number from 1 to 256, not \"257\"\n"
                   "t.yaml:3:43: unknown key \"evnts\"; did you mean \"events\"?\n"
                   "t.yaml:4:12: two cases of one name: \"n\" (the first in line 3)\n"
                   "t.yaml:4:27: \"partitions\" must be a whole number from 1 to 256, not \"one\"\n"
                   "t.yaml:4:41: \"lookups\" must be a map, not an empty list\n"
                   "t.yaml:4:53: \"events\" must be a list, not \"7\"\n"
                   "t.yaml:5:12: \"name\" must be a text, not a list\n");
}
END_TEST

START_TEST(wrong_files) {
    assert_refused("", "t.yaml:1:1: the file is empty\n");
    assert_refused("[]", "t.yaml:1:1: a case file must be a map, not an empty list\n"
                         "  hint: it begins like this: pipeline: ../pipeline.yaml\n");
    assert_refused("{",
                   "t.yaml:2:1: not YAML: did not find expected node content, while parsing a flow node\n");
    assert_refused("defaults: {}\n", "t.yaml:1:1: \"cases\" is missing\n"
                                     "t.yaml:1:1: \"pipeline\" is missing\n");
    assert_refused("case: []\npipelines: x\n",
                   "t.yaml:1:1: unknown key \"case\"; did you mean \"cases\"?\n"
                   "t.yaml:2:1: unknown key \"pipelines\"; did you mean \"pipeline\"?\n");
    assert_refused("pipeline: [x]\ncases: []\n", "t.yaml:1:11: \"pipeline\" must be a text, not a list\n");
    assert_refused("pipeline: nowhere.yaml\ncases: []\n",
                   "nowhere.yaml: cannot be read: No such file or directory\n"
                   "t.yaml:1:11: the pipeline \"nowhere.yaml\" cannot be used, see above\n");
    assert_refused(HEAD "defaults: {click: {}, checkouts: 7}\ncases:\n"
                        "  - {name: n, events: [], expect: {rows: []}}\n",
                   "t.yaml:2:12: unknown input \"click\"; did you mean \"clicks\"?\n"
                   "t.yaml:2:34: the fields of an input must be a map, not \"7\"\n");
}
END_TEST

/* A column that only the key needs, and one that only the row does. */
START_TEST(lookups_before_the_key) {
    assert_refused(
        "pipeline: examples/job-applications/by-email.yaml\nlookups: {users: [{email: a}, {id: 1}]}\n"
        "cases:\n  - {name: n, events: [], expect: {rows: []}}\n",
        "t.yaml:2:19: a row of \"users\" lacks the column \"id\"\n"
        "  hint: write id: null if it is to be null\n"
        "t.yaml:2:31: a row of \"users\" lacks the column \"email\"\n"
        "  hint: write email: null if it is to be null\n");
}
END_TEST

START_TEST(wrong_lookups) {
    static const char rest[] = "cases:\n  - {name: n, events: [], expect: {rows: []}}\n";
    char text[500];
    snprintf(text, sizeof text, HEAD "lookups: {user: [], users: [{usrname: a}, 7]}\n%s", rest);
    assert_refused(text, "t.yaml:2:11: unknown lookup \"user\"; did you mean \"users\"?\n"
                         "t.yaml:2:29: a row of \"users\" lacks the column \"id\"\n"
                         "  hint: write id: null if it is to be null\n"
                         "t.yaml:2:29: a row of \"users\" lacks the column \"username\"\n"
                         "  hint: write username: null if it is to be null\n"
                         "t.yaml:2:43: a row of a lookup must be a map, not \"7\"\n");
    snprintf(text, sizeof text, HEAD "lookups: {users: {id: 7}}\n%s", rest);
    assert_refused(text, "t.yaml:2:18: \"users\" must be a list, not a map\n");
}
END_TEST

/* --- what is read */

static const char good[] =
    HEAD "defaults:\n"
         "  clicks: {user_id: 7, product_id: lamp}\n"
         "lookups: {users: [{id: 7, username: ada, more: x}]}\n"
         "cases:\n"
         "  - name: one\n"
         "    partitions: 2\n"
         "    close: false\n"
         "    events:\n"
         "      - clicks: {user_id: 8, click_id: \"1\", list: [1, a]}\n"
         "      - {checkouts: {}, partition: 1, timestamp: \"2024-06-17T05:00:01Z\", key: 7}\n"
         "      - advance: 1m30s\n"
         "      - {input: clicks, raw: \"\", key: null}\n"
         "      - {input: clicks, base64: /w==, partition: 1}\n"
         "      - {input: clicks, tombstone: true, partition: 1}\n"
         "    expect: {outcomes: {late: 2}}\n"
         "  - name: two\n"
         "    lookups: {users: []}\n"
         "    events: []\n"
         "    expect: {rows: []}\n";

static void assert_record(const struct case_event *event, enum case_side side, int partition, int64_t offset,
                          const char *value) {
    ck_assert_int_eq(event->advance_us, 0);
    ck_assert_int_eq(event->side, side);
    ck_assert_int_eq(event->partition, partition);
    ck_assert_int_eq(event->record.offset, offset);
    assert_span(event->record.value, value);
}

static void assert_events(const struct test_case *test) {
    ck_assert_int_eq(test->event_count, 6);
    const struct case_event *events = test->events;
    assert_record(&events[0], CASE_TOUCHES, 0, 0,
                  "{\"product_id\":\"lamp\",\"user_id\":8,\"click_id\":\"1\",\"list\":[1,\"a\"]}");
    ck_assert(events[0].record.timestamp_us == TIME_NONE);
    ck_assert_ptr_null(events[0].record.key.data);
    assert_record(&events[1], CASE_CONVERSIONS, 1, 0, "{}");
    ck_assert_int_eq(events[1].record.timestamp_us, INT64_C(1718600401000000));
    assert_span(events[1].record.key, "7");
    ck_assert_int_eq(events[2].advance_us, 90 * TIME_SECOND);
    assert_record(&events[3], CASE_TOUCHES, 0, 1, "");
    ck_assert_ptr_null(events[3].record.key.data);
    assert_record(&events[4], CASE_TOUCHES, 1, 0, "\xff");
    assert_record(&events[5], CASE_TOUCHES, 1, 1, NULL);
}

START_TEST(a_good_file) {
    struct case_pipelines pipelines;
    char *errors;
    case_pipelines_init(&pipelines);
    struct case_file *file = read_cases(good, "t.yaml", &pipelines, &errors);
    ck_assert_msg(file != NULL, "%s", errors);
    free(errors);
    ck_assert_int_eq(file->count, 2);
    const struct test_case *one = &file->cases[0], *two = &file->cases[1];
    ck_assert_str_eq(one->name, "one");
    ck_assert_int_eq(one->line, 6);
    ck_assert_int_eq(one->partitions, 2);
    ck_assert(!one->close && two->close);
    ck_assert_int_eq(two->partitions, 1);
    assert_events(one);
    ck_assert(one->expect.has_outcomes && !one->expect.rows.given && !one->expect.dead_letters.given);
    ck_assert_uint_eq(one->expect.outcomes.count[OUTCOME_LATE], 2);
    ck_assert(!two->expect.has_outcomes && two->expect.rows.given);
    ck_assert_int_eq(one->lookups[0].count, 1);
    ck_assert_int_eq(one->lookups[0].rows[0].count, 3);
    ck_assert_int_eq(two->lookups[0].count, 0);
    case_file_free(file);
    case_pipelines_release(&pipelines);
}
END_TEST

START_TEST(a_pipeline_is_loaded_once) {
    struct case_pipelines pipelines;
    char *errors;
    case_pipelines_init(&pipelines);
    struct case_file *a = read_cases(good, "t.yaml", &pipelines, &errors);
    free(errors);
    struct case_file *b = read_cases(good, "u.yaml", &pipelines, &errors);
    free(errors);
    ck_assert_ptr_eq(a->pipeline, b->pipeline);
    case_file_free(a);
    case_file_free(b);
    static const char bad[] = "pipeline: nowhere.yaml\ncases: []\n";
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(read_cases(bad, "t.yaml", &pipelines, &errors));
        ck_assert((strstr(errors, "No such file") != NULL) == (i == 0));
        free(errors);
    }
    case_pipelines_release(&pipelines);
}
END_TEST

START_TEST(the_pipeline_is_relative_to_the_file) {
    static const char text[] =
        "pipeline: ../pipeline.yaml\ncases: [{name: n, events: [], expect: {rows: []}}]\n";
    struct case_pipelines pipelines;
    char *errors;
    case_pipelines_init(&pipelines);
    struct case_file *file = read_cases(text, "examples/checkouts/cases/t.yaml", &pipelines, &errors);
    ck_assert_msg(file != NULL, "%s", errors);
    ck_assert_str_eq(file->pipeline->path, "examples/checkouts/cases/../pipeline.yaml");
    free(errors);
    case_file_free(file);
    case_pipelines_release(&pipelines);
}
END_TEST

START_TEST(a_file_that_is_not_there) {
    struct case_pipelines pipelines;
    char *errors;
    size_t len;
    case_pipelines_init(&pipelines);
    FILE *stream = open_memstream(&errors, &len);
    ck_assert_ptr_null(case_file_load("nowhere/cases.yaml", &pipelines, stream));
    fclose(stream);
    ck_assert_str_eq(errors, "nowhere/cases.yaml: cannot be read: No such file or directory\n");
    free(errors);
    case_pipelines_release(&pipelines);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("case_file");
    tcase_add_test(tests, wrong_events);
    tcase_add_test(tests, wrong_broken_records);
    tcase_add_test(tests, wrong_expectations);
    tcase_add_test(tests, reasons_are_only_those_of_dead_letters);
    tcase_add_test(tests, wrong_cases);
    tcase_add_test(tests, wrong_files);
    tcase_add_test(tests, lookups_before_the_key);
    tcase_add_test(tests, wrong_lookups);
    tcase_add_test(tests, a_good_file);
    tcase_add_test(tests, a_pipeline_is_loaded_once);
    tcase_add_test(tests, the_pipeline_is_relative_to_the_file);
    tcase_add_test(tests, a_file_that_is_not_there);
    return suite_run("case_file", tests);
}
