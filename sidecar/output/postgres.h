/* postgres.h: rows -> one INSERT into one table, as arrays of text that the statement unnests and casts
 * column by column: no session state, no named statement. Upsert: rows are ordered by primary key, so that
 * concurrent writers lock in one order, and of several with one key the last stands; append keeps all, in the
 * order given. Formats only: sending is the commit's business. One thread at a time. */
#ifndef TRIBUTARY_OUTPUT_POSTGRES_H
#define TRIBUTARY_OUTPUT_POSTGRES_H

#include "config/pipeline.h"
#include "output/row.h"
#include "postgres/catalogue.h"

struct postgres_output;

/* A config error when the table lacks a column. The table is needed only during the call. */
struct postgres_output *postgres_output_new(const struct output_config *config,
                                            const struct catalogue_table *table, struct error *error);
void postgres_output_free(struct postgres_output *output);

/* Turns each value into the text to send and refuses a row that the table cannot hold; its context is the
 * output. */
bool postgres_output_accept(const void *output, struct row *row, struct arena *arena, char *why,
                            size_t why_size);

/* The statement and its parameters for accepted rows; good until the next call. Reorders `rows`. */
struct postgres_statement {
    const char *sql;
    const struct parameter *parameters;
    int parameter_count;
};
struct postgres_statement postgres_output_format(struct postgres_output *output, struct row *rows, int count);

#endif
