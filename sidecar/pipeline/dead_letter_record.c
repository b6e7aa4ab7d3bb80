#include "pipeline/dead_letter_record.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

enum { KEY_BYTES = 64 * 1024 };

/* A letter is about the record that a producer wrote, whatever the re-keyer made of it on the way. */
static const char *topic_of(const struct dead_letter *letter) {
    return letter->record->rekeyed ? letter->input->source_topic : letter->input->topic;
}

static void write_texts(struct dead_letter_record *texts, const struct dead_letter *letter) {
    const struct record *record = letter->record;
    int partition = record->rekeyed ? record->source_partition : letter->partition;
    int64_t offset = record->rekeyed ? record->source_offset : record->offset;
    snprintf(texts->key, sizeof texts->key, "%s-%d-%" PRId64, topic_of(letter), partition, offset);
    snprintf(texts->partition, sizeof texts->partition, "%d", partition);
    snprintf(texts->offset, sizeof texts->offset, "%" PRId64, offset);
    snprintf(texts->timestamp, sizeof texts->timestamp, "%" PRId64,
             record->timestamp_us == TIME_NONE ? -1 : record->timestamp_us / 1000);
    snprintf(texts->length, sizeof texts->length, "%zu", record->value.len);
    texts->time[timestamp_format_iso(clock_wall_us(), texts->time)] = '\0';
}

void dead_letter_compose(struct dead_letter_record *record, const struct pipeline *pipeline,
                         const struct dead_letter *letter, size_t max_bytes) {
    struct span key = letter->record->key, value = letter->record->value;
    bool long_key = key.len > KEY_BYTES, truncated = long_key || value.len > max_bytes;
    if (value.len > max_bytes) value.len = max_bytes;
    write_texts(record, letter);
    const struct producer_header headers[] = {
        {"reason", span_of(outcome_name(letter->outcome))},
        {"class", span_of(outcome_class(letter->outcome))},
        {"detail", letter->detail},
        {"topic", span_of(topic_of(letter))},
        {"partition", span_of(record->partition)},
        {"offset", span_of(record->offset)},
        {"timestamp", span_of(record->timestamp)},
        {"pipeline", span_of(pipeline->name)},
        {"version", span_of(TRIBUTARY_VERSION)},
        {"time", span_of(record->time)},
    };
    int count = sizeof headers / sizeof *headers;
    memcpy(record->headers, headers, sizeof headers);
    if (key.data && !long_key) record->headers[count++] = (struct producer_header){"key", key};
    if (truncated) record->headers[count++] = (struct producer_header){"truncated", span_of(record->length)};
    record->out = (struct producer_record){.topic = pipeline->dead_letter_topic,
                                           .key = span_of(record->key),
                                           .value = value,
                                           .headers = record->headers,
                                           .header_count = count};
}
