/* partition.h: the join of one partition: both logs go in, record by record, decided conversions come out in
 * offset order, and with them the progress that a commit has to store. It does no I/O and reads no clock, so
 * that the worker, `replay`, `test` and the property tests run the very same code. One thread at a time.
 *
 *   partition_touch, partition_conversion     read a record
 *   partition_cut                             take what may be committed now: rows, dead letters, progress
 *   partition_committed                       it has been committed: forget it, expire touches
 *
 * At most one cut is open at a time; reading may go on meanwhile. */
#ifndef TRIBUTARY_PIPELINE_PARTITION_H
#define TRIBUTARY_PIPELINE_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "event/decode.h"
#include "pipeline/plan.h"
#include "pipeline/queue.h"

/* What the partitions of one worker share: the plan and a decoder for each input. */
struct join {
    const struct plan *plan;
    struct decoder *touches, *conversions;
};

bool join_init(struct join *join, const struct plan *plan, uint64_t key_seed, struct error *error) MUST_CHECK;
void join_release(struct join *join);

/* An idle advance: at this position of its log the watermark was raised to this. */
struct advance {
    int64_t next_offset, watermark_us;
};

struct advances {
    struct advance *items; /* ascending */
    int count, capacity;
};

/* What a commit stores of a partition and a restore begins with. */
struct progress {
    int64_t touch_offset, conversion_offset;           /* the next to read */
    int64_t touch_max_time_us, conversion_max_time_us; /* greatest event time before; TIME_NONE without */
    struct ledger touch_ledger, conversion_ledger;
    struct store_held held; /* the touches before touch_offset that are still needed */
};

#define PROGRESS_START(touch, conversion)                                                                    \
    ((struct progress){.touch_offset = (touch),                                                              \
                       .conversion_offset = (conversion),                                                    \
                       .touch_max_time_us = TIME_NONE,                                                       \
                       .conversion_max_time_us = TIME_NONE})

/* A touch that goes to the dead-letter topic (conversions carry theirs in struct pending). */
struct dead_touch {
    struct record record; /* its bytes copied */
    enum outcome outcome;
    struct span detail;
};

/* What makes commits of a partition ours: the epoch of our claim and the number of commits so far. */
struct ownership {
    int64_t epoch, commit_seq;
};

struct partition;

/* A partition at the stored progress with the stored idle advances of both logs (copied). */
struct partition *partition_new(const struct join *join, int number, const struct progress *progress,
                                const struct advances *touch_advances,
                                const struct advances *conversion_advances);
void partition_free(struct partition *partition);
int partition_number(const struct partition *partition);
struct ownership *partition_ownership(struct partition *partition);
/* What the database holds of it. */
const struct progress *partition_progress(const struct partition *partition);

/* Until the store has a home of its own, a restart fills it by reading touches again from an earlier offset:
 * after this, touches from `offset` up to the progress' touch offset are only put into the store. */
void partition_rebuild_from(struct partition *partition, int64_t offset);
bool partition_is_rebuilding(const struct partition *partition);
/* Whether the store holds exactly the touches that the stored progress describes: to be asked before the
 * first cut, when nothing but the rebuild has touched it. */
bool partition_is_whole(const struct partition *partition);

/* The offsets to read next. */
int64_t partition_touch_next(const struct partition *partition);
int64_t partition_conversion_next(const struct partition *partition);

/* Reads a record. Offsets below the next are ignored (fetches may start earlier). */
void partition_touch(struct partition *partition, const struct record *record);
void partition_conversion(struct partition *partition, const struct record *record);
/* The log has nothing up to this offset (transaction markers, compaction): the position moves on. */
void partition_touch_skip(struct partition *partition, int64_t next_offset);
void partition_conversion_skip(struct partition *partition, int64_t next_offset);

/* Drift: whether the input may be read on, or has to wait for the other one to come near in event time. */
bool partition_wants_touch(const struct partition *partition);
bool partition_wants_conversion(const struct partition *partition);
/* Of two inputs that both have data, whether the touches should be read first: they lag in event time. */
bool partition_touch_lags(const struct partition *partition);

/* Whether a conversion read so far still waits for touches to be read. */
bool partition_waits_for_touches(const struct partition *partition);

/* The touch log is idle (or ended): raises its watermark until every conversion read so far is final. Whether
 * that decided anything. */
bool partition_advance_touches(struct partition *partition);
/* The conversion log is idle: its watermark follows the touches' at max_drift, so that touches expire. */
void partition_advance_conversions(struct partition *partition);

int64_t partition_conversion_watermark(const struct partition *partition);
/* Conversions read and not yet committed, and the bytes they take. */
uint64_t partition_pending(const struct partition *partition);
size_t partition_pending_bytes(const struct partition *partition);

/* Everything that one commit moves. The conversions are queue entries from..to-1, all decided; the caller may
 * still turn the outcome of one (a lookup that is missing, a value that does not fit) before it calls
 * partition_cut_ledger. */
struct cut {
    uint64_t from, to;
    struct progress progress; /* conversion_ledger: as before the cut, see partition_cut_ledger */
    const struct dead_touch *dead_touches;
    int dead_touch_count;
    int64_t conversion_watermark; /* at progress.conversion_offset */
};

/* Decides what is final and takes at most `max_rows` conversions. False when there is nothing to commit. */
bool partition_cut(struct partition *partition, uint64_t max_rows, struct cut *cut);
/* Conversions that are final and not yet cut, counted up to `limit`. */
uint64_t partition_ready(struct partition *partition, uint64_t limit);
struct pending *partition_pending_at(const struct partition *partition, uint64_t number);
/* The idle advances of the open cut: stored with it. Views, good until the next record is read. */
struct advances partition_touch_advances(const struct partition *partition);
struct advances partition_conversion_advances(const struct partition *partition);
/* Adds the outcomes of the cut's conversions to its conversion_ledger. */
void partition_cut_ledger(const struct partition *partition, struct cut *cut);
/* The kept values of the touch that a conversion was attributed to; plan.touch_kept_count of them. */
void partition_touch_values(const struct partition *partition, const struct touch *touch, struct arena *arena,
                            struct value *values);
/* The cut is in the database: forget it. */
void partition_committed(struct partition *partition, const struct cut *cut);

#endif
