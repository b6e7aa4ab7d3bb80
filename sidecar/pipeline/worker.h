/* worker.h: the loop that everything serves: one thread with its own group member, database connection,
 * producer and partitions. It never blocks longer than a poll interval, and it alone decides what an error
 * means. */
#ifndef TRIBUTARY_PIPELINE_WORKER_H
#define TRIBUTARY_PIPELINE_WORKER_H

#include <stdatomic.h>

#include "output/postgres.h"
#include "pipeline/budget.h"
#include "pipeline/gauges.h"
#include "pipeline/partition.h"
#include "pipeline/run.h"
#include "transform/lookup_query.h"

/* The ends of both logs as they were at the start, for `--once`; by partition. */
struct ends {
    int64_t *touches, *conversions;
};

/* What the workers share: read-only but for the atomics. */
struct run_shared {
    const struct plan *plan;
    const struct run_options *options;
    const char *fingerprint; /* of the settings in force, as JSON */
    int partition_count;
    int source_count; /* of all topics that this process re-keys; 0: none */
    const struct budget *budget;
    const struct budget_demand *demand; /* what the budget was made for */
    atomic_int partitions_here;         /* of all workers together */
    const struct ends *ends;            /* NULL without --once */
    struct gauges_board *boards;        /* by worker: what it shows of itself */
    atomic_bool stopping;               /* somebody failed, was asked to stop, or all are done */
    /* with --once: */
    atomic_bool *finished;         /* per worker: nothing left to do in its assignment */
    atomic_bool *read;             /* per partition: read to its end and committed by one of our workers */
    atomic_llong reassigned_at_us; /* monotonic: when the group last gave or took partitions */
};

struct worker;

/* How many partitions one worker restores at a time. */
extern const int worker_restores;

struct worker_options {
    struct run_shared *shared;
    int number;
    struct join join;               /* the worker's from now on */
    struct postgres_output *output; /* the worker's from now on */
    struct lookup_query **lookups;  /* plan->lookup_count of them, the worker's from now on */
};

/* Frees what a worker would have owned. */
void worker_options_release(struct worker_options *options);
struct worker *worker_new(const struct worker_options *options, struct error *error);
void worker_free(struct worker *worker);
/* Runs until it is done, stopped, or fails. */
bool worker_run(struct worker *worker, struct error *error) MUST_CHECK;

#endif
