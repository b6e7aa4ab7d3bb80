#include "inspect/dead_letter_scan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "event/timestamp.h"

/* The headers are texts; what is too long for a number is none. */
struct span dead_letter_header(const rd_kafka_message_t *message, const char *name) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, name, &value, &len))
        return (struct span){0};
    return (struct span){value, len};
}

/* One that is no number, or too large, is missing. */
static int64_t number_header(const rd_kafka_message_t *message, const char *name, int64_t max) {
    struct span text = dead_letter_header(message, name);
    char digits[24], *end;
    if (!text.len || text.len >= sizeof digits) return -1;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    errno = 0;
    int64_t number = strtoll(digits, &end, 10);
    return end != digits + text.len || errno || number < 0 || number > max ? -1 : number;
}

static int64_t time_of_message(const rd_kafka_message_t *message) {
    return time_of_ms(rd_kafka_message_timestamp(message, NULL));
}

static int64_t time_of(const rd_kafka_message_t *message) {
    int64_t time_us;
    struct value text = {VALUE_STRING, dead_letter_header(message, "time")};
    if (text.text.data && timestamp_parse(text, TIME_FORMAT_ISO, NULL, &time_us)) return time_us;
    return time_of_message(message); /* an older version wrote it */
}

struct dead_letter_found dead_letter_parse(const rd_kafka_message_t *message) {
    return (struct dead_letter_found){.topic = dead_letter_header(message, "topic"),
                                      .partition = (int)number_header(message, "partition", INT_MAX),
                                      .offset = number_header(message, "offset", INT64_MAX),
                                      .reason = outcome_of_name(dead_letter_header(message, "reason")),
                                      .detail = dead_letter_header(message, "detail"),
                                      .value = {message->payload, message->len},
                                      .timestamp_us =
                                          time_of_ms(number_header(message, "timestamp", INT64_MAX)),
                                      .length = number_header(message, "truncated", INT64_MAX),
                                      .time_us = time_of(message),
                                      .message = message};
}

bool dead_letter_is_of(const struct dead_letter_found *letter, const rd_kafka_message_t *record) {
    if (time_of_message(record) != letter->timestamp_us) return false;
    if (letter->length >= 0) return record->len == (size_t)letter->length;
    return span_equal(letter->value, (struct span){record->payload, record->len});
}

/* The whole of a topic: what is handed over, and how far it has been read. */
struct visit {
    const struct inspection *inspection;
    const struct dead_letter_visitor *visitor;
    uint64_t done, total;
};

static bool hand_over(const struct visit *visit, const rd_kafka_message_t *message, struct error *error) {
    const struct dead_letter_visitor *visitor = visit->visitor;
    if (!span_is(dead_letter_header(message, "pipeline"), visit->inspection->pipeline->name)) return true;
    if (dead_letter_header(message, DEAD_LETTER_REDRIVEN).data)
        return !visitor->take_redriven ||
               visitor->take_redriven(visitor->context, (struct span){message->payload, message->len}, error);
    struct dead_letter_found found = dead_letter_parse(message);
    return visitor->take(visitor->context, &found, error);
}

static bool visit_partition(struct visit *visit, int partition, struct extent extent, struct error *error) {
    const char *topic = visit->inspection->pipeline->dead_letter_topic;
    struct scan *scan = inspection_scan(visit->inspection, topic, partition, extent.low, extent.high, error);
    const rd_kafka_message_t *message;
    enum scan_result result = scan ? SCAN_RECORD : SCAN_FAILED;
    bool ok = scan != NULL;
    while (ok && (result = scan_next(scan, &message, error)) == SCAN_RECORD) {
        ok = hand_over(visit, message, error);
        if (visit->visitor->passed)
            visit->visitor->passed(visit->visitor->context,
                                   visit->done + (uint64_t)(message->offset + 1 - extent.low), visit->total);
    }
    visit->done += (uint64_t)(extent.high - extent.low);
    scan_free(scan);
    return ok && result == SCAN_END;
}

bool dead_letter_visit(const struct inspection *inspection, const struct dead_letter_visitor *visitor,
                       struct error *error) {
    int count;
    struct visit visit = {.inspection = inspection, .visitor = visitor};
    struct extent *extents =
        inspection_extents(inspection, inspection->pipeline->dead_letter_topic, &count, error);
    bool ok = extents != NULL;
    for (int p = 0; ok && p < count; p++) visit.total += (uint64_t)(extents[p].high - extents[p].low);
    for (int p = 0; ok && p < count; p++) ok = visit_partition(&visit, p, extents[p], error);
    free(extents);
    return ok;
}

bool dead_letter_scan(const struct inspection *inspection,
                      bool (*take)(void *context, const struct dead_letter_found *found, struct error *error),
                      void *context, struct error *error) {
    struct dead_letter_visitor visitor = {.take = take, .context = context};
    return dead_letter_visit(inspection, &visitor, error);
}
