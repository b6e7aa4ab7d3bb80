/* window.h: which touches may count for a conversion and until when a touch may still be needed. Pure.
 *
 * A touch e counts for a conversion c of the same key iff
 *     time(c) - window <= time(e) <= time(c)       both ends included, and
 *     watermark before e <= time(c) + lateness     it was read before c was final.
 * c is final once the touch watermark is greater than time(c) + lateness.
 *
 * Touches live in buckets of event time, window/16 wide and aligned to the epoch, and are dropped bucket by
 * bucket: a touch is kept until time(e) + retention < floor, where the floor is the conversion watermark at
 * the committed offset less the lateness, rounded down to a bucket boundary, and retention is 16 buckets (the
 * window, rounded up to a multiple of 16 us). */
#ifndef TRIBUTARY_ATTRIBUTION_WINDOW_H
#define TRIBUTARY_ATTRIBUTION_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { WINDOW_BUCKETS = 16 };

struct window {
    int64_t window_us, lateness_us;
    int64_t bucket_us;
};

struct window window_of(int64_t window_us, int64_t lateness_us);

/* The touches a conversion may take: times from..to, a watermark of at most `read_by` as far as their own log
 * tells it, and offsets before that of the first idle advance beyond it. */
struct window_range {
    int64_t from_us, to_us, read_by_us;
    int64_t before_offset;
};

/* Where no idle advance was made. `late_floor` is the conversion watermark before the conversion: one that is
 * late by more than the lateness (and yet to be attributed) sees only touches with time(e) + window >=
 * late_floor - lateness, because older ones may be gone already. */
struct window_range window_range(const struct window *window, int64_t conversion_us, int64_t late_floor);

bool window_is_final(const struct window *window, int64_t conversion_us, int64_t touch_watermark);
bool window_is_late(const struct window *window, int64_t conversion_us, int64_t conversion_watermark);

/* The bucket an event time belongs to: floor(time / bucket_us). */
int64_t window_bucket(const struct window *window, int64_t time_us);
/* The first bucket still needed when the conversion watermark at the committed offset is this; INT64_MIN
 * while everything is. */
int64_t window_first_bucket(const struct window *window, int64_t conversion_watermark);
/* The event time at which that bucket begins; TIME_NONE while everything is needed. */
int64_t window_held_from(const struct window *window, int64_t conversion_watermark);

#endif
