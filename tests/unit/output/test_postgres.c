#include "output/postgres.h"

#include "../postgres/arrays.h"
#include "../postgres/tables.h"

static struct catalogue_column table_columns[] = {
    COLUMN("id", COLUMN_NUMERIC, -1, "pg_catalog.\"numeric\""),
    COLUMN("Part", COLUMN_INT4, -1, "pg_catalog.int4"),
    COLUMN("note", COLUMN_TEXT, -1, "pg_catalog.text"),
    COLUMN("at", COLUMN_TIMESTAMPTZ, 3, "pg_catalog.timestamptz"),
    COLUMN("code", COLUMN_BPCHAR, 4 + 4, "pg_catalog.bpchar"),
    COLUMN("unused", COLUMN_TEXT, -1, "pg_catalog.text"),
};
static const struct catalogue_table table = {MUTABLE("shop.\"Orders\""), table_columns,
                                             COUNT_OF(table_columns)};

enum { COLUMNS_MAX = 4, ROWS_MAX = 16 };

struct output {
    struct column_config columns[COLUMNS_MAX];
    char *keys[COLUMNS_MAX];
    struct output_config config;
    struct postgres_output *output;
    struct arena arena;
    struct value values[ROWS_MAX][COLUMNS_MAX];
    struct row rows[ROWS_MAX];
    int row_count;
    struct postgres_statement statement;
};

/* `columns` and `keys` are names separated by blanks. */
static int names_of(const char *names, char **list, struct arena *arena) {
    int count = 0;
    for (const char *at = names; *at;) {
        size_t len = strcspn(at, " ");
        list[count++] = MUTABLE(arena_printf(arena, "%.*s", (int)len, at).data);
        at += len + (at[len] == ' ');
    }
    return count;
}

static void open_output(struct output *o, enum write_mode write, const char *columns, const char *keys) {
    char *names[COLUMNS_MAX];
    struct error error = {0};
    *o = (struct output){0};
    arena_init(&o->arena);
    int count = names_of(columns, names, &o->arena);
    for (int i = 0; i < count; i++) o->columns[i].name = names[i];
    o->config = (struct output_config){.write = write,
                                       .primary_key = o->keys,
                                       .primary_key_count = names_of(keys, o->keys, &o->arena),
                                       .columns = o->columns,
                                       .column_count = count};
    o->output = postgres_output_new(&o->config, &table, &error);
    ck_assert_msg(o->output != NULL, "%s", error.message);
}

static void close_output(struct output *o) {
    postgres_output_free(o->output);
    arena_release(&o->arena);
}

/* A row of strings (NULL for null) that goes through the check like any other. */
static void add(struct output *o, int partition, int64_t offset, const char *a, const char *b,
                const char *c) {
    const char *const texts[] = {a, b, c};
    struct row *row = &o->rows[o->row_count];
    char why[400];
    *row = (struct row){o->values[o->row_count++], partition, offset, 1, 1};
    for (int i = 0; i < o->config.column_count; i++)
        row->values[i] =
            texts[i] ? (struct value){VALUE_STRING, span_of(texts[i])} : (struct value){VALUE_NULL, {0}};
    ck_assert_msg(postgres_output_accept(o->output, row, &o->arena, why, sizeof why), "%s", why);
}

static void format(struct output *o) {
    int count = postgres_output_arrange(o->output, o->rows, o->row_count);
    o->statement = postgres_output_format(o->output, o->rows, count);
    ck_assert_int_eq(o->statement.parameter_count, o->config.column_count);
}

START_TEST(golden_upsert) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note id at Part", "Part id");
    format(&o);
    ck_assert_str_eq(o.statement.sql,
                     "INSERT INTO shop.\"Orders\" AS t (\"note\", \"id\", \"at\", \"Part\")"
                     " SELECT u.c0::pg_catalog.text, u.c1::pg_catalog.\"numeric\","
                     " u.c2::pg_catalog.timestamptz, u.c3::pg_catalog.int4"
                     " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(c0, c1, c2, c3)"
                     " ON CONFLICT (\"Part\", \"id\") DO UPDATE SET \"note\" = EXCLUDED.\"note\","
                     " \"at\" = EXCLUDED.\"at\"");
    for (int i = 0; i < 4; i++) assert_array(&o.statement.parameters[i], "{}");
    close_output(&o);
}
END_TEST

