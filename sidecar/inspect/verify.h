/* verify.h: what a pipeline has written, against what its topics say it must have: every partition is
 * recomputed up to its committed conversion and the rows are compared with the table, both as of one moment,
 * so that the pipeline may run on meanwhile. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_VERIFY_H
#define TRIBUTARY_INSPECT_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "config/pipeline.h"
#include "inspect/difference.h"

struct verify_options {
    int partition;     /* -1: all */
    bool shared_table; /* rows that no conversion explains are somebody else's */
    uint64_t limit;    /* differences handed over */
    bool (*difference)(void *context, const struct difference *difference, struct error *error);
    void (*progress)(void *context, uint64_t done, uint64_t total); /* records */
    void *context;
    bool (*stop)(void); /* may be NULL */
};

struct verify_partition {
    int partition;
    int64_t conversion_from, conversion_to; /* the offsets recomputed: from..to-1 */
    int64_t touch_from;
    bool touches_gone, conversions_gone; /* older ones that the pipeline had read have left the topic */
    int64_t certain_from_us;             /* conversions of before cannot be judged; TIME_NONE: all can */
    uint64_t rows;                       /* expected, before those of one key are put together */
    uint64_t uncertain;                  /* of these: not compared */
    uint64_t early;                      /* rows of conversions that are not final yet: not compared */
    uint64_t undecided;                  /* conversions in the table that cannot have been final */
};

struct verify_result {
    struct verify_partition *partitions;
    int count;
    struct differences differences;
    uint64_t refused; /* rows that the table cannot hold */
    uint64_t excused; /* conversions that the pipeline has sent to the dead letters after they were decided */
    bool whole;       /* rows that nothing explains were looked for */
};

/* False when it could not be done; whether the table agrees, verify_agrees tells. */
bool verify_run(const struct pipeline *pipeline, const struct verify_options *options,
                struct verify_result *result, struct error *error) MUST_CHECK;
void verify_result_release(struct verify_result *result);

bool verify_agrees(const struct verify_result *result);

#endif
