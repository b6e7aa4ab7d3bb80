/* rekeyer.h: the thread that copies inputs without a usable key into topics of Tributary's own, each record
 * under its key: read, write and remember in one Kafka transaction, so that whoever reads committed records
 * sees each of them once. It has a group of its own, so that it shares the source partitions with the
 * re-keyers of other processes.
 *
 *   records   go on as they are, with key, timestamp and, in a header, where they come from; what cannot be
 * decoded or has no key goes on without one, to be judged by the join markers   say in every partition, at
 * each commit that brings news and every MARKER_HEARTBEAT_MS without, how far the sources of this worker have
 * come in event time and which are idle (transform/marker.h) offsets   are committed in the same transaction,
 * with what a successor needs as their metadata (rekey_source.h)
 *
 * Sources are read in step: one that is max_drift of event time ahead of another of its input waits. When a
 * transaction fails everything since the last one is read again. One thread each. */
#ifndef TRIBUTARY_PIPELINE_REKEYER_H
#define TRIBUTARY_PIPELINE_REKEYER_H

#include <stdatomic.h>

#include "kafka/fetch.h"
#include "pipeline/plan.h"
#include "pipeline/rekey_gauges.h"
#include "pipeline/surroundings.h"

enum { REKEYER_INPUTS = 2 };

/* What the re-keyers of a process share; read-only but for the atomics. */
struct rekeyer_shared {
    const struct plan *plan;
    const struct surroundings_tables *tables; /* of the lookups */
    struct fetch_limits fetch;
    int counts[REKEYER_INPUTS];    /* partitions of each input's source topic; 0: it is not re-keyed */
    int64_t *ends[REKEYER_INPUTS]; /* with --once: what lies behind is left alone; else NULL */
    atomic_bool stopping, *failed;
    struct rekey_board *boards; /* one for each re-keyer */
    atomic_bool finished;       /* with --once: the group has committed everything before the ends */
};

struct rekeyer;

/* Without any client yet. Decoders learn their zone here: call it before any thread has started. */
struct rekeyer *rekeyer_new(struct rekeyer_shared *shared, int number, struct error *error);
void rekeyer_free(struct rekeyer *rekeyer);
/* Connects, and runs until shared->stopping, or fails. */
bool rekeyer_run(struct rekeyer *rekeyer, struct error *error) MUST_CHECK;
/* What the group as a whole, whoever of it, has committed of the input's sources, shared->counts[input] of
 * them; waits up to `timeout_ms`. Once rekeyer_run has connected; after its end by whoever frees it. */
bool rekeyer_committed(struct rekeyer *rekeyer, int input, struct rekey_source *sources, int timeout_ms,
                       struct error *error) MUST_CHECK;

#endif
