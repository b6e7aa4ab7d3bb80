#include "kafka/partitioner.h"

#include "kafka/client.h"
#include "mock.h"

/* What org.apache.kafka.common.utils.Utils.murmur2 gives for these keys. */
START_TEST(murmur2_is_that_of_java) {
    static const struct {
        const char *key;
        uint32_t hash;
    } vectors[] = {{"kafka", 0xd067cf64}, {"giberish123456789", 0x8f552b0c},
                   {"1234", 0x9fc97b14},  {"234", 0xe7c009ca},
                   {"34", 0x873930da},    {"4", 0x5a4b5ca1},
                   {"", 0x106e08d9}};
    static const int32_t counts[] = {1, 2, 3, 4, 7, 12, 100, 1009, INT32_MAX};
    for (int i = 0; i < COUNT_OF(vectors); i++)
        for (int j = 0; j < COUNT_OF(counts); j++)
            ck_assert_int_eq(partitioner_murmur2(span_of(vectors[i].key), counts[j]),
                             (int32_t)(vectors[i].hash & 0x7fffffff) % counts[j]);
}
END_TEST

/* The check value of CRC-32, and others of the same polynomial. */
START_TEST(crc32_is_that_of_zlib) {
    ck_assert_int_eq(partitioner_crc32(span_of("123456789"), 1000003), 0xcbf43926u % 1000003);
    ck_assert_int_eq(partitioner_crc32(span_of("a"), 1000003), 0xe8b7be43u % 1000003);
    ck_assert_int_eq(partitioner_crc32(span_of("17"), 1000003), 0x3f39b042u % 1000003);
}
END_TEST

START_TEST(nothing_is_known_without_a_key) {
    ck_assert_int_eq(partitioner_murmur2((struct span){0}, 8), PARTITION_ANY);
    ck_assert_int_eq(partitioner_crc32((struct span){0}, 8), PARTITION_ANY);
    ck_assert_int_eq(partitioner_crc32(span_of(""), 8), PARTITION_ANY);
}
END_TEST

enum { KEYS = 500, PARTITIONS = 7 };

struct seen {
    int32_t partition[KEYS];
    int count;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct seen *seen = opaque;
    ck_assert_int_eq(message->err, 0);
    seen->partition[(intptr_t)message->_private] = message->partition;
    seen->count++;
}

/* Where a producer of librdkafka with this setting puts the keys "0" to "499". */
static void produce_with(struct mock *mock, const char *partitioner, struct seen *seen) {
    char why[200], key[16];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", mock->config.brokers, why, sizeof why);
    ck_assert_int_eq(rd_kafka_conf_set(conf, "partitioner", partitioner, why, sizeof why), RD_KAFKA_CONF_OK);
    rd_kafka_conf_set_opaque(conf, seen);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    ck_assert_msg(client != NULL, "%s", why);
    seen->count = 0;
    for (intptr_t i = 0; i < KEYS; i++) {
        int len = snprintf(key, sizeof key, "%d", (int)i);
        ck_assert_int_eq(rd_kafka_producev(client, RD_KAFKA_V_TOPIC("keys"), RD_KAFKA_V_KEY(key, (size_t)len),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_OPAQUE((void *)i), RD_KAFKA_V_END),
                         0);
    }
    ck_assert_int_eq(rd_kafka_flush(client, 30000), 0);
    ck_assert_int_eq(seen->count, KEYS);
    rd_kafka_destroy(client);
}

START_TEST(agrees_with_the_clients) {
    static const struct {
        const char *name;
        int32_t (*partitioner)(struct span key, int32_t partitions);
    } cases[] = {{"murmur2", partitioner_murmur2},
                 {"murmur2_random", partitioner_murmur2},
                 {"consistent", partitioner_crc32},
                 {"consistent_random", partitioner_crc32}};
    struct mock mock;
    struct seen seen;
    char key[16];
    mock_init(&mock, "keys", PARTITIONS);
    for (int c = 0; c < COUNT_OF(cases); c++) {
        produce_with(&mock, cases[c].name, &seen);
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "%d", i);
            ck_assert_msg(cases[c].partitioner(span_of(key), PARTITIONS) == seen.partition[i], "%s of \"%s\"",
                          cases[c].name, key);
        }
    }
    mock_release(&mock);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("partitioner");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, murmur2_is_that_of_java);
    tcase_add_test(tests, crc32_is_that_of_zlib);
    tcase_add_test(tests, nothing_is_known_without_a_key);
    tcase_add_test(tests, agrees_with_the_clients);
    return suite_run("kafka.partitioner", tests);
}
