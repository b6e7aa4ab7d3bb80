#include "transform/lookup_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/number.h"
#include "event/postgres_column.h"
#include "postgres/array.h"

struct lookup_query {
    const struct lookup_config *config;
    int column_count;
    struct column_type *types; /* of the matched columns */
    enum value_type *values;   /* of the fetched columns */
    struct buffer sql;
    struct buffer *arrays; /* one a matched column, and the question numbers */
    struct parameter *parameters;
};

static const struct catalogue_column *find(const struct catalogue_table *table, const char *name,
                                           const struct lookup_config *config, struct error *error) {
    const struct catalogue_column *column = catalogue_column(table, name);
    if (!column)
        error_set(error, ERROR_CONFIG, "lookup \"%s\": table %s has no column \"%s\"", config->name,
                  table->name, name);
    return column;
}

/* Numbers are numbers as they are in events, so that both make the same key. */
static enum value_type value_type_of(uint32_t type) {
    switch (type) {
    case COLUMN_JSON:
    case COLUMN_JSONB: return VALUE_JSON;
    case COLUMN_INT2:
    case COLUMN_INT4:
    case COLUMN_INT8:
    case COLUMN_NUMERIC: return VALUE_NUMBER;
    default: return VALUE_STRING;
    }
}

static bool build(struct lookup_query *query, const char *const *columns, const struct catalogue_table *table,
                  struct error *error) {
    const struct lookup_config *config = query->config;
    struct buffer *sql = &query->sql;
    buffer_text(sql, "SELECT q.number");
    for (int i = 0; i < query->column_count; i++) {
        const struct catalogue_column *column = find(table, columns[i], config, error);
        if (!column) return false;
        query->values[i] = value_type_of(column->type);
        buffer_text(sql, ", t.");
        quote_identifier(sql, columns[i]);
        buffer_text(sql, "::text");
    }
    buffer_text(sql, " FROM unnest(");
    for (int i = 0; i <= config->match_count; i++) buffer_printf(sql, "%s$%d::text[]", i ? ", " : "", i + 1);
    buffer_text(sql, ") AS q(");
    for (int i = 0; i < config->match_count; i++) buffer_printf(sql, "k%d, ", i);
    buffer_printf(sql, "number) JOIN %s t ON ", table->name);
    for (int i = 0; i < config->match_count; i++) {
        const struct catalogue_column *column = find(table, config->match_columns[i], config, error);
        if (!column) return false;
        query->types[i] = (struct column_type){column->type, column->typmod, false};
        buffer_text(sql, i ? " AND t." : "t.");
        quote_identifier(sql, column->name);
        buffer_printf(sql, " = q.k%d::%s", i, column->cast);
    }
    buffer_string(sql);
    return true;
}

struct lookup_query *lookup_query_new(const struct lookup_config *config, const char *const *columns,
                                      int column_count, const struct catalogue_table *table,
                                      struct error *error) {
    struct lookup_query *query = memory_zalloc(1, sizeof *query);
    size_t arrays = (size_t)config->match_count + 1;
    query->config = config;
    query->column_count = column_count;
    query->types = memory_zalloc(arrays, sizeof *query->types);
    query->values = memory_zalloc((size_t)column_count, sizeof *query->values);
    query->arrays = memory_zalloc(arrays, sizeof *query->arrays);
    query->parameters = memory_zalloc(arrays, sizeof *query->parameters);
    if (build(query, columns, table, error)) return query;
    lookup_query_free(query);
    return NULL;
}

void lookup_query_free(struct lookup_query *query) {
    if (!query) return;
    for (int i = 0; i <= query->config->match_count; i++) buffer_release(&query->arrays[i]);
    buffer_release(&query->sql);
    free(query->types);
    free(query->values);
    free(query->arrays);
    free(query->parameters);
    free(query);
}

/* The question's key as texts that the columns can hold; false when they cannot. */
static bool key_texts(const struct lookup_query *query, const struct value *key, struct arena *arena,
                      struct span *texts) {
    for (int i = 0; i < query->config->match_count; i++) {
        char why[8];
        if (!column_accept(&query->types[i], key[i], arena, &texts[i], why, sizeof why)) return false;
    }
    return true;
}

struct lookup_statement lookup_query_format(struct lookup_query *query, struct lookup_batch *batch,
                                            struct arena *arena) {
    int match = query->config->match_count;
    struct span *texts = arena_alloc(arena, (size_t)batch->count * (size_t)match * sizeof *texts);
    for (int q = 0; q < batch->count; q++)
        if (lookup_batch_state(batch, q) == LOOKUP_OPEN &&
            !key_texts(query, lookup_batch_key(batch, q), arena, texts + q * (ptrdiff_t)match))
            lookup_batch_answer_none(batch, q);
    for (int i = 0; i <= match; i++) array_begin(&query->arrays[i], batch->open);
    for (int q = 0; q < batch->count; q++) {
        if (lookup_batch_state(batch, q) != LOOKUP_OPEN) continue;
        for (int i = 0; i < match; i++) array_add(&query->arrays[i], texts[q * (ptrdiff_t)match + i]);
        array_add_int(&query->arrays[match], q);
    }
    for (int i = 0; i <= match; i++) query->parameters[i] = array_parameter(&query->arrays[i]);
    return (struct lookup_statement){query->sql.data, query->parameters, match + 1};
}

void lookup_query_parse(const struct lookup_query *query, const PGresult *result, struct lookup_batch *batch,
                        struct arena *arena) {
    struct value *values = arena_alloc(arena, (size_t)query->column_count * sizeof *values);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < query->column_count; i++) {
            struct span text = {PQgetvalue(result, row, i + 1), (size_t)PQgetlength(result, row, i + 1)};
            bool null = PQgetisnull(result, row, i + 1);
            enum value_type type = query->values[i];
            struct number number; /* numeric has NaN too */
            if (type == VALUE_NUMBER && !number_parse(text, &number)) type = VALUE_STRING;
            values[i] =
                null ? (struct value){VALUE_NULL, {0}} : (struct value){type, arena_copy(arena, text)};
        }
        lookup_batch_answer(batch, (int)strtol(PQgetvalue(result, row, 0), NULL, 10), values);
    }
    for (int q = 0; q < batch->count; q++) lookup_batch_answer_none(batch, q);
}
