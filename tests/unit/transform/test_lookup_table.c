#include "transform/lookup_table.h"

#include <stdio.h>
#include <unistd.h>

#include "values.h"

static char id[] = "id", region[] = "region";
static char *const match_id[] = {id}, *const match_two[] = {id, region};
static const char *const columns[] = {"name", "email"};

/* A table of id -> (name, email), or of (id, region). */
static struct lookup_table *open_table(int match_count) {
    return lookup_table_new(match_count == 1 ? match_id : match_two, match_count, columns, 2);
}

static bool load_bytes(struct lookup_table *table, const char *bytes, size_t len, struct error *error) {
    char path[] = "/tmp/tributary-lookup-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, len), (ssize_t)len);
    close(file);
    *error = (struct error){0};
    bool ok = lookup_table_load(table, path, error);
    unlink(path);
    return ok;
}

static void load(struct lookup_table *table, const char *text) {
    struct error error;
    ck_assert_msg(load_bytes(table, text, strlen(text), &error), "%s", error.message);
}

/* Asserts that the file is refused with a message that contains `part`. */
static void assert_refused(const char *text, const char *part) {
    struct lookup_table *table = open_table(1);
    struct error error;
    ck_assert_msg(!load_bytes(table, text, strlen(text), &error), "%s", text);
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, part), "%s", error.message);
    ck_assert_ptr_nonnull(strstr(error.message, "tributary-lookup-"));
    lookup_table_free(table);
}

/* What one key is answered, as "name|email" with "-" for null, or "none". */
static void assert_answer(const struct lookup_table *table, struct value key, struct value second,
                          const char *want) {
    const struct value keys[] = {key, second};
    struct lookup_batch batch;
    char got[200] = "none";
    lookup_batch_init(&batch, second.type == VALUE_NULL ? 1 : 2, 2);
    int question = lookup_batch_ask(&batch, keys);
    lookup_table_answer(table, &batch);
    const struct value *result = lookup_batch_result(&batch, question);
    if (result)
        snprintf(got, sizeof got, "%.*s|%.*s", result[0].text.data ? (int)result[0].text.len : 1,
                 result[0].text.data ? result[0].text.data : "-",
                 result[1].text.data ? (int)result[1].text.len : 1,
                 result[1].text.data ? result[1].text.data : "-");
    ck_assert_str_eq(got, want);
    lookup_batch_release(&batch);
}

static void assert_one(const struct lookup_table *table, const char *key, const char *want) {
    assert_answer(table, string_value(key), NOTHING, want);
}

START_TEST(reads_csv) {
    struct lookup_table *table = open_table(1);
    load(table, "email,id,other,name\nann@x,1,zzz,Ann\nbob@x,2,,Bob\n");
    assert_one(table, "1", "Ann|ann@x");
    assert_one(table, "2", "Bob|bob@x");
    assert_one(table, "3", "none");
    assert_one(table, "", "none");
    assert_answer(table, number_value("2"), NOTHING, "Bob|bob@x");
    lookup_table_free(table);
}
END_TEST

START_TEST(reads_quotes_and_line_ends) {
    struct lookup_table *table = open_table(1);
    load(table, "\"id\",\"name\",email\r\n1,\"Doe, \"\"Ann\"\"\",\"a\nb\"\r\n\r\n2,\"\",b\r\n");
    assert_one(table, "1", "Doe, \"Ann\"|a\nb");
    lookup_table_free(table);
}
END_TEST

/* An empty field is null unless it is quoted: then it is an empty text. */
START_TEST(tells_null_from_empty) {
    struct lookup_table *table = open_table(1);
    load(table, "id,name,email\n1,,x\n2,\"\",x\n,Nobody,x\n");
    assert_one(table, "1", "-|x");
    assert_one(table, "2", "|x");
    assert_one(table, "", "none"); /* a null key is no key */
    lookup_table_free(table);
}
END_TEST

