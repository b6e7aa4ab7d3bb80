#include "output/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/postgres_column.h"
#include "postgres/array.h"

struct postgres_output {
    const struct output_config *config;
    struct column_type *types;
    int *primary_key;    /* indexes of columns */
    int *conversion_key; /* of these the ones that are not the touch number */
    int conversion_key_count;
    bool replaces;                          /* rows of an older conversion with more touches have to go */
    struct buffer sql, new_sql, delete_sql; /* the last two only for upserts */
    struct buffer *arrays; /* one a column; then one for each of conversion_key, and the number of rows */
    int array_count;
    struct parameter *parameters;
};

/* --- the statement --- */

static void column_list(struct buffer *sql, const struct output_config *config) {
    for (int i = 0; i < config->column_count; i++) {
        buffer_text(sql, i ? ", " : "");
        quote_identifier(sql, config->columns[i].name);
    }
}

static void cast_column(struct buffer *sql, const struct output_config *config,
                        const struct catalogue_table *table, int column) {
    buffer_printf(sql, "u.c%d::%s", column, catalogue_column(table, config->columns[column].name)->cast);
}

static void unnest_columns(struct buffer *sql, const struct output_config *config, const char *numbered) {
    buffer_text(sql, " FROM unnest(");
    for (int i = 0; i < config->column_count; i++) buffer_printf(sql, "%s$%d::text[]", i ? ", " : "", i + 1);
    buffer_printf(sql, ")%s AS u(", *numbered ? " WITH ORDINALITY" : "");
    for (int i = 0; i < config->column_count; i++) buffer_printf(sql, "%sc%d", i ? ", " : "", i);
    buffer_printf(sql, "%s)", numbered);
}

static void select_list(struct buffer *sql, const struct output_config *config,
                        const struct catalogue_table *table) {
    buffer_text(sql, ") SELECT ");
    for (int i = 0; i < config->column_count; i++) {
        buffer_text(sql, i ? ", " : "");
        cast_column(sql, config, table, i);
    }
    unnest_columns(sql, config, "");
}

/* What an older conversion of the same key had beyond the touches of this one. Both are one statement, and
 * the rows that come are none of those that go, but for other unique indexes these must be gone before. */
static void delete_clause(struct buffer *sql, const struct postgres_output *output,
                          const struct catalogue_table *table) {
    const struct output_config *config = output->config;
    int first = config->column_count + 1;
    buffer_printf(sql, "WITH gone AS (DELETE FROM %s AS t USING unnest(", table->name);
    for (int k = 0; k < output->conversion_key_count; k++) buffer_printf(sql, "$%d::text[], ", first + k);
    buffer_printf(sql, "$%d::text[]) AS o(", first + output->conversion_key_count);
    for (int k = 0; k < output->conversion_key_count; k++) buffer_printf(sql, "k%d, ", k);
    buffer_text(sql, "n) WHERE ");
    for (int k = 0; k < output->conversion_key_count; k++) {
        const char *name = config->columns[output->conversion_key[k]].name;
        buffer_text(sql, "t.");
        quote_identifier(sql, name);
        buffer_printf(sql, " = o.k%d::%s AND ", k, catalogue_column(table, name)->cast);
    }
    for (int k = 0; k < config->primary_key_count; k++) {
        const struct column_config *column = &config->columns[output->primary_key[k]];
        if (column->source.kind != SOURCE_ATTRIBUTION) continue;
        buffer_text(sql, "t.");
        quote_identifier(sql, column->name);
        buffer_text(sql, " > o.n::pg_catalog.int4 ");
        break;
    }
    buffer_text(sql, "RETURNING 1) ");
}

static bool is_key(const struct output_config *config, const char *column) {
    for (int k = 0; k < config->primary_key_count; k++)
        if (strcmp(config->primary_key[k], column) == 0) return true;
    return false;
}

static bool is_revision(const struct column_config *column) {
    return column->source.kind == SOURCE_ATTRIBUTION && column->source.attribution == ATTRIBUTION_REVISION;
}

/* The part of a key that says which conversion it is; the rest numbers its rows. */
static bool is_of_conversion(const struct column_config *column) {
    return column->source.kind == SOURCE_CONVERSION;
}

