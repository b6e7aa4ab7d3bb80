#include "inspect/dead_letter_scan.h"

#include <stdlib.h>

/* The headers are texts; what is too long for a number is none. */
static struct span header(const rd_kafka_message_t *message, const char *name) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, name, &value, &len))
        return (struct span){0};
    return (struct span){value, len};
}

static int64_t number_header(const rd_kafka_message_t *message, const char *name, int64_t otherwise) {
    struct span text = header(message, name);
    char digits[24], *end;
    if (!text.len || text.len >= sizeof digits) return otherwise;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    int64_t number = strtoll(digits, &end, 10);
    return *end ? otherwise : number;
}

static struct dead_letter_found parse(const rd_kafka_message_t *message) {
    int64_t timestamp_ms = number_header(message, "timestamp", -1);
    return (struct dead_letter_found){.topic = header(message, "topic"),
                                      .partition = (int)number_header(message, "partition", -1),
                                      .offset = number_header(message, "offset", -1),
                                      .reason = outcome_of_name(header(message, "reason")),
                                      .detail = header(message, "detail"),
                                      .value = {message->payload, message->len},
                                      .timestamp_us = timestamp_ms < 0 ? TIME_NONE : timestamp_ms * 1000};
}

static bool scan_partition(const struct inspection *inspection, int partition, struct extent extent,
                           bool (*take)(void *, const struct dead_letter_found *, struct error *),
                           void *context, struct error *error) {
    const char *topic = inspection->pipeline->dead_letter_topic;
    struct scan *scan = inspection_scan(inspection, topic, partition, extent.low, extent.high, error);
    const rd_kafka_message_t *message;
    enum scan_result result = scan ? SCAN_RECORD : SCAN_FAILED;
    bool ok = scan != NULL;
    while (ok && (result = scan_next(scan, &message, error)) == SCAN_RECORD) {
        if (!span_is(header(message, "pipeline"), inspection->pipeline->name)) continue;
        struct dead_letter_found found = parse(message);
        ok = take(context, &found, error);
    }
    scan_free(scan);
    return ok && result == SCAN_END;
}

bool dead_letter_scan(const struct inspection *inspection,
                      bool (*take)(void *context, const struct dead_letter_found *found, struct error *error),
                      void *context, struct error *error) {
    int count;
    struct extent *extents =
        inspection_extents(inspection, inspection->pipeline->dead_letter_topic, &count, error);
    bool ok = extents != NULL;
    for (int p = 0; ok && p < count; p++)
        ok = scan_partition(inspection, p, extents[p], take, context, error);
    free(extents);
    return ok;
}
