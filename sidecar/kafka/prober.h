/* prober.h: questions about offsets, asked of the brokers by a thread of its own, because the client library
 * has only blocking calls for them and the worker must never wait. Answers come from the partition's leader.
 * All functions are for the one thread that owns the prober; the prober's thread touches nothing else. */
#ifndef TRIBUTARY_KAFKA_PROBER_H
#define TRIBUTARY_KAFKA_PROBER_H

#include <stdint.h>

#include "base/error.h"
#include "config/pipeline.h"

enum probe_kind {
    PROBE_LOW,  /* the first offset there is */
    PROBE_HIGH, /* the high watermark: behind the last record, committed or not */
    PROBE_TIME, /* the first offset whose record timestamp is at least `time_us`; the high one if none is */
    PROBE_PARTITIONS, /* no offset: how many partitions the topic has by now */
};

struct probe {
    const char *topic; /* must outlive the answer */
    int32_t partition;
    enum probe_kind kind;
    int64_t time_us;
    int64_t offset;   /* the answer */
    uint64_t context; /* the asker's own */
};

struct prober;

struct prober *prober_new(const struct kafka_config *config, struct error *error);
/* Waits for a question under way, a few seconds at most. */
void prober_free(struct prober *prober);

/* Asks a group of questions, answered together, in one request a broker for each kind of question about a
 * partition. Copied. One group at a time may be under way for each `slot`: 0 for new assignments and
 * start-up, 1 for idleness, PROBER_ENDS for the metrics, from PROBER_RESTORES on one for each restore. Asking
 * again in a slot withdraws what was asked there before. */
enum { PROBER_ENDS = 2, PROBER_RESTORES = 3, PROBER_SLOTS = 7 };
void prober_ask(struct prober *prober, int slot, const struct probe *probes, int count);
void prober_withdraw(struct prober *prober, int slot);

enum prober_state { PROBER_NOTHING, PROBER_WAITING, PROBER_ANSWERED, PROBER_FAILED };
/* What became of the slot's questions; once answered or failed the slot is free again. *probes is good until
 * the slot is asked again. Failures that may pass are retried inside and are only seen as WAITING. */
enum prober_state prober_poll(struct prober *prober, int slot, const struct probe **probes, int *count,
                              struct error *error);

/* For start-up: fills in the answers, waiting at most `timeout_ms`. Uses slot 0. */
bool prober_ask_and_wait(struct prober *prober, struct probe *probes, int count, int timeout_ms,
                         struct error *error) MUST_CHECK;

#endif
