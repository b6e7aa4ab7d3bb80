/* message.h: what the Kafka client hands out, as the record that the rest of the program knows. Any thread.
 */
#ifndef TRIBUTARY_PIPELINE_MESSAGE_H
#define TRIBUTARY_PIPELINE_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "config/pipeline.h"
#include "event/record.h"

/* A view: good as long as the message. Of an input that is re-keyed the headers say whether it is a marker,
 * or else where it comes from. */
struct record record_of_message(const rd_kafka_message_t *message, const struct input_config *input);
/* Of a topic that producers write to. */
struct record record_of_source(const rd_kafka_message_t *message);

/* What follows from a message that is an error of its partition: true when it may pass and was logged; false
 * with a config error when the offset to be read is gone, or when the cluster refuses us. `next`: the offset
 * wanted. */
bool message_take_error(const rd_kafka_message_t *message, const char *topic, int64_t next,
                        struct error *error) MUST_CHECK;
/* Always false, with a config error: the record is not the one that was once read at its offset. */
bool message_refuse_other(const rd_kafka_message_t *message, const char *topic,
                          struct error *error) MUST_CHECK;

#endif
