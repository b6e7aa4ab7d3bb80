/* producer.h: records out to Kafka, for dead letters, blocks of the changelog and the commands that load
 * topics. Idempotent, acknowledged by all replicas in sync, keys spread as Java's clients do; the user's
 * properties may change that. A producer belongs to one thread: callbacks run on it, inside producer_send,
 * producer_poll and producer_flush.
 *
 * A record is done when the brokers have acknowledged it. One that they refuse, or do not answer for within
 * `message.timeout.ms` (2 minutes unless a property says otherwise), is a failure: producer_flush then never
 * says true again until producer_forget_failures. */
#ifndef TRIBUTARY_KAFKA_PRODUCER_H
#define TRIBUTARY_KAFKA_PRODUCER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "base/time.h"
#include "config/pipeline.h"

struct producer;

struct producer_header {
    const char *name;
    struct span value; /* absent: a null */
};

/* A record to send. Everything is copied before producer_send returns. */
struct producer_record {
    const char *topic;
    struct span key;      /* absent: no key, any partition */
    struct span value;    /* absent: a tombstone */
    int64_t timestamp_ms; /* since 1970; 0: now */
    const struct producer_header *headers;
    int header_count;
    uintptr_t tag; /* comes back with the record's fate */
};

/* A record that did not arrive. The spans are valid during the callback. */
struct producer_failure {
    const char *topic;
    int32_t partition;
    struct span key, value;
    uintptr_t tag;
    rd_kafka_resp_err_t code; /* RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: more than the topic allows */
    struct error error;
};

/* Told of each record that did not arrive. May call producer_send, for instance with a shorter value, and
 * returns whether that settles the matter; otherwise the record counts as a failure. A full queue is reported
 * to it at once. */
typedef bool producer_on_failure(void *context, const struct producer_failure *failure);

/* Told of each record that did arrive. May call producer_send. The offset is the brokers'; negative where
 * they do not say it: their first answer was lost on the way, or a property asks for acks=0. */
typedef void producer_on_delivery(void *context, uintptr_t tag, int32_t partition, int64_t offset);

/* NULL with a config error when librdkafka refuses the properties. Does not wait for a broker. `role` ends up
 * in client.id; `config` must outlive the producer. Records larger than 1 MB go out as requests of their own,
 * so that the limit of a topic with the usual max.message.bytes never hits the small ones beside a large one;
 * for a topic with a lower limit give it as `batch_bytes` (0: 1,000,000). */
struct producer *producer_new(const struct kafka_config *config, const char *role, int batch_bytes,
                              struct error *error) MUST_CHECK;
/* One whose records belong to transactions, for transactions.h. The brokers abort one that lasts longer than
 * `transaction.timeout.ms`; its records wait no longer than that. */
struct producer_transactions {
    const char *id;
    int timeout_ms;      /* unless a property says otherwise */
    int64_t queue_bytes; /* of records not acknowledged yet, unless a property says otherwise; 0: 64 MiB */
    bool bulk;           /* records by the ten thousand: larger batches, for a little latency */
};
struct producer *producer_new_transactional(const struct kafka_config *config, const char *role,
                                            const struct producer_transactions *transactions,
                                            struct error *error) MUST_CHECK;
/* Its client, for the calls of transactions.c. */
rd_kafka_t *producer_client(struct producer *producer);
/* Waits for nothing: records not acknowledged yet are dropped. */
void producer_free(struct producer *producer);

/* Records dropped by producer_free are reported to neither. */
void producer_set_on_failure(struct producer *producer, producer_on_failure *callback, void *context);
void producer_set_on_delivery(struct producer *producer, producer_on_delivery *callback, void *context);

/* Queues the record; never blocks. False with a retry error when the queue is full even after the
 * acknowledgements at hand were served: call producer_poll and send it again. False with a poison error when
 * the record is larger than message.max.bytes (16 MB), with a fatal one when the client has ended. */
bool producer_send(struct producer *producer, const struct producer_record *record,
                   struct error *error) MUST_CHECK;
/* The same to a given partition, whatever the key says. */
bool producer_send_to(struct producer *producer, const struct producer_record *record, int32_t partition,
                      struct error *error) MUST_CHECK;
/* The same, PARTITION_ANY (partitioner.h) leaving it to the key; waits while the queue is full, asking `stop`
 * (may be NULL) every 100 ms whether to give up. */
bool producer_send_waiting(struct producer *producer, const struct producer_record *record, int32_t partition,
                           bool (*stop)(void), struct error *error) MUST_CHECK;

/* Serves acknowledgements, waiting up to `ms` for the first one. */
void producer_poll(struct producer *producer, int ms);
/* True only when everything sent so far is acknowledged. False with the first failure since the start (or
 * producer_forget_failures), or with a retry error when `timeout_ms` was not enough; what is still pending
 * then stays so. */
bool producer_flush(struct producer *producer, int timeout_ms, struct error *error) MUST_CHECK;

/* Records sent whose fate is not known yet. */
uint64_t producer_pending(const struct producer *producer);
uint64_t producer_acknowledged(const struct producer *producer);
uint64_t producer_failures(const struct producer *producer);
/* The first failure, or NULL. */
const struct error *producer_first_failure(const struct producer *producer);
/* For a caller that sends everything again. */
void producer_forget_failures(struct producer *producer);

#endif
