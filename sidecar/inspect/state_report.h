/* state_report.h: what is stored of a pipeline: how far each partition has come, and the touches that it
 * holds in the changelog, counted as a restore would. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_STATE_REPORT_H
#define TRIBUTARY_INSPECT_STATE_REPORT_H

#include "base/arena.h"
#include "base/hash.h"
#include "event/value.h"
#include "pipeline/plan.h"

enum state_verdict {
    STATE_WHOLE,   /* the changelog has exactly the touches that the progress describes */
    STATE_NOTHING, /* nothing is held, nothing is needed */
    STATE_MISSING, /* it has not: a restore will read the touch topic again */
};

struct state_partition {
    int partition;
    int64_t epoch, commit_seq;
    const char *updated_at;
    int64_t age_us;
    int64_t touch_offset, conversion_offset; /* the next to read; the first that is not in the table */
    int64_t touch_lag, conversion_lag;       /* from there to the end of the topic, now */
    int64_t touch_max_time_us, conversion_max_time_us;
    int64_t touch_watermark_us, conversion_watermark_us;
    uint64_t waiting; /* conversions read back from the first one not in the table that are not yet final … */
    uint64_t looked_at;              /* … of so many */
    uint64_t held_count, held_xor;   /* by the progress */
    uint64_t found_count, found_xor; /* in the changelog */
    int64_t oldest_us, newest_us;    /* of the touches found */
    uint64_t blocks, bytes;          /* that these lie in */
    uint64_t records;                /* of the changelog that were read to find them */
    uint64_t damaged, foreign;       /* blocks that cannot be read; blocks of other settings */
    enum state_verdict verdict;
};

/* One touch held; views. */
struct state_touch {
    int partition;
    int64_t offset, time_us;
    int64_t watermark_us; /* TIME_NONE unless it lies behind the watermark before it */
    struct hash128 key;
    const struct value *fields; /* plan.touch_kept_count; NULL when they belong to other settings */
};

struct state_options {
    int partition;                                                                      /* -1: all */
    bool (*touch)(void *context, const struct state_touch *touch, struct error *error); /* may be NULL */
    void *context;
    bool (*stop)(void);
};

struct state_report {
    struct arena arena; /* of everything in here */
    struct state_partition *partitions;
    int count;
};

bool state_report_run(const struct plan *plan, const struct state_options *options,
                      struct state_report *report, struct error *error) MUST_CHECK;
void state_report_release(struct state_report *report);

#endif
