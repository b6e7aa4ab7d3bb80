/* attribution.c: benchmarks of sidecar/attribution: what is asked of the watermark and the window for each
 * event, and of the models for each touch. */
#include <stddef.h>

#include "attribution/model.h"
#include "attribution/share.h"
#include "attribution/watermark.h"
#include "attribution/window.h"
#include "micro.h"

#define BOUND (15 * TIME_SECOND)
#define JUNE  INT64_C(1718600400000000)

/* An event some milliseconds after the one before, now and then a bit earlier. */
static int64_t time_at(int64_t i) {
    return JUNE + i * 3000 - (i & 7) * 5000;
}

static void run_watermark(int64_t count) {
    struct watermark watermark = WATERMARK_START;
    for (int64_t i = 0; i < count; i++) {
        watermark_observe(&watermark, time_at(i));
        micro_use((uint64_t)watermark_value(&watermark, BOUND));
    }
}

static void run_window(int64_t count) {
    const struct window window = window_of(3600 * TIME_SECOND, 0);
    for (int64_t i = 0; i < count; i++) {
        int64_t time_us = time_at(i);
        struct window_range range = window_range(&window, time_us, time_us - BOUND);
        micro_use((uint64_t)(range.from_us + range.to_us + range.read_by_us));
        micro_use(window_is_final(&window, time_us, time_us - BOUND));
        micro_use((uint64_t)window_first_bucket(&window, time_us));
    }
}

/* A conversion of ten touches, to each its part of a credit and of an amount; an operation is one touch. */
static void share(enum model model, int64_t count) {
    enum { TOUCHES = 10 };
    const struct attribute_config attribute = {
        .model = model, .weights = {true, 400000000, 400000000}, .half_life_us = 900 * TIME_SECOND};
    int64_t times[TOUCHES];
    uint64_t weights[TOUCHES];
    uint128 parts[TOUCHES];
    struct share_rest rests[TOUCHES];
    for (int64_t i = 0; i < count; i += TOUCHES) {
        for (int t = 0; t < TOUCHES; t++) times[t] = time_at(i) + t * 100 * TIME_SECOND;
        model_weights(&attribute, times, TOUCHES, weights);
        share_out(1000000, weights, TOUCHES, parts, rests);
        micro_use((uint64_t)parts[3]);
        share_out(12345, weights, TOUCHES, parts, rests);
        micro_use((uint64_t)parts[3]);
    }
}

static void run_linear(int64_t count) {
    share(MODEL_LINEAR, count);
}

static void run_position(int64_t count) {
    share(MODEL_POSITION, count);
}

static void run_time_decay(int64_t count) {
    share(MODEL_TIME_DECAY, count);
}

const struct micro attribution_benchmarks[] = {
    {"watermark.observe", run_watermark, NULL, NULL, NULL},
    {"window.judge", run_window, NULL, NULL, NULL},
    {"model.linear", run_linear, NULL, NULL, NULL},
    {"model.position", run_position, NULL, NULL, NULL},
    {"model.time_decay", run_time_decay, NULL, NULL, NULL},
    {0},
};
