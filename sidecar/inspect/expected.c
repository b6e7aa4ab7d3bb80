#include "inspect/expected.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/expected_sql.h"
#include "pipeline/surroundings.h"
#include "postgres/array.h"

enum { FETCH_ROWS = 500 };

struct expected {
    const struct inspection *inspection;
    const struct catalogue_table *table;
    struct buffer insert;
    struct buffer *arrays; /* a parameter each */
    struct parameter *parameters;
    int parameter_count;
};

static enum difference_kind kind_of(const char *name) {
    enum difference_kind kind = 0;
    while (kind < DIFFERENCE_KINDS && strcmp(difference_name(kind), name) != 0) kind++;
    return kind;
}

/* --- life --- */

static bool check_columns(const struct expected *expected, struct error *error) {
    const struct output_config *output = expected->inspection->plan->output;
    for (int i = 0; i < output->column_count; i++)
        if (!catalogue_column(expected->table, output->columns[i].name))
            return error_set(error, ERROR_CONFIG, "table %s has no column \"%s\"", expected->table->name,
                             output->columns[i].name);
    return true;
}

static bool check_right(const struct expected *expected, struct error *error) {
    struct buffer sql;
    buffer_init(&sql);
    buffer_text(&sql, "SELECT has_table_privilege($1, 'SELECT'),"
                      " has_database_privilege(current_database(), 'TEMPORARY')");
    struct parameter parameter = parameter_text(expected->table->name);
    PGresult *result = inspection_query(expected->inspection, buffer_string(&sql), &parameter, 1, error);
    buffer_release(&sql);
    if (!result) return false;
    bool may_read = PQgetvalue(result, 0, 0)[0] == 't', may_create = PQgetvalue(result, 0, 1)[0] == 't';
    PQclear(result);
    if (!may_read)
        return error_set(error, ERROR_CONFIG,
                         "the database user may not read table %s\nhint: GRANT SELECT ON %s TO the user",
                         expected->table->name, expected->table->name);
    return may_create ||
           error_set(error, ERROR_CONFIG,
                     "the database user may not make temporary tables, which the comparison needs\n"
                     "hint: GRANT TEMPORARY ON DATABASE … TO the user");
}

static bool create(struct expected *expected, struct error *error) {
    const struct plan *plan = expected->inspection->plan;
    struct buffer sql;
    buffer_init(&sql);
    expected_sql_create(&sql, plan, expected->table);
    bool ok = inspection_execute(expected->inspection, buffer_string(&sql), error);
    buffer_release(&sql);
    expected_sql_insert(&expected->insert, plan, expected->table);
    return ok;
}

struct expected *expected_new(const struct inspection *inspection, const struct catalogue_table *table,
                              struct error *error) {
    struct expected *expected = memory_zalloc(1, sizeof *expected);
    expected->inspection = inspection;
    expected->table = table;
    expected->parameter_count = inspection->plan->output->column_count + EXPECTED_OWN_COLUMNS;
    expected->arrays = memory_zalloc((size_t)expected->parameter_count, sizeof *expected->arrays);
    expected->parameters = memory_zalloc((size_t)expected->parameter_count, sizeof *expected->parameters);
    if (check_columns(expected, error) && check_right(expected, error) && create(expected, error))
        return expected;
    expected_free(expected);
    return NULL;
}

void expected_free(struct expected *expected) {
    if (!expected) return;
    for (int i = 0; i < expected->parameter_count; i++) buffer_release(&expected->arrays[i]);
    buffer_release(&expected->insert);
    free(expected->arrays);
    free(expected->parameters);
    free(expected);
}

/* --- rows --- */

static struct span boolean(bool value) {
    return span_of(value ? "true" : "false");
}

static bool insert(struct expected *expected, const struct expected_row *rows, int count,
                   struct error *error) {
    struct buffer *array = expected->arrays;
    for (int i = 0; i < expected->parameter_count; i++) array_begin(&array[i], count);
    for (int r = 0; r < count; r++) {
        const struct row *row = rows[r].row;
        array_add_int(&array[0], row->partition);
        array_add_int(&array[1], row->offset);
        array_add(&array[2], boolean(rows[r].optional || rows[r].uncertain));
        array_add(&array[3], boolean(rows[r].uncertain));
        array_add_int(&array[4], row->touch_number);
        array_add_int(&array[5], row->row_count);
        for (int c = EXPECTED_OWN_COLUMNS; c < expected->parameter_count; c++)
            array_add(&array[c], row->values[c - EXPECTED_OWN_COLUMNS].text);
    }
    for (int i = 0; i < expected->parameter_count; i++) expected->parameters[i] = array_parameter(&array[i]);
    PGresult *result = inspection_query(expected->inspection, buffer_string(&expected->insert),
                                        expected->parameters, expected->parameter_count, error);
    PQclear(result);
    return result != NULL;
}

/* Where to halve them without taking a conversion's rows apart; 0: they are of one. */
static int middle_of(const struct expected_row *rows, int count) {
    int middle = 0;
    for (int i = 1; i < count && (!middle || i <= count / 2); i++)
        if (rows[i].row->offset != rows[i - 1].row->offset ||
            rows[i].row->partition != rows[i - 1].row->partition)
            middle = i;
    return middle;
}

/* A conversion that the database refuses must not take the others with it: halves, down to its rows. */
static bool add_some(struct expected *expected, const struct expected_row *rows, int count, uint64_t *refused,
                     struct error *error) {
    if (insert(expected, rows, count, error))
        return inspection_execute(expected->inspection, "RELEASE SAVEPOINT rows; SAVEPOINT rows", error);
    if (error->class != ERROR_POISON ||
        !inspection_execute(expected->inspection, "ROLLBACK TO SAVEPOINT rows", error))
        return false;
    int half = middle_of(rows, count);
    if (half == 0) {
        *refused += (uint64_t)count;
        return true;
    }
    return add_some(expected, rows, half, refused, error) &&
           add_some(expected, rows + half, count - half, refused, error);
}

