/* consumer.h: one member of a consumer group: of the pipeline's own, which joins, or of the one that re-keys.
 * It subscribes to some of its topics; which partitions of the others go with what it is assigned, and where
 * reading starts, its owner says with consumer_assign once it knows. One thread owns it; the callbacks run on
 * that thread, inside consumer_poll and consumer_free.
 *
 * A new assignment is acknowledged to the group at once with nothing to fetch, so that other members never
 * wait for our database; fetching starts with consumer_assign. Each partition has a queue of its own, and one
 * that is not read holds its fetcher back. */
#ifndef TRIBUTARY_KAFKA_CONSUMER_H
#define TRIBUTARY_KAFKA_CONSUMER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/pipeline.h"
#include "kafka/fetch.h"

struct consumer;

/* How long a member may be silent before the group takes its partitions away, unless a property says
 * otherwise. */
#define CONSUMER_SESSION_TIMEOUT_MS 10000
enum { CONSUMER_LEAVE_MS = 3000 };

/* The topics of a member that joins, by index: touches not subscribed, conversions subscribed. */
enum consumer_side { CONSUMER_TOUCHES, CONSUMER_CONVERSIONS };

struct consumer_topic {
    const char *name;
    bool subscribed;
};

/* Topics are named by their index in the options. */
struct consumer_partition {
    int topic;
    int32_t partition;
};

/* The group's partitions changed: `partitions` of the subscribed topics are ours now (count 0: none).
 * Whatever was assigned before has been taken away, its queues are gone. */
typedef void consumer_on_assignment(void *context, const struct consumer_partition *partitions, int count);

struct consumer_options {
    const struct kafka_config *config;
    const char *group;
    const char *role; /* client.id is "tributary-ROLE-WORKER" */
    const char
        *member; /* the instance id is the configured one, '-', this (NULL: nothing), and the number: */
    int worker;
    const struct consumer_topic *topics; /* copied; the names are not */
    int topic_count;
    struct fetch_limits fetch; /* the user's properties may say otherwise */
    consumer_on_assignment *on_assigned;
    void (*on_revoked)(void *context);
    void *context;
};

struct consumer *consumer_new(const struct consumer_options *options, struct error *error);
/* Leaves the group (a static member does not) and waits until everything is handed back, or for
 * CONSUMER_LEAVE_MS where the brokers do not answer. */
void consumer_free(struct consumer *consumer);

/* Serves the group: joins, heartbeats, rebalances. Waits up to `timeout_ms` for something to happen. False
 * when the client has ended for good or the cluster refuses us. */
bool consumer_poll(struct consumer *consumer, int timeout_ms, struct error *error) MUST_CHECK;

struct consumer_start {
    int topic;
    int32_t partition;
    int64_t offset;
};
/* Starts fetching exactly these partitions. Nothing may be fetched at the moment: call it only after an
 * assignment or, some time, after consumer_unassign. (librdkafka, 2.0 and 2.8 alike, aborts when a partition
 * whose fetcher is still being stopped is taken away a second time, as a rebalance then might.) */
bool consumer_assign(struct consumer *consumer, const struct consumer_start *starts, int count,
                     struct error *error) MUST_CHECK;

/* Stops fetching: for a member that has been fenced and will claim its assignment anew. The fetchers need
 * some milliseconds for it. */
void consumer_unassign(struct consumer *consumer);

/* Takes up to `max` messages that are there; a partition's errors and its end arrive as messages too.
 * rd_kafka_message_destroy each. */
int consumer_read(struct consumer *consumer, int topic, int32_t partition, rd_kafka_message_t **messages,
                  int max);

/* The end of the log as the last fetch of a partition being read has told it; -1: not yet. */
int64_t consumer_high(const struct consumer *consumer, int topic, int32_t partition);

/* Tells the group how far a topic has come, for lag tools; nothing depends on it. Does not wait. */
void consumer_report(struct consumer *consumer, int topic, const int32_t *partitions, const int64_t *offsets,
                     int count);

struct consumer_committed {
    int64_t offset; /* -1: none */
    char *metadata; /* what was committed with it; NULL: none; free() it */
};
/* What the group has committed for each of the partitions; waits up to `timeout_ms` for the brokers, also for
 * the end of transactions that are about to commit. `out` has room for `count`. False, with nothing in `out`
 * to free: a retry error when they did not answer in time or transactions have not ended yet. */
bool consumer_committed(struct consumer *consumer, const struct consumer_partition *partitions, int count,
                        int timeout_ms, struct consumer_committed *out, struct error *error) MUST_CHECK;

/* Its client, for transactions.c: offsets become part of a transaction in the name of a member. */
rd_kafka_t *consumer_client(const struct consumer *consumer);

#endif
