/* What a retained touch costs: the promise is 64 bytes all in with one uuid kept of it. */
#include <malloc.h>

#include "touches.h"

#define HOUR (3600 * TIME_SECOND)
#define JUNE INT64_C(1718600400000000)

enum { PROMISED = 64 };

static size_t bytes_in_use(void) {
#ifdef __SANITIZE_ADDRESS__
    return 0; /* the sanitizer's allocator does not tell */
#else
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

/* `count` touches with keys of their own, spread over one window as they are when it is full. */
static struct store *fill(int count, int field_count, const struct value *fields) {
    struct window window = window_of(HOUR, 0);
    struct store *store = store_new(&window, field_count);
    for (int i = 0; i < count; i++) {
        struct hash128 key = hash_key(&i, sizeof i, 1);
        int64_t time = JUNE + HOUR / count * i;
        ck_assert(store_insert(store, key, time, i, time, fields));
    }
    return store;
}

static void assert_cost(int count, int field_count, const struct value *fields, double most) {
    size_t before = bytes_in_use();
    struct store *store = fill(count, field_count, fields);
    size_t real = bytes_in_use() - before, told = store_bytes(store);
    double each = (double)told / count;
    ck_assert_msg(each <= most, "%d touches: %.2f bytes each, more than %.2f", count, each, most);
    if (before) /* and nothing is left out; malloc itself takes 8 bytes a block */
        ck_assert_msg(real <= told + told / 50, "%zu bytes in use, %zu told", real, told);
    store_free(store);
}

static const struct value uuid = {VALUE_STRING, {"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11", 36}};

START_TEST(a_uuid_touch_among_100_000) {
    assert_cost(100000, 1, &uuid, PROMISED);
}
END_TEST

START_TEST(a_uuid_touch_among_1_000_000) {
    assert_cost(1000000, 1, &uuid, PROMISED);
}
END_TEST

/* The index doubles in all buckets at about the same time: just after that it is at its largest. */
START_TEST(a_uuid_touch_at_any_number) {
    struct window window = window_of(HOUR, 0);
    struct store *store = store_new(&window, 1);
    double most = 0;
    for (int i = 0; i < 210000; i++) {
        struct hash128 key = hash_key(&i, sizeof i, 1);
        store_insert(store, key, JUNE + i % 3600 * TIME_SECOND, i, TIME_NONE, &uuid);
        if (i < 100000 || i % 500) continue;
        double each = (double)store_bytes(store) / (i + 1);
        if (each > most) most = each;
    }
    ck_assert_msg(most <= PROMISED, "%.2f bytes each", most);
    store_free(store);
}
END_TEST

/* Where nothing is kept, nothing but the entry is paid for. */
START_TEST(a_touch_without_fields) {
    assert_cost(100000, 0, NULL, PROMISED);
}
END_TEST

/* Other fields cost their text and two bytes each on top, and hardly more. */
START_TEST(a_touch_with_texts) {
    const struct value fields[] = {
        {VALUE_STRING, {"twelve bytes", 12}}, {VALUE_NUMBER, {"123.45", 6}}, {VALUE_NULL, {NULL, 0}}};
    assert_cost(100000, 3, fields, (PROMISED + 12 + 6 + 3 * 2) * 1.1);
    assert_cost(300000, 3, fields, PROMISED + 12 + 6 + 3 * 2);
}
END_TEST

/* Touches of one key need no index of their own. */
START_TEST(touches_of_one_key) {
    struct window window = window_of(HOUR, 0);
    struct store *store = store_new(&window, 1);
    for (int i = 0; i < 100000; i++)
        store_insert(store, key_of(1), JUNE + i % 200 * TIME_SECOND, i, TIME_NONE, &uuid);
    ck_assert_uint_le(store_bytes(store), 100000 * (size_t)49);
    store_free(store);
}
END_TEST

/* A short window with few events has a bucket for almost every touch, thousands of them when one input runs
 * ahead of the other: a bucket must not cost much by itself. */
START_TEST(a_bucket_for_each_touch) {
    const struct value fields[] = {uuid, {VALUE_STRING, {"click-12345", 11}}};
    for (int f = 0; f < COUNT_OF(fields); f++) {
        struct window window = window_of(TIME_SECOND, 0);
        struct store *store = store_new(&window, 1);
        for (int i = 0; i < 2000; i++)
            store_insert(store, key_of(i), JUNE + i * TIME_SECOND / 10, i, TIME_NONE, &fields[f]);
        ck_assert_msg(store_bytes(store) <= 2000 * (size_t)2048, "%zu bytes each", store_bytes(store) / 2000);
        store_free(store);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, a_uuid_touch_among_100_000);
    tcase_add_test(tests, a_uuid_touch_among_1_000_000);
    tcase_add_test(tests, a_uuid_touch_at_any_number);
    tcase_add_test(tests, a_touch_without_fields);
    tcase_add_test(tests, a_touch_with_texts);
    tcase_add_test(tests, touches_of_one_key);
    tcase_add_test(tests, a_bucket_for_each_touch);
    return suite_run("state.store_memory", tests);
}
