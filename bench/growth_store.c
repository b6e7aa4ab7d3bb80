/* growth_store.c: what a touch costs in a store that holds N of them: `growth_store N`. The touches lie in
 * one hour, each with a key of its own and one uuid kept, as the memory promise is worded. Prints one JSON
 * object: nanoseconds of processor time for an insert while the store fills, for an insert once another touch
 * expires for each one that comes, and for look-ups of random keys that are there and that are not; and bytes
 * of resident memory a touch. The allocator is set as `run` sets it. Run it anew for each N: memory that was
 * given back would be counted twice. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cgroup.h"
#include "state/store.h"

#define HOUR      (3600 * TIME_SECOND)
#define JUNE      INT64_C(1718600400000000)
#define KIB       1024
#define LOOK_UPS  1000000
#define TURN_OVER 1000000

enum { EXPIRE_EVERY = 4096, MMAP_BYTES = 256 * KIB, TRIM_BYTES = 1024 * KIB };

struct growth {
    struct window window;
    struct store *store;
    int64_t touches, inserted;
    uint64_t found;
};

static double spent_ns(void) {
    struct timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (double)spent.tv_sec * 1e9 + (double)spent.tv_nsec;
}

/* Mixed well enough for an index. */
static struct hash128 key_of(int64_t number) {
    uint64_t low = (uint64_t)number * 0x9e3779b97f4a7c15u;
    uint64_t high = (uint64_t)number * 0xc2b2ae3d27d4eb4fu;
    return (struct hash128){low ^ low >> 32, high ^ high >> 32};
}

static int64_t time_of(const struct growth *growth, int64_t number) {
    return JUNE + (int64_t)((double)number * (double)HOUR / (double)growth->touches);
}

static void insert_next(struct growth *growth) {
    static const struct value click_id = {VALUE_STRING, {"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11", 36}};
    int64_t time_us = time_of(growth, growth->inserted);
    store_insert(growth->store, key_of(growth->inserted), time_us, growth->inserted, time_us, &click_id);
    growth->inserted++;
}

static void fill(struct growth *growth, int64_t count) {
    for (int64_t i = 0; i < count; i++) insert_next(growth);
}

static void turn_over(struct growth *growth, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        insert_next(growth);
        if (growth->inserted % EXPIRE_EVERY) continue;
        store_expire(growth->store, window_first_bucket(&growth->window, time_of(growth, growth->inserted)));
    }
}

/* Keys from `first` on, in an order that no cache foresees. */
static void look_up(struct growth *growth, int64_t first, int64_t count) {
    int64_t end = time_of(growth, growth->inserted) - 1;
    const struct window_range range = window_range(&growth->window, end, TIME_NONE);
    uint64_t at = 12345;
    for (int64_t i = 0; i < count; i++) {
        struct touch touch;
        at = at * 6364136223846793005u + 1442695040888963407u;
        int64_t key = first + (int64_t)((at >> 32) % (uint64_t)growth->touches);
        growth->found += store_first(growth->store, key_of(key), &range, &touch);
    }
}

static void look_up_held(struct growth *growth, int64_t count) {
    look_up(growth, growth->inserted - growth->touches, count);
}

static void look_up_missing(struct growth *growth, int64_t count) {
    look_up(growth, growth->inserted, count);
}

static double cost(struct growth *growth, void (*what)(struct growth *, int64_t), int64_t count) {
    double start = spent_ns();
    what(growth, count);
    return (spent_ns() - start) / (double)count;
}

int main(int argc, char **argv) {
    struct growth growth = {.window = window_of(HOUR, 0), .touches = argc == 2 ? atoll(argv[1]) : 0};
    if (growth.touches < 1 || growth.touches > UINT32_MAX) {
        fprintf(stderr, "usage: growth_store TOUCHES\n");
        return 2;
    }
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
    int64_t before = process_memory();
    growth.store = store_new(&growth.window, 1);
    double insert = cost(&growth, fill, growth.touches);
    double resident = (double)(process_memory() - before) / (double)growth.touches;
    double hit = cost(&growth, look_up_held, LOOK_UPS);
    double miss = cost(&growth, look_up_missing, LOOK_UPS);
    double turnover = cost(&growth, turn_over, TURN_OVER);
    printf("{\"touches\": %" PRId64 ", \"insert_ns\": %.1f, \"turnover_ns\": %.1f, \"hit_ns\": %.1f, "
           "\"miss_ns\": %.1f, \"resident_bytes\": %.1f}\n",
           growth.touches, insert, turnover, hit, miss, resident);
    store_free(growth.store);
    return growth.found == LOOK_UPS ? 0 : 1;
}
