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
#include "pipeline/anchor.h"
#include "pipeline/changes.h"
#include "pipeline/offset_ranges.h"
#include "pipeline/plan.h"
#include "pipeline/position.h"
#include "pipeline/queue.h"

/* What the partitions of one worker share: the plan and a decoder for each input. */
struct join {
    const struct plan *plan;
    struct decoder *touches, *conversions;
    uint64_t generation; /* what gives stored touches their meaning, see fingerprint.h */
    bool logged;         /* touches go to the changelog: not where everything is read from files */
    bool early;          /* rows are wanted before they are decided */
    bool rekeyed[2]; /* conversions, touches: only markers move their watermark; not where they are files */
};

bool join_init(struct join *join, const struct plan *plan, uint64_t key_seed, struct error *error) MUST_CHECK;
void join_release(struct join *join);

/* What a commit stores of a partition and a restore begins with. */
struct progress {
    int64_t touch_offset, conversion_offset;           /* the next to read */
    int64_t touch_max_time_us, conversion_max_time_us; /* greatest event time before; TIME_NONE without */
    struct ledger touch_ledger, conversion_ledger;
    struct store_held held; /* the touches before touch_offset that are still needed: … */
    int64_t held_from_us;   /* … those from this event time on; TIME_NONE: all */
    uint64_t generation;    /* of the blocks they are in; 0: nothing was ever stored */
    int64_t changelog_from; /* the first record of the changelog that a restore has to see */
    int64_t changelog_next; /* behind the last record that it has to see; 0: none */
    struct anchor touch_anchor, conversion_anchor; /* the last record read of each log */
    int64_t touch_start, conversion_start;         /* where the very first run began */
};

#define PROGRESS_START(touch, conversion)                                                                    \
    ((struct progress){.touch_offset = (touch),                                                              \
                       .conversion_offset = (conversion),                                                    \
                       .touch_max_time_us = TIME_NONE,                                                       \
                       .conversion_max_time_us = TIME_NONE,                                                  \
                       .held_from_us = TIME_NONE,                                                            \
                       .touch_anchor = ANCHOR_NONE,                                                          \
                       .conversion_anchor = ANCHOR_NONE,                                                     \
                       .touch_start = (touch),                                                               \
                       .conversion_start = (conversion)})

/* A touch that goes to the dead-letter topic (conversions carry theirs in struct pending). */
struct dead_touch {
    struct record record; /* its bytes copied */
    enum outcome outcome;
    struct span detail;
};

/* What makes commits of a partition ours: the epoch of our claim and the number of commits so far. */
struct ownership {
    int64_t epoch, commit_seq;
    bool fingerprint_stored; /* the database has the settings that are in force now */
};

struct partition;

/* A partition at the stored progress with the stored idle advances of both logs (copied). */
struct partition *partition_new(const struct join *join, int number, const struct progress *progress,
                                const struct advances *touch_advances,
                                const struct advances *conversion_advances);
/* A re-keyed log goes on with the sources as they were stored. */
void partition_set_sources(struct partition *partition, bool touches, const struct sources *stored);
/* The table has early rows of these conversions, none of which is decided yet (copied). */
void partition_set_early(struct partition *partition, const struct offset_ranges *owned);
void partition_free(struct partition *partition);
int partition_number(const struct partition *partition);
struct ownership *partition_ownership(struct partition *partition);
/* What the database holds of it. */
const struct progress *partition_progress(const struct partition *partition);

/* --- restoring: until it is done, nothing is read or cut ---
 *
 * A partition that has touches stored begins with an empty store. It is filled from the changelog, and where
 * that does not give what the progress describes, or the pipeline now needs more, from the touch log itself.
 */

bool partition_is_restoring(const struct partition *partition);

enum restore_source { RESTORE_CHANGELOG, RESTORE_TOUCHES };

/* Whether the touch log has to be read whatever the changelog gives: stored touches have another meaning now,
 * or do not reach back far enough. */
bool partition_needs_touches(const struct partition *partition);
/* Begins, or begins again, with an empty store. */
void partition_restore_begin(struct partition *partition, enum restore_source source);
/* The changelog ends here, before the records that it once had: it was made anew, or has lost some. What the
 * touch log gives in its place will be written behind that. */
void partition_restore_shorter(struct partition *partition, int64_t end);
/* A record of the changelog, `at` its offset there. False with the reason when it is none of ours or damaged;
 * the restore may go on. */
bool partition_restore_block(struct partition *partition, struct span key, struct span value, int64_t at,
                             struct error *error) MUST_CHECK;
/* A touch of the log, from an offset on before which no event can be needed. */
void partition_restore_touch(struct partition *partition, const struct record *record);
/* Everything there is has been put in. True, and the partition is ready, when that is what the progress
 * describes; `found` is what there is (its counterpart is progress.held). When the key or the fields kept
 * have changed there is nothing to compare with, and whether the log reached back far enough is for the
 * caller to judge. */
bool partition_restore_end(struct partition *partition, struct store_held *found) MUST_CHECK;
/* The event time from which on touches are needed; TIME_NONE: all. */
int64_t partition_needed_from(const struct partition *partition);

/* The offsets to read next. */
int64_t partition_touch_next(const struct partition *partition);
int64_t partition_conversion_next(const struct partition *partition);

/* Reads a record, or a marker of a re-keyed log. Offsets below the next are ignored (fetches may start
 * earlier). */
