#include "attribution/watermark.h"

#include "../suite.h"

START_TEST(starts_at_minus_infinity) {
    struct watermark watermark = WATERMARK_START;
    ck_assert_int_eq(watermark_value(&watermark, 0), TIME_NONE);
    ck_assert_int_eq(watermark_value(&watermark, 15 * TIME_SECOND), TIME_NONE);
}
END_TEST

START_TEST(follows_the_greatest_time) {
    struct watermark watermark = WATERMARK_START;
    watermark_observe(&watermark, -100);
    ck_assert_int_eq(watermark_value(&watermark, 0), -100);
    ck_assert_int_eq(watermark_value(&watermark, 7), -107);
    watermark_observe(&watermark, 50);
    watermark_observe(&watermark, 20); /* out of order */
    ck_assert_int_eq(watermark_value(&watermark, 0), 50);
    ck_assert_int_eq(watermark_value(&watermark, 7), 43);
}
END_TEST

/* The bound is not subtracted from what an advance has raised it to. */
START_TEST(is_advanced) {
    struct watermark watermark = WATERMARK_START;
    watermark_advance(&watermark, 100);
    ck_assert_int_eq(watermark_value(&watermark, 7), 100);
    watermark_advance(&watermark, 90);
    ck_assert_int_eq(watermark_value(&watermark, 7), 100);
    watermark_observe(&watermark, 106);
    ck_assert_int_eq(watermark_value(&watermark, 7), 100);
    watermark_observe(&watermark, 108);
    ck_assert_int_eq(watermark_value(&watermark, 7), 101);
    ck_assert_int_eq(watermark.max_time_us, 108);
}
END_TEST

START_TEST(nothing_overflows) {
    struct watermark watermark = WATERMARK_START;
    watermark_observe(&watermark, TIME_NONE + 5);
    ck_assert_int_eq(watermark_value(&watermark, 10), TIME_NONE);
    watermark_observe(&watermark, TIME_END);
    ck_assert_int_eq(watermark_value(&watermark, 10), TIME_END);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("watermark");
    tcase_add_test(tests, starts_at_minus_infinity);
    tcase_add_test(tests, follows_the_greatest_time);
    tcase_add_test(tests, is_advanced);
    tcase_add_test(tests, nothing_overflows);
    return suite_run("attribution.watermark", tests);
}
