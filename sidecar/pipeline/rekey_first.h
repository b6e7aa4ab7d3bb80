/* rekey_first.h: whether a re-keyer whose group has no committed offset may begin. Brokers forget the offsets
 * of a group that has been empty for a week (offsets.retention.minutes); to begin anew then would copy
 * everything once more. */
#ifndef TRIBUTARY_PIPELINE_REKEY_FIRST_H
#define TRIBUTARY_PIPELINE_REKEY_FIRST_H

#include "kafka/consumer.h"
#include "kafka/prober.h"

struct rekey_first {
    const struct kafka_config *kafka;
    struct consumer *consumer;
    struct prober *prober; /* its slot 0 */
    const struct input_config *input;
    const char *group;
    int topic; /* of the consumer: the input's source topic */
    int count; /* its partitions */
};

/* True when some partition of the source topic has an offset (then one without is new), or the re-keyed topic
 * is empty. A config error otherwise. Waits for the brokers; a retry error when they do not answer. */
bool rekey_first_may_begin(const struct rekey_first *first, struct error *error) MUST_CHECK;

#endif
