#include "testing/compare.h"

#include "../suite.h"

static struct value value_of(enum value_type type, const char *text) {
    return (struct value){type, text ? span_of(text) : (struct span){0}};
}

static void assert_equal(bool equal, enum value_type expected_type, const char *expected,
                         enum value_type found_type, const char *found) {
    struct expected_cell cell = {.value = value_of(expected_type, expected)};
    struct value value = value_of(found_type, found);
    ck_assert_msg(compare_value(&cell, &value) == equal, "%s and %s", expected, found);
}

START_TEST(numbers) {
    assert_equal(true, VALUE_NUMBER, "12.5", VALUE_NUMBER, "12.5");
    assert_equal(true, VALUE_NUMBER, "12.5", VALUE_NUMBER, "12.50");
    assert_equal(true, VALUE_NUMBER, "1e2", VALUE_NUMBER, "100.0");
    assert_equal(true, VALUE_NUMBER, "0", VALUE_NUMBER, "-0.0");
    assert_equal(true, VALUE_NUMBER, "1e9999999999", VALUE_NUMBER, "1e9999999999");
    assert_equal(false, VALUE_NUMBER, "1e9999999999", VALUE_NUMBER, "1e9999999998");
    assert_equal(false, VALUE_NUMBER, "9007199254740993", VALUE_NUMBER, "9007199254740992");
    assert_equal(false, VALUE_NUMBER, "12.5", VALUE_NUMBER, "-12.5");
    assert_equal(false, VALUE_NUMBER, "12.5", VALUE_STRING, "12.5");
    assert_equal(false, VALUE_STRING, "12.5", VALUE_NUMBER, "12.5");
}
END_TEST

START_TEST(texts_and_times) {
    assert_equal(true, VALUE_STRING, "a", VALUE_STRING, "a");
    assert_equal(true, VALUE_STRING, "", VALUE_STRING, "");
    assert_equal(false, VALUE_STRING, "a", VALUE_STRING, "A");
    assert_equal(false, VALUE_STRING, "a", VALUE_STRING, "a ");
    assert_equal(true, VALUE_STRING, "2024-06-17 05:00:00", VALUE_STRING, "2024-06-17 05:00:00+00");
    assert_equal(true, VALUE_STRING, "2024-06-17T07:00:00+02:00", VALUE_STRING, "2024-06-17 05:00:00+00");
    assert_equal(true, VALUE_STRING, "2024-06-17T05:00Z", VALUE_STRING, "2024-06-17 05:00:00.000+00");
    assert_equal(false, VALUE_STRING, "2024-06-17 05:00:00.000001", VALUE_STRING, "2024-06-17 05:00:00+00");
    assert_equal(false, VALUE_STRING, "2024-06-17", VALUE_STRING, "2024-06-17 00:00:00+00");
}
END_TEST

START_TEST(other_values) {
    assert_equal(true, VALUE_NULL, NULL, VALUE_NULL, NULL);
    assert_equal(false, VALUE_NULL, NULL, VALUE_STRING, "");
    assert_equal(false, VALUE_STRING, "", VALUE_NULL, NULL);
    assert_equal(false, VALUE_STRING, "null", VALUE_NULL, NULL);
    assert_equal(true, VALUE_BOOL, "true", VALUE_BOOL, "true");
    assert_equal(false, VALUE_BOOL, "true", VALUE_BOOL, "false");
    assert_equal(false, VALUE_BOOL, "true", VALUE_STRING, "true");
    assert_equal(true, VALUE_JSON, "{\"a\":1,\"b\":[2]}", VALUE_JSON, "{\"b\": [2], \"a\": 1}");
    assert_equal(false, VALUE_JSON, "[1,2]", VALUE_JSON, "[2,1]");
    assert_equal(false, VALUE_JSON, "[]", VALUE_STRING, "[]");
}
END_TEST

START_TEST(parts_of_texts) {
    struct expected_cell cell = {.part = true, .value = value_of(VALUE_STRING, "s beh")};
    struct value found = value_of(VALUE_STRING, "10 s behind");
    ck_assert(compare_value(&cell, &found));
    cell.value = found;
    ck_assert(compare_value(&cell, &found));
    found = value_of(VALUE_STRING, "s beh");
    ck_assert(!compare_value(&cell, &found));
    found = value_of(VALUE_NULL, NULL);
    ck_assert(!compare_value(&cell, &found));
}
END_TEST

/* --- rows: of one or two columns, "id" and "n"; each a letter and a digit, "a1 b2" … */

enum { ROWS_MAX = 20 };

struct table {
    struct value values[ROWS_MAX][2];
    struct expected_cell cells[ROWS_MAX][2];
    struct expected_row expected[ROWS_MAX];
    struct actual_row found[ROWS_MAX];
    int count;
};

static void fill(struct table *table, const char *rows) {
    *table = (struct table){0};
    for (; *rows; rows += rows[2] ? 3 : 2) {
        int i = table->count++;
        table->values[i][0] = (struct value){VALUE_STRING, {rows, 1}};
        table->values[i][1] = (struct value){VALUE_NUMBER, {rows + 1, 1}};
        for (int c = 0; c < 2; c++)
            table->cells[i][c] = (struct expected_cell){.column = c, .value = table->values[i][c]};
        table->expected[i] = (struct expected_row){10 + i, table->cells[i], 2};
        table->found[i] = (struct actual_row){table->values[i], "c[0]@0"};
    }
}