START_TEST(the_first_row_stands) {
    struct lookup_table *table = open_table(1);
    load(table, "id,name,email\n1,Ann,a\n1,Bob,b\n");
    load(table, "id,name,email\n1,Eve,e\n3,Zoe,z\n");
    assert_one(table, "1", "Ann|a");
    assert_one(table, "3", "Zoe|z");
    lookup_table_free(table);
}
END_TEST

START_TEST(matches_two_columns) {
    struct lookup_table *table = open_table(2);
    load(table, "region,id,name,email\neu,1,Ann,a\nus,1,Bob,b\n,1,Zoe,z\n");
    assert_answer(table, string_value("1"), string_value("us"), "Bob|b");
    assert_answer(table, string_value("1"), string_value("eu"), "Ann|a");
    assert_answer(table, string_value("us"), string_value("1"), "none");
    lookup_table_free(table);
}
END_TEST

START_TEST(answers_a_whole_batch) {
    struct lookup_table *table = open_table(1);
    struct lookup_batch batch;
    char text[40000] = "id,name,email\n", keys[2000][8];
    for (int i = 0; i < 1000; i++) snprintf(text + strlen(text), 40, "%d,n%d,e%d\n", i * 2, i * 2, i);
    load(table, text);
    lookup_batch_init(&batch, 1, 2);
    for (int i = 0; i < 2000; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        const struct value key = string_value(keys[i]);
        ck_assert_int_eq(lookup_batch_ask(&batch, &key), i);
    }
    lookup_table_answer(table, &batch);
    for (int i = 0; i < 2000; i++) {
        const struct value *result = lookup_batch_result(&batch, i);
        ck_assert_int_eq(result != NULL, i % 2 == 0);
        if (result) ck_assert_int_eq(atoi(result[0].text.data + 1), i);
    }
    lookup_batch_release(&batch);
    lookup_table_free(table);
}
END_TEST

START_TEST(adds_rows_one_by_one) {
    struct lookup_table *table = open_table(1);
    char name[] = "Ann";
    const struct span names[] = {span_of("name"), span_of("id"), span_of("extra")};
    const struct value values[] = {string_value(name), number_value("1"), string_value("x")};
    lookup_table_add(table, names, values, 3);
    memset(name, '#', 3); /* copied */
    assert_one(table, "1", "Ann|-");
    const struct value nothing[] = {string_value("Bob"), NOTHING, string_value("x")};
    lookup_table_add(table, names, nothing, 3);
    lookup_table_add(table, names, values, 1); /* a row without its key */
    assert_one(table, "", "none");
    lookup_table_free(table);
    lookup_table_free(NULL);
}
END_TEST

START_TEST(refuses_broken_files) {
    assert_refused("", "does not begin with a line of column names");
    assert_refused("\"id,name\n", "does not begin with a line of column names");
    assert_refused("name,email\nAnn,x\n", "has no column \"id\"");
    assert_refused("id,name\n1,x\n", "has no column \"email\"");
    assert_refused("id,name,email,\n1,x\n", "row 2");
    assert_refused("id,name,email\n1,Ann,x\n2,Bob\n", "row 3: the number of fields");
    assert_refused("id,name,email\n1,Ann,x,y\n", "row 2: the number of fields");
    assert_refused("id,name,email\n1,\"Ann,x\n", "row 2: a quoted field does not end");
}
END_TEST

START_TEST(bounds_columns) {
    char text[3000] = "id,name,email";
    for (int i = 3; i < 1025; i++) strcat(text, ",c");
    assert_refused(text, "has more than 1024 columns");
    text[strlen(text) - 2] = '\0';
    struct lookup_table *table = open_table(1);
    load(table, text);
    lookup_table_free(table);
    char long_field[200000] = "id,name,email\n1,";
    size_t len = strlen(long_field);
    memset(long_field + len, 'x', sizeof long_field - len - 8);
    strcpy(long_field + sizeof long_field - 8, ",a\n");
    table = open_table(1);
    load(table, long_field);
    lookup_table_free(table);
}
END_TEST

