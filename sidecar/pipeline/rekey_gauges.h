/* rekey_gauges.h: what a re-keyer lets others see of it, as gauges.h is for workers: it fills in a snapshot
 * at most ten times a second and copies it to a board, under a lock of that board's own; whoever looks copies
 * it from there. The time of the loop's last turn is an atomic beside it. */
#ifndef TRIBUTARY_PIPELINE_REKEY_GAUGES_H
#define TRIBUTARY_PIPELINE_REKEY_GAUGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline/rekey_source.h"
#include "telemetry/histogram.h"

/* What a re-keyer does with the partitions that the group has assigned to it. */
enum rekey_phase {
    PHASE_NONE,    /* nothing is assigned */
    PHASE_FETCH,   /* what is committed is asked for */
    PHASE_LOCATE,  /* where the topics begin, and new sources start */
    PHASE_RUNNING, /* reading */
};

struct rekey_source_gauges {
    int side; /* of the attribution: 0 touches, 1 conversions */
    int partition, worker;
    enum rekey_phase phase; /* before PHASE_RUNNING nothing below is known */
    bool idle;
    int64_t next, committed;     /* offsets; committed -1: nothing yet */
    int64_t high;                /* -1: unknown */
    int64_t max_time_us;         /* TIME_NONE: no event yet */
    struct rekey_ledger records; /* as committed */
};

/* Since the process started. */
struct rekey_transactions {
    uint64_t committed, aborted;
    struct histogram duration; /* of the committed ones, from the first record on */
};

struct rekeyer_gauges {
    int64_t gathered_us; /* monotonic; 0: never */
    bool member;         /* the group has said which sources are this re-keyer's */
    bool begun;          /* it has committed since it was given them */
    struct rekey_source_gauges *sources;
    int count, capacity;
    struct rekey_transactions transactions;
};

/* The next source, to be filled in. */
struct rekey_source_gauges *rekeyer_gauges_add(struct rekeyer_gauges *gauges);
void rekeyer_gauges_release(struct rekeyer_gauges *gauges);

struct rekey_board {
    atomic_llong turned_us; /* monotonic; 0: the loop has not begun */
    pthread_mutex_t lock;   /* over `shown` */
    struct rekeyer_gauges shown;
};

void rekey_board_init(struct rekey_board *board);
void rekey_board_release(struct rekey_board *board);
/* The re-keyer's: others see a copy of this from now on. */
void rekey_board_publish(struct rekey_board *board, const struct rekeyer_gauges *gauges);
/* Anybody's: a copy, into something empty or copied before. */
void rekey_board_copy(struct rekey_board *board, struct rekeyer_gauges *copy);

#endif
