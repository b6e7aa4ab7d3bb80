#include "pipeline/message.h"

#include <inttypes.h>

#include "base/time.h"
#include "kafka/client.h"
#include "telemetry/errors.h"
#include "telemetry/log.h"
#include "transform/marker.h"

static struct span header_of(const rd_kafka_headers_t *headers, const char *name) {
    const void *value;
    size_t len;
    if (rd_kafka_header_get_last(headers, name, &value, &len)) return (struct span){0};
    return (struct span){value, len};
}

/* A record of a re-keyed topic without these headers was written by somebody else: it is a record like any
 * other. */
static void read_headers(const rd_kafka_message_t *message, struct record *record) {
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers)) return;
    struct span source = header_of(headers, MARKER_SOURCE_HEADER);
    record->marker = header_of(headers, MARKER_HEADER).data != NULL;
    record->rekeyed = marker_source_parse(source, &record->source_partition, &record->source_offset);
}

struct record record_of_source(const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(message, &type);
    bool known = type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    return (struct record){
        .offset = message->offset,
        .timestamp_us = known ? time_of_ms(ms) : TIME_NONE,
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
}

struct record record_of_message(const rd_kafka_message_t *message, const struct input_config *input) {
    struct record record = record_of_source(message);
    if (input->repartition.present) read_headers(message, &record);
    return record;
}

bool message_take_error(const rd_kafka_message_t *message, const char *topic, int64_t next,
                        struct error *error) {
    errors_count(ERRORS_KAFKA, rd_kafka_err2name(message->err), rd_kafka_err2name(message->err));
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return error_set(
            error, ERROR_CONFIG,
            "topic \"%s\" [%d] no longer has offset %" PRId64
            ": it was deleted by retention, or the topic was made anew\nhint: give the topic more "
            "retention than the longest pause of this pipeline; to begin anew, use `tributary reset` or a "
            "new pipeline name",
            topic, message->partition, next);
    if (client_error_class(message->err) != ERROR_RETRY)
        return client_error(error, message->err, "topic \"%s\" [%d]", topic, message->partition);
    log_repeated(LOG_LEVEL_WARN, "fetch", "topic=%s partition=%d error=%s", topic, message->partition,
                 LOG_QUOTE(rd_kafka_message_errstr(message)));
    return true;
}

bool message_refuse_other(const rd_kafka_message_t *message, const char *topic, struct error *error) {
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" [%d] has another record at offset %" PRId64
        " than the one that was read there: it was deleted and made anew\nhint: to begin anew as well, "
        "use `tributary reset` or a new pipeline name",
        topic, message->partition, message->offset);
}
