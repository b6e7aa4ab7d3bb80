/* rekeyer_internal.h: what rekeyer.c (group, transactions, the loop), rekeyer_start.c (where to begin) and
 * rekeyer_read.c (reading and idleness) share. For these three only. */
#ifndef TRIBUTARY_PIPELINE_REKEYER_INTERNAL_H
#define TRIBUTARY_PIPELINE_REKEYER_INTERNAL_H

#include "event/decode.h"
#include "kafka/consumer.h"
#include "kafka/prober.h"
#include "pipeline/rekey_lookups.h"
#include "pipeline/rekey_watch.h"
#include "pipeline/rekey_writer.h"
#include "pipeline/rekeyer.h"

/* READ_MESSAGES: of a source at a time. The others: the prober's slots. */
enum { READ_MESSAGES = 500, PROBE_START = 0, PROBE_IDLE = 1 };

struct rekeyer {
    struct rekeyer_shared *shared;
    int number;
    char *group;
    int inputs[REKEYER_INPUTS]; /* of each topic that is subscribed to, the input */
    int topic_count;
    int counts[REKEYER_INPUTS]; /* partitions of each input's source topic, as far as they are known */
    struct decoder *decoders[REKEYER_INPUTS];
    struct rekey_lookups *lookups[REKEYER_INPUTS]; /* NULL: the input needs none */
    struct consumer *consumer;
    struct prober *prober;
    struct rekey_writer *writer;
    enum rekey_phase phase;
    bool member; /* the group has said what is assigned */
    bool asked;  /* the prober, in PHASE_LOCATE */
    int64_t not_before_us;
    struct consumer_partition *assigned;
    struct rekey_source *sources; /* of what is assigned, in the same order */
    int source_count;
    rd_kafka_message_t *held[READ_MESSAGES]; /* read, and not yet sent because the client's queue was full */
    int held_count, held_at, held_source;
    int64_t committed_at_us, told_at_us, probed_at_us, looked_at_us;
    struct buffer key;
    struct rekey_watch watch;
};

static inline const struct pipeline *rekeyer_pipeline(const struct rekeyer *rekeyer) {
    return rekeyer->shared->plan->pipeline;
}

static inline const struct input_config *rekeyer_input(const struct rekeyer *rekeyer,
                                                       const struct rekey_source *source) {
    return &rekeyer_pipeline(rekeyer)->inputs[source->input];
}

/* --- rekeyer_start.c --- */

/* What the group has committed of the sources; then where their topics begin, and where new sources start:
 * reading begins there. False with the error; of class retry: to be tried again. */
bool rekeyer_fetch(struct rekeyer *rekeyer, struct error *error) MUST_CHECK;
bool rekeyer_locate(struct rekeyer *rekeyer, struct error *error) MUST_CHECK;

/* --- rekeyer_read.c --- */

/* Reads every source once, in step, and sends on what came. */
bool rekeyer_read(struct rekeyer *rekeyer, bool *any, struct error *error) MUST_CHECK;
/* The rest of what was read. True with *full when the client's queue has to empty first, or lookups are under
 * way. */
bool rekeyer_take_held(struct rekeyer *rekeyer, bool *full, struct error *error) MUST_CHECK;
/* Asks whether sources that have been silent for long are at their end, and marks those that are as idle. */
bool rekeyer_serve_idle(struct rekeyer *rekeyer, int64_t now, struct error *error) MUST_CHECK;

#endif
