/* watermark.h: how far one log has come in event time. Before offset o it is the greatest event time among
 * the log's valid events before o, minus the input's out-of-order bound, or what an idle advance has raised
 * it to: it depends on that log (and the stored advances) alone. Pure; any thread. */
#ifndef TRIBUTARY_ATTRIBUTION_WATERMARK_H
#define TRIBUTARY_ATTRIBUTION_WATERMARK_H

#include <stdint.h>

#include "base/time.h"

struct watermark {
    int64_t max_time_us;    /* greatest event time seen; TIME_NONE at the start. Stored with the progress */
    int64_t advanced_to_us; /* greatest idle advance in force; TIME_NONE without. Stored on its own */
};

#define WATERMARK_START ((struct watermark){TIME_NONE, TIME_NONE})

static inline int64_t watermark_value(const struct watermark *watermark, int64_t out_of_order_us) {
    return time_max(time_add(watermark->max_time_us, -out_of_order_us), watermark->advanced_to_us);
}

static inline void watermark_observe(struct watermark *watermark, int64_t event_time_us) {
    watermark->max_time_us = time_max(watermark->max_time_us, event_time_us);
}

static inline void watermark_advance(struct watermark *watermark, int64_t to_us) {
    watermark->advanced_to_us = time_max(watermark->advanced_to_us, to_us);
}

#endif