static void key_list(struct buffer *sql, const struct output_config *config) {
    buffer_text(sql, " ON CONFLICT (");
    for (int k = 0; k < config->primary_key_count; k++) {
        buffer_text(sql, k ? ", " : "");
        quote_identifier(sql, config->primary_key[k]);
    }
    buffer_text(sql, ")");
}

static void set_column(struct buffer *sql, const struct column_config *column) {
    quote_identifier(sql, column->name);
    buffer_text(sql, is_revision(column) ? " = coalesce(t." : " = EXCLUDED.");
    quote_identifier(sql, column->name);
    if (is_revision(column)) buffer_text(sql, ", 0) + 1");
}

static void column_differs(struct buffer *sql, const struct column_config *column,
                           const struct catalogue_table *table) {
    bool exact = column_equals_exactly(catalogue_column(table, column->name)->type);
    const char *as = exact ? "" : "::text COLLATE \"C\"";
    buffer_text(sql, "t.");
    quote_identifier(sql, column->name);
    buffer_printf(sql, "%s IS DISTINCT FROM EXCLUDED.", as);
    quote_identifier(sql, column->name);
    buffer_text(sql, as);
}

/* A row that is there already as it is to be is not written once more. */
static void differs_clause(struct buffer *sql, const struct output_config *config,
                           const struct catalogue_table *table) {
    bool any = false;
    for (int i = 0; i < config->column_count; i++) {
        const struct column_config *column = &config->columns[i];
        if (is_key(config, column->name) || is_revision(column)) continue;
        buffer_text(sql, any ? " OR " : " WHERE ");
        column_differs(sql, column, table);
        any = true;
    }
}

static bool has_revision(const struct output_config *config) {
    for (int i = 0; i < config->column_count; i++)
        if (is_revision(&config->columns[i])) return true;
    return false;
}

static void conflict_clause(struct buffer *sql, const struct output_config *config,
                            const struct catalogue_table *table) {
    bool updates = false, values = false;
    for (int i = 0; i < config->column_count; i++)
        values |= !is_key(config, config->columns[i].name) && !is_revision(&config->columns[i]);
    key_list(sql, config);
    for (int i = 0; values && i < config->column_count; i++) {
        if (is_key(config, config->columns[i].name)) continue;
        buffer_text(sql, updates ? ", " : " DO UPDATE SET ");
        set_column(sql, &config->columns[i]);
        updates = true;
    }
    if (!values) buffer_text(sql, " DO NOTHING");
    if (values && (config->early || has_revision(config))) differs_clause(sql, config, table);
}

static void insert_into(struct buffer *sql, const struct output_config *config,
                        const struct catalogue_table *table) {
    buffer_printf(sql, "INSERT INTO %s AS t (", table->name);
    column_list(sql, config);
}

static void key_matches(struct buffer *sql, const struct output_config *config,
                        const struct catalogue_table *table) {
    bool any = false;
    for (int i = 0; i < config->column_count; i++) {
        if (!is_key(config, config->columns[i].name) || !is_of_conversion(&config->columns[i])) continue;
        buffer_text(sql, any ? " AND t." : "t.");
        quote_identifier(sql, config->columns[i].name);
        buffer_text(sql, " = ");
        cast_column(sql, config, table, i);
        any = true;
    }
}

/* Inserts the rows whose key the table does not have, and tells how many those are, how many of them were
 * inserted, which differ only if somebody else was inserting them too, and the numbers of the others. */
static void build_new(struct postgres_output *output, const struct catalogue_table *table) {
    const struct output_config *config = output->config;
    struct buffer *sql = &output->new_sql;
    buffer_text(sql, "WITH u AS MATERIALIZED (SELECT u.*, EXISTS (SELECT FROM ");
    buffer_printf(sql, "%s t WHERE ", table->name);
    key_matches(sql, config, table);
    buffer_text(sql, ") AS there");
    unnest_columns(sql, config, ", n");
    buffer_text(sql, "), done AS (");
    insert_into(sql, config, table);
    buffer_text(sql, ") SELECT ");
    for (int i = 0; i < config->column_count; i++) {
        buffer_text(sql, i ? ", " : "");
        cast_column(sql, config, table, i);
    }
    buffer_text(sql, " FROM u WHERE NOT u.there ORDER BY u.n");
    key_list(sql, config);
    buffer_text(sql,
                " DO NOTHING RETURNING 1) SELECT (SELECT count(*) FROM u WHERE NOT there), (SELECT count(*) "
                "FROM done), array_to_string(ARRAY(SELECT n FROM u WHERE there ORDER BY n), ',')");
    buffer_string(sql);
}

