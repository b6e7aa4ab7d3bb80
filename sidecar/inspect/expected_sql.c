#include "inspect/expected_sql.h"

#include "event/postgres_column.h"

/* In these statements a column is c0, c1, … where it is expected and f0, f1, … where it is found. */

static const char *separator(int i) {
    return i ? ", " : "";
}

static void quote_literal(struct buffer *sql, const char *text) {
    buffer_byte(sql, '\'');
    for (; *text; text++) {
        if (*text == '\'') buffer_byte(sql, '\'');
        buffer_byte(sql, *text);
    }
    buffer_byte(sql, '\'');
}

static bool looked_up(const struct plan *plan, int column) {
    return plan->columns[column].kind == SOURCE_LOOKUP;
}

/* Types whose values Postgres compares as we want; everything else by its text. */
static bool compares(uint32_t type) {
    static const uint32_t types[] = {
        COLUMN_BOOL,      COLUMN_BYTEA,       COLUMN_INT8,    COLUMN_INT2,   COLUMN_INT4,    COLUMN_TEXT,
        COLUMN_FLOAT4,    COLUMN_FLOAT8,      COLUMN_INET,    COLUMN_BPCHAR, COLUMN_VARCHAR, COLUMN_DATE,
        COLUMN_TIMESTAMP, COLUMN_TIMESTAMPTZ, COLUMN_NUMERIC, COLUMN_UUID,   COLUMN_JSONB};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i] == type) return true;
    return false;
}

static const struct catalogue_column *column_of(const struct plan *plan, const struct catalogue_table *table,
                                                int column) {
    return catalogue_column(table, plan->output->columns[column].name);
}

static void differs(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table,
                    int column) {
    const char *cast = compares(column_of(plan, table, column)->type) ? "" : "::text";
    buffer_printf(sql, "c%d%s IS DISTINCT FROM f%d%s", column, cast, column, cast);
}

/* How often a row has been written says nothing about what it must be. */
static bool counts_writes(const struct plan *plan, int column) {
    const struct plan_source *source = &plan->columns[column];
    return source->kind == SOURCE_ATTRIBUTION && source->index == ATTRIBUTION_REVISION;
}

/* Whether any column differs; without `lookups`, any that does not come from one. */
static void any_differs(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table,
                        bool lookups) {
    buffer_text(sql, "(false");
    for (int c = 0; c < plan->output->column_count; c++) {
        if ((looked_up(plan, c) && !lookups) || counts_writes(plan, c)) continue;
        buffer_text(sql, " OR ");
        differs(sql, plan, table, c);
    }
    buffer_text(sql, ")");
}

static void different_columns(struct buffer *sql, const struct plan *plan,
                              const struct catalogue_table *table) {
    buffer_text(sql, "to_json(array_remove(ARRAY[");
    for (int c = 0, shown = 0; c < plan->output->column_count; c++) {
        if (counts_writes(plan, c)) continue;
        buffer_printf(sql, "%sCASE WHEN ", separator(shown++));
        differs(sql, plan, table, c);
        buffer_text(sql, " THEN ");
        quote_literal(sql, plan->output->columns[c].name);
        buffer_text(sql, " END");
    }
    buffer_text(sql, "]::text[], NULL))");
}

/* A row as a JSON object with the columns' own names. */
static void row_json(struct buffer *sql, const struct plan *plan, char side) {
    buffer_text(sql, "(SELECT row_to_json(x) FROM (SELECT ");
    for (int c = 0; c < plan->output->column_count; c++) {
        buffer_printf(sql, "%s%c%d AS ", separator(c), side, c);
        quote_identifier(sql, plan->output->columns[c].name);
    }
    buffer_text(sql, ") x)");
}

static void key_list(struct buffer *sql, const struct plan *plan) {
    for (int k = 0; k < plan->output->primary_key_count; k++)
        buffer_printf(sql, "%sc%d", separator(k), plan->primary_key[k]);
}

/* What tells conversions apart. */
static void conversion_list(struct buffer *sql, const struct plan *plan) {
    for (int k = 0; k < plan->conversion_key_count; k++)
        buffer_printf(sql, "%sc%d", separator(k), plan->conversion_key[k]);
}

static void conversion_matches(struct buffer *sql, const struct plan *plan) {
    for (int k = 0; k < plan->conversion_key_count; k++)
        buffer_printf(sql, "%sc%d = f%d", k ? " AND " : "", plan->conversion_key[k], plan->conversion_key[k]);
}

static void key_matches(struct buffer *sql, const struct plan *plan) {
    for (int k = 0; k < plan->output->primary_key_count; k++)
        buffer_printf(sql, "%sc%d = f%d", k ? " AND " : "", plan->primary_key[k], plan->primary_key[k]);
}

