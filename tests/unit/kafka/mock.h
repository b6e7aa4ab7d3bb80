/* mock.h: librdkafka's own mock cluster, which speaks the real protocol over real sockets and can be told to
 * refuse requests, something no real broker does on demand. */
#ifndef TRIBUTARY_TESTS_KAFKA_MOCK_H
#define TRIBUTARY_TESTS_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "../suite.h"
#include "config/pipeline.h"

/* the protocol's numbers of these requests */
enum { MOCK_PRODUCE = 0, MOCK_FETCH = 1, MOCK_LIST_OFFSETS = 2, MOCK_METADATA = 3 };
enum { MOCK_BROKER = 1, MOCK_COUNTED = 1000 };

struct mock {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_config config; /* for clients of the cluster */
};

static inline void mock_init(struct mock *mock, const char *topic, int partitions) {
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why); /* it has no brokers itself and says so */
    mock->owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    ck_assert_msg(mock->owner != NULL, "%s", why);
    mock->cluster = rd_kafka_mock_cluster_new(mock->owner, 1);
    ck_assert_ptr_nonnull(mock->cluster);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1), 0);
    mock->config = (struct kafka_config){.brokers = strdup(rd_kafka_mock_cluster_bootstraps(mock->cluster))};
}

static inline void mock_release(struct mock *mock) {
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->owner);
    free(mock->config.brokers);
}

/* Requests of one kind are counted by giving each of them an "error" of its own that is none. */
static inline void mock_count(const struct mock *mock, int16_t request) {
    for (int i = 0; i < MOCK_COUNTED; i++)
        rd_kafka_mock_broker_push_request_error_rtts(mock->cluster, MOCK_BROKER, request, 1,
                                                     RD_KAFKA_RESP_ERR_NO_ERROR, 0);
}

/* How many there were since mock_count. */
static inline int mock_counted(const struct mock *mock, int16_t request) {
    size_t left = 0;
    rd_kafka_mock_broker_error_stack_cnt(mock->cluster, MOCK_BROKER, request, &left);
    return MOCK_COUNTED - (int)left;
}

#endif
