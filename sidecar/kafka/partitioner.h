/* partitioner.h: which partition a producer's usual partitioners give a key: what tells whether two topics
 * were written in the same way. Pure; any thread. */
#ifndef TRIBUTARY_KAFKA_PARTITIONER_H
#define TRIBUTARY_KAFKA_PARTITIONER_H

#include <stdint.h>

#include "base/span.h"

/* Any partition will do: the producer spreads such records. */
#define PARTITION_ANY (-1)

/* Java's default partitioner, librdkafka's murmur2 and murmur2_random, and our own producer's. PARTITION_ANY
 * for an absent key; an empty key is hashed like any other. */
int32_t partitioner_murmur2(struct span key, int32_t partitions);

/* librdkafka's consistent and consistent_random (its default, and that of the clients built on it).
 * PARTITION_ANY for an absent or empty key. */
int32_t partitioner_crc32(struct span key, int32_t partitions);

#endif
