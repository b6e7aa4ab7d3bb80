#include "kafka/consumer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"
#include "telemetry/errors.h"
#include "telemetry/log.h"

enum { METADATA_TIMEOUT_MS = 5000, POLL_MS = 10 };

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

struct assigned {
    int32_t partition;
    rd_kafka_queue_t *queues[2];
};

struct consumer {
    rd_kafka_t *client;
    struct consumer_options options;
    struct assigned *assigned;
    int assigned_count;
};

static void drop_queues(struct consumer *consumer) {
    for (int i = 0; i < consumer->assigned_count; i++)
        for (int side = 0; side < 2; side++) rd_kafka_queue_destroy(consumer->assigned[i].queues[side]);
    free(consumer->assigned);
    consumer->assigned = NULL;
    consumer->assigned_count = 0;
}

static void assign_nothing(struct consumer *consumer) {
    rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(1);
    rd_kafka_assign(consumer->client, nothing);
    rd_kafka_topic_partition_list_destroy(nothing);
}

static void acknowledge_assignment(struct consumer *consumer, rd_kafka_topic_partition_list_t *list) {
    assign_nothing(consumer);
    int32_t *partitions = memory_alloc((size_t)list->cnt * sizeof *partitions);
    for (int i = 0; i < list->cnt; i++) partitions[i] = list->elems[i].partition;
    consumer->options.on_assigned(consumer->options.context, partitions, list->cnt);
    free(partitions);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *context) {
    struct consumer *consumer = context;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        acknowledge_assignment(consumer, list);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        log_repeated(LOG_LEVEL_WARN, "rebalance_failed", "error=%s", LOG_QUOTE(rd_kafka_err2str(code)));
    consumer->options.on_revoked(consumer->options.context);
    drop_queues(consumer);
    rd_kafka_assign(client, NULL);
}

static rd_kafka_conf_t *make_conf(const struct consumer_options *options, struct error *error) {
    /* Queue limits hold per partition here, since no queue is forwarded. */
    struct fetch_texts texts;
    struct client_setting defaults[FETCH_SETTINGS + 3] = {
        {"fetch.wait.max.ms", "100"}, {"session.timeout.ms", TEXT_OF(CONSUMER_SESSION_TIMEOUT_MS)}};
    fetch_settings(&options->fetch, &texts, defaults + 2);
    const struct kafka_config *config = options->config;
    char role[32], instance[512];
    snprintf(role, sizeof role, "worker-%d", options->worker);
    snprintf(instance, sizeof instance, "%s-%d", config->instance_id ? config->instance_id : "",
             options->worker);
    const struct client_setting required[] = {{"group.id", config->group},
                                              {"enable.auto.commit", "false"},
                                              {"enable.auto.offset.store", "false"},
                                              {"enable.partition.eof", "true"},
                                              {"auto.offset.reset", "error"},
                                              {"partition.assignment.strategy", "range"},
                                              {"isolation.level", "read_committed"},
                                              {config->instance_id ? "group.instance.id" : NULL, instance},
                                              {NULL, NULL}};
    return client_conf_new(config, role, defaults, required, error);
}

/* Without this the first touch arrives half a second later: the client would ask for the topic only when it
 * is told to fetch it. */
static void warm_metadata(rd_kafka_t *client, const char *topic) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    if (handle && !rd_kafka_metadata(client, 0, handle, &metadata, METADATA_TIMEOUT_MS))
        rd_kafka_metadata_destroy(metadata);
    if (handle) rd_kafka_topic_destroy(handle);
}

static bool subscribe(struct consumer *consumer, struct error *error) {
    const char *topic = consumer->options.topics[CONSUMER_CONVERSIONS];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || client_error(error, code, "cannot subscribe to \"%s\"", topic);
}

struct consumer *consumer_new(const struct consumer_options *options, struct error *error) {
    struct consumer *consumer = memory_zalloc(1, sizeof *consumer);
    consumer->options = *options;
    rd_kafka_conf_t *conf = make_conf(options, error);
    if (conf) {
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rd_kafka_conf_set_opaque(conf, consumer);
        consumer->client = client_new(RD_KAFKA_CONSUMER, conf, error);
    }
    if (consumer->client) {
        rd_kafka_poll_set_consumer(consumer->client);
        warm_metadata(consumer->client, options->topics[CONSUMER_TOUCHES]);
        if (subscribe(consumer, error)) return consumer;
    }
    consumer_free(consumer);
    return NULL;
}

/* Revokes, through on_rebalance, and tells the group. Brokers that do not answer cannot hold the process up:
 * they notice by themselves when the session ends. */
