/* store.c: benchmarks of sidecar/state: a million touches of one hour, a key of its own for each and one uuid
 * kept, as the memory promise is worded; and one key that a robot keeps clicking. */
#include <malloc.h>
#include <stdlib.h>

#include "base/cgroup.h"
#include "micro.h"
#include "state/store.h"

#define HOUR (3600 * TIME_SECOND)
#define JUNE INT64_C(1718600400000000)

static const struct value click_id = {VALUE_STRING, {"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11", 36}};
static const struct value text = {VALUE_STRING, {"a text of twenty-four b.", 24}};

static int64_t touches; /* that an hour has: a million */
static struct store *store;
static struct window window;
static int64_t inserted;
static int64_t resident; /* bytes of the process before there was a store */

static void open_store(void) {
    touches = micro_items(1000000);
    window = window_of(HOUR, 0);
    store = store_new(&window, 1);
    inserted = 0;
}

/* Mixed well enough for an index; a real key hash costs what "key.hash" says. */
static struct hash128 key_of(int64_t number) {
    uint64_t low = (uint64_t)number * 0x9e3779b97f4a7c15u, high = (uint64_t)number * 0xc2b2ae3d27d4eb4fu;
    return (struct hash128){low ^ low >> 32, high ^ high >> 32};
}

/* Event time goes on by one hour in a million touches. */
static void insert_next(const struct value *field) {
    int64_t time_us = JUNE + inserted * (HOUR / touches);
    store_insert(store, key_of(inserted), time_us, inserted, time_us, field);
    inserted++;
}

static void close_store(void) {
    store_free(store);
    store = NULL;
}

static double bytes_per_touch(void) {
    struct store_held held = store_held(store, INT64_MIN);
    return held.count ? (double)store_bytes(store) / (double)held.count : 0;
}

static void fill(void) {
    open_store();
    while (inserted < touches) insert_next(&click_id);
}

static void fill_resident(void) {
    malloc_trim(0);
    resident = process_memory();
    fill();
}

/* What the system has given for it: the same and what the allocator wastes. */
static double resident_per_touch(void) {
    return (double)(process_memory() - resident) / (double)store_held(store, INT64_MIN).count;
}

static void fill_texts(void) {
    open_store();
    while (inserted < touches) insert_next(&text);
}

static void fill_hot(void) {
    fill();
    int64_t count = micro_items(10000);
    for (int64_t i = 0; i < count; i++) {
        int64_t time_us = JUNE + i * (HOUR / count);
        store_insert(store, key_of(-1), time_us, inserted++, time_us, &click_id);
    }
}

/* Into a store that grows to a million touches and then begins anew, which is not counted. */
static void run_insert(int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (inserted == touches) {
            micro_pause();
            close_store();
            open_store();
            micro_resume();
        }
        insert_next(&click_id);
    }
}

/* Into a full store, where for every touch that comes another one leaves: the difference to "store.insert" is
 * what its expiry costs. */
static void run_turnover(const struct value *field, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        insert_next(field);
        if (inserted % (touches / 250)) continue;
        store_expire(store, window_first_bucket(&window, JUNE + inserted * (HOUR / touches)));
    }
}

static void run_turnover_uuid(int64_t count) {
    run_turnover(&click_id, count);
}

static void run_turnover_text(int64_t count) {
    run_turnover(&text, count);
}

/* Look-ups of keys in an order that no cache foresees. */
static void run_first(int64_t first_key, int64_t count) {
    const struct window_range range = window_range(&window, JUNE + HOUR - 1, TIME_NONE);
    uint64_t at = 12345;
    for (int64_t i = 0; i < count; i++) {
        struct touch touch = {0};
        at = at * 6364136223846793005u + 1442695040888963407u;
        store_first(store, key_of(first_key + (int64_t)(at >> 32) % touches), &range, &touch);
        micro_use((uint64_t)touch.offset);
    }
}

static void run_first_hit(int64_t count) {
    run_first(0, count);
}

static void run_first_miss(int64_t count) {
    run_first(touches, count);
}

static void run_first_hot(int64_t count) {
    const struct window_range range = window_range(&window, JUNE + HOUR - 1, TIME_NONE);
    for (int64_t i = 0; i < count; i++) {
        struct touch touch;
        if (!store_first(store, key_of(-1), &range, &touch)) abort();
        micro_use((uint64_t)touch.offset);
    }
}

static void run_last_hot(int64_t count) {
    const struct window_range range = window_range(&window, JUNE + HOUR - 1, TIME_NONE);
    for (int64_t i = 0; i < count; i++) {
        struct touch touch;
        if (!store_last(store, key_of(-1), &range, &touch)) abort();
        micro_use((uint64_t)touch.offset);
    }
}

/* The last hundred. */
static void run_collect_hot(int64_t count) {
    const struct window_range range = window_range(&window, JUNE + HOUR - 1, TIME_NONE);
    for (int64_t i = 0; i < count; i++) {
        int found;
        micro_use((uint64_t)store_collect(store, key_of(-1), &range, 100, &found)->offset);
        if (found != 100) abort();
    }
}

static void run_held(int64_t count) {
    for (int64_t i = 0; i < count; i++) micro_use(store_held(store, INT64_MIN).xor);
}

static void run_bytes(int64_t count) {
    for (int64_t i = 0; i < count; i++) micro_use(store_bytes(store));
}

const struct micro store_benchmarks[] = {
    {"store.insert", run_insert, open_store, close_store, NULL},
    {"store.turnover", run_turnover_uuid, fill, close_store, bytes_per_touch},
    {"store.turnover.text", run_turnover_text, fill_texts, close_store, bytes_per_touch},
    {"store.resident", run_held, fill_resident, close_store, resident_per_touch},
    {"store.turnover.resident", run_turnover_uuid, fill_resident, close_store, resident_per_touch},
    {"store.first.hit", run_first_hit, fill, close_store, NULL},
    {"store.first.miss", run_first_miss, fill, close_store, NULL},
    {"store.first.hot_key", run_first_hot, fill_hot, close_store, NULL},
    {"store.last.hot_key", run_last_hot, fill_hot, close_store, NULL},
    {"store.collect.hot_key", run_collect_hot, fill_hot, close_store, NULL},
    {"store.held", run_held, fill, close_store, NULL},
    {"store.bytes", run_bytes, fill_texts, close_store, NULL},
    {0},
};
