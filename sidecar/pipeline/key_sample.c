#include "pipeline/key_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"
#include "kafka/partitioner.h"
#include "telemetry/log.h"

enum { NEWEST = 50, SAMPLE_TIMEOUT_MS = 10000, POLL_MS = 100, CONVINCING = 5 };

struct tally {
    const struct input_config *input;
    int records, unkeyed, murmur2, crc32;
    int unkeyed_partition;
    int64_t unkeyed_offset;
    int other_keys; /* not the text of the field partitioned_by */
    char other_key[80], other_field[80];
};

/* Tributary keys the copies itself, as Java's producers do. */
static bool is_copied(const struct tally *tally) {
    return tally->input->repartition.present;
}

/* Compares the key with the field it should hold; a record that says nothing about it passes. */
static void compare_key(struct tally *tally, const rd_kafka_message_t *message) {
    const char *field = tally->input->partitioned_by;
    if (!field || !message->payload) return;
    yyjson_doc *doc = yyjson_read(message->payload, message->len, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(doc), field);
    struct span key = {message->key, message->key_len}, text = {0};
    if (yyjson_is_str(value)) text = (struct span){yyjson_get_str(value), yyjson_get_len(value)};
    if (yyjson_is_raw(value)) text = (struct span){yyjson_get_raw(value), yyjson_get_len(value)};
    if (text.data && !span_equal(key, text) && !tally->other_keys++) {
        snprintf(tally->other_key, sizeof tally->other_key, "%.*s", SPAN_ARGS(key));
        snprintf(tally->other_field, sizeof tally->other_field, "%.*s", SPAN_ARGS(text));
    }
    yyjson_doc_free(doc);
}

static void count(struct tally *tally, const rd_kafka_message_t *message, int partitions) {
    struct span key = {message->key, message->key_len};
    tally->records++;
    if (!key.data) {
        tally->unkeyed++;
        tally->unkeyed_partition = message->partition;
        tally->unkeyed_offset = message->offset;
        return;
    }
    compare_key(tally, message);
    tally->murmur2 += partitioner_murmur2(key, partitions) == message->partition;
    tally->crc32 += partitioner_crc32(key, partitions) == message->partition;
}

static rd_kafka_t *open_client(const struct kafka_config *kafka, struct error *error) {
    static const struct client_setting settings[] = {
        {"enable.partition.eof", "true"}, {"enable.auto.commit", "false"},
        {"auto.offset.reset", "latest"},  {"group.id", "tributary.sample"}, /* never joined */
        {"fetch.wait.max.ms", "10"},      {NULL, NULL}};
    rd_kafka_conf_t *conf = client_conf_new(kafka, "sample", settings, NULL, error);
    rd_kafka_t *client = conf ? client_new(RD_KAFKA_CONSUMER, conf, error) : NULL;
    if (client) rd_kafka_poll_set_consumer(client);
    return client;
}

/* Without it the client asks for the topic only once it is told to fetch, and waits for that. */
static void warm_metadata(rd_kafka_t *client, const char *topic) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    if (handle && !rd_kafka_metadata(client, 0, handle, &metadata, SAMPLE_TIMEOUT_MS))
        rd_kafka_metadata_destroy(metadata);
    if (handle) rd_kafka_topic_destroy(handle);
}

static void assign_newest(rd_kafka_t *client, const struct tally *tallies, int partitions) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions * 2);
    for (int t = 0; t < 2; t++)
        for (int p = 0; p < partitions && !is_copied(&tallies[t]); p++)
            rd_kafka_topic_partition_list_add(list, tallies[t].input->topic, p)->offset =
                RD_KAFKA_OFFSET_TAIL(NEWEST);
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void read_newest(rd_kafka_t *client, struct tally *tallies, int partitions) {
    int64_t until = clock_monotonic_us() + (int64_t)SAMPLE_TIMEOUT_MS * 1000;
    int open = partitions * (!is_copied(&tallies[0]) + !is_copied(&tallies[1]));
    while (open > 0 && clock_monotonic_us() < until) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, POLL_MS);
        if (!message) continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) open--;
        if (!message->err)
            for (int t = 0; t < 2; t++)
                if (strcmp(rd_kafka_topic_name(message->rkt), tallies[t].input->topic) == 0)
                    count(&tallies[t], message, partitions);
        rd_kafka_message_destroy(message);
    }
}

