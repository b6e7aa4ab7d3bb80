/* The text format, and docs/metrics.md, which is what the table says, to the letter. */
#include "telemetry/metrics.h"

#include <ctype.h>
#include <stdio.h>

#include "../suite.h"

static void check_text(struct buffer *out, const char *text) {
    ck_assert_str_eq(buffer_string(out), text);
    buffer_release(out);
}

START_TEST(writes_help_type_and_samples) {
    struct buffer out;
    buffer_init(&out);
    metrics_begin(&out, METRIC_PENDING_BYTES);
    metrics_integer(&out, METRIC_PENDING_BYTES, (const char *[]){"0"}, 0);
    metrics_integer(&out, METRIC_PENDING_BYTES, (const char *[]){"11"}, INT64_MAX);
    check_text(&out, "# HELP tributary_conversions_pending_bytes The memory that these take.\n"
                     "# TYPE tributary_conversions_pending_bytes gauge\n"
                     "tributary_conversions_pending_bytes{partition=\"0\"} 0\n"
                     "tributary_conversions_pending_bytes{partition=\"11\"} 9223372036854775807\n");
}
END_TEST

START_TEST(escapes_values_of_labels) {
    struct buffer out;
    buffer_init(&out);
    metrics_integer(&out, METRIC_RECORDS, (const char *[]){"a\"b\\c\nd", "0", "ü{}"}, 1);
    metrics_integer(&out, METRIC_COMMITS, NULL, 2);
    check_text(&out, "tributary_records_total{input=\"a\\\"b\\\\c\\nd\",partition=\"0\",outcome=\"ü{}\"} 1\n"
                     "tributary_commits_total 2\n");
}
END_TEST

START_TEST(writes_microseconds_as_seconds) {
    static const int64_t spans[] = {0, 1, 1500000, 2000000, -250000, 1718600400123456, INT64_MIN};
    struct buffer out;
    buffer_init(&out);
    for (int i = 0; i < COUNT_OF(spans); i++) metrics_seconds(&out, METRIC_RESTORE_DURATION, NULL, spans[i]);
    check_text(&out, "tributary_restore_seconds_total 0\ntributary_restore_seconds_total 0.000001\n"
                     "tributary_restore_seconds_total 1.5\ntributary_restore_seconds_total 2\n"
                     "tributary_restore_seconds_total -0.25\n"
                     "tributary_restore_seconds_total 1718600400.123456\n"
                     "tributary_restore_seconds_total -9223372036854.775808\n");
}
END_TEST

START_TEST(writes_a_histogram) {
    struct histogram histogram = {0}, more = {0};
    struct buffer out;
    buffer_init(&out);
    histogram_observe(&histogram, 5000); /* a bound is included */
    histogram_observe(&histogram, 5001);
    histogram_observe(&more, 400000);
    histogram_observe(&more, 31000000);
    histogram_add(&histogram, &more);
    ck_assert_uint_eq(histogram_count(&histogram), 4);
    metrics_histogram(&out, METRIC_COMMIT_DURATION, &histogram);
#define NAME "tributary_commit_duration_seconds"
    check_text(&out,
               NAME "_bucket{le=\"0.005\"} 1\n" NAME "_bucket{le=\"0.01\"} 2\n" NAME
                    "_bucket{le=\"0.025\"} 2\n" NAME "_bucket{le=\"0.05\"} 2\n" NAME
                    "_bucket{le=\"0.1\"} 2\n" NAME "_bucket{le=\"0.25\"} 2\n" NAME
                    "_bucket{le=\"0.5\"} 3\n" NAME "_bucket{le=\"1\"} 3\n" NAME "_bucket{le=\"2.5\"} 3\n" NAME
                    "_bucket{le=\"5\"} 3\n" NAME "_bucket{le=\"10\"} 3\n" NAME "_bucket{le=\"30\"} 3\n" NAME
                    "_bucket{le=\"+Inf\"} 4\n" NAME "_sum 31.410001\n" NAME "_count 4\n");
}
END_TEST

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

START_TEST(names_follow_the_rules) {
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = metrics_row((enum metric)i);
        ck_assert_msg(row->name && row->help && ends_with(row->help, "."), "row %d", i);
        ck_assert_msg(!strchr(row->help, '|') && !strchr(row->help, '\n'), "%s", row->name);
        bool own = strncmp(row->name, "tributary_", 10) == 0,
             standard = strncmp(row->name, "process_", 8) == 0;
        ck_assert_msg(own || standard, "%s", row->name);
        ck_assert_msg((row->type == METRIC_COUNTER) == ends_with(row->name, "_total"), "%s", row->name);
        for (const char *at = row->name; *at; at++) ck_assert(islower((unsigned char)*at) || *at == '_');
        for (int j = 0; j < i; j++) ck_assert_str_ne(row->name, metrics_row((enum metric)j)->name);
    }
}
END_TEST

START_TEST(page_is_current) {
    static char file[100000];
    struct buffer text;
    buffer_init(&text);
    metrics_markdown(&text);
    FILE *in = fopen("docs/metrics.md", "r");
    ck_assert_ptr_nonnull(in);
    file[fread(file, 1, sizeof file - 1, in)] = '\0';
    fclose(in);
    ck_assert_msg(strcmp(file, buffer_string(&text)) == 0,
                  "docs/metrics.md is out of date: tributary reference --metrics > docs/metrics.md");
    buffer_release(&text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("metrics");
    tcase_add_test(tests, writes_help_type_and_samples);
    tcase_add_test(tests, escapes_values_of_labels);
    tcase_add_test(tests, writes_microseconds_as_seconds);
    tcase_add_test(tests, writes_a_histogram);
    tcase_add_test(tests, names_follow_the_rules);
    tcase_add_test(tests, page_is_current);
    return suite_run("telemetry.metrics", tests);
}
