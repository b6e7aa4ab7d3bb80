#include "transform/lookup_query.h"

#include "../postgres/arrays.h"
#include "../postgres/results.h"
#include "../postgres/tables.h"
#include "values.h"

static struct catalogue_column table_columns[] = {
    COLUMN("id", COLUMN_INT4, -1, "pg_catalog.int4"),
    COLUMN("Region", COLUMN_VARCHAR, 6, "pg_catalog.\"varchar\""),
    COLUMN("name", COLUMN_TEXT, -1, "pg_catalog.text"),
    COLUMN("odd \"name\"", COLUMN_TEXT, -1, "pg_catalog.text"),
    COLUMN("settings", COLUMN_JSONB, -1, "pg_catalog.jsonb"),
    COLUMN("small", COLUMN_INT2, -1, "pg_catalog.int2"),
    COLUMN("large", COLUMN_INT8, -1, "pg_catalog.int8"),
    COLUMN("amount", COLUMN_NUMERIC, NUMERIC(10, 2), "pg_catalog.\"numeric\""),
};
static const struct catalogue_table table = {MUTABLE("commerce.users"), table_columns,
                                             COUNT_OF(table_columns)};

static char *matched[] = {MUTABLE("id"), MUTABLE("Region"), MUTABLE("nowhere")};

static struct lookup_query *try_open(int match_count, const char *const *columns, int column_count,
                                     struct error *error) {
    static struct lookup_config config = {.name = MUTABLE("users"), .match_columns = matched};
    config.match_count = match_count;
    return lookup_query_new(&config, columns, column_count, &table, error);
}

static struct lookup_query *open_query(int match_count, const char *const *columns, int column_count) {
    struct error error = {0};
    struct lookup_query *query = try_open(match_count, columns, column_count, &error);
    ck_assert_msg(query != NULL, "%s", error.message);
    return query;
}

static struct lookup_statement format(struct lookup_query *query, struct lookup_batch *batch,
                                      struct arena *arena) {
    return lookup_query_format(query, batch, arena);
}

START_TEST(golden_sql) {
    static const char *const columns[] = {"name", "odd \"name\""};
    struct lookup_query *query = open_query(2, columns, 2);
    struct lookup_batch batch;
    struct arena arena;
    arena_init(&arena);
    lookup_batch_init(&batch, 2, 2);
    const struct value key[] = {number_value("7"), string_value("eu")};
    lookup_batch_ask(&batch, key);
    struct lookup_statement statement = format(query, &batch, &arena);
    ck_assert_str_eq(statement.sql, "SELECT q.number, t.\"name\"::text, t.\"odd \"\"name\"\"\"::text"
                                    " FROM unnest($1::text[], $2::text[], $3::text[]) AS q(k0, k1, number)"
                                    " JOIN commerce.users t ON t.\"id\" = q.k0::pg_catalog.int4"
                                    " AND t.\"Region\" = q.k1::pg_catalog.\"varchar\"");
    ck_assert_int_eq(statement.parameter_count, 3);
    assert_array(&statement.parameters[0], "7");
    assert_array(&statement.parameters[1], "eu");
    assert_array(&statement.parameters[2], "0");
    lookup_batch_release(&batch);
    lookup_query_free(query);
    arena_release(&arena);
}
END_TEST

/* Questions that the column cannot hold are not asked; the numbers stay those of the batch. Twice, the second
 * time with fewer. */
START_TEST(asks_what_can_be_asked) {
    static const char *const columns[] = {"name"};
    struct lookup_query *query = open_query(1, columns, 1);
    const struct value keys[] = {string_value("abc"),        number_value("7.0"), string_value("99999999999"),
                                 string_value("\xff"),       string_value("8"),   number_value("1e1"),
                                 {VALUE_JSON, span_of("[]")}};
    struct lookup_batch batch;
    struct arena arena;
    arena_init(&arena);
    lookup_batch_init(&batch, 1, 1);
    for (int i = 0; i < COUNT_OF(keys); i++) ck_assert_int_eq(lookup_batch_ask(&batch, &keys[i]), i);
    struct lookup_statement statement = format(query, &batch, &arena);
    assert_array(&statement.parameters[0], "7|8|10");
    assert_array(&statement.parameters[1], "1|4|5");
    lookup_batch_reset(&batch);
    lookup_batch_ask(&batch, &keys[0]);
    statement = format(query, &batch, &arena);
    assert_array(&statement.parameters[0], "{}");
    assert_array(&statement.parameters[1], "{}");
    lookup_batch_release(&batch);
    lookup_query_free(query);
    arena_release(&arena);
}
END_TEST

START_TEST(only_whether_there_is_a_row) {
    struct lookup_query *query = open_query(1, NULL, 0);
    struct lookup_batch batch;
    struct arena arena;
    arena_init(&arena);
    lookup_batch_init(&batch, 1, 0);
    const struct value key = number_value("7");
    lookup_batch_ask(&batch, &key);
    ck_assert_str_eq(format(query, &batch, &arena).sql,
                     "SELECT q.number FROM unnest($1::text[], $2::text[]) AS q(k0, number)"
                     " JOIN commerce.users t ON t.\"id\" = q.k0::pg_catalog.int4");
    PGresult *result = make_result(1);
    ADD_ROW(result, "0");
    lookup_query_parse(query, result, &batch, &arena);
    ck_assert_ptr_nonnull(lookup_batch_result(&batch, 0));
    PQclear(result);
    lookup_batch_release(&batch);
    lookup_query_free(query);
    arena_release(&arena);
}
END_TEST