/* The table's rows with our names for the columns. */
static void found_rows(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table) {
    buffer_text(sql, "SELECT true AS present");
    for (int c = 0; c < plan->output->column_count; c++) {
        buffer_text(sql, ", ");
        quote_identifier(sql, plan->output->columns[c].name);
        buffer_printf(sql, " AS f%d", c);
    }
    buffer_printf(sql, " FROM %s", table->name);
}

void expected_sql_create(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table) {
    buffer_text(sql, "CREATE TEMPORARY TABLE tributary_expected ON COMMIT DROP AS SELECT 0::integer AS "
                     "\"partition\", 0::bigint AS \"offset\", false AS optional, false AS uncertain, "
                     "0::integer AS number, 0::integer AS rows");
    for (int c = 0; c < plan->output->column_count; c++) {
        buffer_text(sql, ", ");
        quote_identifier(sql, plan->output->columns[c].name);
        buffer_printf(sql, " AS c%d", c);
    }
    buffer_printf(sql, " FROM %s WITH NO DATA; ", table->name);
    buffer_text(sql, "CREATE TEMPORARY TABLE tributary_difference (kind text, \"partition\" integer, "
                     "\"offset\" bigint, columns json, expected json, found json) ON COMMIT DROP");
}

void expected_sql_insert(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table) {
    int count = plan->output->column_count;
    buffer_text(sql, "INSERT INTO pg_temp.tributary_expected SELECT u.p::integer, u.o::bigint, u.m::boolean, "
                     "u.u::boolean, u.n::integer, u.r::integer");
    for (int c = 0; c < count; c++) buffer_printf(sql, ", u.c%d::%s", c, column_of(plan, table, c)->cast);
    buffer_text(sql, " FROM unnest(");
    for (int c = 0; c < count + EXPECTED_OWN_COLUMNS; c++)
        buffer_printf(sql, "%s$%d::text[]", separator(c), c + 1);
    buffer_text(sql, ") AS u(p, o, m, u, n, r");
    for (int c = 0; c < count; c++) buffer_printf(sql, ", c%d", c);
    buffer_text(sql, ")");
}

/* --- upsert --- */

/* The rows that may stand: of each partition those of the last conversion that must be there, and of any
 * after it that need not. `fewest`: that any of these has, of all with its key; rows beyond that may be gone.
 */
static void candidates(struct buffer *sql, const struct plan *plan) {
    buffer_text(sql,
                "WITH ranked AS (SELECT *, max(\"offset\") FILTER (WHERE NOT optional) OVER (PARTITION BY "
                "\"partition\", ");
    conversion_list(sql, plan);
    buffer_text(sql, ") AS standing FROM pg_temp.tributary_expected), candidate AS (SELECT *, ");
    if (plan->shares) {
        buffer_text(sql, "min(rows) OVER (PARTITION BY ");
        conversion_list(sql, plan);
        buffer_text(sql, ")");
    } else {
        buffer_text(sql, "1");
    }
    buffer_text(sql, " AS fewest FROM ranked WHERE \"offset\" >= coalesce(standing, 0))");
}

static void judged(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table) {
    buffer_text(sql, ", judged AS (SELECT *, uncertain OR NOT ");
    any_differs(sql, plan, table, false);
    buffer_text(sql, " AS same, uncertain OR NOT ");
    any_differs(sql, plan, table, true);
    buffer_text(sql, " AS equal FROM candidate LEFT JOIN (");
    found_rows(sql, plan, table);
    buffer_text(sql, ") t ON ");
    key_matches(sql, plan);
    buffer_text(sql, ")");
}

static bool may_drop(const struct plan *plan) {
    for (int l = 0; l < plan->pipeline->lookup_count; l++)
        if (plan->pipeline->lookups[l].missing == MISSING_DROP) return true;
    return false;
}

static const char *missing_kind(const struct plan *plan) {
    return may_drop(plan) ? "'dropped'" : "'missing'";
}

/* One row a key: is any candidate what the table has, and must the table have one? */
static void compare_upsert(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table) {
    candidates(sql, plan);
    judged(sql, plan, table);
    buffer_text(sql, ", verdict AS (SELECT DISTINCT ON (");
    key_list(sql, plan);
    buffer_text(sql, ") *, bool_or(same) OVER w AS any_same, bool_or(equal) OVER w AS any_equal, "
                     "bool_or(NOT optional AND number <= fewest) OVER w AS required FROM judged WINDOW w AS "
                     "(PARTITION BY ");
    key_list(sql, plan);
    buffer_text(sql, ") ORDER BY ");
    key_list(sql, plan);
    buffer_printf(
        sql,
        ", optional, \"partition\" DESC, \"offset\" DESC) SELECT CASE WHEN present IS NULL THEN %s WHEN NOT "
        "any_same THEN 'wrong' ELSE 'looked_up' END, \"partition\", \"offset\", ",
        missing_kind(plan));
    buffer_text(sql, "CASE WHEN present THEN ");
    different_columns(sql, plan, table);
    buffer_text(sql, " END, ");
    row_json(sql, plan, 'c');
    buffer_text(sql, ", CASE WHEN present THEN ");
    row_json(sql, plan, 'f');
    buffer_text(sql, " END FROM verdict WHERE CASE WHEN present THEN NOT any_equal ELSE required END");
}

