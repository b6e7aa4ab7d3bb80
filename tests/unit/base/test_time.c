#include "base/time.h"

#include "../suite.h"

START_TEST(adds) {
    ck_assert_int_eq(time_add(0, 0), 0);
    ck_assert_int_eq(time_add(5, -7), -2);
    ck_assert_int_eq(time_add(-5, 7), 2);
    ck_assert_int_eq(time_add(INT64_C(1718600400000000), 3600 * TIME_SECOND), INT64_C(1718604000000000));
}
END_TEST

START_TEST(infinities_stay) {
    static const int64_t spans[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    for (int i = 0; i < COUNT_OF(spans); i++) {
        ck_assert_int_eq(time_add(TIME_NONE, spans[i]), TIME_NONE);
        ck_assert_int_eq(time_add(TIME_END, spans[i]), TIME_END);
    }
}
END_TEST

START_TEST(never_overflows) {
    ck_assert_int_eq(time_add(TIME_END - 1, 1), TIME_END);
    ck_assert_int_eq(time_add(TIME_END - 1, 2), TIME_END);
    ck_assert_int_eq(time_add(TIME_END - 1, INT64_MAX), TIME_END);
    ck_assert_int_eq(time_add(TIME_NONE + 1, -1), TIME_NONE);
    ck_assert_int_eq(time_add(TIME_NONE + 1, -2), TIME_NONE);
    ck_assert_int_eq(time_add(-2, INT64_MIN), TIME_NONE);
    ck_assert_int_eq(time_add(TIME_NONE + 1, INT64_MAX), 0);
}
END_TEST

START_TEST(infinities_sort_outside) {
    ck_assert_int_lt(TIME_NONE, INT64_MIN + 1);
    ck_assert_int_eq(time_max(TIME_NONE, INT64_MIN + 1), INT64_MIN + 1);
    ck_assert_int_eq(time_max(INT64_MAX - 1, TIME_END), TIME_END);
    ck_assert_int_eq(time_max(-1, -2), -1);
    ck_assert_int_eq(time_max(-2, -1), -1);
    ck_assert_int_eq(time_max(3, 3), 3);
}
END_TEST

START_TEST(of_milliseconds) {
    ck_assert_int_eq(time_of_ms(0), 0);
    ck_assert_int_eq(time_of_ms(INT64_MAX / 1000), INT64_MAX / 1000 * 1000);
    ck_assert_int_eq(time_of_ms(INT64_MAX / 1000 + 1), TIME_NONE);
    ck_assert_int_eq(time_of_ms(INT64_MAX), TIME_NONE);
    ck_assert_int_eq(time_of_ms(-1), TIME_NONE);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("time");
    tcase_add_test(tests, adds);
    tcase_add_test(tests, infinities_stay);
    tcase_add_test(tests, never_overflows);
    tcase_add_test(tests, infinities_sort_outside);
    tcase_add_test(tests, of_milliseconds);
    return suite_run("base.time", tests);
}