static void build_delete(struct postgres_output *output, const struct catalogue_table *table) {
    struct buffer *sql = &output->delete_sql;
    buffer_printf(sql, "DELETE FROM %s t USING (SELECT *", table->name);
    unnest_columns(sql, output->config, "");
    buffer_text(sql, ") u WHERE ");
    key_matches(sql, output->config, table);
    buffer_string(sql);
}

static void build_sql(struct postgres_output *output, const struct catalogue_table *table) {
    struct buffer *sql = &output->sql;
    if (output->replaces) delete_clause(sql, output, table);
    insert_into(sql, output->config, table);
    select_list(sql, output->config, table);
    if (output->replaces) buffer_text(sql, " WHERE (SELECT count(*) FROM gone) >= 0");
    if (output->config->write == WRITE_UPSERT) conflict_clause(sql, output->config, table);
    buffer_string(sql);
    if (output->config->write != WRITE_UPSERT) return;
    build_new(output, table);
    build_delete(output, table);
}

/* --- life --- */

static bool counts(uint32_t type) {
    return type == COLUMN_INT2 || type == COLUMN_INT4 || type == COLUMN_INT8 || type == COLUMN_NUMERIC;
}

/* Greater numbers must be greater in the table. */
static bool check_number(const struct postgres_output *output, const struct catalogue_table *table,
                         struct error *error) {
    for (int k = 0; k < output->config->primary_key_count; k++) {
        int column = output->primary_key[k];
        if (output->config->columns[column].source.kind != SOURCE_ATTRIBUTION ||
            counts(output->types[column].oid))
            continue;
        return error_set(error, ERROR_CONFIG,
                         "column \"%s\" of table %s has the touch number, but is none of smallint, integer, "
                         "bigint and numeric",
                         output->config->columns[column].name, table->name);
    }
    return true;
}

static void find_conversion_key(struct postgres_output *output) {
    const struct output_config *config = output->config;
    for (int k = 0; k < config->primary_key_count; k++)
        if (config->columns[output->primary_key[k]].source.kind != SOURCE_ATTRIBUTION)
            output->conversion_key[output->conversion_key_count++] = output->primary_key[k];
    output->replaces = config->several && config->write == WRITE_UPSERT;
    output->array_count = config->column_count + (output->replaces ? output->conversion_key_count + 1 : 0);
}

static bool bind_columns(struct postgres_output *output, const struct catalogue_table *table,
                         struct error *error) {
    for (int i = 0; i < output->config->column_count; i++) {
        const char *name = output->config->columns[i].name;
        const struct catalogue_column *column = catalogue_column(table, name);
        if (!column)
            return error_set(error, ERROR_CONFIG, "table %s has no column \"%s\"", table->name, name);
        output->types[i] = (struct column_type){column->type, column->typmod, column->not_null};
        for (int k = 0; k < output->config->primary_key_count; k++)
            if (strcmp(output->config->primary_key[k], name) == 0) output->primary_key[k] = i;
    }
    return true;
}

static bool fills(const struct output_config *config, const char *column) {
    for (int i = 0; i < config->column_count; i++)
        if (strcmp(config->columns[i].name, column) == 0) return true;
    return false;
}

/* Whose early row it is must be told by the key as we know it. */
static bool check_keys(const struct output_config *config, const struct catalogue_table *table,
                       struct error *error) {
    for (int k = 0; config->early && k < config->primary_key_count; k++) {
        const struct catalogue_column *column = catalogue_column(table, config->primary_key[k]);
        if (column_key_is_exact(column->type) && !column->vague) continue;
        return error_set(error, ERROR_CONFIG,
                         "`emit: early` cannot tell apart all values of column \"%s\" of table %s, which is "
                         "of the primary key: its type is %s%s\nhint: make it text, a number, uuid or time "
                         "under an ordinary collation, or write `emit: final`",
                         column->name, table->name, column->cast,
                         column->vague ? " with a collation that is not deterministic" : "");
    }
    return true;
}

