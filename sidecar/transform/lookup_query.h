/* lookup_query.h: a lookup answered by a Postgres table: one statement for all questions of a batch, which go
 * as arrays of the matched columns' own types so that an index can serve them. A question that the column's
 * type cannot hold ("abc" for an integer) is not asked: nothing can match. Formats and parses; sending is the
 * caller's, in a transaction of connection_begin, which fixes the form of the answers. One thread at a time.
 */
#ifndef TRIBUTARY_TRANSFORM_LOOKUP_QUERY_H
#define TRIBUTARY_TRANSFORM_LOOKUP_QUERY_H

#include "config/pipeline.h"
#include "postgres/catalogue.h"
#include "transform/lookup.h"

struct lookup_query;

/* A config error when the table lacks a column. `columns` must outlive it, `table` need not. */
struct lookup_query *lookup_query_new(const struct lookup_config *config, const char *const *columns,
                                      int column_count, const struct catalogue_table *table,
                                      struct error *error);
void lookup_query_free(struct lookup_query *query);

struct lookup_statement {
    const char *sql;
    const struct parameter *parameters;
    int parameter_count;
};
/* The statement for a batch's open questions; good until the next call. Its texts come from `arena`. Those
 * that cannot be asked have their answer afterwards, so that none may be left: then there is nothing to send.
 */
struct lookup_statement lookup_query_format(struct lookup_query *query, struct lookup_batch *batch,
                                            struct arena *arena);
/* Puts the rows of the answer into the batch, their texts into the arena. No question is open then. */
void lookup_query_parse(const struct lookup_query *query, const PGresult *result, struct lookup_batch *batch,
                        struct arena *arena);

#endif
