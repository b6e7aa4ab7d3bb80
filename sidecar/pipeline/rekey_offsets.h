/* rekey_offsets.h: what the group of the re-keyers has committed of source partitions. One thread. */
#ifndef TRIBUTARY_PIPELINE_REKEY_OFFSETS_H
#define TRIBUTARY_PIPELINE_REKEY_OFFSETS_H

#include "kafka/consumer.h"
#include "pipeline/rekey_source.h"

/* Loads each of the sources; waits up to `timeout_ms`. False, and no source has changed, with errors as of
 * consumer_committed. */
bool rekey_offsets_load(struct consumer *consumer, const struct consumer_partition *partitions,
                        struct rekey_source *sources, int count, int timeout_ms,
                        struct error *error) MUST_CHECK;

#endif
