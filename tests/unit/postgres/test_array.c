#include "postgres/array.h"

#include "arrays.h"

/* Dimensions, flags, the OID of text, then length and lower bound, then each element behind its length; as
 * Postgres' array_send writes them. */
START_TEST(bytes) {
    static const char want[] = "\0\0\0\1"
                               "\0\0\0\1"
                               "\0\0\0\x19"
                               "\0\0\0\4"
                               "\0\0\0\1"
                               "\0\0\0\2ab"
                               "\xff\xff\xff\xff"
                               "\0\0\0\0"
                               "\0\0\0\3-12";
    struct buffer array;
    buffer_init(&array);
    array_begin(&array, 4);
    array_add(&array, span_of("ab"));
    array_add(&array, (struct span){0});
    array_add(&array, (struct span){"", 0});
    array_add_int(&array, -12);
    struct parameter parameter = array_parameter(&array);
    ck_assert(parameter.binary);
    ck_assert_int_eq(parameter.len, (int)sizeof want - 1);
    ck_assert_int_eq(memcmp(parameter.data, want, sizeof want - 1), 0);
    assert_array(&parameter, "ab|NULL||-12");
    buffer_release(&array);
}
END_TEST

/* An empty array has no dimension, as Postgres has it. */
START_TEST(empty) {
    struct buffer array;
    buffer_init(&array);
    array_begin(&array, 0);
    struct parameter parameter = array_parameter(&array);
    ck_assert_int_eq(parameter.len, 12);
    ck_assert_int_eq(memcmp(parameter.data, "\0\0\0\0\0\0\0\1\0\0\0\x19", 12), 0);
    buffer_release(&array);
}
END_TEST

START_TEST(begins_anew) {
    struct buffer array;
    buffer_init(&array);
    array_begin(&array, 1);
    array_add(&array, span_of("old"));
    array_begin(&array, 1);
    array_add(&array, span_of("new"));
    struct parameter parameter = array_parameter(&array);
    assert_array(&parameter, "new");
    buffer_release(&array);
}
END_TEST

START_TEST(whole_numbers) {
    struct buffer array;
    buffer_init(&array);
    array_begin(&array, 3);
    array_add_int(&array, 0);
    array_add_int(&array, INT64_MIN);
    array_add_int(&array, INT64_MAX);
    struct parameter parameter = array_parameter(&array);
    assert_array(&parameter, "0|-9223372036854775808|9223372036854775807");
    buffer_release(&array);
}
END_TEST

START_TEST(long_elements) {
    struct buffer array;
    static char text[70000];
    memset(text, 'x', sizeof text);
    buffer_init(&array);
    array_begin(&array, 2);
    array_add(&array, (struct span){text, sizeof text});
    array_add(&array, span_of("end"));
    struct parameter parameter = array_parameter(&array);
    ck_assert_int_eq(parameter.len, 20 + 4 + 70000 + 4 + 3);
    ck_assert_int_eq(memcmp(parameter.data + 20, "\0\1\x11\x70", 4), 0);
    ck_assert_int_eq(memcmp(parameter.data + 24 + 70000, "\0\0\0\3end", 7), 0);
    buffer_release(&array);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("array");
    tcase_add_test(tests, bytes);
    tcase_add_test(tests, empty);
    tcase_add_test(tests, begins_anew);
    tcase_add_test(tests, whole_numbers);
    tcase_add_test(tests, long_elements);
    return suite_run("postgres.array", tests);
}
