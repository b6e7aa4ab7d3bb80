#include "postgres/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "postgres/array.h"

static uint32_t to_oid(const char *digits) {
    return (uint32_t)strtoul(digits, NULL, 10);
}

static struct catalogue_table *read_columns(const PGresult *result) {
    struct catalogue_table *table = memory_zalloc(1, sizeof *table);
    table->name = memory_strdup(PQgetvalue(result, 0, 0));
    table->columns = memory_zalloc((size_t)PQntuples(result), sizeof *table->columns);
    for (int i = 0; i < PQntuples(result); i++) {
        if (PQgetisnull(result, i, 1)) continue;
        table->columns[table->column_count++] =
            (struct catalogue_column){.name = memory_strdup(PQgetvalue(result, i, 1)),
                                      .type = to_oid(PQgetvalue(result, i, 2)),
                                      .typmod = (int32_t)strtol(PQgetvalue(result, i, 3), NULL, 10),
                                      .not_null = PQgetvalue(result, i, 4)[0] == 't',
                                      .has_default = PQgetvalue(result, i, 5)[0] == 't',
                                      .cast = memory_strdup(PQgetvalue(result, i, 6)),
                                      .vague = PQgetvalue(result, i, 7)[0] == 't'};
    }
    return table;
}

struct catalogue_table *catalogue_load(struct connection *connection, const char *name, int timeout_ms,
                                       struct error *error) {
    static const char sql[] =
        "SELECT format('%I.%I', n.nspname, c.relname), a.attname,"
        " CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END,"
        " CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull OR t.typnotnull,"
        " a.atthasdef OR a.attidentity <> '', format('%I.%I', tn.nspname, t.typname),"
        " EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT"
        " l.collisdeterministic)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
        " LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace"
        " WHERE c.oid = to_regclass($1) ORDER BY a.attnum";
    struct parameter parameter = parameter_text(name);
    PGresult *result = connection_query(connection, sql, &parameter, 1, timeout_ms, error);
    if (!result) return NULL;
    struct catalogue_table *table = PQntuples(result) ? read_columns(result) : NULL;
    PQclear(result);
    if (!table) error_set(error, ERROR_CONFIG, "table \"%s\" does not exist in the database", name);
    return table;
}

void catalogue_free(struct catalogue_table *table) {
    if (!table) return;
    for (int i = 0; i < table->column_count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].cast);
    }
    free(table->columns);
    free(table->name);
    free(table);
}

const struct catalogue_column *catalogue_column(const struct catalogue_table *table, const char *name) {
    for (int i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0) return &table->columns[i];
    return NULL;
}

static bool ask_bool(struct connection *connection, const char *sql, const struct parameter *parameters,
                     int count, int timeout_ms, bool *answer, struct error *error) {
    PGresult *result = connection_query(connection, sql, parameters, count, timeout_ms, error);
    if (!result) return false;
    *answer = PQntuples(result) && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return true;
}

bool catalogue_is_unique(struct connection *connection, const struct catalogue_table *table,
                         char *const *columns, int count, int timeout_ms, bool *unique, struct error *error) {
    static const char sql[] =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = to_regclass($1) AND "
        "i.indisunique"
        " AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
        " AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_catalog.pg_attribute a"
        "      WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]))"
        "   = (SELECT array_agg(k ORDER BY k) FROM unnest($2::text[]) k))";
    struct buffer names;
    buffer_init(&names);
    array_begin(&names, count);
    for (int i = 0; i < count; i++) array_add(&names, span_of(columns[i]));
    struct parameter parameters[] = {parameter_text(table->name), array_parameter(&names)};
    bool ok = ask_bool(connection, sql, parameters, 2, timeout_ms, unique, error);
    buffer_release(&names);
    return ok;
}

bool catalogue_may(struct connection *connection, const struct catalogue_table *table, const char *privilege,
                   int timeout_ms, bool *may, struct error *error) {
    struct parameter parameters[] = {parameter_text(table->name), parameter_text(privilege)};
    return ask_bool(connection, "SELECT has_table_privilege($1::regclass, $2::text)", parameters, 2,
                    timeout_ms, may, error);
}

void quote_identifier(struct buffer *sql, const char *name) {
    buffer_byte(sql, '"');
    for (; *name; name++) {
        if (*name == '"') buffer_byte(sql, '"');
        buffer_byte(sql, *name);
    }
    buffer_byte(sql, '"');
}