START_TEST(refuses_missing_files) {
    struct lookup_table *table = open_table(1);
    struct error error;
    ck_assert(!lookup_table_load(table, "/nowhere/users.csv", &error));
    ck_assert_str_eq(error.message, "cannot open \"/nowhere/users.csv\": No such file or directory");
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert(!lookup_table_load(table, "/tmp", &error)); /* a directory opens but cannot be read */
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    lookup_table_free(table);
}
END_TEST

START_TEST(header_only) {
    struct lookup_table *table = open_table(1);
    load(table, "id,name,email");
    assert_one(table, "1", "none");
    lookup_table_free(table);
}
END_TEST

/* What spreadsheets write first: it belongs to the encoding, not to the first column's name. */
START_TEST(byte_order_mark) {
    struct lookup_table *table = open_table(1);
    load(table, "\xef\xbb\xbfid,name,email\n1,Ann,a\n");
    assert_one(table, "1", "Ann|a");
    lookup_table_free(table);
}
END_TEST

/* The column "name" of a row. */
static struct value name_of(const struct lookup_table *table, const char *row, struct lookup_batch *batch) {
    const struct value key = string_value(row);
    lookup_batch_reset(batch);
    lookup_batch_ask(batch, &key);
    lookup_table_answer(table, batch);
    const struct value *result = lookup_batch_result(batch, 0);
    ck_assert_msg(result != NULL, "%s", row);
    return result[0];
}

/* What is written as a number is one, so that it joins with the numbers of events; what is not written as one
 * would be written is a text. */
START_TEST(numbers_are_numbers) {
    static const struct {
        const char *cell, *joins;
        bool number;
    } trials[] = {{"7", "7", true},
                  {"7", "7.0", true},
                  {"-12", "-12", true},
                  {"0.5", "0.50", true},
                  {"9007199254740993", "9007199254740993", true},
                  {"7.0", "\"7.0\"", false},
                  {"007", "\"007\"", false},
                  {"+7", "\"+7\"", false},
                  {"1e3", "\"1e3\"", false},
                  {"NaN", "\"NaN\"", false},
                  {"\"\"", "\"\"", false},
                  {"ann", "\"ann\"", false}};
    struct lookup_table *table = open_table(1);
    struct lookup_batch batch;
    lookup_batch_init(&batch, 1, 2);
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char csv[100], row[20];
        snprintf(csv, sizeof csv, "id,name,email\nr%d,%s,x\n", i, trials[i].cell);
        snprintf(row, sizeof row, "r%d", i);
        load(table, csv);
        struct value value = name_of(table, row, &batch);
        ck_assert_msg((value.type == VALUE_NUMBER) == trials[i].number, "%s", trials[i].cell);
        ck_assert_msg(joins_with(value, trials[i].joins), "%s, %s", trials[i].cell, trials[i].joins);
    }
    ck_assert(!joins_with(name_of(table, "r0", &batch), "\"7\""));
    ck_assert(!joins_with(name_of(table, "r4", &batch), "9007199254740992"));
    lookup_batch_release(&batch);
    lookup_table_free(table);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lookup_table");
    tcase_add_test(tests, reads_csv);
    tcase_add_test(tests, reads_quotes_and_line_ends);
    tcase_add_test(tests, tells_null_from_empty);
    tcase_add_test(tests, the_first_row_stands);
    tcase_add_test(tests, matches_two_columns);
    tcase_add_test(tests, answers_a_whole_batch);
    tcase_add_test(tests, adds_rows_one_by_one);
    tcase_add_test(tests, refuses_broken_files);
    tcase_add_test(tests, bounds_columns);
    tcase_add_test(tests, refuses_missing_files);
    tcase_add_test(tests, header_only);
    tcase_add_test(tests, byte_order_mark);
    tcase_add_test(tests, numbers_are_numbers);
    return suite_run("transform.lookup_table", tests);
}
