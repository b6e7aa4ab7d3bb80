/* logs.h: the two logs of a random history: events in random order with ties, disorder, null keys, records
 * that cannot be read, and offsets without a record. */
#ifndef TRIBUTARY_TESTS_PIPELINE_LOGS_H
#define TRIBUTARY_TESTS_PIPELINE_LOGS_H

#include <inttypes.h>
#include <stdio.h>

#include "../suite.h"
#include "event/record.h"

enum { EVENTS_MAX = 90, JSON_MAX = 400, KEYS_MAX = 8, MAX_FUTURE_S = 5 };
#define BASE_US (INT64_C(1700000000) * TIME_SECOND)

enum side { TOUCHES, CONVERSIONS };

enum event_kind {
    EVENT_VALID,
    EVENT_KEY_NULL,
    EVENT_EMPTY,
    EVENT_MALFORMED,
    EVENT_FUTURE, /* further ahead of its record's timestamp than max_future allows */
    EVENT_GAP,    /* the offset has no record: a transaction marker, or compaction */
};

struct log_event {
    enum event_kind kind;
    int64_t time_us, timestamp_us;
    int key;
};

struct log {
    struct log_event events[EVENTS_MAX];
    int count;
    int end;   /* events before this offset have been produced */
    int low;   /* events before this offset have been deleted */
    int twins; /* so many conversions side by side have one id */
};

/* Whether the event can be read: it has a time, which moves the watermark. */
static inline bool event_counts(const struct log_event *event) {
    return event->kind == EVENT_VALID || event->kind == EVENT_KEY_NULL;
}

static inline enum event_kind draw_kind(struct random *random) {
    static const enum event_kind odd[] = {EVENT_KEY_NULL, EVENT_EMPTY, EVENT_MALFORMED, EVENT_FUTURE,
                                          EVENT_GAP};
    return random_below(random, 12) ? EVENT_VALID : odd[random_below(random, COUNT_OF(odd))];
}

/* Within the bound mostly, beyond it in a log that is `wild`. */
static inline struct log_event draw_event(struct random *random, int keys, int64_t now_s, int64_t bound_s,
                                          bool wild) {
    struct log_event event = {.kind = draw_kind(random), .key = random_below(random, keys)};
    int64_t time_s = now_s;
    if (random_below(random, 10) < 4) time_s -= random_below(random, (int)bound_s + 1);
    if (wild && random_below(random, 20) == 0) time_s -= random_below(random, 41);
    if (wild && random_below(random, 20) == 0) time_s += random_below(random, MAX_FUTURE_S + 1);
    if (event.kind == EVENT_FUTURE) time_s = now_s + MAX_FUTURE_S + 1 + random_below(random, 50);
    event.timestamp_us = BASE_US + now_s * TIME_SECOND;
    event.time_us = BASE_US + time_s * TIME_SECOND;
    return event;
}

/* Ascending timestamps with ties; a leap now and then. */
static inline void log_draw(struct log *log, struct random *random, int keys, int64_t bound_s, bool wild) {
    static const int gaps[] = {0, 0, 0, 1, 1, 2, 2, 7};
    int64_t now_s = random_below(random, 20);
    log->count = random_below(random, EVENTS_MAX + 1);
    log->low = log->end = 0;
    log->twins = 1;
    for (int i = 0; i < log->count; i++) {
        now_s += random_below(random, 40) ? gaps[random_below(random, COUNT_OF(gaps))] : 50;
        log->events[i] = draw_event(random, keys, now_s, bound_s, wild);
    }
}

/* The number of records before the offset. */
static inline uint64_t log_records(const struct log *log, int64_t before) {
    uint64_t records = 0;
    for (int i = 0; i < before; i++) records += log->events[i].kind != EVENT_GAP;
    return records;
}

/* The fields that may be kept of an event; false: it does not have a note. */
static inline void event_id(char *text, enum side side, int offset) {
    snprintf(text, JSON_MAX, "0000000%d-0000-4000-8000-%012x", side, offset);
}

static inline bool event_note(char *text, int offset) {
    switch (offset % 4) {
    case 0: return false;
    case 1: snprintf(text, JSON_MAX, "%d", offset); return true;
    case 2: snprintf(text, JSON_MAX, "note %d", offset); return true;
    default: snprintf(text, JSON_MAX, "%0*d", offset * 2, offset); return true;
    }
}

/* The offset of the first conversion with the same id. */
static inline int log_first_twin(const struct log *log, int offset) {
    return offset - offset % log->twins;
}

/* The event as a record, its bytes in `json`. */
static inline struct record event_record(const struct log *log, enum side side, int offset, char *json) {
    static const char *const keys[KEYS_MAX] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    const struct log_event *event = &log->events[offset];
    struct record record = {.offset = offset,
                            .timestamp_us = event->timestamp_us,
                            .key = {keys[event->key], 1},
                            .value = {json, 1}};
    char id[JSON_MAX], note[JSON_MAX] = "";
    if (event->kind == EVENT_EMPTY) record.value = (struct span){0};
    if (event->kind == EVENT_EMPTY || event->kind == EVENT_MALFORMED) return strcpy(json, "{"), record;
    event_id(id, side, side == CONVERSIONS ? log_first_twin(log, offset) : offset);
    bool noted = event_note(note, offset), quoted = offset % 4 != 1;
    int len =
        snprintf(json, JSON_MAX * 3, "{\"id\":\"%s\",\"user\":%s,\"at\":%" PRId64 "%s%s%s%s}", id,
                 event->kind == EVENT_KEY_NULL ? "null" : keys[event->key], event->time_us / TIME_SECOND,
                 noted ? ",\"note\":" : "", noted && quoted ? "\"" : "", note, noted && quoted ? "\"" : "");
    record.value.len = (size_t)len;
    return record;
}

#endif
