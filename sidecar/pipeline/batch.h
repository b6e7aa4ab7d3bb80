/* batch.h: what one commit writes: the cuts of a worker's partitions turned into rows and dead letters. One
 * thread at a time. The steps, in order:
 *
 *   batch_take      cut every partition; tell the lookups what they are to be asked
 *   (the caller answers batch.lookups, from Postgres or from files)
 *   batch_build     rows and dead letters; the ledgers of the cuts
 *   batch_commit    the database has it: tell the partitions
 *   batch_reset     forget it
 *
 * With `emit: early` it also has rows of conversions that are not decided yet, and primary keys of early rows
 * that are to go. In the transaction the latter come first, then the rows of decided conversions, then the
 * early ones. */
#ifndef TRIBUTARY_PIPELINE_BATCH_H
#define TRIBUTARY_PIPELINE_BATCH_H

#include "output/row.h"
#include "pipeline/partition.h"
#include "transform/lookups.h"

struct dead_letter {
    const struct input_config *input;
    int partition;
    const struct record *record;
    enum outcome outcome;
    struct span detail;
};

struct batch_part {
    struct partition *partition; /* NULL once dropped */
    struct cut cut;
    bool arrived; /* its rows are in the table, and its early rows: a former attempt did arrive */
};

struct batch_rows {
    struct row *items; /* by partition, in offset order; an upsert is sent in another */
    int count;
};

struct batch {
    const struct plan *plan;
    struct arena arena;
    struct batch_part *parts;
    int part_count, part_capacity;
    struct lookups lookups;
    int *events;       /* per conversion: its number in `lookups`; meaningful where it makes a row */
    int *early_events; /* the same per early row of the cuts */
    struct row *rows;  /* by partition, offset and number of the touch; an upsert is sent in another order */
    int row_count;
    struct batch_rows shown;       /* those that the table has already: sent only if they are withdrawn */
    struct batch_rows corrections; /* early rows of conversions that have one in the table */
    struct batch_rows news;        /* early rows of those that have none; struct early_row.written */
    struct batch_rows gone;        /* only their primary keys are filled in: no longer in the table */
    struct row_check check;        /* as it was built with; all NULL without */
    bool withdrawn;                /* every early row of the partitions goes, and none comes */
    struct dead_letter *dead;
    int dead_count;
    unsigned turn; /* which partition is asked first, where one conversion can fill a batch */
};

void batch_init(struct batch *batch, const struct plan *plan);
void batch_release(struct batch *batch);
void batch_reset(struct batch *batch);

/* Takes conversions that make about `max_rows` rows, each with all of its rows. False when there is nothing
 * to commit. */
bool batch_take(struct batch *batch, struct partition *const *partitions, int count, uint64_t max_rows);
/* `check` may be NULL. */
void batch_build(struct batch *batch, const struct row_check *check);
/* The database does not take this conversion's row, or one of them: it becomes a dead letter, the last one of
 * `dead`, and its outcome in the ledger changes. If it is not decided yet it is only left out. */
void batch_refuse(struct batch *batch, int partition, int64_t offset, const char *why);
/* How the transaction ends for an early row: it is written, or the table has a row of its key already. */
void batch_early_written(struct batch *batch, int partition, int64_t offset, bool written);
/* Leaves all early rows out. Those in the table stay as they are. */
void batch_drop_early(struct batch *batch);
/* Leaves them out, and takes those that the table has out of it: one of them may be in the way of a decided
 * row. They come back with later commits. False when there is nothing of the kind. */
bool batch_withdraw(struct batch *batch);
/* In the batch's arena, for bisect: the early rows that the table has, whose primary keys alone are filled
 * in, and all rows that the table may have after it. */
struct batch_rows batch_owned(struct batch *batch);
struct batch_rows batch_all_rows(struct batch *batch);
/* The outcomes of all records that the batch moves past, both inputs together; after batch_build. */
struct ledger batch_outcomes(const struct batch *batch);
/* The rows of a partition are in the table already, and its early rows. */
void batch_drop_rows(struct batch *batch, int partition);
/* Takes one partition out again: another worker owns it now. Its rows and dead letters go with it. */
void batch_drop(struct batch *batch, const struct partition *partition);
void batch_commit(struct batch *batch);

#endif
