/* definition.h: what the rows must be, computed from the whole logs and the stored idle advances alone,
 * without a store, a window of buckets, a commit or a restart. It shares no code with what it judges. */
#ifndef TRIBUTARY_TESTS_PIPELINE_DEFINITION_H
#define TRIBUTARY_TESTS_PIPELINE_DEFINITION_H

#include "setup.h"

enum row_kind { ROW_NONE, ROW_DEAD, ROW_LATE, ROW_UNATTRIBUTED, ROW_TOUCH };

struct result {
    enum row_kind kind;
    int touch;                       /* offset of the first; of all of them: */
    uint64_t touches;                /* a number that follows from their offsets, in their order */
    const struct settings *settings; /* in force when it was released */
};

/* The greatest advance stored at each next offset of a log; TIME_NONE where there is none. */
struct advance_table {
    int64_t watermark_us[EVENTS_MAX + 1];
};

struct definition {
    const struct log *logs;
    int64_t watermark[2][EVENTS_MAX + 1]; /* of a log, before the offset */
};

static inline void define_watermarks(const struct log *log, int64_t bound_us,
                                     const struct advance_table *advances, int64_t *watermark) {
    int64_t greatest = TIME_NONE, advanced = TIME_NONE;
    for (int i = 0; i <= log->count; i++) {
        if (advances->watermark_us[i] > advanced) advanced = advances->watermark_us[i];
        watermark[i] = greatest == TIME_NONE ? TIME_NONE : greatest - bound_us;
        if (advanced > watermark[i]) watermark[i] = advanced;
        if (i < log->count && event_counts(&log->events[i]) && log->events[i].time_us > greatest)
            greatest = log->events[i].time_us;
    }
}

static inline void define(struct definition *definition, const struct log *logs, const int64_t *bound_s,
                          const struct advance_table *advances) {
    definition->logs = logs;
    for (enum side side = TOUCHES; side <= CONVERSIONS; side++)
        define_watermarks(&logs[side], bound_s[side] * TIME_SECOND, &advances[side],
                          definition->watermark[side]);
}

static inline bool touch_counts(const struct definition *definition, const struct settings *settings,
                                int conversion, int touch) {
    const struct log_event *c = &definition->logs[CONVERSIONS].events[conversion];
    const struct log_event *e = &definition->logs[TOUCHES].events[touch];
    int64_t window_us = settings->window_s * TIME_SECOND, lateness_us = settings->lateness_s * TIME_SECOND;
    int64_t passed = definition->watermark[CONVERSIONS][conversion];
    return c->kind == EVENT_VALID && e->kind == EVENT_VALID && c->key == e->key && e->time_us <= c->time_us &&
           e->time_us >= c->time_us - window_us &&
           (passed == TIME_NONE || e->time_us + window_us >= passed - lateness_us) &&
           definition->watermark[TOUCHES][touch] <= c->time_us + lateness_us;
}

/* Whether the touch is among the first of its key and bucket of time. */
static inline bool touch_is_kept(const struct log *touches, const struct settings *settings, int touch) {
    const struct log_event *e = &touches->events[touch];
    int64_t bucket_us = settings->window_s * TIME_SECOND / 16; /* windows are multiples of 16 us */
    int before = 0;
    for (int i = 0; i < touch; i++) {
        const struct log_event *other = &touches->events[i];
        before += other->kind == EVENT_VALID && other->key == e->key &&
                  other->time_us / bucket_us == e->time_us / bucket_us;
    }
    return !settings->cap || before < settings->cap;
}

static inline uint64_t add_touch(uint64_t touches, int offset) {
    return (touches ^ (uint64_t)(offset + 1)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Of touches that count, by offset: those the model chooses, by (time, offset), the last `reach` of them. */
static inline struct result choose_touches(const struct log *log, const struct settings *settings,
                                           const bool *counts) {
    struct result result = {ROW_UNATTRIBUTED, 0, 0, settings};
    int chosen[EVENTS_MAX], count = 0;
    for (int i = 0; i < log->count; i++) {
        if (!counts[i]) continue;
        int at = count++;
        for (; at > 0 && log->events[chosen[at - 1]].time_us > log->events[i].time_us; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = i;
    }
    int from = settings->reach && count > settings->reach ? count - settings->reach : 0;
    if (settings->model == MODEL_LAST && count) from = count - 1;
    if (settings->model == MODEL_FIRST && count) count = from + 1;
    for (int i = from; i < count; i++) result.touches = add_touch(result.touches, chosen[i]);
    if (count) result.kind = ROW_TOUCH;
    if (count) result.touch = chosen[from];
    return result;
}

/* What the row is once touches before this offset have been read. */
static inline struct result define_early_row(const struct definition *definition,
                                             const struct settings *settings, int conversion,
                                             int64_t touch_offset) {
    const struct log *touches = &definition->logs[TOUCHES];
    const struct log_event *c = &definition->logs[CONVERSIONS].events[conversion];
    int64_t passed = definition->watermark[CONVERSIONS][conversion];
    if (c->kind == EVENT_GAP) return (struct result){ROW_NONE, 0, 0, settings};
    if (!event_counts(c)) return (struct result){ROW_DEAD, 0, 0, settings};
    bool late = passed != TIME_NONE && c->time_us < passed - settings->lateness_s * TIME_SECOND;
    if (late && !settings->attribute_late) return (struct result){ROW_LATE, 0, 0, settings};
    bool counts[EVENTS_MAX];
    for (int i = 0; i < touches->count; i++)
        counts[i] = i < touch_offset && touch_counts(definition, settings, conversion, i) &&
                    touch_is_kept(touches, settings, i);
    return choose_touches(touches, settings, counts);
}

static inline struct result define_row(const struct definition *definition, const struct settings *settings,
                                       int conversion) {
    return define_early_row(definition, settings, conversion, INT64_MAX);
}

/* The window join as SQL would do it, where watermarks have no part. */
static inline struct result plain_row(const struct log *logs, const struct settings *settings,
                                      int conversion) {
    const struct log_event *c = &logs[CONVERSIONS].events[conversion];
    bool counts[EVENTS_MAX];
    for (int i = 0; i < logs[TOUCHES].count; i++) {
        const struct log_event *e = &logs[TOUCHES].events[i];
        counts[i] = c->kind == EVENT_VALID && e->kind == EVENT_VALID && e->key == c->key &&
                    e->time_us <= c->time_us && e->time_us >= c->time_us - settings->window_s * TIME_SECOND &&
                    touch_is_kept(&logs[TOUCHES], settings, i);
    }
    return choose_touches(&logs[TOUCHES], settings, counts);
}

/* The event time from which on touches are held when the progress stands at this conversion offset: 16 whole
 * buckets before the one of the watermark less the lateness. */
static inline int64_t define_held_from(const struct definition *definition, const struct settings *settings,
                                       int64_t conversion_offset) {
    int64_t watermark = definition->watermark[CONVERSIONS][conversion_offset];
    int64_t bucket_us = settings->window_s * TIME_SECOND / 16; /* windows are multiples of 16 us */
    if (watermark == TIME_NONE) return TIME_NONE;
    return ((watermark - settings->lateness_s * TIME_SECOND) / bucket_us - 16) * bucket_us;
}

#endif