static bool refuse_unkeyed(const struct tally *tally, int partitions, struct error *error) {
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions, but %d of its %d newest records have no key (for one, [%d] "
        "offset %lld): records that belong together may lie in different partitions\nhint: let the "
        "producer set the record key%s%s, or let Tributary do it: repartition: {by: FIELD, partitions: %d}",
        tally->input->topic, partitions, tally->unkeyed, tally->records, tally->unkeyed_partition,
        (long long)tally->unkeyed_offset, tally->input->partitioned_by ? " to " : "",
        tally->input->partitioned_by ? tally->input->partitioned_by : "", partitions);
}

/* A few odd records among good ones are the producer's affair. */
static void warn_other_key(const struct tally *tally) {
    log_event(LOG_LEVEL_WARN, "other_key", "topic=%s partitioned_by=%s records=%d of=%d key=%s field=%s",
              tally->input->topic, tally->input->partitioned_by, tally->other_keys, tally->records,
              LOG_QUOTE(tally->other_key), LOG_QUOTE(tally->other_field));
}

static bool refuse_other_key(const struct tally *tally, struct error *error) {
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" is not keyed by \"%s\": %d of its %d newest records have another key (\"%s\" where "
        "the field is \"%s\")\nhint: set `partitioned_by` to the field that the producer uses as record "
        "key, on both inputs the same; leave it out if that is no field of the record",
        tally->input->topic, tally->input->partitioned_by, tally->other_keys, tally->records,
        tally->other_key, tally->other_field);
}

/* "murmur2", "crc32", or NULL when the sample does not say. */
static const char *partitioner_of(const struct tally *tally) {
    if (is_copied(tally)) return "murmur2";
    if (tally->records < CONVINCING) return NULL;
    if (tally->murmur2 == tally->records && tally->crc32 < tally->records) return "murmur2";
    if (tally->crc32 == tally->records && tally->murmur2 < tally->records) return "crc32";
    return NULL;
}

static bool judge(const struct tally *tallies, int partitions, struct error *error) {
    for (int t = 0; t < 2; t++)
        if (tallies[t].unkeyed) return refuse_unkeyed(&tallies[t], partitions, error);
    for (int t = 0; t < 2; t++) {
        if (tallies[t].other_keys * 2 > tallies[t].records) return refuse_other_key(&tallies[t], error);
        if (tallies[t].other_keys) warn_other_key(&tallies[t]);
    }
    const char *first = partitioner_of(&tallies[0]), *second = partitioner_of(&tallies[1]);
    if (!first || !second || strcmp(first, second) == 0) return true;
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" is partitioned by %s and topic \"%s\" by %s: equal keys lie in different "
        "partitions\nhint: set the same partitioner in both producers: murmur2_random is what Java's "
        "use, consistent_random is librdkafka's default",
        tallies[0].input->topic, first, tallies[1].input->topic, second);
}

bool key_sample_check(const struct kafka_config *kafka, const struct input_config *touches,
                      const struct input_config *conversions, int partitions, struct error *error) {
    if (partitions == 1 || (touches->repartition.present && conversions->repartition.present)) return true;
    struct tally tallies[2] = {{.input = touches}, {.input = conversions}};
    rd_kafka_t *client = open_client(kafka, error);
    if (!client) return false;
    for (int t = 0; t < 2; t++)
        if (!is_copied(&tallies[t])) warm_metadata(client, tallies[t].input->topic);
    assign_newest(client, tallies, partitions);
    read_newest(client, tallies, partitions);
    rd_kafka_assign(client, NULL);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return judge(tallies, partitions, error);
}
