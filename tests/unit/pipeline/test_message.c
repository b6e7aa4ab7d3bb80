/* Headers, over librdkafka's mock cluster: a message with headers is something that only the library makes.
 */
#include "pipeline/message.h"

#include "../kafka/mock.h"
#include "transform/marker.h"

enum { TIMEOUT_MS = 10000 };

static rd_kafka_t *client_of(const struct mock *mock, rd_kafka_type_t type) {
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", mock->config.brokers, why, sizeof why);
    if (type == RD_KAFKA_CONSUMER) rd_kafka_conf_set(conf, "group.id", "g", why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    ck_assert_msg(client != NULL, "%s", why);
    return client;
}

struct header {
    const char *name;
    struct span value;
};

static void produce(rd_kafka_t *producer, const struct header *headers, int count) {
    rd_kafka_headers_t *list = rd_kafka_headers_new(4);
    for (int i = 0; i < count; i++)
        rd_kafka_header_add(list, headers[i].name, -1, headers[i].value.data, (ssize_t)headers[i].value.len);
    ck_assert_int_eq(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE("value", 5),
                                       RD_KAFKA_V_TIMESTAMP(1718600400123), RD_KAFKA_V_HEADERS(list),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                     0);
    ck_assert_int_eq(rd_kafka_flush(producer, TIMEOUT_MS), 0);
}

static rd_kafka_t *begin_reading(const struct mock *mock) {
    rd_kafka_t *consumer = client_of(mock, RD_KAFKA_CONSUMER);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "t", 0)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(consumer, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

/* The messages with these headers come as these records. */
struct expected {
    struct header headers[3];
    int count;
    bool marker, rekeyed;
    int32_t partition;
    int64_t offset;
};

#define SOURCE(text)                                                                                         \
    {                                                                                                        \
        MARKER_SOURCE_HEADER, {                                                                              \
            text, sizeof text - 1                                                                            \
        }                                                                                                    \
    }

static const struct expected all[] = {
    {.count = 0},
    {.headers = {{"other", {"1/2", 3}}}, .count = 1},
    {.headers = {{"other", {"x", 1}}, SOURCE("3/42")},
     .count = 2,
     .rekeyed = true,
     .partition = 3,
     .offset = 42},
    {.headers = {{MARKER_HEADER, {"1", 1}}}, .count = 1, .marker = true},
    {.headers = {SOURCE("3/")}, .count = 1},
    {.headers = {SOURCE("")}, .count = 1},
    {.headers = {{MARKER_SOURCE_HEADER, {NULL, 0}}}, .count = 1},
    {.headers = {SOURCE("-1/42")}, .count = 1},
};

START_TEST(headers_say_what_a_record_is) {
    const struct input_config rekeyed = {.repartition = {.present = true}}, plain = {.topic = NULL};
    struct mock mock;
    mock_init(&mock, "t", 1);
    rd_kafka_t *producer = client_of(&mock, RD_KAFKA_PRODUCER);
    for (int i = 0; i < COUNT_OF(all); i++) produce(producer, all[i].headers, all[i].count);
    rd_kafka_t *consumer = begin_reading(&mock);
    for (int i = 0; i < COUNT_OF(all); i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
        ck_assert_ptr_nonnull(message);
        ck_assert_int_eq(message->err, 0);
        struct record record = record_of_message(message, &rekeyed), source = record_of_source(message);
        ck_assert_int_eq(record.offset, i);
        ck_assert_int_eq(record.timestamp_us, INT64_C(1718600400123000));
        assert_span(record.key, "k");
        assert_span(record.value, "value");
        ck_assert_msg(record.marker == all[i].marker && record.rekeyed == all[i].rekeyed, "record %d", i);
        if (record.rekeyed) ck_assert_int_eq(record.source_partition, all[i].partition);
        if (record.rekeyed) ck_assert_int_eq(record.source_offset, all[i].offset);
        ck_assert(!source.marker && !source.rekeyed);
        record = record_of_message(message, &plain); /* whatever producers put there */
        ck_assert(!record.marker && !record.rekeyed);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    mock_release(&mock);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("message");
    tcase_add_test(tests, headers_say_what_a_record_is);
    return suite_run("pipeline.message", tests);
}
