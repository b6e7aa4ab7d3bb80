/* rekey_watch.h: fills in a re-keyer's gauges and asks now and then how far its sources reach. The re-keyer's
 * own; one thread. */
#ifndef TRIBUTARY_PIPELINE_REKEY_WATCH_H
#define TRIBUTARY_PIPELINE_REKEY_WATCH_H

#include "kafka/consumer.h"
#include "kafka/prober.h"
#include "pipeline/plan.h"
#include "pipeline/rekey_gauges.h"

struct rekey_watch {
    struct rekey_board *board;
    struct rekeyer_gauges gauges;
    int64_t asked_us; /* monotonic: the last question about the sources' ends */
};

/* A re-keyer, as it is at the end of a turn. */
struct rekey_watched {
    const struct plan *plan;
    int number;
    enum rekey_phase phase;
    bool member, begun; /* as in rekeyer_gauges */
    const struct consumer *consumer;
    struct prober *prober;                     /* its slot PROBER_ENDS */
    const struct consumer_partition *assigned; /* `count`, in the order of the sources */
    struct rekey_source *sources;
    int count;
    const struct rekey_transactions *transactions;
};

void rekey_watch_release(struct rekey_watch *watch);
/* With every turn: the loop is alive; and now and then a snapshot. */
void rekey_watch_turn(struct rekey_watch *watch, const struct rekey_watched *rekeyer, int64_t now_us);

#endif