static void assert_rows(const char *expected, const char *found, const char *report) {
    static const char *const columns[] = {"id", "n"};
    static struct table left, right;
    struct buffer out;
    fill(&left, expected);
    fill(&right, found);
    struct expected_rows wanted = {true, left.expected, left.count};
    struct actual_rows came = {"row", "the order", columns, 2, right.found, right.count};
    buffer_init(&out);
    ck_assert(compare_rows(&wanted, &came, &out) == !*report);
    ck_assert_str_eq(buffer_string(&out), report);
    buffer_release(&out);
}

START_TEST(equal_rows) {
    assert_rows("", "", "");
    assert_rows("a1", "a1", "");
    assert_rows("a1 b2 a1", "a1 b2 a1", "");
}
END_TEST

START_TEST(rows_that_differ) {
    assert_rows("a1", "a2",
                "  rows: 1 expected, 1 found\n"
                "    row 1, of c[0]@0, differs from line 10:\n"
                "      n: expected 1, found 2\n");
    assert_rows("a1 b1", "a1 c2",
                "  rows: 2 expected, 2 found\n"
                "    row 2, of c[0]@0, differs from line 11:\n"
                "      id: expected \"b\", found \"c\"\n"
                "      n: expected 1, found 2\n");
}
END_TEST

START_TEST(rows_missing_and_too_many) {
    assert_rows("a1", "",
                "  rows: 1 expected, 0 found\n"
                "    line 10 is missing: {id: \"a\", n: 1}\n");
    assert_rows("", "a1",
                "  rows: 0 expected, 1 found\n"
                "    row 1, of c[0]@0, was not expected: {id: \"a\", n: 1}\n");
    assert_rows("a1 b1 c1", "a1 c2",
                "  rows: 3 expected, 2 found\n"
                "    line 11 is missing: {id: \"b\", n: 1}\n"
                "    row 2, of c[0]@0, differs from line 12:\n"
                "      n: expected 1, found 2\n");
    assert_rows("b1 c1", "a1 b1 c1 d1",
                "  rows: 2 expected, 4 found\n"
                "    row 1, of c[0]@0, was not expected: {id: \"a\", n: 1}\n"
                "    row 4, of c[0]@0, was not expected: {id: \"d\", n: 1}\n");
}
END_TEST

START_TEST(rows_in_another_order) {
    assert_rows("a1 b2", "b2 a1",
                "  rows: 2 expected, 2 found\n"
                "    line 11 stands elsewhere: it is row 1, of c[0]@0 (the order)\n");
    assert_rows("a1 a1", "a1",
                "  rows: 2 expected, 1 found\n"
                "    line 11 is missing: {id: \"a\", n: 1}\n");
}
END_TEST

START_TEST(types_that_differ) {
    static const char *const columns[] = {"id"};
    struct value found = value_of(VALUE_NUMBER, "7");
    struct expected_cell cell = {.value = value_of(VALUE_STRING, "7")};
    struct expected_row row = {3, &cell, 1};
    struct actual_row came = {&found, "c[0]@0"};
    struct buffer out;
    buffer_init(&out);
    ck_assert(!compare_rows(&(struct expected_rows){true, &row, 1},
                            &(struct actual_rows){"row", "", columns, 1, &came, 1}, &out));
    ck_assert_ptr_nonnull(
        strstr(buffer_string(&out), "id: expected \"7\", found 7 (a number, not a string)\n"));
    buffer_release(&out);
}
END_TEST

START_TEST(what_is_not_given_is_not_compared) {
    struct value found = value_of(VALUE_NUMBER, "7");
    struct actual_row came = {&found, "c[0]@0"};
    ck_assert(
        compare_rows(&(struct expected_rows){0}, &(struct actual_rows){.items = &came, .count = 1}, NULL));
}
END_TEST

START_TEST(long_values_are_cut) {
    static char text[3001];
    static const char *const columns[] = {"id"};
    for (int i = 0; i < 3000; i += 2) memcpy(text + i, "é", 2);
    struct value found = value_of(VALUE_STRING, text);
    struct actual_row row = {&found, "c[0]@0"};
    struct actual_rows rows = {"row", "", columns, 1, &row, 1};
    struct buffer out;
    buffer_init(&out);
    compare_print_row(&out, &rows, &row);
    ck_assert_uint_lt(out.len, 2100);
    ck_assert_ptr_nonnull(strstr(buffer_string(&out), "é… (3002 bytes)}"));
    buffer_release(&out);
}
END_TEST

START_TEST(outcomes) {
    struct ledger expected = {{0}}, found = {{0}};
    struct buffer out;
    buffer_init(&out);
    expected.count[OUTCOME_ATTRIBUTED] = found.count[OUTCOME_ATTRIBUTED] = 2;
    ck_assert(compare_outcomes(&expected, &found, &out));
    expected.count[OUTCOME_LATE] = 1;
    found.count[OUTCOME_TOUCH_KEPT] = 3;
    ck_assert(!compare_outcomes(&expected, &found, &out));
    ck_assert_str_eq(buffer_string(&out), "  outcomes:\n"
                                          "    touch_kept: expected 0, found 3\n"
                                          "    late: expected 1, found 0\n");
    buffer_release(&out);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("compare");
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, texts_and_times);
    tcase_add_test(tests, other_values);
    tcase_add_test(tests, parts_of_texts);
    tcase_add_test(tests, equal_rows);
    tcase_add_test(tests, rows_that_differ);
    tcase_add_test(tests, rows_missing_and_too_many);
    tcase_add_test(tests, rows_in_another_order);
    tcase_add_test(tests, types_that_differ);
    tcase_add_test(tests, what_is_not_given_is_not_compared);
    tcase_add_test(tests, long_values_are_cut);
    tcase_add_test(tests, outcomes);
    return suite_run("compare", tests);
}