/* Rows that an older conversion had and the one that stands has not are none that should be there; how many
 * an uncertain one has nobody knows. */
static void nobody_explains(struct buffer *sql, const struct plan *plan) {
    if (!plan->shares) {
        buffer_text(sql, "pg_temp.tributary_expected WHERE ");
        key_matches(sql, plan);
        return;
    }
    buffer_text(sql, "candidate WHERE ");
    conversion_matches(sql, plan);
    buffer_text(sql, " AND (uncertain OR (");
    key_matches(sql, plan);
    buffer_text(sql, "))");
}

void expected_sql_unexplained(struct buffer *sql, const struct plan *plan,
                              const struct catalogue_table *table) {
    buffer_text(sql, "INSERT INTO pg_temp.tributary_difference ");
    if (plan->shares) candidates(sql, plan);
    buffer_text(sql, " SELECT 'unexplained', NULL, NULL, NULL, NULL, ");
    row_json(sql, plan, 'f');
    buffer_text(sql, " FROM (");
    found_rows(sql, plan, table);
    buffer_text(sql, ") t WHERE NOT EXISTS (SELECT FROM ");
    nobody_explains(sql, plan);
    buffer_text(sql, ")");
}

/* --- append --- */

static void identity(struct buffer *sql, const struct plan *plan, char side, bool lookups, const char *name) {
    int columns = 0;
    buffer_text(sql, ", sha256(convert_to(ROW(");
    for (int c = 0; c < plan->output->column_count; c++)
        if (lookups || !looked_up(plan, c)) buffer_printf(sql, "%s%c%d", separator(columns++), side, c);
    buffer_printf(sql, ")::text, 'UTF8')) AS %s", name);
}

/* Equal rows are numbered on both sides and paired; columns of lookups do not make rows different. */
static void numbered(struct buffer *sql, const struct plan *plan, char side, const char *order) {
    buffer_printf(sql, "SELECT *, row_number() OVER (PARTITION BY id_%c ORDER BY %s) AS n_%c FROM (SELECT *",
                  side, order, side);
    identity(sql, plan, side, false, side == 'c' ? "id_c" : "id_f");
    identity(sql, plan, side, true, side == 'c' ? "all_c" : "all_f");
}

static void compare_append(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table,
                           bool whole) {
    buffer_text(sql, "WITH wanted AS (");
    numbered(sql, plan, 'c', "optional, all_c, \"partition\", \"offset\"");
    buffer_text(sql, " FROM pg_temp.tributary_expected WHERE NOT uncertain) x), there AS (");
    numbered(sql, plan, 'f', "all_f");
    buffer_text(sql, " FROM (");
    found_rows(sql, plan, table);
    buffer_printf(
        sql,
        ") t) x) SELECT CASE WHEN n_f IS NULL THEN %s WHEN n_c IS NOT NULL THEN 'looked_up' WHEN n_f > 1 "
        "THEN 'doubled' ELSE 'unexplained' END, \"partition\", \"offset\", CASE WHEN n_c IS NOT NULL AND n_f "
        "IS NOT NULL THEN ",
        missing_kind(plan));
    different_columns(sql, plan, table);
    buffer_text(sql, " END, CASE WHEN n_c IS NOT NULL THEN ");
    row_json(sql, plan, 'c');
    buffer_text(sql, " END, CASE WHEN n_f IS NOT NULL THEN ");
    row_json(sql, plan, 'f');
    buffer_printf(
        sql,
        " END FROM wanted FULL JOIN there ON id_c = id_f AND n_c = n_f WHERE CASE WHEN n_f IS NULL THEN NOT "
        "optional WHEN n_c IS NULL THEN %s ELSE all_c <> all_f END",
        whole ? "true" : "false");
}

void expected_sql_compare(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table,
                          bool whole) {
    buffer_text(sql, "INSERT INTO pg_temp.tributary_difference ");
    if (plan->output->write == WRITE_UPSERT)
        compare_upsert(sql, plan, table);
    else
        compare_append(sql, plan, table, whole);
}

void expected_sql_count(struct buffer *sql, const struct plan *plan) {
    if (plan->output->write == WRITE_APPEND) {
        buffer_text(sql, "SELECT count(*) FROM pg_temp.tributary_expected WHERE NOT optional");
        return;
    }
    candidates(sql, plan);
    buffer_text(sql, " SELECT count(*) FROM (SELECT FROM candidate WHERE NOT optional GROUP BY ");
    key_list(sql, plan);
    buffer_text(sql, ") x");
}
