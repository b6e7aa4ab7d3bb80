/* gauges.h: what a worker lets others see of it. It gathers a snapshot now and then, at most ten times a
 * second, and hands it over; whoever looks gets a copy of the last one. Between the two stands one lock a
 * worker, held by the worker while two pointers change places, never on the path of a record; the time of the
 * loop's last turn is an atomic beside it, so that a loop that hangs is seen. */
#ifndef TRIBUTARY_PIPELINE_GAUGES_H
#define TRIBUTARY_PIPELINE_GAUGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "event/outcome.h"
#include "telemetry/histogram.h"
#include "transform/enquiry.h"

enum partition_state { PARTITION_ASSIGNED, PARTITION_RESTORING, PARTITION_RUNNING, PARTITION_STATES };
enum wait_reason { WAIT_DRIFT, WAIT_MEMORY, WAIT_REASONS };

/* Of both inputs, where there is an array of two: touches, conversions. */
struct partition_gauges {
    int number, worker;
    enum partition_state state; /* PARTITION_ASSIGNED: nothing below is known yet */
    int64_t next[2], committed[2];
    int64_t high[2];         /* -1: unknown */
    int64_t watermark_us[2]; /* TIME_NONE: none yet */
    bool idle[2], waits[2][WAIT_REASONS];
    bool stalled[2];          /* of a re-keyed input: at its end, and no marker for MARKER_STALLED_MS */
    struct ledger ledgers[2]; /* as committed */
    uint64_t pending, pending_bytes, touches, touch_bytes, idle_decided;
};

enum early_kind { EARLY_WRITTEN, EARLY_CORRECTED, EARLY_TAKEN_BACK, EARLY_KINDS };

struct commit_gauges {
    uint64_t commits, early[EARLY_KINDS], rows, dead_letters[OUTCOME_COUNT];
    struct histogram duration;
    int64_t last_us; /* wall clock; 0: none yet */
};

struct worker_gauges {
    int64_t gathered_us; /* monotonic; 0: never */
    bool member;         /* the group has said which partitions are this worker's */
    bool claiming;
    struct partition_gauges *partitions;
    int count, capacity;
    struct commit_gauges commits;
    struct enquiry_counts *lookups; /* in the pipeline's order, or none yet */
    int lookup_count, lookup_capacity;
    uint64_t restores, fenced;
    int64_t restore_us, wait_us[2][WAIT_REASONS];
    int64_t held, share; /* bytes */
};

/* An empty partition, to be filled in. */
struct partition_gauges *worker_gauges_add(struct worker_gauges *gauges);
/* The next lookup. */
void worker_gauges_add_lookup(struct worker_gauges *gauges, struct enquiry_counts counts);
void worker_gauges_release(struct worker_gauges *gauges);

struct gauges_board {
    atomic_llong turned_us; /* monotonic; 0: the loop has not begun */
    pthread_mutex_t lock;   /* over `shown` */
    struct worker_gauges *shown, *draft;
    struct worker_gauges both[2];
};

void gauges_board_init(struct gauges_board *board);
void gauges_board_release(struct gauges_board *board);
/* The worker's: what it fills in, and hands over then. */
struct worker_gauges *gauges_board_draft(struct gauges_board *board);
void gauges_board_publish(struct gauges_board *board);
/* Anybody's: a copy, into something empty or copied before. */
void gauges_board_copy(struct gauges_board *board, struct worker_gauges *copy);

#endif
