#include "telemetry/progress.h"

#include "../suite.h"

static struct progress progress_of(enum progress_unit unit, uint64_t done, uint64_t total) {
    return (struct progress){.label = "load", .unit = unit, .done = done, .total = total, .started_us = 1000};
}

static const char *format(const struct progress *progress, int64_t seconds, int width) {
    static char line[400];
    size_t len = progress_format(progress, 1000 + seconds * 1000000, width, line, sizeof line);
    ck_assert_uint_eq(strlen(line), len);
    return line;
}

START_TEST(shows_a_bar_a_rate_and_the_time_left) {
    struct progress progress = progress_of(PROGRESS_COUNT, 500000, 2000000);
    ck_assert_str_eq(format(&progress, 10, 79),
                     "load [#######........................]  25%  500k of 2.00M  50.0k/s  0:30 left");
    progress = progress_of(PROGRESS_BYTES, 2000000000, 2000000000);
    ck_assert_str_eq(format(&progress, 4, 79),
                     "load [####################################] 100%  2.00 GB of 2.00 GB  500 MB/s");
    progress = progress_of(PROGRESS_COUNT, 1, 7201);
    ck_assert_ptr_nonnull(strstr(format(&progress, 1, 79), "2h00m left"));
}
END_TEST

START_TEST(knows_no_end) {
    struct progress progress = progress_of(PROGRESS_BYTES, 1234, 0);
    ck_assert_str_eq(format(&progress, 2, 79), "load  1.23 kB  617 B/s");
    progress.done = 0;
    ck_assert_str_eq(format(&progress, 0, 79), "load  0 B  0 B/s");
}
END_TEST

START_TEST(more_than_everything_is_100_per_cent) {
    struct progress progress = progress_of(PROGRESS_COUNT, 300, 100);
    ck_assert_ptr_nonnull(strstr(format(&progress, 1, 79), "] 100%"));
}
END_TEST

START_TEST(fits_any_width) {
    struct progress progress = progress_of(PROGRESS_COUNT, 500000, 2000000);
    for (int width = 1; width < 200; width++)
        ck_assert_int_le((int)strlen(format(&progress, 10, width)), width);
    ck_assert_ptr_null(strchr(format(&progress, 10, 50), '[')); /* no room for a bar worth the name */
}
END_TEST

START_TEST(amounts_have_three_digits) {
    static const struct {
        uint64_t amount;
        const char *text;
    } cases[] = {{0, "0"},          {999, "999"},          {1000, "1.00k"},      {9994, "9.99k"},
                 {9996, "10.0k"},   {99940, "99.9k"},      {99960, "100k"},      {999499, "999k"},
                 {999500, "1.00M"}, {1500000000, "1.50G"}, {UINT64_MAX, "18.4E"}};
    char text[32];
    for (int i = 0; i < COUNT_OF(cases); i++) {
        progress_amount(cases[i].amount, PROGRESS_COUNT, text, sizeof text);
        ck_assert_str_eq(text, cases[i].text);
    }
    progress_amount(1500, PROGRESS_BYTES, text, sizeof text);
    ck_assert_str_eq(text, "1.50 kB");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("progress");
    tcase_add_test(tests, shows_a_bar_a_rate_and_the_time_left);
    tcase_add_test(tests, knows_no_end);
    tcase_add_test(tests, more_than_everything_is_100_per_cent);
    tcase_add_test(tests, fits_any_width);
    tcase_add_test(tests, amounts_have_three_digits);
    return suite_run("telemetry.progress", tests);
}
