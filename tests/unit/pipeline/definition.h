/* definition.h: what the rows must be, computed from the whole logs and the stored idle advances alone,
 * without a store, a window of buckets, a commit or a restart. It shares no code with what it judges. */
#ifndef TRIBUTARY_TESTS_PIPELINE_DEFINITION_H
#define TRIBUTARY_TESTS_PIPELINE_DEFINITION_H

#include "setup.h"

enum row_kind { ROW_NONE, ROW_DEAD, ROW_LATE, ROW_UNATTRIBUTED, ROW_TOUCH };

struct result {
    enum row_kind kind;
    int touch;                       /* offset */
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

static inline struct result define_row(const struct definition *definition, const struct settings *settings,
                                       int conversion) {
    const struct log *touches = &definition->logs[TOUCHES];
    const struct log_event *c = &definition->logs[CONVERSIONS].events[conversion];
    int64_t passed = definition->watermark[CONVERSIONS][conversion];
    if (c->kind == EVENT_GAP) return (struct result){ROW_NONE, 0, settings};
    if (!event_counts(c)) return (struct result){ROW_DEAD, 0, settings};
    bool late = passed != TIME_NONE && c->time_us < passed - settings->lateness_s * TIME_SECOND;
    if (late && !settings->attribute_late) return (struct result){ROW_LATE, 0, settings};
    struct result best = {ROW_UNATTRIBUTED, 0, settings};
    for (int i = 0; i < touches->count; i++)
        if (touch_counts(definition, settings, conversion, i) &&
            (best.kind != ROW_TOUCH || touches->events[i].time_us < touches->events[best.touch].time_us))
            best = (struct result){ROW_TOUCH, i, settings};
    return best;
}

/* What the row is while the conversion is not decided, when touches before this offset have been read. */
static inline struct result define_early_row(const struct definition *definition,
                                             const struct settings *settings, int conversion,
                                             int64_t touch_offset) {
    struct result result = define_row(definition, settings, conversion);
    const struct log *touches = &definition->logs[TOUCHES];
    if (result.kind < ROW_UNATTRIBUTED) return result;
    result = (struct result){ROW_UNATTRIBUTED, 0, settings};
    for (int i = 0; i < touch_offset; i++)
        if (touch_counts(definition, settings, conversion, i) &&
            (result.kind != ROW_TOUCH || touches->events[i].time_us < touches->events[result.touch].time_us))
            result = (struct result){ROW_TOUCH, i, settings};
    return result;
}

/* The window join as SQL would do it, where watermarks have no part. */
static inline struct result plain_row(const struct log *logs, const struct settings *settings,
                                      int conversion) {
    const struct log_event *c = &logs[CONVERSIONS].events[conversion];
    struct result best = {ROW_UNATTRIBUTED, 0, settings};
    for (int i = 0; i < logs[TOUCHES].count; i++) {
        const struct log_event *e = &logs[TOUCHES].events[i];
        if (c->kind == EVENT_VALID && e->kind == EVENT_VALID && e->key == c->key &&
            e->time_us <= c->time_us && e->time_us >= c->time_us - settings->window_s * TIME_SECOND &&
            (best.kind != ROW_TOUCH || e->time_us < logs[TOUCHES].events[best.touch].time_us))
            best = (struct result){ROW_TOUCH, i, settings};
    }
    return best;
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