static void leave_group(struct consumer *consumer) {
    int64_t until = clock_monotonic_us() + (int64_t)CONSUMER_LEAVE_MS * 1000;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->client);
    rd_kafka_error_t *refused = rd_kafka_consumer_close_queue(consumer->client, queue);
    bool closing = !refused; /* a client that has ended for good is closed already */
    while (closing && !rd_kafka_consumer_closed(consumer->client) && clock_monotonic_us() < until) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->client, POLL_MS);
        if (message) rd_kafka_message_destroy(message);
    }
    if (refused) rd_kafka_error_destroy(refused);
    rd_kafka_queue_destroy(queue);
}

void consumer_free(struct consumer *consumer) {
    if (!consumer) return;
    if (consumer->client) {
        leave_group(consumer);
        drop_queues(consumer);
        rd_kafka_destroy_flags(consumer->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    free(consumer->assigned);
    free(consumer);
}

static bool serve(struct consumer *consumer, rd_kafka_message_t *message, struct error *error) {
    rd_kafka_resp_err_t code = message->err;
    char text[512];
    snprintf(text, sizeof text, "%s", code ? rd_kafka_message_errstr(message) : "");
    rd_kafka_message_destroy(message);
    if (client_has_ended(consumer->client, error)) {
        error->class = ERROR_FENCED;
        return false;
    }
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: /* of a queue that is gone: its offset will be read again */
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return true;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        log_repeated(LOG_LEVEL_WARN, "poll_interval_exceeded", "error=%s", LOG_QUOTE(text));
        return true;
    default: break;
    }
    errors_count(ERRORS_KAFKA, rd_kafka_err2name(code), rd_kafka_err2name(code));
    if (client_error_class(code) != ERROR_RETRY) return client_error(error, code, "consumer");
    log_repeated(LOG_LEVEL_WARN, "kafka", "error=%s", LOG_QUOTE(text));
    return true;
}

bool consumer_poll(struct consumer *consumer, int timeout_ms, struct error *error) {
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(consumer->client, timeout_ms))) {
        if (!serve(consumer, message, error)) return false;
        timeout_ms = 0;
    }
    return true;
}

bool consumer_assign(struct consumer *consumer, const struct consumer_start *starts, int count,
                     struct error *error) {
    drop_queues(consumer);
    consumer->assigned = memory_zalloc((size_t)count, sizeof *consumer->assigned);
    consumer->assigned_count = count;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count * 2);
    for (int i = 0; i < count; i++) {
        consumer->assigned[i].partition = starts[i].partition;
        for (int side = 0; side < 2; side++) {
            const char *topic = consumer->options.topics[side];
            rd_kafka_queue_t *queue =
                rd_kafka_queue_get_partition(consumer->client, topic, starts[i].partition);
            rd_kafka_queue_forward(queue, NULL); /* before assigning: later, messages go to the main queue */
            consumer->assigned[i].queues[side] = queue;
            rd_kafka_topic_partition_list_add(list, topic, starts[i].partition)->offset =
                starts[i].offsets[side];
        }
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || client_error(error, code, "cannot start fetching");
}

void consumer_unassign(struct consumer *consumer) {
    drop_queues(consumer);
    assign_nothing(consumer);
}

int consumer_read(struct consumer *consumer, enum consumer_side side, int32_t partition,
                  rd_kafka_message_t **messages, int max) {
    for (int i = 0; i < consumer->assigned_count; i++) {
        if (consumer->assigned[i].partition != partition) continue;
        ssize_t got =
            rd_kafka_consume_batch_queue(consumer->assigned[i].queues[side], 0, messages, (size_t)max);
        return got > 0 ? (int)got : 0;
    }
    return 0;
}

/* A member whose session has timed out has no id until it has rejoined. What a static one commits then looks
 * to the brokers like a twin's commit, and the client would end as fenced. */
static bool is_member(const struct consumer *consumer) {
    char *id = rd_kafka_memberid(consumer->client);
    bool is = id && *id;
    if (id) rd_kafka_mem_free(consumer->client, id);
    return is;
}

void consumer_report(struct consumer *consumer, enum consumer_side side, const int32_t *partitions,
                     const int64_t *offsets, int count) {
    if (consumer->options.config->instance_id && !is_member(consumer)) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->options.topics[side], partitions[i])->offset =
            offsets[i];
    rd_kafka_commit(consumer->client, list, 1); /* asynchronous; a failure changes nothing */
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t consumer_high(const struct consumer *consumer, enum consumer_side side, int32_t partition) {
    int64_t low = -1, high = -1;
    rd_kafka_get_watermark_offsets(consumer->client, consumer->options.topics[side], partition, &low, &high);
    return high < 0 ? -1 : high;
}
