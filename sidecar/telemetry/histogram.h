/* histogram.h: how long something took, counted in fixed classes, for the metrics. Plain data; one thread at
 * a time. */
#ifndef TRIBUTARY_TELEMETRY_HISTOGRAM_H
#define TRIBUTARY_TELEMETRY_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 12 };

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* of each class alone; the last: beyond all bounds */
    int64_t sum_us;
};

/* The upper bounds, included in their class, in microseconds, ascending. */
extern const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

void histogram_observe(struct histogram *histogram, int64_t span_us);
void histogram_add(struct histogram *sum, const struct histogram *part);
uint64_t histogram_count(const struct histogram *histogram);

#endif
