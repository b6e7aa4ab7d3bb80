/* batch_internal.h: what batch.c (rows of decided conversions) and batch_early.c (those of others) share. For
 * these two only. */
#ifndef TRIBUTARY_PIPELINE_BATCH_INTERNAL_H
#define TRIBUTARY_PIPELINE_BATCH_INTERNAL_H

#include "pipeline/batch.h"

/* --- batch.c --- */

struct value batch_conversion_value(struct arena *arena, const struct plan_source *source, int partition,
                                    const struct pending *pending);
/* Adds the conversion's rows, or changes its outcome. While that is OUTCOME_OPEN they are early ones. */
void batch_build_rows(struct batch *batch, const struct batch_part *part, struct pending *pending, int event);
struct batch_part *batch_part_of(const struct batch *batch, int partition);
void batch_remove_rows(struct row *rows, int *count, int partition, int64_t offset);

/* --- batch_early.c --- */

/* Early rows of all cuts, one for each conversion. */
size_t batch_early_count(const struct batch *batch);
/* Room for what the conversions to be built, which make so many rows, have in the table. */
void batch_reserve_early(struct batch *batch, size_t rows);
/* Before the rows of a conversion are built, and, where it is decided and has made some, behind them: whose
 * the rows of its key are. */
void batch_begin_row(struct batch *batch, const struct batch_part *part, struct pending *pending,
                     uint64_t number);
void batch_end_row(struct batch *batch, const struct batch_part *part, const struct pending *pending,
                   uint64_t number);
/* Whether the row of a decided conversion need not be written: the table has it so. */
bool batch_row_is_shown(const struct batch *batch, const struct pending *pending);
/* Its rows, from this one on, are set aside. */
void batch_set_aside(struct batch *batch, int from);
/* The conversion is decided, and makes no row: an early one has to go. */
void batch_take_back(struct batch *batch, const struct batch_part *part, const struct pending *pending);
void batch_build_early(struct batch *batch);
/* Whether it was an early row that was refused. */
bool batch_refuse_early(struct batch *batch, int partition, int64_t offset);

#endif
