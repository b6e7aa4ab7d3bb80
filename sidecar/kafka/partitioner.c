#include "kafka/partitioner.h"

#include <librdkafka/rdkafka.h>

/* librdkafka's own functions rather than copies of them: for a given key they use neither the topic nor the
 * opaque pointers. */

int32_t partitioner_murmur2(struct span key, int32_t partitions) {
    if (!key.data) return PARTITION_ANY;
    return rd_kafka_msg_partitioner_murmur2(NULL, key.data, key.len, partitions, NULL, NULL);
}

int32_t partitioner_crc32(struct span key, int32_t partitions) {
    if (!key.data || !key.len) return PARTITION_ANY;
    return rd_kafka_msg_partitioner_consistent(NULL, key.data, key.len, partitions, NULL, NULL);
}
