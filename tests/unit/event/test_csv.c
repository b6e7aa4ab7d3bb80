#include "event/csv.h"

#include <stdio.h>

#include "suite.h"

enum { FIELDS = 6 };

struct csv {
    struct span text;
    struct arena arena;
    struct span fields[FIELDS];
};

static void open_csv(struct csv *csv, const char *text) {
    *csv = (struct csv){.text = span_of(text)};
    arena_init(&csv->arena);
}

static void close_csv(struct csv *csv) {
    arena_release(&csv->arena);
}

/* The next row with its fields joined by '|', or the number that stands for none. */
static void assert_row(struct csv *csv, const char *want) {
    char got[200] = "";
    int count = csv_row(&csv->text, &csv->arena, csv->fields, FIELDS);
    if (count <= 0) snprintf(got, sizeof got, "%d", count);
    for (int i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i ? "|" : "",
                 SPAN_ARGS(csv->fields[i]));
    ck_assert_str_eq(got, want);
}

/* The text has exactly these rows. */
static void assert_rows(const char *text, const char *const *rows, int count) {
    struct csv csv;
    open_csv(&csv, text);
    for (int i = 0; i < count; i++) assert_row(&csv, rows[i]);
    assert_row(&csv, "0");
    assert_row(&csv, "0");
    close_csv(&csv);
}

#define ROWS(text, ...)                                                                                      \
    do {                                                                                                     \
        static const char *const rows[] = {__VA_ARGS__};                                                     \
        assert_rows(text, rows, COUNT_OF(rows));                                                             \
    } while (0)

START_TEST(plain_rows) {
    ROWS("a,b\nc,d\n", "a|b", "c|d");
    ROWS("a,b\nc,d", "a|b", "c|d"); /* the last line need not end */
    ROWS("a\n", "a");
    ROWS("a", "a");
    ROWS(" a , b \n", " a | b "); /* blanks belong to the field */
}
END_TEST

START_TEST(empty_fields) {
    ROWS(",\n", "|");
    ROWS(",,a", "||a");
    ROWS("a,", "a|"); /* a comma at the very end opens a last field */
    ROWS("a,\n", "a|");
    ROWS("\"\",\"\"\n", "|");
}
END_TEST

START_TEST(line_ends) {
    ROWS("a,b\r\nc,d\r\n", "a|b", "c|d");
    ROWS("\"a\",\"b\"\r\n\"c\"\r\n", "a|b", "c");
    ROWS("a\rb\r\n", "a\rb"); /* a lone CR is text */
    ROWS("a\r", "a\r");
    ROWS("a\r\r\n", "a\r");
}
END_TEST

/* An empty line is a row of one empty field: what it means is the caller's business. */
START_TEST(empty_lines) {
    struct csv csv;
    open_csv(&csv, "\n\r\na\n");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(csv_row(&csv.text, &csv.arena, csv.fields, FIELDS), 1);
        ck_assert_uint_eq(csv.fields[0].len, 0);
    }
    assert_row(&csv, "a");
    close_csv(&csv);
}
END_TEST

START_TEST(quoted_fields) {
    ROWS("\"a,b\",c\n", "a,b|c");
    ROWS("\"a\"\"b\"\n", "a\"b");
    ROWS("\"\"\"\"\n", "\"");
    ROWS("\"\"\"a\"\"\",\"\"\n", "\"a\"|");
    ROWS("\"a\nb\r\nc\",d\ne", "a\nb\r\nc|d", "e");
    ROWS("\"a\"", "a");
    ROWS("a\"b,c\"\n", "a\"b|c\""); /* quotes inside plain text are text */
}
END_TEST

START_TEST(broken_quotes) {
    static const char *const cases[] = {"\"a",   "\"",      "\"a\"b\n", "\"a\" \n", "\"a\nb,c\n",
                                        "a,\"b", "\"a\"\r", "\"a\"\"",  "\"a\"\"b"};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct csv csv;
        open_csv(&csv, cases[i]);
        assert_row(&csv, "-1");
        close_csv(&csv);
    }
}
END_TEST

START_TEST(too_many_fields) {
    struct csv csv;
    open_csv(&csv, "1,2,3,4,5,6\n1,2,3,4,5,6,\n");
    assert_row(&csv, "1|2|3|4|5|6");
    assert_row(&csv, "-2");
    close_csv(&csv);
}
END_TEST

/* Bytes that are no text pass through; the text need not be terminated. */
START_TEST(any_bytes) {
    struct csv csv;
    static const char bytes[] = {'a', 0, ',', '"', (char)0xff, 0, '"', '\n', 'x'};
    char *copy = malloc(sizeof bytes);
    memcpy(copy, bytes, sizeof bytes);
    open_csv(&csv, "");
    csv.text = (struct span){copy, sizeof bytes};
    ck_assert_int_eq(csv_row(&csv.text, &csv.arena, csv.fields, FIELDS), 2);
    ck_assert(span_equal(csv.fields[0], (struct span){"a\0", 2}));
    ck_assert(span_equal(csv.fields[1], (struct span){"\xff\0", 2}));
    assert_row(&csv, "x");
    close_csv(&csv);
    free(copy);
}
END_TEST

/* Reading a long text takes memory for what it holds, not the rest of the text for each quoted field. */
START_TEST(memory_follows_the_content) {
    enum { ROWS_MANY = 20000 };
    static const char row[] = "\"7\",\"some name\"\n";
    size_t len = sizeof row - 1;
    char *text = malloc(len * ROWS_MANY);
    for (int i = 0; i < ROWS_MANY; i++) memcpy(text + (size_t)i * len, row, len);
    struct csv csv;
    open_csv(&csv, "");
    csv.text = (struct span){text, len * ROWS_MANY};
    for (int i = 0; i < 300; i++) {
        assert_row(&csv, "7|some name");
        arena_alloc(&csv.arena, 64); /* the caller keeps something of the row as well */
    }
    ck_assert_uint_le(arena_size(&csv.arena), 2 * len * ROWS_MANY);
    close_csv(&csv);
    free(text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("csv");
    tcase_add_test(tests, plain_rows);
    tcase_add_test(tests, empty_fields);
    tcase_add_test(tests, line_ends);
    tcase_add_test(tests, empty_lines);
    tcase_add_test(tests, quoted_fields);
    tcase_add_test(tests, broken_quotes);
    tcase_add_test(tests, too_many_fields);
    tcase_add_test(tests, any_bytes);
    tcase_add_test(tests, memory_follows_the_content);
    return suite_run("event.csv", tests);
}
