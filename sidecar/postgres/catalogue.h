/* catalogue.h: what Postgres knows about a table. Used at start and by `check`; blocks with a timeout. */
#ifndef TRIBUTARY_POSTGRES_CATALOGUE_H
#define TRIBUTARY_POSTGRES_CATALOGUE_H

#include <stdint.h>

#include "base/buffer.h"
#include "postgres/connection.h"

struct catalogue_column {
    char *name;
    uint32_t type; /* OID; of a domain, that of its base type */
    int32_t typmod;
    bool not_null, has_default;
    bool vague; /* its collation calls texts equal that differ: it is not deterministic */
    char *cast; /* the type's name fit for a cast that changes nothing: pg_catalog."varchar" */
};

struct catalogue_table {
    char *name; /* schema and name, quoted as SQL wants them */
    struct catalogue_column *columns;
    int column_count;
};

/* NULL with a config error when there is no such table (or view) or we may not look. `table` is written as in
 * SQL: commerce.users, "Odd Name". */
struct catalogue_table *catalogue_load(struct connection *connection, const char *table, int timeout_ms,
                                       struct error *error);
void catalogue_free(struct catalogue_table *table);

/* NULL when there is none; names are compared exactly. */
const struct catalogue_column *catalogue_column(const struct catalogue_table *table, const char *name);

/* Whether exactly these columns, in any order, have a unique index that ON CONFLICT can use. */
bool catalogue_is_unique(struct connection *connection, const struct catalogue_table *table,
                         char *const *columns, int count, int timeout_ms, bool *unique,
                         struct error *error) MUST_CHECK;
/* Whether we hold a privilege on the table: "SELECT", "INSERT", "UPDATE", "DELETE". */
bool catalogue_may(struct connection *connection, const struct catalogue_table *table, const char *privilege,
                   int timeout_ms, bool *may, struct error *error) MUST_CHECK;

/* Appends the name in double quotes. */
void quote_identifier(struct buffer *sql, const char *name);

#endif
