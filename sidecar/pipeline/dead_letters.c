#include "pipeline/dead_letters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "event/timestamp.h"
#include "kafka/producer.h"

enum { TRUNCATED_BYTES = 256 * 1024, KEY_BYTES = 64 * 1024, HEADERS_MAX = 12 };

struct dead_letters {
    const struct pipeline *pipeline;
    struct producer *producer;
    const struct dead_letter *items;
    int count, sent;
};

/* The texts that a letter's key and headers point to. */
struct texts {
    char key[400], partition[16], offset[24], timestamp[24], time[TIMESTAMP_TEXT_MAX + 1], length[24];
};

static void texts_init(struct texts *texts, const struct dead_letter *letter) {
    const struct record *record = letter->record;
    snprintf(texts->key, sizeof texts->key, "%s-%d-%" PRId64, letter->input->topic, letter->partition,
             record->offset);
    snprintf(texts->partition, sizeof texts->partition, "%d", letter->partition);
    snprintf(texts->offset, sizeof texts->offset, "%" PRId64, record->offset);
    snprintf(texts->timestamp, sizeof texts->timestamp, "%" PRId64,
             record->timestamp_us == TIME_NONE ? -1 : record->timestamp_us / 1000);
    snprintf(texts->length, sizeof texts->length, "%zu", record->value.len);
    texts->time[timestamp_format_iso(clock_wall_us(), texts->time)] = '\0';
}

static bool send_one(struct dead_letters *letters, const struct dead_letter *letter, size_t max_bytes,
                     struct error *error) {
    struct texts texts;
    struct span key = letter->record->key, value = letter->record->value;
    bool long_key = key.len > KEY_BYTES, truncated = long_key || value.len > max_bytes;
    if (value.len > max_bytes) value.len = max_bytes;
    texts_init(&texts, letter);
    struct producer_header headers[HEADERS_MAX] = {
        {"reason", span_of(outcome_name(letter->outcome))},
        {"class", span_of(outcome_class(letter->outcome))},
        {"detail", letter->detail},
        {"topic", span_of(letter->input->topic)},
        {"partition", span_of(texts.partition)},
        {"offset", span_of(texts.offset)},
        {"timestamp", span_of(texts.timestamp)},
        {"pipeline", span_of(letters->pipeline->name)},
        {"version", span_of(TRIBUTARY_VERSION)},
        {"time", span_of(texts.time)},
    };
    int count = HEADERS_MAX - 2;
    if (key.data && !long_key) headers[count++] = (struct producer_header){"key", key};
    if (truncated) headers[count++] = (struct producer_header){"truncated", span_of(texts.length)};
    struct producer_record out = {.topic = letters->pipeline->dead_letter_topic,
                                  .key = span_of(texts.key),
                                  .value = value,
                                  .headers = headers,
                                  .header_count = count,
                                  .tag = (uintptr_t)(letter - letters->items)};
    return producer_send(letters->producer, &out, error);
}

static bool send_shorter(void *context, const struct producer_failure *failure) {
    struct dead_letters *letters = context;
    const struct dead_letter *letter = &letters->items[failure->tag];
    struct error error;
    return failure->code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && failure->value.len > TRUNCATED_BYTES &&
           send_one(letters, letter, TRUNCATED_BYTES, &error);
}

struct dead_letters *dead_letters_new(const struct pipeline *pipeline, struct error *error) {
    struct producer *producer = producer_new(&pipeline->kafka, "dead-letters", 0, error);
    if (!producer) return NULL;
    struct dead_letters *letters = memory_zalloc(1, sizeof *letters);
    letters->pipeline = pipeline;
    letters->producer = producer;
    producer_set_on_failure(producer, send_shorter, letters);
    return letters;
}

void dead_letters_free(struct dead_letters *letters) {
    if (!letters) return;
    producer_free(letters->producer);
    free(letters);
}

void dead_letters_start(struct dead_letters *letters, const struct dead_letter *items, int count) {
    letters->items = items;
    letters->count = count;
    letters->sent = 0;
}

/* As many as the client's queue takes. */
static bool send_more(struct dead_letters *letters, struct error *error) {
    while (letters->sent < letters->count) {
        const struct dead_letter *letter = &letters->items[letters->sent];
        bool sent = send_one(letters, letter, SIZE_MAX, error) ||
                    (error->class == ERROR_POISON && send_one(letters, letter, TRUNCATED_BYTES, error));
        if (!sent) return error->class == ERROR_RETRY;
        letters->sent++;
    }
    return true;
}

bool dead_letters_poll(struct dead_letters *letters, bool *done, struct error *error) {
    if (!send_more(letters, error)) return false;
    producer_poll(letters->producer, 0);
    const struct error *failure = producer_first_failure(letters->producer);
    if (failure) {
        *error = *failure;
        return error_prefix(error, "dead letters");
    }
    *done = letters->sent == letters->count && producer_pending(letters->producer) == 0;
    return true;
}
