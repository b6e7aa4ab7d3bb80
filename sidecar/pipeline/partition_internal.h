/* partition_internal.h: what partition.c (the join), partition_decide.c (the touches of a conversion) and
 * partition_restore.c (filling the store again) share. For these only. */
#ifndef TRIBUTARY_PIPELINE_PARTITION_INTERNAL_H
#define TRIBUTARY_PIPELINE_PARTITION_INTERNAL_H

#include "event/timestamp.h"
#include "pipeline/partition.h"
#include "state/changelog.h"
#include "state/refill.h"

struct partition {
    const struct join *join;
    int number;
    struct ownership ownership;
    struct log_position touches, conversions;
    struct progress committed; /* what the database holds */
    struct store *store;
    struct changelog changelog;
    struct changes changes;    /* of the open cut */
    int64_t expired_before_us; /* blocks that lie before this have been deleted */
    bool restoring;
    struct refill *refill;        /* while restoring */
    struct log_position restored; /* how far the touch log has been read for it */
    struct queue queue;
    uint64_t decided;      /* queue entries before this number have their outcome */
    uint64_t decided_rows; /* of the entries from `cut` to before `decided`, with one for each dead letter */
    uint64_t idle_decided;
    uint64_t cut;                 /* queue entries before this number are in the open cut */
    int64_t latest_conversion_us; /* greatest time of a conversion read that waits or waited for touches */
    struct ledger touch_ledger;   /* of all touches read */
    struct arena dead_arena[2];   /* one for the open cut, one for what comes meanwhile */
    struct dead_touch *dead[2];
    int dead_count[2], dead_capacity[2];
    int dead_current;   /* which of the two is being filled */
    struct value *kept; /* scratch: plan.touch_kept_count values */
    char kept_time[TIMESTAMP_TEXT_MAX], kept_source[MARKER_SOURCE_MAX];
};

/* The watermark of the touch log, read up to there, without idle advances. */
int64_t partition_own_watermark(const struct partition *partition, const struct log_position *touches);
/* The conversion watermark that this makes. */
int64_t partition_watermark_of(const struct partition *partition, const struct watermark *watermark);
/* Where a cut ends: before this entry. All that is decided, as far as it makes about `max_rows` rows; the
 * last conversion whole. `rows`: that it makes. */
uint64_t partition_cut_end(struct partition *partition, uint64_t max_rows, uint64_t *rows);
/* An empty store for the touches of a partition. */
struct store *partition_new_store(const struct plan *plan);
/* What is kept of a touch; good until the next call. */
const struct value *partition_kept_values(struct partition *partition, const struct record *record,
                                          const struct event *event);

#endif
