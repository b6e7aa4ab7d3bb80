#include "event/decimal.h"

#include "../suite.h"

static void assert_text(enum value_type type, const char *text, int min_scale, const char *want) {
    struct value value = {type, span_of(text)};
    struct decimal decimal;
    struct arena arena;
    arena_init(&arena);
    ck_assert_msg(decimal_of(&value, min_scale, &decimal) == DECIMAL_OK, "%s", text);
    struct value got = decimal_value(&decimal, &arena);
    ck_assert_int_eq(got.type, VALUE_NUMBER);
    assert_span(got.text, want);
    arena_release(&arena);
}

START_TEST(keeps_every_digit) {
    assert_text(VALUE_NUMBER, "19.9", 2, "19.90");
    assert_text(VALUE_NUMBER, "19.900", 2, "19.900");
    assert_text(VALUE_NUMBER, "-0.005", 2, "-0.005");
    assert_text(VALUE_NUMBER, "7", 0, "7");
    assert_text(VALUE_NUMBER, "0", 0, "0");
    assert_text(VALUE_NUMBER, "0", 2, "0.00");
    assert_text(VALUE_NUMBER, "-0.00", 2, "0.00");
    assert_text(VALUE_NUMBER, "1e3", 2, "1000.00");
    assert_text(VALUE_NUMBER, "15e-3", 2, "0.015");
    assert_text(VALUE_NUMBER, "1.5e1", 0, "15");
    assert_text(VALUE_STRING, "120.50", 2, "120.50");
    assert_text(VALUE_NUMBER, "100", 2, "100.00");
    assert_text(VALUE_NUMBER, "99999999999999999999999999999999999999", 0,
                "99999999999999999999999999999999999999");
    assert_text(VALUE_NUMBER, "-0.00000000000000000000000000000000000001", 0,
                "-0.00000000000000000000000000000000000001");
}
END_TEST

static enum decimal_result result_of(enum value_type type, const char *text) {
    struct value value = {type, span_of(text)};
    struct decimal decimal;
    return decimal_of(&value, 2, &decimal);
}

START_TEST(refuses_what_is_no_amount) {
    ck_assert_int_eq(result_of(VALUE_STRING, "a lot"), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_STRING, ""), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_STRING, " 7"), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_STRING, "NaN"), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_BOOL, "true"), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_JSON, "[7]"), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(result_of(VALUE_NUMBER, "9999999999999999999999999999999999999"), DECIMAL_TOO_LONG);
    ck_assert_int_eq(result_of(VALUE_NUMBER, "999999999999999999999999999999999999"), DECIMAL_OK);
    ck_assert_int_eq(result_of(VALUE_NUMBER, "1e-39"), DECIMAL_TOO_LONG);
    ck_assert_int_eq(result_of(VALUE_NUMBER, "1e900000000"), DECIMAL_TOO_LONG);
    ck_assert_int_eq(result_of(VALUE_NUMBER, "0e-900000000"), DECIMAL_TOO_LONG);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("decimal");
    tcase_add_test(tests, keeps_every_digit);
    tcase_add_test(tests, refuses_what_is_no_amount);
    return suite_run("event.decimal", tests);
}