START_TEST(golden_upsert_of_keys_only) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "id", "id");
    format(&o);
    ck_assert_str_eq(o.statement.sql,
                     "INSERT INTO shop.\"Orders\" AS t (\"id\") SELECT u.c0::pg_catalog.\"numeric\""
                     " FROM unnest($1::text[]) AS u(c0) ON CONFLICT (\"id\") DO NOTHING");
    close_output(&o);
}
END_TEST

/* Of early rows: only what differs is written, by the text of what has equal values that are not the same. */
START_TEST(golden_early) {
    struct output o;
    struct error error;
    open_output(&o, WRITE_UPSERT, "id note at Part", "id");
    postgres_output_free(o.output);
    o.config.early = true;
    o.columns[3].source = (struct source){.kind = SOURCE_ATTRIBUTION, .attribution = ATTRIBUTION_REVISION};
    o.output = postgres_output_new(&o.config, &table, &error);
    format(&o);
    const char *conflict = strstr(o.statement.sql, " ON CONFLICT");
    ck_assert_str_eq(conflict, " ON CONFLICT (\"id\") DO UPDATE SET \"note\" = EXCLUDED.\"note\","
                               " \"at\" = EXCLUDED.\"at\", \"Part\" = coalesce(t.\"Part\", 0) + 1"
                               " WHERE t.\"note\"::text COLLATE \"C\" IS DISTINCT FROM"
                               " EXCLUDED.\"note\"::text COLLATE \"C\""
                               " OR t.\"at\" IS DISTINCT FROM EXCLUDED.\"at\"");
    struct postgres_statement gone = postgres_output_format_delete(o.output, o.rows, 0);
    ck_assert_str_eq(gone.sql, "DELETE FROM shop.\"Orders\" t USING (SELECT * FROM unnest($1::text[],"
                               " $2::text[], $3::text[], $4::text[]) AS u(c0, c1, c2, c3)) u"
                               " WHERE t.\"id\" = u.c0::pg_catalog.\"numeric\"");
    struct postgres_statement news = postgres_output_format_new(o.output, o.rows, 0);
    ck_assert_ptr_nonnull(strstr(news.sql, "EXISTS (SELECT FROM shop.\"Orders\" t WHERE t.\"id\" ="));
    ck_assert_ptr_nonnull(strstr(news.sql, " ON CONFLICT (\"id\") DO NOTHING RETURNING 1"));
    close_output(&o);
}
END_TEST

START_TEST(golden_append) {
    struct output o;
    open_output(&o, WRITE_APPEND, "id note", "");
    format(&o);
    ck_assert_str_eq(o.statement.sql, "INSERT INTO shop.\"Orders\" AS t (\"id\", \"note\")"
                                      " SELECT u.c0::pg_catalog.\"numeric\", u.c1::pg_catalog.text"
                                      " FROM unnest($1::text[], $2::text[]) AS u(c0, c1)");
    close_output(&o);
}
END_TEST

/* --- several rows a conversion --- */

/* "Part" is the number of the touch. */
static void open_several(struct output *o) {
    struct error error = {0};
    open_output(o, WRITE_UPSERT, "id Part note", "Part id");
    postgres_output_free(o->output);
    o->config.several = true;
    o->columns[1].source.kind = SOURCE_ATTRIBUTION;
    o->output = postgres_output_new(&o->config, &table, &error);
    ck_assert_msg(o->output != NULL, "%s", error.message);
}

static void add_several(struct output *o, int partition, int64_t offset, const char *id, const char *note,
                        int count) {
    char number[12];
    for (int i = 1; i <= count; i++) {
        snprintf(number, sizeof number, "%d", i);
        add(o, partition, offset, id, arena_printf(&o->arena, "%s", number).data, note);
        o->rows[o->row_count - 1].touch_number = i;
        o->rows[o->row_count - 1].row_count = count;
    }
}

