/* batch.h: what one commit writes: the cuts of a worker's partitions turned into rows and dead letters. One
 * thread at a time. The steps, in order:
 *
 *   batch_take      cut every partition; tell the lookups what they are to be asked
 *   (the caller answers batch.lookups, from Postgres or from files)
 *   batch_build     rows and dead letters; the ledgers of the cuts
 *   batch_commit    the database has it: tell the partitions
 *   batch_reset     forget it */
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
};

struct batch {
    const struct plan *plan;
    struct arena arena;
    struct batch_part *parts;
    int part_count, part_capacity;
    struct lookups lookups;
    int *events;      /* per conversion: its number in `lookups`; meaningful where it makes a row */
    struct row *rows; /* by partition, offset and number of the touch; an upsert is sent in another order */
    int row_count;
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
 * `dead`, and its outcome in the ledger changes. */
void batch_refuse(struct batch *batch, int partition, int64_t offset, const char *why);
/* The outcomes of all records that the batch moves past, both inputs together; after batch_build. */
struct ledger batch_outcomes(const struct batch *batch);
/* Takes one partition out again: another worker owns it now. Its rows and dead letters go with it. */
void batch_drop(struct batch *batch, const struct partition *partition);
void batch_commit(struct batch *batch);

#endif
