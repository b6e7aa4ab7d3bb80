#include "postgres/schema.h"

#include <stdlib.h>

#include "base/clock.h"

/* Any number of our own; only ever taken by migrations. */
#define LOCK_SQL "SELECT pg_advisory_xact_lock(7308604759847760997);\n"

static const char preamble[] = "CREATE SCHEMA IF NOT EXISTS tributary;\n"
                               "CREATE TABLE IF NOT EXISTS tributary.schema_version (\n"
                               "    version    integer     PRIMARY KEY,\n"
                               "    applied_at timestamptz NOT NULL DEFAULT now()\n"
                               ");\n";

static void append_from(struct buffer *sql, int version) {
    for (int i = version; i < schema_migration_count; i++) {
        buffer_text(sql, schema_migrations[i]);
        buffer_printf(
            sql, "\nINSERT INTO tributary.schema_version (version) VALUES (%d) ON CONFLICT DO NOTHING;\n",
            i + 1);
    }
}

void schema_print(struct buffer *sql) {
    buffer_text(sql, "BEGIN;\n");
    buffer_text(sql, preamble);
    append_from(sql, 0);
    buffer_text(sql, "COMMIT;\n");
}

static bool read_version(struct connection *connection, int timeout_ms, int *version, struct error *error) {
    PGresult *result = connection_query(
        connection, "SELECT to_regclass('tributary.schema_version') IS NOT NULL", NULL, 0, timeout_ms, error);
    if (!result) return false;
    bool exists = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    *version = 0;
    if (!exists) return true;
    result = connection_query(connection, "SELECT coalesce(max(version), 0) FROM tributary.schema_version",
                              NULL, 0, timeout_ms, error);
    if (!result) return false;
    *version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return true;
}

/* Of two who start at once the second finds nothing left to do: a version is inserted only by who applies it,
 * and the lock makes the second wait until the first's is visible. */
static bool apply(struct connection *connection, int timeout_ms, int *version, struct error *error) {
    PGresult *result = connection_query(connection, "BEGIN; " LOCK_SQL, NULL, 0, timeout_ms, error);
    if (!result) return false;
    PQclear(result);
    if (!read_version(connection, timeout_ms, version, error)) return false;
    struct buffer sql;
    buffer_init(&sql);
    if (*version == 0) buffer_text(&sql, preamble);
    append_from(&sql, *version);
    buffer_text(&sql, "COMMIT;");
    result = connection_query(connection, buffer_string(&sql), NULL, 0, timeout_ms, error);
    buffer_release(&sql);
    PQclear(result);
    return result != NULL;
}

/* A transaction that failed for now is begun anew as a whole. */
static bool apply_patiently(struct connection *connection, int timeout_ms, int *version,
                            struct error *error) {
    int64_t until = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        if (apply(connection, timeout_ms, version, error)) return true;
        connection_retry(connection);
        if (error->class != ERROR_RETRY || clock_monotonic_us() > until) return false;
    }
}

bool schema_migrate(struct connection *connection, int timeout_ms, int *applied, struct error *error) {
    int version;
    *applied = 0;
    if (!read_version(connection, timeout_ms, &version, error)) return false;
    if (version > schema_migration_count)
        return error_set(
            error, ERROR_CONFIG,
            "the tables in schema \"tributary\" have version %d, this program knows %d\nhint: run a "
            "newer tributary",
            version, schema_migration_count);
    if (version == schema_migration_count) return true;
    if (apply_patiently(connection, timeout_ms, &version, error)) {
        *applied = schema_migration_count - version;
        return true;
    }
    error_prefix(error, "cannot create tributary's own tables");
    return false;
}