START_TEST(golden_several) {
    struct output o;
    open_several(&o);
    o.statement = postgres_output_format(o.output, o.rows, 0);
    ck_assert_str_eq(o.statement.sql,
                     "WITH gone AS (DELETE FROM shop.\"Orders\" AS t USING unnest($4::text[], $5::text[])"
                     " AS o(k0, n) WHERE t.\"id\" = o.k0::pg_catalog.\"numeric\" AND"
                     " t.\"Part\" > o.n::pg_catalog.int4 RETURNING 1)"
                     " INSERT INTO shop.\"Orders\" AS t (\"id\", \"Part\", \"note\")"
                     " SELECT u.c0::pg_catalog.\"numeric\", u.c1::pg_catalog.int4, u.c2::pg_catalog.text"
                     " FROM unnest($1::text[], $2::text[], $3::text[]) AS u(c0, c1, c2)"
                     " WHERE (SELECT count(*) FROM gone) >= 0"
                     " ON CONFLICT (\"Part\", \"id\") DO UPDATE SET \"note\" = EXCLUDED.\"note\"");
    ck_assert_int_eq(o.statement.parameter_count, 5);
    close_output(&o);
}
END_TEST

/* Of one key the last conversion stands, with all of its rows and with none of an older one's, however many
 * each has; and every row is still there afterwards. */
START_TEST(the_last_conversion_stands_as_a_whole) {
    struct output o;
    open_several(&o);
    add_several(&o, 0, 1, "7", "old", 3);
    add_several(&o, 0, 2, "8", "eight", 1);
    add_several(&o, 0, 5, "7.0", "new", 2);
    add_several(&o, 0, 9, "6", "six", 2);
    int count = postgres_output_arrange(o.output, o.rows, o.row_count);
    ck_assert_int_eq(count, 5);
    o.statement = postgres_output_format(o.output, o.rows, count);
    assert_array(&o.statement.parameters[0], "6|6|7|7|8");
    assert_array(&o.statement.parameters[1], "1|2|1|2|1");
    assert_array(&o.statement.parameters[2], "six|six|new|new|eight");
    assert_array(&o.statement.parameters[3], "6|7|8");
    assert_array(&o.statement.parameters[4], "2|2|1");
    postgres_output_arrange_by_offset(o.rows, o.row_count);
    static const int offsets[] = {1, 1, 1, 2, 5, 5, 9, 9};
    for (int i = 0; i < o.row_count; i++) ck_assert_int_eq(o.rows[i].offset, offsets[i]);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(o.rows[i].touch_number, i + 1);
    /* A piece that begins within a conversion: what it had beyond goes with the piece that has its first row.
     */
    o.statement = postgres_output_format(o.output, o.rows + 5, 3);
    assert_array(&o.statement.parameters[3], "6");
    close_output(&o);
}
END_TEST

START_TEST(conversions_are_halved_whole) {
    struct row rows[8] = {{.offset = 1}, {.offset = 1}, {.offset = 1}, {.offset = 2},
                          {.offset = 3}, {.offset = 3}, {.offset = 3}, {.partition = 1, .offset = 3}};
    ck_assert_int_eq(row_together(rows, 8), 3);
    ck_assert_int_eq(row_together(rows + 3, 5), 1);
    ck_assert_int_eq(row_together(rows + 4, 4), 3);
    ck_assert_int_eq(row_together(rows, 2), 2);
    ck_assert_int_eq(row_together(rows, 0), 0);
    ck_assert_int_eq(row_middle(rows, 8), 4);
    ck_assert_int_eq(row_middle(rows, 7), 3);
    ck_assert_int_eq(row_middle(rows, 4), 3);
    ck_assert_int_eq(row_middle(rows, 3), 0);
    ck_assert_int_eq(row_middle(rows + 3, 4), 1);
    ck_assert_int_eq(row_middle(rows + 4, 4), 3);
    ck_assert_int_eq(row_middle(rows, 1), 0);
}
END_TEST

