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

struct queue {
    rd_kafka_queue_t *messages; /* NULL: not read */
    int64_t taken;              /* as of fetch_take */
};

/* The queues of one topic, by partition. */
struct queues {
    struct queue *items;
    int32_t count;
};

struct consumer {
    rd_kafka_t *client;
    struct consumer_options options;
    struct consumer_topic *topics;
    struct queues *queues; /* by topic */
    struct fetch_waker waker;
};

static void drop_queues(struct consumer *consumer) {
    for (int topic = 0; topic < consumer->options.topic_count; topic++) {
        struct queues *queues = &consumer->queues[topic];
        for (int32_t i = 0; i < queues->count; i++)
            if (queues->items[i].messages) rd_kafka_queue_destroy(queues->items[i].messages);
        free(queues->items);
        *queues = (struct queues){0};
    }
}

/* The queue's place. */
static rd_kafka_queue_t **place_queue(struct queues *queues, int32_t partition) {
    if (partition >= queues->count) {
        int32_t count = partition + 1;
        queues->items = memory_realloc(queues->items, (size_t)count * sizeof *queues->items);
        for (int32_t i = queues->count; i < count; i++) queues->items[i] = (struct queue){0};
        queues->count = count;
    }
    return &queues->items[partition].messages;
}

static const char *topic_name(const struct consumer *consumer, int topic) {
    return consumer->topics[topic].name;
}

/* -1: none of ours. */
static int topic_index(const struct consumer *consumer, const char *name) {
    for (int topic = 0; topic < consumer->options.topic_count; topic++)
        if (strcmp(topic_name(consumer, topic), name) == 0) return topic;
    return -1;
}

static void assign_nothing(struct consumer *consumer) {
    rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(1);
    rd_kafka_assign(consumer->client, nothing);
    rd_kafka_topic_partition_list_destroy(nothing);
}

