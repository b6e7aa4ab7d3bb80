#include "attribution/window.h"

struct window window_of(int64_t window_us, int64_t lateness_us) {
    return (struct window){window_us, lateness_us, (window_us + WINDOW_BUCKETS - 1) / WINDOW_BUCKETS};
}

struct window_range window_range(const struct window *window, int64_t conversion_us, int64_t late_floor) {
    int64_t from = time_add(conversion_us, -window->window_us);
    int64_t kept = time_add(late_floor, -window->lateness_us - window->window_us);
    return (struct window_range){time_max(from, kept), conversion_us,
                                 time_add(conversion_us, window->lateness_us), INT64_MAX};
}

bool window_is_final(const struct window *window, int64_t conversion_us, int64_t touch_watermark) {
    return touch_watermark > time_add(conversion_us, window->lateness_us);
}

bool window_is_late(const struct window *window, int64_t conversion_us, int64_t conversion_watermark) {
    return conversion_us < time_add(conversion_watermark, -window->lateness_us);
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

int64_t window_bucket(const struct window *window, int64_t time_us) {
    return floor_div(time_us, window->bucket_us);
}

int64_t window_first_bucket(const struct window *window, int64_t conversion_watermark) {
    int64_t floor = time_add(conversion_watermark, -window->lateness_us);
    return floor == TIME_NONE ? INT64_MIN : window_bucket(window, floor) - WINDOW_BUCKETS;
}

int64_t window_held_from(const struct window *window, int64_t conversion_watermark) {
    int64_t first = window_first_bucket(window, conversion_watermark);
    return first == INT64_MIN ? TIME_NONE : first * window->bucket_us;
}