/* A column that must have a value gets one, from us or by default. */
static bool check_required(const struct output_config *config, const struct catalogue_table *table,
                           struct error *error) {
    for (int i = 0; i < table->column_count; i++) {
        const struct catalogue_column *column = &table->columns[i];
        if (column->not_null && !column->has_default && !fills(config, column->name))
            return error_set(
                error, ERROR_CONFIG,
                "column \"%s\" of table %s is NOT NULL and has no default, but the pipeline does not "
                "fill it\nhint: add it to `columns`, or give it a default",
                column->name, table->name);
    }
    return true;
}

struct postgres_output *postgres_output_new(const struct output_config *config,
                                            const struct catalogue_table *table, struct error *error) {
    struct postgres_output *output = memory_zalloc(1, sizeof *output);
    size_t columns = (size_t)config->column_count, keys = (size_t)config->primary_key_count;
    output->config = config;
    output->types = memory_zalloc(columns, sizeof *output->types);
    output->primary_key = memory_zalloc(keys, sizeof *output->primary_key);
    output->conversion_key = memory_zalloc(keys, sizeof *output->conversion_key);
    output->arrays = memory_zalloc(columns + keys + 1, sizeof *output->arrays);
    output->parameters = memory_zalloc(columns + keys + 1, sizeof *output->parameters);
    if (bind_columns(output, table, error) && check_required(config, table, error) &&
        check_number(output, table, error) && check_keys(config, table, error)) {
        find_conversion_key(output);
        build_sql(output, table);
        return output;
    }
    postgres_output_free(output);
    return NULL;
}

void postgres_output_free(struct postgres_output *output) {
    if (!output) return;
    for (int i = 0; i < output->array_count; i++) buffer_release(&output->arrays[i]);
    buffer_release(&output->sql);
    buffer_release(&output->new_sql);
    buffer_release(&output->delete_sql);
    free(output->types);
    free(output->primary_key);
    free(output->conversion_key);
    free(output->arrays);
    free(output->parameters);
    free(output);
}

/* --- rows --- */

/* Equal keys get equal texts, so that one statement never meets the same row twice. */
static void canonical_keys(const struct postgres_output *output, struct row *row, struct arena *arena) {
    for (int k = 0; k < output->config->primary_key_count; k++) {
        int column = output->primary_key[k];
        struct value *value = &row->values[column];
        if (value->type != VALUE_NULL) value->text = column_key(&output->types[column], value->text, arena);
    }
}

bool postgres_output_accept(const void *context, struct row *row, struct arena *arena, char *why,
                            size_t why_size) {
    const struct postgres_output *output = context;
    for (int i = 0; i < output->config->column_count; i++) {
        struct span text;
        char reason[400];
        if (!column_accept(&output->types[i], row->values[i], arena, &text, reason, sizeof reason)) {
            snprintf(why, why_size, "column \"%s\": %s", output->config->columns[i].name, reason);
            return false;
        }
        row->values[i] = (struct value){text.data ? VALUE_STRING : VALUE_NULL, text};
    }
    canonical_keys(output, row, arena);
    return true;
}

bool postgres_output_accept_key(const void *context, struct row *row, struct arena *arena) {
    const struct postgres_output *output = context;
    for (int k = 0; k < output->config->primary_key_count; k++) {
        int column = output->primary_key[k];
        struct span text;
        char reason[400];
        if (!is_of_conversion(&output->config->columns[column])) continue;
        if (!column_accept(&output->types[column], row->values[column], arena, &text, reason, sizeof reason))
            return false;
        row->values[column] = (struct value){text.data ? VALUE_STRING : VALUE_NULL, text};
    }
    canonical_keys(output, row, arena);
    return true;
}