static void acknowledge_assignment(struct consumer *consumer, rd_kafka_topic_partition_list_t *list) {
    assign_nothing(consumer);
    struct consumer_partition *partitions = memory_alloc((size_t)list->cnt * sizeof *partitions);
    int count = 0;
    for (int i = 0; i < list->cnt; i++) {
        int topic = topic_index(consumer, list->elems[i].topic);
        if (topic >= 0) partitions[count++] = (struct consumer_partition){topic, list->elems[i].partition};
    }
    consumer->options.on_assigned(consumer->options.context, partitions, count);
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

/* Of connections; called from consumer_poll. They pass, or are tried again. */
static void on_error(rd_kafka_t *client, int code, const char *text, void *context) {
    (void)context;
    errors_count(ERRORS_KAFKA, rd_kafka_err2name(code), rd_kafka_err2name(code));
    log_repeated(LOG_LEVEL_WARN, "kafka_client", "client=%s facility=ERROR message=%s", rd_kafka_name(client),
                 LOG_QUOTE(text));
    client_note_refusal(client, (rd_kafka_resp_err_t)code, text);
}

static rd_kafka_conf_t *make_conf(const struct consumer_options *options, struct error *error) {
    /* Queue limits hold per partition here, since no queue is forwarded. */
    struct fetch_texts texts;
    struct client_setting defaults[FETCH_SETTINGS + 3] = {
        {"fetch.wait.max.ms", "100"}, {"session.timeout.ms", TEXT_OF(CONSUMER_SESSION_TIMEOUT_MS)}};
    fetch_settings(&options->fetch, &texts, defaults + 2);
    const struct kafka_config *config = options->config;
    char role[64], instance[512];
    snprintf(role, sizeof role, "%s-%d", options->role, options->worker);
    snprintf(instance, sizeof instance, "%s-%s%d", config->instance_id ? config->instance_id : "",
             options->member ? options->member : "", options->worker);
    const struct client_setting required[] = {{"group.id", options->group},
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
    const char *first = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->options.topic_count);
    for (int i = 0; i < consumer->options.topic_count; i++) {
        const struct consumer_topic *topic = &consumer->topics[i];
        if (topic->subscribed) rd_kafka_topic_partition_list_add(list, topic->name, RD_KAFKA_PARTITION_UA);
        if (topic->subscribed && !first) first = topic->name;
        if (!topic->subscribed) warm_metadata(consumer->client, topic->name);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || client_error(error, code, "cannot subscribe to \"%s\"", first ? first : "");
}

static struct consumer *create(const struct consumer_options *options) {
    size_t count = (size_t)options->topic_count;
    struct consumer *consumer = memory_zalloc(1, sizeof *consumer);
    consumer->options = *options;
    consumer->topics = memory_zalloc(count, sizeof *consumer->topics);
    consumer->queues = memory_zalloc(count, sizeof *consumer->queues);
    memcpy(consumer->topics, options->topics, count * sizeof *consumer->topics);
    consumer->options.topics = consumer->topics;
    return consumer;
}

struct consumer *consumer_new(const struct consumer_options *options, struct error *error) {
    struct consumer *consumer = create(options);
    rd_kafka_conf_t *conf = make_conf(options, error);
    if (conf) {
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rd_kafka_conf_set_opaque(conf, consumer);
        rd_kafka_conf_set_error_cb(conf, on_error);
        consumer->client = client_new(RD_KAFKA_CONSUMER, conf, error);
    }
    if (consumer->client) {
        rd_kafka_poll_set_consumer(consumer->client);
        consumer->waker = fetch_waker(consumer->client, &options->fetch);
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
    free(consumer->queues);
    free(consumer->topics);
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
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++) {
        const struct consumer_start *start = &starts[i];
        const char *name = topic_name(consumer, start->topic);
        rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(consumer->client, name, start->partition);
        rd_kafka_queue_forward(queue, NULL); /* before assigning: later, messages go to the main queue */
        *place_queue(&consumer->queues[start->topic], start->partition) = queue;
        rd_kafka_topic_partition_list_add(list, name, start->partition)->offset = start->offset;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || client_error(error, code, "cannot start fetching");
}

void consumer_unassign(struct consumer *consumer) {
    drop_queues(consumer);
    assign_nothing(consumer);
}

int consumer_read(struct consumer *consumer, int topic, int32_t partition, rd_kafka_message_t **messages,
                  int max) {
    const struct queues *queues = &consumer->queues[topic];
    if (partition >= queues->count || !queues->items[partition].messages) return 0;
    struct queue *queue = &queues->items[partition];
    ssize_t got = rd_kafka_consume_batch_queue(queue->messages, 0, messages, (size_t)max);
    int count = got > 0 ? (int)got : 0;
    fetch_take(&consumer->waker, topic_name(consumer, topic), partition, &queue->taken, messages, count);
    return count;
}

/* A member whose session has timed out has no id until it has rejoined. What a static one commits then looks
 * to the brokers like a twin's commit, and the client would end as fenced. */
static bool is_member(const struct consumer *consumer) {
    char *id = rd_kafka_memberid(consumer->client);
    bool is = id && *id;
    if (id) rd_kafka_mem_free(consumer->client, id);
    return is;
}

void consumer_report(struct consumer *consumer, int topic, const int32_t *partitions, const int64_t *offsets,
                     int count) {
    if (consumer->options.config->instance_id && !is_member(consumer)) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic_name(consumer, topic), partitions[i])->offset =
            offsets[i];
    rd_kafka_commit(consumer->client, list, 1); /* asynchronous; a failure changes nothing */
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t consumer_high(const struct consumer *consumer, int topic, int32_t partition) {
    int64_t low = -1, high = -1;
    rd_kafka_get_watermark_offsets(consumer->client, topic_name(consumer, topic), partition, &low, &high);
    return high < 0 ? -1 : high;
}

/* --- what the group has committed --- */

/* A transaction that is about to commit them will have done so in a moment. */
static bool not_told(struct error *error, rd_kafka_resp_err_t code, const char *group) {
    client_error(error, code, "offsets of the group \"%s\"", group);
    if (code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT) error->class = ERROR_RETRY;
    return false;
}

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err) return list->elems[i].err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static struct consumer_committed committed_of(const rd_kafka_topic_partition_t *told) {
    struct consumer_committed committed = {.offset = told->offset < 0 ? -1 : told->offset};
    if (committed.offset >= 0 && told->metadata_size)
        committed.metadata = memory_strndup(told->metadata, told->metadata_size);
    return committed;
}

bool consumer_committed(struct consumer *consumer, const struct consumer_partition *partitions, int count,
                        int timeout_ms, struct consumer_committed *out, struct error *error) {
    if (!count) return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic_name(consumer, partitions[i].topic),
                                          partitions[i].partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->client, list, timeout_ms);
    if (!code) code = first_error(list);
    /* The client keeps the order of the list. */
    for (int i = 0; !code && i < count; i++) out[i] = committed_of(&list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || not_told(error, code, consumer->options.group);
}

rd_kafka_t *consumer_client(const struct consumer *consumer) {
    return consumer->client;
}