START_TEST(refuses_missing_columns) {
    static const char *const columns[] = {"name"}, *const missing[] = {"name", "Name"};
    struct error error;
    ck_assert_ptr_null(try_open(1, missing, 2, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_str_eq(error.message, "lookup \"users\": table commerce.users has no column \"Name\"");
    ck_assert_ptr_null(try_open(3, columns, 1, &error));
    ck_assert_str_eq(error.message, "lookup \"users\": table commerce.users has no column \"nowhere\"");
    lookup_query_free(NULL);
}
END_TEST

/* A batch of the questions 0 to 3 and the answer of a query for `columns`. */
struct answer {
    struct lookup_query *query;
    struct lookup_batch batch;
    struct arena arena;
};

static void open_answer(struct answer *answer, const char *const *columns, int column_count) {
    static const char *const ids[] = {"0", "1", "2", "3"};
    answer->query = open_query(1, columns, column_count);
    arena_init(&answer->arena);
    lookup_batch_init(&answer->batch, 1, column_count);
    for (int i = 0; i < COUNT_OF(ids); i++) {
        const struct value key = number_value(ids[i]);
        lookup_batch_ask(&answer->batch, &key);
    }
}

/* The result is gone before the answers are looked at. */
static void parse(struct answer *answer, PGresult *result) {
    lookup_query_parse(answer->query, result, &answer->batch, &answer->arena);
    PQclear(result);
}

static void close_answer(struct answer *answer) {
    lookup_batch_release(&answer->batch);
    lookup_query_free(answer->query);
    arena_release(&answer->arena);
}

START_TEST(reads_the_answer) {
    static const char *const columns[] = {"name", "odd \"name\""};
    struct answer answer;
    open_answer(&answer, columns, 2);
    PGresult *result = make_result(3);
    ADD_ROW(result, "2", "Ann", NULL);
    ADD_ROW(result, "0", "", "x");
    ADD_ROW(result, "2", "Bob", "y"); /* the table has two rows for it */
    parse(&answer, result);
    const struct value *zero = lookup_batch_result(&answer.batch, 0);
    const struct value *two = lookup_batch_result(&answer.batch, 2);
    assert_string(zero[0], "");
    assert_string(zero[1], "x");
    assert_string(two[0], "Ann");
    assert_string(two[1], NULL);
    ck_assert_ptr_null(lookup_batch_result(&answer.batch, 1));
    ck_assert_ptr_null(lookup_batch_result(&answer.batch, 3));
    close_answer(&answer);
}
END_TEST

START_TEST(an_empty_answer) {
    static const char *const columns[] = {"name"};
    struct answer answer;
    open_answer(&answer, columns, 1);
    parse(&answer, make_result(2));
    for (int i = 0; i < 4; i++) ck_assert_ptr_null(lookup_batch_result(&answer.batch, i));
    close_answer(&answer);
}
END_TEST

/* What a jsonb column holds is JSON: written to another jsonb column it must not become a string of JSON. */
START_TEST(json_stays_json) {
    static const char *const columns[] = {"settings"};
    static const struct column_type jsonb = {COLUMN_JSONB, -1, false};
    struct answer answer;
    struct span sent;
    char why[200];
    open_answer(&answer, columns, 1);
    PGresult *result = make_result(2);
    ADD_ROW(result, "0", "{\"a\": 1}");
    parse(&answer, result);
    const struct value *settings = lookup_batch_result(&answer.batch, 0);
    ck_assert(column_accept(&jsonb, settings[0], &answer.arena, &sent, why, sizeof why));
    assert_span(sent, "{\"a\": 1}");
    close_answer(&answer);
}
END_TEST

/* Whole and decimal numbers join with those of events, in whatever way these spell them; a text of digits
 * with texts. What numeric has beyond JSON's numbers is a text. */
START_TEST(numbers_are_numbers) {
    static const char *const columns[] = {"id", "small", "large", "amount", "name"};
    struct answer answer;
    open_answer(&answer, columns, COUNT_OF(columns));
    PGresult *result = make_result(1 + COUNT_OF(columns));
    ADD_ROW(result, "0", "7", "-3", "9007199254740993", "7.50", "7");
    ADD_ROW(result, "1", "8", NULL, "0", "NaN", "NaN");
    ADD_ROW(result, "2", "9", NULL, "0", "-Infinity", "");
    parse(&answer, result);
    const struct value *zero = lookup_batch_result(&answer.batch, 0);
    ck_assert(joins_with(zero[0], "7.0") && !joins_with(zero[0], "\"7\""));
    ck_assert(joins_with(zero[1], "-3"));
    ck_assert(joins_with(zero[2], "9007199254740993") && !joins_with(zero[2], "9007199254740992"));
    ck_assert(joins_with(zero[3], "7.5"));
    ck_assert(joins_with(zero[4], "\"7\"") && !joins_with(zero[4], "7"));
    const struct value *one = lookup_batch_result(&answer.batch, 1);
    assert_string(one[1], NULL);
    assert_string(one[3], "NaN");
    ck_assert(joins_with(one[3], "\"NaN\""));
    assert_string(lookup_batch_result(&answer.batch, 2)[3], "-Infinity");
    close_answer(&answer);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lookup_query");
    tcase_add_test(tests, golden_sql);
    tcase_add_test(tests, asks_what_can_be_asked);
    tcase_add_test(tests, only_whether_there_is_a_row);
    tcase_add_test(tests, refuses_missing_columns);
    tcase_add_test(tests, reads_the_answer);
    tcase_add_test(tests, an_empty_answer);
    tcase_add_test(tests, json_stays_json);
    tcase_add_test(tests, numbers_are_numbers);
    return suite_run("transform.lookup_query", tests);
}
