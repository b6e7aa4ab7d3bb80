/* message.h: what the Kafka client hands out, as the record that the rest of the program knows. */
#ifndef TRIBUTARY_PIPELINE_MESSAGE_H
#define TRIBUTARY_PIPELINE_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "base/time.h"
#include "event/record.h"

/* A view: good as long as the message. */
static inline struct record record_of_message(const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(message, &type);
    bool known = type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && ms >= 0;
    return (struct record){
        .offset = message->offset,
        .timestamp_us = known ? ms * 1000 : TIME_NONE,
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
}

#endif
