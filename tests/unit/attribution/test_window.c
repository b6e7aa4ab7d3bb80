#include "attribution/window.h"

#include "../suite.h"

#define HOUR (3600 * TIME_SECOND)
#define JUNE INT64_C(1718600400000000) /* 2024-06-17 05:00:00 UTC */

/* Windows and times that matter: multiples of 16 us and others, the smallest, the longest allowed; around
 * the epoch, the first and last time that can be read, an everyday one. */
static const int64_t windows[] = {1,
                                  2,
                                  15,
                                  16,
                                  17,
                                  31,
                                  32,
                                  33,
                                  1000,
                                  999983,
                                  TIME_SECOND,
                                  HOUR - 1,
                                  HOUR,
                                  HOUR + 1,
                                  24 * HOUR + 7,
                                  400 * 24 * HOUR};
static const int64_t latenesses[] = {0, 1, 5 * 60 * TIME_SECOND, 400 * 24 * HOUR};
static const int64_t times[] = {-1,
                                0,
                                1,
                                -16,
                                -17,
                                15,
                                16,
                                17,
                                JUNE,
                                JUNE - 1,
                                JUNE + 1,
                                -JUNE,
                                INT64_C(-62135596800000000),
                                INT64_C(253402300799999999)};

static void each_window(void (*check)(const struct window *window, int64_t time)) {
    for (int w = 0; w < COUNT_OF(windows); w++)
        for (int l = 0; l < COUNT_OF(latenesses); l++)
            for (int t = 0; t < COUNT_OF(times); t++) {
                struct window window = window_of(windows[w], latenesses[l]);
                check(&window, times[t]);
            }
}

START_TEST(buckets_cover_the_window) {
    for (int w = 0; w < COUNT_OF(windows); w++) {
        struct window window = window_of(windows[w], 3);
        ck_assert_int_eq(window.window_us, windows[w]);
        ck_assert_int_eq(window.lateness_us, 3);
        ck_assert_int_ge(window.bucket_us * WINDOW_BUCKETS, windows[w]);
        ck_assert_int_lt((window.bucket_us - 1) * WINDOW_BUCKETS, windows[w]);
    }
    ck_assert_int_eq(window_of(1, 0).bucket_us, 1);
    ck_assert_int_eq(window_of(16, 0).bucket_us, 1);
    ck_assert_int_eq(window_of(17, 0).bucket_us, 2);
    ck_assert_int_eq(window_of(HOUR, 0).bucket_us, 225 * TIME_SECOND);
}
END_TEST

/* bucket * width <= time < (bucket + 1) * width, below zero too. */
static void check_bucket(const struct window *window, int64_t time) {
    int64_t bucket = window_bucket(window, time);
    ck_assert_int_le(bucket * window->bucket_us, time);
    ck_assert_int_gt((bucket + 1) * window->bucket_us, time);
    ck_assert_int_eq(window_bucket(window, bucket * window->bucket_us), bucket);
    ck_assert_int_eq(window_bucket(window, (bucket + 1) * window->bucket_us - 1), bucket);
    ck_assert_int_eq(window_bucket(window, (bucket + 1) * window->bucket_us), bucket + 1);
}

START_TEST(buckets_round_down) {
    each_window(check_bucket);
}
END_TEST

/* A touch is kept until time + 16 buckets < floor, the floor being the watermark less the lateness, rounded
 * down to a bucket: to the microsecond. */
static void check_expiry(const struct window *window, int64_t watermark) {
    int64_t first = window_first_bucket(window, watermark);
    int64_t floor = window_bucket(window, watermark - window->lateness_us) * window->bucket_us;
    int64_t oldest_kept = floor - WINDOW_BUCKETS * window->bucket_us;
    ck_assert_int_eq(window_bucket(window, oldest_kept), first);
    ck_assert_int_eq(window_bucket(window, oldest_kept - 1), first - 1);
}

