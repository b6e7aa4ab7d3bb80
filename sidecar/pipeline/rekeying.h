/* rekeying.h: the re-keyers of a process, one thread each. The main thread owns it. */
#ifndef TRIBUTARY_PIPELINE_REKEYING_H
#define TRIBUTARY_PIPELINE_REKEYING_H

#include "kafka/fetch.h"
#include "pipeline/plan.h"
#include "pipeline/surroundings.h"

struct rekeying;
struct rekey_board;

struct rekeying_options {
    const struct plan *plan;
    const struct surroundings_tables *tables;
    struct fetch_limits fetch; /* for each partition of the source topics */
    bool once;                 /* only what is there now */
};

/* Whether the pipeline has an input to re-key. */
bool rekeying_is_needed(const struct plan *plan);
/* How many partitions all source topics have; waits for the brokers. */
bool rekeying_count(const struct plan *plan, int *sources, struct error *error) MUST_CHECK;

/* Learns zones, which must not happen while other threads run, and how far the topics reach. */
struct rekeying *rekeying_new(const struct rekeying_options *options, struct error *error);
/* Ends the threads. */
void rekeying_free(struct rekeying *rekeying);

/* What the re-keyers show of themselves, one each; until rekeying_free. */
struct rekey_board *rekeying_boards(struct rekeying *rekeying, int *count);

bool rekeying_start(struct rekeying *rekeying, struct error *error) MUST_CHECK;
/* With once: everything that was there is committed, by this process or others of the group. */
bool rekeying_is_finished(const struct rekeying *rekeying);
/* Whether one of them has failed. */
bool rekeying_has_failed(const struct rekeying *rekeying);
/* Lets them commit and leave, and waits for that. False with the error of the first that has failed; `error`
 * may be NULL. */
bool rekeying_stop(struct rekeying *rekeying, struct error *error) MUST_CHECK;
/* After that: a line for each source (summary.h) with what the group has committed of it, whoever of it, over
 * all restarts. */
void rekeying_print_summary(struct rekeying *rekeying);

#endif
