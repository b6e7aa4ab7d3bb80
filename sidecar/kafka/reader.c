#include "kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kafka/client.h"

struct reader {
    rd_kafka_t *client;
    struct reader_partition *serving; /* whose queue is being read: its errors come by the callback */
    char trouble[300];
    struct fetch_waker waker;
};

struct reader_partition {
    struct reader *reader;
    rd_kafka_topic_t *topic;
    int32_t partition;
    int64_t taken; /* as of fetch_take */
    rd_kafka_resp_err_t missing;
};

/* Called from rd_kafka_poll and rd_kafka_consume_batch, on the reader's thread. */
static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque) {
    (void)client;
    struct reader *reader = opaque;
    if (reader->serving && client_error_class(code) == ERROR_CONFIG) reader->serving->missing = code;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && reader->trouble[0]) return;
    snprintf(reader->trouble, sizeof reader->trouble, "%s", text);
    char *detail = strstr(reader->trouble, " (after "); /* "(after 3ms in state CONNECT)" */
    if (detail) *detail = '\0';
}

static rd_kafka_conf_t *make_conf(const struct kafka_config *config, const char *role,
                                  const struct fetch_limits *fetch, struct error *error) {
    struct fetch_texts texts;
    struct client_setting defaults[FETCH_SETTINGS + 3] = {
        {"fetch.wait.max.ms", "100"},
        /* how long a topic may be unknown before that is an error: half a minute would be long at start-up */
        {"topic.metadata.propagation.max.ms", "5000"}};
    fetch_settings(fetch, &texts, defaults + 2);
    static const struct client_setting required[] = {{"enable.auto.commit", "false"},
                                                     {"enable.auto.offset.store", "false"},
                                                     {"enable.partition.eof", "true"},
                                                     {"auto.offset.reset", "error"},
                                                     {"isolation.level", "read_committed"},
                                                     {"allow.auto.create.topics", "false"},
                                                     {NULL, NULL}};
    return client_conf_new(config, role, defaults, required, error);
}

struct reader *reader_new(const struct kafka_config *config, const char *role, struct error *error) {
    return reader_new_limited(config, role, &FETCH_LIMITS_FULL, error);
}

struct reader *reader_new_limited(const struct kafka_config *config, const char *role,
                                  const struct fetch_limits *fetch, struct error *error) {
    rd_kafka_conf_t *conf = make_conf(config, role, fetch, error);
    if (!conf) return NULL;
    struct reader *reader = memory_zalloc(1, sizeof *reader);
    rd_kafka_conf_set_opaque(conf, reader);
    rd_kafka_conf_set_error_cb(conf, on_error);
    reader->client = client_new(RD_KAFKA_CONSUMER, conf, error);
    reader->waker = fetch_waker(reader->client, fetch);
    if (reader->client) return reader;
    free(reader);
    return NULL;
}

void reader_free(struct reader *reader) {
    if (!reader) return;
    rd_kafka_destroy(reader->client);
    free(reader);
}

struct reader_partition *reader_open(struct reader *reader, const char *topic, int32_t partition,
                                     int64_t offset, struct error *error) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->client, topic, NULL);
    if (!handle || rd_kafka_consume_start(handle, partition, offset) != 0) {
        client_error(error, rd_kafka_last_error(), "topic \"%s\" [%d] cannot be read from offset %lld", topic,
                     partition, (long long)offset);
        if (handle) rd_kafka_topic_destroy(handle);
        return NULL;
    }
    struct reader_partition *opened = memory_alloc(sizeof *opened);
    *opened = (struct reader_partition){.reader = reader, .topic = handle, .partition = partition};
    return opened;
}

void reader_close(struct reader_partition *partition) {
    if (!partition) return;
    rd_kafka_consume_stop(partition->topic, partition->partition);
    rd_kafka_topic_destroy(partition->topic);
    free(partition);
}

static int take(struct reader_partition *partition, int timeout_ms, rd_kafka_message_t **messages, int max) {
    partition->reader->serving = partition;
    ssize_t got =
        rd_kafka_consume_batch(partition->topic, partition->partition, timeout_ms, messages, (size_t)max);
    partition->reader->serving = NULL;
    int count = got > 0 ? (int)got : 0;
    fetch_take(&partition->reader->waker, rd_kafka_topic_name(partition->topic), partition->partition,
               &partition->taken, messages, count);
    return count;
}

int reader_read(struct reader_partition *partition, int timeout_ms, rd_kafka_message_t **messages, int max) {
    rd_kafka_poll(partition->reader->client, 0); /* errors of the connection */
    int got = take(partition, 0, messages, max);
    if (!got && timeout_ms > 0) { /* a batch would wait until it is full */
        got = take(partition, timeout_ms, messages, 1);
        if (got) got += take(partition, 0, messages + got, max - got);
    }
    if (got) {
        partition->missing = RD_KAFKA_RESP_ERR_NO_ERROR;
        partition->reader->trouble[0] = '\0';
    }
    return got;
}

rd_kafka_resp_err_t reader_missing(const struct reader_partition *partition) {
    return partition->missing;
}

const char *reader_trouble(const struct reader *reader) {
    return reader->trouble;
}