START_TEST(first_bucket) {
    each_window(check_expiry);
    struct window window = window_of(HOUR, 0);
    ck_assert_int_eq(window_first_bucket(&window, TIME_NONE), INT64_MIN);
    window = window_of(HOUR, 5 * HOUR);
    ck_assert_int_eq(window_first_bucket(&window, TIME_NONE), INT64_MIN);
    ck_assert_int_eq(window_first_bucket(&window, TIME_NONE + HOUR), INT64_MIN);
}
END_TEST

/* The first bucket never goes back as the watermark goes on. */
START_TEST(first_bucket_is_monotone) {
    struct window window = window_of(33, 5);
    int64_t last = INT64_MIN;
    for (int64_t watermark = -300; watermark < 300; watermark++) {
        int64_t first = window_first_bucket(&window, watermark);
        ck_assert_int_ge(first, last);
        last = first;
    }
}
END_TEST

/* What is dropped is needed by nobody: the oldest touch that any conversion may take which is not late, or
 * late and attributed all the same, lies in a bucket that is kept. */
static void check_nothing_needed_is_dropped(const struct window *window, int64_t watermark) {
    int64_t first = window_first_bucket(window, watermark);
    int64_t in_time = watermark - window->lateness_us;
    struct window_range oldest = window_range(window, in_time, watermark);
    struct window_range late = window_range(window, in_time - 7 * window->window_us, watermark);
    ck_assert_int_ge(window_bucket(window, oldest.from_us), first);
    ck_assert_int_ge(window_bucket(window, late.from_us), first);
    /* and hardly more is kept than that: one bucket, and what the window is rounded up by */
    int64_t spare = oldest.from_us - first * window->bucket_us;
    ck_assert_int_lt(spare, (WINDOW_BUCKETS + 1) * window->bucket_us - window->window_us);
}

START_TEST(nothing_needed_is_dropped) {
    each_window(check_nothing_needed_is_dropped);
}
END_TEST

static void check_range(const struct window *window, int64_t time) {
    struct window_range range = window_range(window, time, TIME_NONE);
    ck_assert_int_eq(range.from_us, time - window->window_us);
    ck_assert_int_eq(range.to_us, time);
    ck_assert_int_eq(range.read_by_us, time + window->lateness_us);
    /* in time to the microsecond: the floor changes nothing */
    range = window_range(window, time, time + window->lateness_us);
    ck_assert_int_eq(range.from_us, time - window->window_us);
    /* one late: the touches of the oldest microsecond may be gone */
    range = window_range(window, time, time + window->lateness_us + 1);
    ck_assert_int_eq(range.from_us, time - window->window_us + 1);
    ck_assert_int_eq(range.to_us, time);
    ck_assert_int_eq(range.read_by_us, time + window->lateness_us);
    /* hopelessly late: an empty range */
    range = window_range(window, time, time + window->lateness_us + window->window_us + 1);
    ck_assert_int_gt(range.from_us, range.to_us);
}

START_TEST(ranges) {
    each_window(check_range);
}
END_TEST

static void check_final(const struct window *window, int64_t time) {
    int64_t limit = time + window->lateness_us;
    ck_assert(!window_is_final(window, time, TIME_NONE));
    ck_assert(!window_is_final(window, time, limit - 1));
    ck_assert(!window_is_final(window, time, limit));
    ck_assert(window_is_final(window, time, limit + 1));
    ck_assert(window_is_final(window, time, TIME_END));
}

START_TEST(final) {
    each_window(check_final);
}
END_TEST

static void check_late(const struct window *window, int64_t time) {
    int64_t limit = time + window->lateness_us;
    ck_assert(!window_is_late(window, time, TIME_NONE));
    ck_assert(!window_is_late(window, time, limit));
    ck_assert(window_is_late(window, time, limit + 1));
    ck_assert(window_is_late(window, time, TIME_END));
}

START_TEST(late) {
    each_window(check_late);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("window");
    tcase_add_test(tests, buckets_cover_the_window);
    tcase_add_test(tests, buckets_round_down);
    tcase_add_test(tests, first_bucket);
    tcase_add_test(tests, first_bucket_is_monotone);
    tcase_add_test(tests, nothing_needed_is_dropped);
    tcase_add_test(tests, ranges);
    tcase_add_test(tests, final);
    tcase_add_test(tests, late);
    return suite_run("attribution.window", tests);
}
