#include "attribution/sources.h"

#include "../suite.h"

static void set(struct sources *sources, int source, int64_t max_time_us, bool idle) {
    sources_set(sources, source, (struct source_time){max_time_us, idle});
}

START_TEST(unknown_until_all_are_seen) {
    struct sources sources = {0};
    ck_assert_int_eq(sources_time(&sources), TIME_NONE);
    ck_assert(!sources_are_idle(&sources));
    sources_grow(&sources, 3);
    ck_assert_int_eq(sources_time(&sources), TIME_NONE);
    set(&sources, 0, 100, false);
    set(&sources, 2, 50, false);
    ck_assert_int_eq(sources_time(&sources), TIME_NONE); /* source 1 is infinitely far behind */
    set(&sources, 1, 70, false);
    ck_assert_int_eq(sources_time(&sources), 50);
    sources_release(&sources);
}
END_TEST

START_TEST(the_least_counts) {
    struct sources sources = {0};
    sources_grow(&sources, 3);
    for (int i = 0; i < 3; i++) set(&sources, i, 10 * (i + 1), false);
    ck_assert_int_eq(sources_time(&sources), 10);
    set(&sources, 0, 1000, false);
    ck_assert_int_eq(sources_time(&sources), 20);
    set(&sources, 1, -5, false); /* the greatest time of a source never falls */
    ck_assert_int_eq(sources_time(&sources), 20);
    sources_release(&sources);
}
END_TEST

START_TEST(idle_ones_do_not_count) {
    struct sources sources = {0};
    sources_grow(&sources, 3);
    set(&sources, 0, 10, true);
    set(&sources, 1, 20, false);
    set(&sources, 2, TIME_NONE, true); /* never an event */
    ck_assert_int_eq(sources_time(&sources), 20);
    ck_assert(!sources_are_idle(&sources));
    set(&sources, 0, 10, false); /* it comes back behind the others; not falling is the caller's */
    ck_assert_int_eq(sources_time(&sources), 10);
    sources_release(&sources);
}
END_TEST

START_TEST(of_idle_ones_the_greatest_counts) {
    struct sources sources = {0};
    sources_grow(&sources, 2);
    set(&sources, 0, TIME_NONE, true);
    set(&sources, 1, TIME_NONE, true);
    ck_assert(sources_are_idle(&sources));
    ck_assert_int_eq(sources_time(&sources), TIME_NONE);
    set(&sources, 0, 10, true);
    set(&sources, 1, 20, true);
    ck_assert_int_eq(sources_time(&sources), 20);
    sources_grow(&sources, 3); /* a new partition */
    ck_assert(!sources_are_idle(&sources));
    ck_assert_int_eq(sources_time(&sources), TIME_NONE);
    sources_grow(&sources, 1);
    ck_assert_int_eq(sources.count, 3);
    sources_release(&sources);
}
END_TEST

START_TEST(a_copy_is_its_own) {
    struct sources sources = {0}, copy = {0}, none = {0};
    sources_grow(&sources, 2);
    set(&sources, 0, 10, false);
    set(&sources, 1, 20, true);
    sources_copy(&copy, &sources);
    set(&sources, 0, 30, false);
    ck_assert_int_eq(sources_time(&copy), 10);
    ck_assert(copy.items[1].idle);
    sources_copy(&copy, &none);
    ck_assert_int_eq(copy.count, 0);
    sources_release(&copy);
    sources_release(&sources);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("sources");
    tcase_add_test(tests, unknown_until_all_are_seen);
    tcase_add_test(tests, the_least_counts);
    tcase_add_test(tests, idle_ones_do_not_count);
    tcase_add_test(tests, of_idle_ones_the_greatest_counts);
    tcase_add_test(tests, a_copy_is_its_own);
    return suite_run("attribution.sources", tests);
}
