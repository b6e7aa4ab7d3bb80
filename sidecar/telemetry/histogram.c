#include "telemetry/histogram.h"

#define MS INT64_C(1000)

const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {5 * MS,    10 * MS,   25 * MS,    50 * MS,
                                                       100 * MS,  250 * MS,  500 * MS,   1000 * MS,
                                                       2500 * MS, 5000 * MS, 10000 * MS, 30000 * MS};

void histogram_observe(struct histogram *histogram, int64_t span_us) {
    int at = 0;
    while (at < HISTOGRAM_BOUNDS && span_us > histogram_bounds_us[at]) at++;
    histogram->counts[at]++;
    histogram->sum_us += span_us;
}

void histogram_add(struct histogram *sum, const struct histogram *part) {
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) sum->counts[i] += part->counts[i];
    sum->sum_us += part->sum_us;
}

uint64_t histogram_count(const struct histogram *histogram) {
    uint64_t count = 0;
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) count += histogram->counts[i];
    return count;
}
