/* key_sample.h: a look at the newest records of two topics that are joined: whether they are keyed at all, by
 * what the pipeline says, and by the same partitioner. Blocks; used at start and by `check`. */
#ifndef TRIBUTARY_PIPELINE_KEY_SAMPLE_H
#define TRIBUTARY_PIPELINE_KEY_SAMPLE_H

#include "base/error.h"
#include "config/pipeline.h"

/* A config error that explains when, over several partitions, sampled records have no key, mostly have
 * keys that are not the text of the field `partitioned_by`, or the two topics'
 * keys lie where different partitioners put them (murmur2 of the Java clients, CRC32 of librdkafka). Empty
 * topics pass. */
bool key_sample_check(const struct kafka_config *kafka, const struct input_config *touches,
                      const struct input_config *conversions, int partitions, struct error *error) MUST_CHECK;

#endif
