/* attribution.c: benchmarks of sidecar/attribution: what is asked of the watermark and the window for each
 * event. */
#include <stddef.h>

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

const struct micro attribution_benchmarks[] = {
    {"watermark.observe", run_watermark, NULL, NULL, NULL},
    {"window.judge", run_window, NULL, NULL, NULL},
    {0},
};
