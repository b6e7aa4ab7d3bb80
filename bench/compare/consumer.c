/* consumer [--parse] BROKERS TOPIC...: the limit of what a consumer can do here. Reads every partition of the
 * topics from its beginning to its end through one librdkafka queue, in batches, and throws the records away;
 * with --parse it first parses each as JSON and looks up four of its fields. Prints one line of JSON: records
 * and bytes read, and with --parse the records in which all four were found. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum {
    BATCH = 10000,
    TIMEOUT_MS = 1000,
    METADATA_MS = 10000,
    MAX_TOPICS = 8,
    ID_FIELDS = 2,
    OTHER_FIELDS = 3
};

struct consumer {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topics[MAX_TOPICS];
    int topic_count, open; /* partitions whose end has not been reached */
    bool parses;
    char *memory; /* the parser's, one record at a time */
    size_t memory_size;
    uint64_t records, bytes, complete;
};

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "consumer: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) fail(name, why);
}

static void connect_to(struct consumer *consumer, const char *brokers) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "enable.partition.eof", "true");
    set(conf, "fetch.wait.max.ms", "10"); /* the end is known at once */
    char why[512];
    consumer->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer->client) fail(brokers, why);
    consumer->queue = rd_kafka_queue_new(consumer->client);
}

static int partitions_of(struct consumer *consumer, rd_kafka_topic_t *topic) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer->client, 0, topic, &metadata, METADATA_MS);
    if (code) fail(rd_kafka_topic_name(topic), rd_kafka_err2str(code));
    int partitions = metadata->topics[0].partition_cnt;
    if (metadata->topics[0].err) fail(rd_kafka_topic_name(topic), rd_kafka_err2str(metadata->topics[0].err));
    rd_kafka_metadata_destroy(metadata);
    return partitions;
}

static void start(struct consumer *consumer, const char *name) {
    if (consumer->topic_count == MAX_TOPICS) fail(name, "too many topics");
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer->client, name, NULL);
    consumer->topics[consumer->topic_count++] = topic;
    int partitions = partitions_of(consumer, topic);
    for (int32_t p = 0; p < partitions; p++)
        if (rd_kafka_consume_start_queue(topic, p, RD_KAFKA_OFFSET_BEGINNING, consumer->queue))
            fail(name, rd_kafka_err2str(rd_kafka_last_error()));
    consumer->open += partitions;
}

static bool has_all(yyjson_val *event) {
    static const char *const ids[ID_FIELDS] = {"click_id", "checkout_id"};
    static const char *const others[OTHER_FIELDS] = {"user_id", "product_id", "datetime_occured"};
    if (!yyjson_obj_get(event, ids[0]) && !yyjson_obj_get(event, ids[1])) return false;
    for (int i = 0; i < OTHER_FIELDS; i++)
        if (!yyjson_obj_get(event, others[i])) return false;
    return true;
}

static void parse(struct consumer *consumer, const rd_kafka_message_t *message) {
    size_t needed = yyjson_read_max_memory_usage(message->len, YYJSON_READ_NOFLAG);
    if (needed > consumer->memory_size) {
        consumer->memory_size = 2 * needed;
        consumer->memory = realloc(consumer->memory, consumer->memory_size);
        if (!consumer->memory) fail("parsing", "out of memory");
    }
    yyjson_alc allocator;
    yyjson_alc_pool_init(&allocator, consumer->memory, consumer->memory_size);
    yyjson_doc *document =
        yyjson_read_opts(message->payload, message->len, YYJSON_READ_NOFLAG, &allocator, NULL);
    if (document && has_all(yyjson_doc_get_root(document))) consumer->complete++;
}

static void take(struct consumer *consumer, const rd_kafka_message_t *message) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        consumer->open--;
    } else if (message->err) {
        fail("reading", rd_kafka_message_errstr(message));
    } else {
        consumer->records++;
        consumer->bytes += message->len;
        if (consumer->parses) parse(consumer, message);
    }
}

static void read_all(struct consumer *consumer) {
    static rd_kafka_message_t *batch[BATCH];
    while (consumer->open > 0) {
        ssize_t count = rd_kafka_consume_batch_queue(consumer->queue, TIMEOUT_MS, batch, BATCH);
        if (count < 0) fail("reading", rd_kafka_err2str(rd_kafka_last_error()));
        for (ssize_t i = 0; i < count; i++) {
            take(consumer, batch[i]);
            rd_kafka_message_destroy(batch[i]);
        }
    }
}

static void release(struct consumer *consumer) {
    rd_kafka_queue_destroy(consumer->queue);
    for (int i = 0; i < consumer->topic_count; i++) rd_kafka_topic_destroy(consumer->topics[i]);
    rd_kafka_destroy(consumer->client);
    free(consumer->memory);
}

int main(int argc, char **argv) {
    struct consumer consumer = {.parses = argc > 1 && strcmp(argv[1], "--parse") == 0};
    int first = consumer.parses ? 2 : 1;
    if (argc < first + 2) fail("usage", "consumer [--parse] BROKERS TOPIC...");
    connect_to(&consumer, argv[first]);
    for (int i = first + 1; i < argc; i++) start(&consumer, argv[i]);
    read_all(&consumer);
    printf("{\"records\": %" PRIu64 ", \"bytes\": %" PRIu64, consumer.records, consumer.bytes);
    if (consumer.parses) printf(", \"complete\": %" PRIu64, consumer.complete);
    puts("}");
    release(&consumer);
    return 0;
}