START_TEST(a_text_is_no_number_of_touches) {
    struct output o;
    struct error error = {0};
    open_several(&o);
    o.columns[1].source.kind = SOURCE_CONVERSION;
    o.columns[2].source.kind = SOURCE_ATTRIBUTION;
    o.keys[0] = MUTABLE("note");
    ck_assert_ptr_null(postgres_output_new(&o.config, &table, &error));
    ck_assert_str_eq(error.message,
                     "column \"note\" of table shop.\"Orders\" has the touch number, but is none of "
                     "smallint, integer, bigint and numeric");
    close_output(&o);
}
END_TEST

START_TEST(refuses_a_missing_column) {
    struct column_config column = {.name = MUTABLE("ID")};
    struct output_config config = {.write = WRITE_APPEND, .columns = &column, .column_count = 1};
    struct error error;
    ck_assert_ptr_null(postgres_output_new(&config, &table, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_str_eq(error.message, "table shop.\"Orders\" has no column \"ID\"");
    postgres_output_free(NULL);
}
END_TEST

START_TEST(refuses_what_does_not_fit) {
    struct output o;
    char why[400];
    open_output(&o, WRITE_UPSERT, "note Part", "Part");
    struct value values[] = {{VALUE_STRING, span_of("x")}, {VALUE_STRING, span_of("many")}};
    struct row row = {values, 0, 1, 1, 1};
    ck_assert(!postgres_output_accept(o.output, &row, &o.arena, why, sizeof why));
    ck_assert_str_eq(why, "column \"Part\": \"many\" is not an integer");
    close_output(&o);
}
END_TEST

/* By key, so that all writers lock in one order; within a key by offset. */
START_TEST(upsert_orders_by_key) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note Part", "note");
    add(&o, 0, 4, "b", "4", NULL);
    add(&o, 0, 1, "c", "1", NULL);
    add(&o, 0, 2, "", "2", NULL);
    add(&o, 0, 3, "ab", "3", NULL);
    add(&o, 0, 5, "a", NULL, NULL);
    format(&o);
    assert_array(&o.statement.parameters[0], "|a|ab|b|c");
    assert_array(&o.statement.parameters[1], "2|NULL|3|4|1");
    close_output(&o);
}
END_TEST

START_TEST(the_greatest_offset_stands) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note Part", "note");
    add(&o, 0, 30, "x", "30", NULL);
    add(&o, 0, 100, "x", "100", NULL);
    add(&o, 0, 9, "x", "9", NULL);
    add(&o, 0, 50, "y", "50", NULL);
    format(&o);
    assert_array(&o.statement.parameters[0], "x|y");
    assert_array(&o.statement.parameters[1], "100|50");
    close_output(&o);
}
END_TEST

START_TEST(keys_of_two_columns) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note code id", "code note");
    add(&o, 0, 1, "ab", "c", "1");
    add(&o, 0, 2, "a", "bc", "2");
    add(&o, 0, 3, "ab", "d", "3");
    add(&o, 0, 4, "ab", "c", "4");
    format(&o);
    assert_array(&o.statement.parameters[0], "a|ab|ab");
    assert_array(&o.statement.parameters[1], "bc|c|d");
    assert_array(&o.statement.parameters[2], "2|4|3");
    close_output(&o);
}
END_TEST

/* A commit whose connection was lost is formatted again, from the same rows. */
START_TEST(formats_again) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note Part", "note");
    for (int i = 0; i < 12; i++) {
        static const char *const keys[] = {"b", "a", "c"}, *const numbers[] = {"0", "1", "2", "3"};
        add(&o, 0, i, keys[i % 3], numbers[i / 3], NULL);
    }
    for (int i = 0; i < 3; i++) {
        format(&o);
        assert_array(&o.statement.parameters[0], "a|b|c");
        assert_array(&o.statement.parameters[1], "3|3|3");
    }
    close_output(&o);
}
END_TEST

/* In between, a partition may turn out to be another worker's: its rows go, those of others stay. */
START_TEST(no_row_is_lost_to_another_partitions) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note Part", "note");
    add(&o, 0, 1, "a", "0", NULL);
    add(&o, 1, 1, "a", "1", NULL);
    add(&o, 1, 2, "b", "1", NULL);
    format(&o);
    assert_array(&o.statement.parameters[1], "1|1");
    int kept = 0;
    for (int i = 0; i < o.row_count; i++)
        if (o.rows[i].partition == 0) o.rows[kept++] = o.rows[i];
    o.row_count = kept;
    format(&o);
    assert_array(&o.statement.parameters[0], "a");
    assert_array(&o.statement.parameters[1], "0");
    close_output(&o);
}
END_TEST