bool expected_add(struct expected *expected, const struct expected_row *rows, int count, uint64_t *refused,
                  struct error *error) {
    return count == 0 || (inspection_execute(expected->inspection, "SAVEPOINT rows", error) &&
                          add_some(expected, rows, count, refused, error) &&
                          inspection_execute(expected->inspection, "RELEASE SAVEPOINT rows", error));
}

bool expected_excuse(struct expected *expected, const int *partitions, const int64_t *offsets, int count,
                     struct error *error) {
    struct buffer *array = expected->arrays;
    for (int i = 0; i < 2; i++) array_begin(&array[i], count);
    for (int i = 0; i < count; i++) {
        array_add_int(&array[0], partitions[i]);
        array_add_int(&array[1], offsets[i]);
    }
    struct parameter parameters[] = {array_parameter(&array[0]), array_parameter(&array[1])};
    PGresult *result =
        inspection_query(expected->inspection,
                         "UPDATE pg_temp.tributary_expected e SET optional = true"
                         " FROM unnest($1::text[], $2::text[]) d(p, o)"
                         " WHERE e.\"partition\" = d.p::integer AND e.\"offset\" = d.o::bigint",
                         parameters, 2, error);
    PQclear(result);
    return result != NULL;
}

/* --- comparing --- */

static bool execute(struct expected *expected, struct buffer *sql, struct error *error) {
    bool ok = inspection_execute(expected->inspection, buffer_string(sql), error);
    buffer_clear(sql);
    return ok;
}

static bool fill(struct expected *expected, bool whole, struct error *error) {
    const struct plan *plan = expected->inspection->plan;
    struct buffer sql;
    buffer_init(&sql);
    buffer_text(&sql, "ANALYZE pg_temp.tributary_expected; TRUNCATE pg_temp.tributary_difference");
    bool ok = execute(expected, &sql, error);
    expected_sql_compare(&sql, plan, expected->table, whole);
    ok = ok && execute(expected, &sql, error);
    if (whole && plan->output->write == WRITE_UPSERT) {
        expected_sql_unexplained(&sql, plan, expected->table);
        ok = ok && execute(expected, &sql, error);
    }
    buffer_release(&sql);
    return ok;
}

static bool count_rows(struct expected *expected, uint64_t *rows, struct error *error) {
    struct buffer sql;
    buffer_init(&sql);
    expected_sql_count(&sql, expected->inspection->plan);
    PGresult *result = inspection_query(expected->inspection, buffer_string(&sql), NULL, 0, error);
    buffer_release(&sql);
    if (result) *rows = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return result != NULL;
}

bool expected_compare(struct expected *expected, bool whole, struct differences *differences,
                      struct error *error) {
    *differences = (struct differences){0};
    if (!fill(expected, whole, error) || !count_rows(expected, &differences->rows, error)) return false;
    PGresult *result = inspection_query(
        expected->inspection, "SELECT kind, count(*) FROM pg_temp.tributary_difference GROUP BY kind", NULL,
        0, error);
    if (!result) return false;
    for (int i = 0; i < PQntuples(result); i++) {
        enum difference_kind kind = kind_of(PQgetvalue(result, i, 0));
        if (kind < DIFFERENCE_KINDS) differences->count[kind] = strtoull(PQgetvalue(result, i, 1), NULL, 10);
    }
    PQclear(result);
    return true;
}

static const char *text_at(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static struct difference difference_at(const PGresult *result, int row) {
    const char *partition = text_at(result, row, 1), *offset = text_at(result, row, 2);
    return (struct difference){.kind = kind_of(PQgetvalue(result, row, 0)),
                               .partition = partition ? (int)strtol(partition, NULL, 10) : -1,
                               .offset = offset ? strtoll(offset, NULL, 10) : -1,
                               .columns = text_at(result, row, 3),
                               .expected = text_at(result, row, 4),
                               .found = text_at(result, row, 5)};
}

static bool declare(struct expected *expected, uint64_t limit, struct error *error) {
    struct buffer sql;
    buffer_init(&sql);
    buffer_text(&sql,
                "DECLARE differences NO SCROLL CURSOR FOR SELECT kind, \"partition\", \"offset\", columns, "
                "expected, found FROM pg_temp.tributary_difference ORDER BY array_position(ARRAY[");
    for (int i = 0; i < DIFFERENCE_KINDS; i++)
        buffer_printf(&sql, "%s'%s'", i ? ", " : "", difference_name((enum difference_kind)i));
    buffer_printf(&sql, "], kind), \"partition\", \"offset\" LIMIT %llu", (unsigned long long)limit);
    bool ok = execute(expected, &sql, error);
    buffer_release(&sql);
    return ok;
}

bool expected_differences(struct expected *expected, uint64_t limit,
                          bool (*take)(void *context, const struct difference *difference,
                                       struct error *error),
                          void *context, struct error *error) {
    char fetch[60];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM differences", FETCH_ROWS);
    bool ok = declare(expected, limit, error);
    for (int got = FETCH_ROWS; ok && got == FETCH_ROWS;) {
        PGresult *result = inspection_query(expected->inspection, fetch, NULL, 0, error);
        got = result ? PQntuples(result) : 0;
        ok = result != NULL;
        for (int row = 0; ok && row < got; row++) {
            struct difference difference = difference_at(result, row);
            ok = take(context, &difference, error);
        }
        PQclear(result);
    }
    return ok && inspection_execute(expected->inspection, "CLOSE differences", error);
}
