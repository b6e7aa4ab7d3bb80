/* mock.h: librdkafka's own mock cluster, which speaks the real protocol over real sockets and can be told to
 * refuse requests, something no real broker does on demand. */
#ifndef TRIBUTARY_TESTS_KAFKA_MOCK_H
#define TRIBUTARY_TESTS_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "../suite.h"
#include "config/pipeline.h"

enum { MOCK_PRODUCE = 0, MOCK_METADATA = 3 }; /* the protocol's numbers of these requests */

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

#endif
