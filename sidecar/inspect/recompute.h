/* recompute.h: one partition of a pipeline once more from its topics: the same join over the same logs, from
 * where the pipeline began up to its committed conversion, with the idle advances that it stored. Memory
 * stays as bounded as in `run`: the log that lags in event time is read first, and touches expire. Blocks;
 * one thread.
 *
 * Where a topic no longer reaches back to the pipeline's beginning, conversions before some event time cannot
 * be judged: `certain_from_us` tells from which on the result is sure. Up to there touches may be missing,
 * and the watermarks may be lower than they were. The bound assumes that of the first thousand records left
 * one at least kept its `out_of_order`. */
#ifndef TRIBUTARY_INSPECT_RECOMPUTE_H
#define TRIBUTARY_INSPECT_RECOMPUTE_H

#include "inspect/inspection.h"
#include "pipeline/batch.h"

struct recompute_options {
    const struct inspection *inspection;
    const struct inspected *partition;
    const struct join *join;
    int64_t conversion_end;        /* only conversions before this offset */
    const struct row_check *check; /* for batch_build; may be NULL */
    /* Answers the lookups of a batch that has been taken. */
    bool (*look_up)(void *context, struct batch *batch, struct error *error);
    /* Takes what was built of it. `number` counts the records passed so far. */
    bool (*take)(void *context, const struct batch *batch, uint64_t number, struct error *error);
    void *context;
};

/* Where the recomputation begins, and how sure it is. */
struct recompute_start {
    int64_t touch_offset, conversion_offset;
    bool touches_gone, conversions_gone; /* older ones that the pipeline has read have left the topic */
    int64_t certain_from_us;             /* event time of conversions; TIME_NONE: all of them are certain */
};
bool recompute_locate(const struct recompute_options *options, struct recompute_start *start,
                      struct error *error) MUST_CHECK;

/* Records to be read, for a progress bar. */
uint64_t recompute_size(const struct recompute_options *options, const struct recompute_start *start);

/* `*undecided` counts committed conversions that are not final by what the pipeline had read: it cannot have
 * known their result. They are decided with what there is all the same, and so are those that are not
 * committed yet. */
bool recompute_run(const struct recompute_options *options, const struct recompute_start *start,
                   uint64_t *undecided, struct error *error) MUST_CHECK;

#endif
