/* time.h: event time as a number: microseconds since 1970-01-01 UTC in an int64_t, where TIME_NONE stands for
 * "no time yet" and sorts before every time (minus infinity of a watermark), TIME_END after every time. */
#ifndef TRIBUTARY_BASE_TIME_H
#define TRIBUTARY_BASE_TIME_H

#include <stdint.h>

#define TIME_NONE   INT64_MIN
#define TIME_END    INT64_MAX
#define TIME_SECOND INT64_C(1000000)

/* time + span; the two infinities stay what they are and nothing overflows. */
static inline int64_t time_add(int64_t time, int64_t span) {
    int64_t sum;
    if (time == TIME_NONE || time == TIME_END) return time;
    if (__builtin_add_overflow(time, span, &sum)) return span > 0 ? TIME_END : TIME_NONE;
    return sum;
}

/* Of milliseconds since 1970; TIME_NONE for none (negative), and for more than there can be. */
static inline int64_t time_of_ms(int64_t ms) {
    return ms < 0 || ms > INT64_MAX / 1000 ? TIME_NONE : ms * 1000;
}

static inline int64_t time_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

#endif