/* Where only the database knows which keys are equal: all of them, as they were released. */
START_TEST(arranged_by_offset) {
    struct output o;
    open_output(&o, WRITE_UPSERT, "note Part", "note");
    add(&o, 1, 1, "b", "3", NULL);
    add(&o, 0, 100, "a", "2", NULL);
    add(&o, 0, 9, "b", "1", NULL);
    add(&o, 1, 2, "a", "4", NULL);
    postgres_output_arrange_by_offset(o.rows, o.row_count);
    o.statement = postgres_output_format(o.output, o.rows + 1, 2); /* a piece of them */
    assert_array(&o.statement.parameters[1], "2|3");
    o.statement = postgres_output_format(o.output, o.rows, o.row_count);
    assert_array(&o.statement.parameters[1], "1|2|3|4");
    close_output(&o);
}
END_TEST

START_TEST(append_keeps_all_in_order) {
    struct output o;
    open_output(&o, WRITE_APPEND, "note Part", "");
    add(&o, 1, 7, "x", "1", NULL);
    add(&o, 0, 9, "b", "2", NULL);
    add(&o, 0, 8, "x", "1", NULL);
    add(&o, 0, 8, NULL, NULL, NULL);
    format(&o);
    assert_array(&o.statement.parameters[0], "x|b|x|NULL");
    assert_array(&o.statement.parameters[1], "1|2|1|NULL");
    close_output(&o);
}
END_TEST

/* Two spellings of one key in one statement would make Postgres refuse the whole of it. */
static void assert_one_row(const char *key, const char *first, const char *second) {
    struct output o;
    char columns[40];
    snprintf(columns, sizeof columns, "note %s", key);
    open_output(&o, WRITE_UPSERT, columns, key);
    add(&o, 0, 2, "later", first, NULL);
    add(&o, 0, 1, "earlier", second, NULL);
    format(&o);
    assert_array(&o.statement.parameters[0], "later");
    close_output(&o);
}

START_TEST(equal_integers_are_one_key) {
    assert_one_row("Part", "7", "+07");
}
END_TEST

START_TEST(equal_numerics_are_one_key) {
    assert_one_row("id", "7.0", "7.00");
}
END_TEST

START_TEST(equal_times_are_one_key) {
    assert_one_row("at", "2024-06-17 05:00:00.1234+00", "2024-06-17T07:00:00.1231+02");
}
END_TEST

START_TEST(equal_padded_texts_are_one_key) {
    assert_one_row("code", "ab", "ab ");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("postgres");
    tcase_add_test(tests, golden_upsert);
    tcase_add_test(tests, golden_upsert_of_keys_only);
    tcase_add_test(tests, golden_early);
    tcase_add_test(tests, golden_append);
    tcase_add_test(tests, golden_several);
    tcase_add_test(tests, the_last_conversion_stands_as_a_whole);
    tcase_add_test(tests, conversions_are_halved_whole);
    tcase_add_test(tests, a_text_is_no_number_of_touches);
    tcase_add_test(tests, refuses_a_missing_column);
    tcase_add_test(tests, refuses_what_does_not_fit);
    tcase_add_test(tests, upsert_orders_by_key);
    tcase_add_test(tests, the_greatest_offset_stands);
    tcase_add_test(tests, keys_of_two_columns);
    tcase_add_test(tests, formats_again);
    tcase_add_test(tests, no_row_is_lost_to_another_partitions);
    tcase_add_test(tests, arranged_by_offset);
    tcase_add_test(tests, append_keeps_all_in_order);
    tcase_add_test(tests, equal_integers_are_one_key);
    tcase_add_test(tests, equal_numerics_are_one_key);
    tcase_add_test(tests, equal_times_are_one_key);
    tcase_add_test(tests, equal_padded_texts_are_one_key);
    return suite_run("output.postgres", tests);
}
