/* partition_internal.h: what partition.c (the join), partition_decide.c (the touches of a conversion) and
 * partition_restore.c (filling the store again) share. For these only. */
#ifndef TRIBUTARY_PIPELINE_PARTITION_INTERNAL_H
#define TRIBUTARY_PIPELINE_PARTITION_INTERNAL_H

#include "event/timestamp.h"
#include "pipeline/early_keys.h"
#include "pipeline/partition.h"
#include "state/changelog.h"
#include "state/refill.h"

enum { EARLY_BITS = 1 << 16 };

/* Of the conversions that are not decided, with `emit: early`. */
struct early {
    uint64_t *touched;      /* EARLY_BITS bits: hashes of keys whose touches were read since the last cut */
    bool any_touched;       /* whether there is one */
    struct early_keys keys; /* who may have the row of a primary key */
    struct offset_ranges stored; /* those with a row when this life began */
    int64_t stored_last;         /* the last of them; -1: there were none */
    struct early_keys released;  /* keys of rows decided in this life, up to that one */
    struct early_row *rows;      /* of the open cut */
    int count, capacity;
    uint64_t weight;      /* rows that they make in the table */
    struct arena touches; /* theirs */
    int runs;             /* of owned ones side by side, as committed */
};

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
    int dead_current; /* which of the two is being filled */
    struct early early;
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

/* The touches that the model chooses of what has been read so far, the earliest first: good until the next
 * call, or the one in `*one`, of a model that picks one. */
const struct touch *partition_choose(const struct partition *partition, const struct pending *pending,
                                     struct touch *one, int *count);

/* --- partition_early.c --- */

void partition_early_release(struct partition *partition);
/* A touch of this key was kept. */
void partition_early_touch(struct partition *partition, struct hash128 key, int64_t time_us);
/* A conversion was read. */
void partition_early_read(const struct partition *partition, struct pending *pending);
/* Puts at most `room` early rows into the cut. */
void partition_early_take(struct partition *partition, struct cut *cut, uint64_t room);
/* The cut is in the database; before its entries leave the queue. */
void partition_early_committed(struct partition *partition, const struct cut *cut);

#endif
