/* postgres.h: rows -> one INSERT into one table, as arrays of text that the statement unnests and casts
 * column by column: no session state, no named statement. Arranges and formats only: sending is the commit's
 * business. One thread at a time.
 *
 * Where a conversion may have several rows and they are upserted, the statement also deletes what an older
 * conversion with the same key had beyond the number of rows of this one. */
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

/* The same for the values of the primary key alone; false when the table cannot hold them. */
bool postgres_output_accept_key(const void *output, struct row *row, struct arena *arena);

/* Both. */
struct row_check postgres_output_check(const struct postgres_output *output);

/* Brings accepted rows into the order in which they are sent and returns how many of them are. Upsert: by
 * primary key, so that concurrent writers lock in one order, and of several conversions with one key the last
 * stands, with all its rows; those that do not are moved behind the others. Append: all, as they are. */
int postgres_output_arrange(const struct postgres_output *output, struct row *rows, int count);
/* By partition, offset and touch number: the order in which they were released. */
void postgres_output_arrange_by_offset(struct row *rows, int count);

/* The statement and its parameters for arranged rows; good until the next call. */
struct postgres_statement {
    const char *sql;
    const struct parameter *parameters;
    int parameter_count;
};
struct postgres_statement postgres_output_format(struct postgres_output *output, const struct row *rows,
                                                 int count);
/* Upsert: inserts the rows whose keys the table does not have. The answer is one row: how many those are, how
 * many of them were inserted (fewer only if somebody else has inserted one meanwhile), and the numbers of the
 * others, from 1 on, with commas between. Deletes the rows of these keys; other values do not matter. */
struct postgres_statement postgres_output_format_new(struct postgres_output *output, const struct row *rows,
                                                     int count);
struct postgres_statement postgres_output_format_delete(struct postgres_output *output,
                                                        const struct row *rows, int count);

#endif