void partition_touch(struct partition *partition, const struct record *record);
void partition_conversion(struct partition *partition, const struct record *record);
/* Reads a record that goes no further, a touch or a conversion: a lookup before its key has no row for it.
 * The outcome is OUTCOME_FILTERED or that of a dead letter, for the reason `why` (copied). The event's time
 * moves the watermark all the same. */
void partition_refuse(struct partition *partition, bool touch, const struct record *record, int64_t time_us,
                      enum outcome outcome, const char *why);
/* The last record read of the touches, or of the conversions, to be recognised later. */
struct anchor partition_anchor(const struct partition *partition, bool touches);
void partition_set_anchor(struct partition *partition, bool touches, const struct record *record);
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

/* Of a re-keyed log: whether the markers read so far say that all of its sources are idle. */
bool partition_sources_are_idle(const struct partition *partition, bool touches);

/* The touch log is idle (or ended): raises its watermark until every conversion read so far is final. Whether
 * that decided anything. */
bool partition_advance_touches(struct partition *partition);
/* The conversion log is idle: its watermark follows the touches' at max_drift, so that touches expire. */
void partition_advance_conversions(struct partition *partition);

int64_t partition_touch_watermark(const struct partition *partition);
int64_t partition_conversion_watermark(const struct partition *partition);
/* Conversions read and not yet committed, and the bytes they take. */
/* Conversions that are final only because of an idle advance of the touches. */
uint64_t partition_idle_decided(const struct partition *partition);
uint64_t partition_pending(const struct partition *partition);
/* The number that the next conversion read will have in the queue. */
uint64_t partition_pending_end(const struct partition *partition);
size_t partition_pending_bytes(const struct partition *partition);
/* Of touches that are dead letters and not yet committed, with the producer's copy. */
size_t partition_dead_bytes(const struct partition *partition);

/* --- early rows (partition_early.c) ---
 *
 * A conversion that is not decided may have a row in the table nevertheless: with the touch that it would get
 * by what has been read so far. Which do is stored with the progress, so that whoever decides one that makes
 * no row in the end can take its early row back. Of several undecided conversions with one primary key only
 * the first may have one, and none takes the place of a row that is there already: so an early row never
 * covers another conversion's. */

/* An undecided conversion that the cut would write as it looks now. */
struct early_row {
    uint64_t number; /* queue entry */
    uint64_t choice;
    int touch_count;
    struct touch touch; /* as in struct pending */
    const struct touch *touches;
    bool written; /* the table has it so, once the cut is committed */
};

/* Whether the primary key with this hash (not 0) is this conversion's among the undecided ones. */
bool partition_early_claim(struct partition *partition, uint64_t number, uint64_t key);
/* Under other settings a conversion may make a row that made none when a later one of its key got an early
 * row, in a former life. So until those are decided, the keys of decided rows are remembered: the early row
 * of a conversion whose key is among them is not its own any more. */
bool partition_early_remembers(const struct partition *partition);
void partition_early_released(struct partition *partition, uint64_t key, uint64_t number);
void partition_early_lose(struct partition *partition, struct pending *pending, uint64_t key,
                          uint64_t number);
/* Whether the table has the row of a decided conversion already, as it must be. */
bool partition_early_is_shown(const struct pending *pending);
/* Memory that they take beside the conversions. */
size_t partition_early_bytes(const struct partition *partition);
/* Whether there may be any. */
bool partition_early_any(const struct partition *partition);
/* The undecided conversions that have a row once the cut is committed. */
struct cut;
void partition_early_owned(const struct partition *partition, const struct cut *cut,
                           struct offset_ranges *owned);

/* Everything that one commit moves. The conversions are queue entries from..to-1, all decided; the caller may
 * still turn the outcome of one (a lookup that is missing, a value that does not fit) before it calls
 * partition_cut_ledger. */
struct cut {
    uint64_t from, to;
    uint64_t rows;            /* that they make, with one for each dead letter */
    struct progress progress; /* conversion_ledger: as before the cut, see partition_cut_ledger */
    const struct dead_touch *dead_touches;
    int dead_touch_count;
    int64_t conversion_watermark;  /* at progress.conversion_offset */
    const struct changes *changes; /* for the changelog, to be there before the progress is */
    const struct sources *touch_sources, *conversion_sources; /* of re-keyed logs, at the progress */
    struct early_row *early;                                  /* in offset order; good until the next cut */
    int early_count;
    uint64_t withdrawn_to; /* early rows of queue entries to..withdrawn_to-1 are taken out of the table */
};

/* Decides what is final and takes conversions until they make `max_rows` rows, early ones included: all rows
 * of the last one, even if these are many more. False when there is nothing to commit. */
bool partition_cut(struct partition *partition, uint64_t max_rows, struct cut *cut);
/* Touches that no cut has put into the changelog yet. */
uint64_t partition_unlogged(const struct partition *partition);
/* Touches held, and the memory they take. */
uint64_t partition_held(const struct partition *partition);
size_t partition_store_bytes(const struct partition *partition);
/* The rows of conversions that are final and not yet cut, a dead letter for one, counted until there are
 * `limit`. */
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
/* The cut's changes are in the changelog at these offsets, one for each, negative where the brokers did not
 * say; the cut's progress then tells where a restore has to begin. False when they lie before records that
 * were there already: it is not the same topic any more. */
bool partition_logged(struct partition *partition, struct cut *cut, const int64_t *offsets) MUST_CHECK;
/* The cut is in the database: forget it. */
void partition_committed(struct partition *partition, const struct cut *cut);

#endif