struct row_check postgres_output_check(const struct postgres_output *output) {
    return (struct row_check){postgres_output_accept, output, postgres_output_accept_key};
}

static int compare_spans(struct span a, struct span b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Of two conversions. */
static int compare_keys(const struct postgres_output *output, const struct row *a, const struct row *b) {
    for (int k = 0; k < output->conversion_key_count; k++) {
        int column = output->conversion_key[k];
        int order = compare_spans(a->values[column].text, b->values[column].text);
        if (order) return order;
    }
    return 0;
}

static int compare_conversions(const struct row *a, const struct row *b) {
    int order = (a->partition > b->partition) - (a->partition < b->partition);
    return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

static int compare_offsets(const void *left, const void *right) {
    const struct row *a = left, *b = right;
    int order = compare_conversions(a, b);
    return order ? order : a->touch_number - b->touch_number;
}

static int compare_rows(const void *left, const void *right, void *context) {
    const struct postgres_output *const *output = context;
    int order = compare_keys(*output, left, right);
    return order ? order : compare_offsets(left, right);
}

/* How many of the rows, from the first on, have the key of one conversion. */
static int same_key(const struct postgres_output *output, const struct row *rows, int count) {
    int same = 1;
    while (same < count && compare_keys(output, rows, &rows[same]) == 0) same++;
    return same;
}

/* Of conversions with one key the last in (partition, offset) order stands, with all of its rows. */
int postgres_output_arrange(const struct postgres_output *output, struct row *rows, int count) {
    if (output->config->write == WRITE_APPEND) return count;
    qsort_r(rows, (size_t)count, sizeof *rows, compare_rows, &output);
    int kept = 0;
    for (int i = 0; i < count;) {
        int next = i + same_key(output, &rows[i], count - i);
        int last = next - 1;
        while (last > i && compare_conversions(&rows[last - 1], &rows[next - 1]) == 0) last--;
        for (int at = last; at < next; at++) {
            struct row row = rows[at];
            rows[at] =
                rows[kept]; /* none is lost: the commit may have to begin again with fewer partitions */
            rows[kept++] = row;
        }
        i = next;
    }
    return kept;
}

void postgres_output_arrange_by_offset(struct row *rows, int count) {
    qsort(rows, (size_t)count, sizeof *rows, compare_offsets);
}

/* For each conversion whose first row is here: its key and how many rows it has. */
static void add_conversions(struct postgres_output *output, const struct row *rows, int count) {
    struct buffer *arrays = output->arrays + output->config->column_count;
    int keys = output->conversion_key_count, conversions = 0;
    for (int r = 0; r < count; r++) conversions += rows[r].touch_number == 1;
    for (int k = 0; k <= keys; k++) array_begin(&arrays[k], conversions);
    for (int r = 0; r < count; r++) {
        if (rows[r].touch_number != 1) continue;
        for (int k = 0; k < keys; k++) array_add(&arrays[k], rows[r].values[output->conversion_key[k]].text);
        array_add_int(&arrays[keys], rows[r].row_count);
    }
}

static struct postgres_statement fill(struct postgres_output *output, const char *sql, const struct row *rows,
                                      int count, int array_count) {
    for (int c = 0; c < output->config->column_count; c++) {
        array_begin(&output->arrays[c], count);
        for (int r = 0; r < count; r++) array_add(&output->arrays[c], rows[r].values[c].text);
    }
    for (int i = 0; i < array_count; i++) output->parameters[i] = array_parameter(&output->arrays[i]);
    return (struct postgres_statement){sql, output->parameters, array_count};
}

struct postgres_statement postgres_output_format(struct postgres_output *output, const struct row *rows,
                                                 int count) {
    if (output->replaces) add_conversions(output, rows, count);
    return fill(output, output->sql.data, rows, count, output->array_count);
}

struct postgres_statement postgres_output_format_new(struct postgres_output *output, const struct row *rows,
                                                     int count) {
    return fill(output, output->new_sql.data, rows, count, output->config->column_count);
}

struct postgres_statement postgres_output_format_delete(struct postgres_output *output,
                                                        const struct row *rows, int count) {
    return fill(output, output->delete_sql.data, rows, count, output->config->column_count);
}
