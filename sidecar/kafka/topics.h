/* topics.h: questions about a cluster and its topics, making and deleting topics: an administrative
 * connection of its own, used while a command starts and closed before it works. Every call blocks, at most
 * for the timeout given. It never creates a topic by asking about it. One thread at a time. */
#ifndef TRIBUTARY_KAFKA_TOPICS_H
#define TRIBUTARY_KAFKA_TOPICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/pipeline.h"

struct topics;

/* NULL with a config error when librdkafka refuses the properties. Does not wait for a broker: the first
 * question does. `config` must outlive it. */
struct topics *topics_new(const struct kafka_config *config, struct error *error) MUST_CHECK;
void topics_free(struct topics *topics);

/* The number of partitions, 0 when there is no such topic. One whose partitions have no leaders yet, because
 * it was created a moment ago, is waited for, up to 5 seconds. False, with a retry error that says why, when
 * no broker answered in time, and with a config error when credentials or rights are missing. */
bool topics_partitions(struct topics *topics, const char *topic, int timeout_ms, int *count,
                       struct error *error) MUST_CHECK;
/* The same for a topic that must exist: a config error when it does not, after 2 seconds, in which the broker
 * that was asked may hear of a topic created a moment ago. */
bool topics_require(struct topics *topics, const char *topic, int timeout_ms, int *count,
                    struct error *error) MUST_CHECK;

/* One setting of a topic as the cluster has it in force, for instance "cleanup.policy" or
 * "max.message.bytes"; free() it. NULL with an error: retry, or config when the topic or the setting does not
 * exist or we may not see it. */
char *topics_setting(struct topics *topics, const char *topic, const char *name, int timeout_ms,
                     struct error *error) MUST_CHECK;

/* The `batch_bytes` for a producer of this topic: its max.message.bytes where that is below the usual; 0 when
 * it is not, or when we may not see it. */
int topics_batch_bytes(struct topics *topics, const char *topic, int timeout_ms);

/* The cluster's own id; free() it. NULL with a retry error when no broker told it in time. */
char *topics_cluster_id(struct topics *topics, int timeout_ms, struct error *error) MUST_CHECK;

struct topic_plan {
    const char *name;
    int partitions;                  /* -1: the broker's default */
    int replication;                 /* -1: the broker's default (Kafka 2.4 or newer) */
    const struct property *settings; /* of the topic: cleanup.policy … */
    int setting_count;
};

/* Creates the topics and waits until the cluster knows them. A topic that is there already is left as it is.
 * The error names every topic that could not be created. */
bool topics_create(struct topics *topics, const struct topic_plan *plans, int count, int timeout_ms,
                   struct error *error) MUST_CHECK;
/* topics_partitions, creating the topic as planned where there is none; `created` (may be NULL) says whether.
 */
bool topics_ensure(struct topics *topics, const struct topic_plan *plan, int timeout_ms, int *count,
                   bool *created, struct error *error) MUST_CHECK;

/* Deletes the topic; `deleted` says whether there was one. A config error when the rights are missing or the
 * cluster does not allow it. */
bool topics_delete(struct topics *topics, const char *topic, int timeout_ms, bool *deleted,
                   struct error *error) MUST_CHECK;

/* How many members the consumer group has now, 0 when there is no such group. One that died without a word is
 * counted until its session times out. */
bool topics_group_members(struct topics *topics, const char *group, int timeout_ms, int *count,
                          struct error *error) MUST_CHECK;

#endif
