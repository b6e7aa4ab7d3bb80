/* expected.h: rows as they should be, in a temporary table beside the one they are compared with: the
 * database compares, so that a value counts as equal when the column says so. It lives in the inspection's
 * transaction and goes with it. Blocks; one thread.
 *
 * Upsert: of the rows of one key and partition the one with the greatest offset stands; where several
 * partitions have the key, whichever of theirs was written last. Append: as many equal rows as expected. */
#ifndef TRIBUTARY_INSPECT_EXPECTED_H
#define TRIBUTARY_INSPECT_EXPECTED_H

#include "inspect/difference.h"
#include "inspect/inspection.h"
#include "output/row.h"
#include "postgres/catalogue.h"

struct expected;

/* A config error when we may not read the table. `table` must outlive it. */
struct expected *expected_new(const struct inspection *inspection, const struct catalogue_table *table,
                              struct error *error);
void expected_free(struct expected *expected);

struct expected_row {
    const struct row *row; /* accepted by the output: postgres_output_accept */
    bool optional;         /* may be absent */
    bool uncertain;        /* may be absent, or have any values besides its key */
};
/* Adds rows; those the database cannot hold are left out and counted in *refused. */
bool expected_add(struct expected *expected, const struct expected_row *rows, int count, uint64_t *refused,
                  struct error *error) MUST_CHECK;
/* The rows of these conversions may be absent: the pipeline has sent them to the dead letters. */
bool expected_excuse(struct expected *expected, const int *partitions, const int64_t *offsets, int count,
                     struct error *error) MUST_CHECK;

/* Compares anew. `whole`: look for rows that nothing explains as well. */
bool expected_compare(struct expected *expected, bool whole, struct differences *differences,
                      struct error *error) MUST_CHECK;

/* Hands over at most `limit` of them, the failures first. `take` false: stops, with its error. */
bool expected_differences(struct expected *expected, uint64_t limit,
                          bool (*take)(void *context, const struct difference *difference,
                                       struct error *error),
                          void *context, struct error *error) MUST_CHECK;

#endif
