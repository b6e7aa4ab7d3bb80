/* tables.h: the tables of a pipeline as an inspection uses them: the lookups answered and the output's
 * columns known, all in the inspection's snapshot. The plan in here keeps conversions for which a lookup has
 * no row, whatever `missing` says: when the pipeline looked, there may have been one. One thread. */
#ifndef TRIBUTARY_INSPECT_TABLES_H
#define TRIBUTARY_INSPECT_TABLES_H

#include "inspect/inspection.h"
#include "output/postgres.h"
#include "pipeline/batch.h"
#include "transform/lookup_query.h"

struct tables {
    const struct pipeline *original;
    struct pipeline pipeline; /* the original, its lookups all with `missing: keep` */
    struct plan *plan;        /* of that */
    struct catalogue_table *table;
    struct postgres_output *output;
    struct lookup_query **lookups; /* plan->lookup_count of them */
};

/* A config error when a table or a column is missing. */
bool tables_open(struct tables *tables, const struct inspection *inspection, struct error *error) MUST_CHECK;
/* Fine after a failed open, and when it was never opened but zero. */
void tables_close(struct tables *tables);

/* Answers the batch's lookups. */
bool tables_look_up(const struct tables *tables, const struct inspection *inspection, struct batch *batch,
                    struct error *error) MUST_CHECK;
/* Whether a lookup that would have kept a conversion out of the table has no row for it now; `number` counts
 * the conversions of the batch. */
bool tables_row_is_optional(const struct tables *tables, const struct batch *batch, uint64_t number);

#endif
