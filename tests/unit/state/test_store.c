#include "state/store.h"

#include "touches.h"

#define HOUR (3600 * TIME_SECOND)
#define JUNE                                                                                                 \
    INT64_C(1718600400000000) /* 2024-06-17 05:00:00 UTC: the first microsecond of a bucket of 225 s */

/* A window of one hour, touches with one kept field. */
static struct store *open_hour(void) {
    struct window window = window_of(HOUR, 0);
    return store_new(&window, 1);
}

static bool insert(struct store *store, int key, int64_t time_us, int64_t offset) {
    struct value field;
    fields_of(offset, 1, &field);
    return store_insert(store, key_of(key), time_us, offset, TIME_NONE, &field);
}

static bool insert_behind(struct store *store, int key, int64_t time_us, int64_t offset, int64_t watermark) {
    struct value field;
    fields_of(offset, 1, &field);
    return store_insert(store, key_of(key), time_us, offset, watermark, &field);
}

/* The offset of the touch found, or -1. */
static int64_t find(const struct store *store, int key, int64_t from_us, int64_t to_us, int64_t read_by_us) {
    const struct window_range range = {from_us, to_us, read_by_us, INT64_MAX};
    struct touch touch;
    if (!store_first(store, key_of(key), &range, &touch)) return -1;
    assert_fields(store, &touch, touch.offset, 1);
    return touch.offset;
}

static int64_t first(const struct store *store, int key, int64_t conversion_us) {
    return find(store, key, conversion_us - HOUR, conversion_us, conversion_us);
}

START_TEST(holds_nothing_at_first) {
    struct store *store = open_hour();
    struct store_held held = store_held(store, INT64_MIN);
    ck_assert_int_eq(first(store, 1, JUNE), -1);
    ck_assert_uint_eq(held.count, 0);
    ck_assert_uint_eq(held.xor, 0);
    ck_assert_uint_lt(store_bytes(store), 4096);
    store_expire(store, 0);
    store_expire(store, INT64_MAX);
    store_free(store);
    store_free(NULL);
}
END_TEST

START_TEST(both_ends_of_the_window_count) {
    struct store *store = open_hour();
    insert(store, 1, JUNE, 10);
    ck_assert_int_eq(first(store, 1, JUNE - 1), -1);
    ck_assert_int_eq(first(store, 1, JUNE), 10);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 10);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR + 1), -1);
    store_free(store);
}
END_TEST

/* By time, then by offset, whatever the order of arrival and however they lie in buckets. */
START_TEST(the_earliest_counts) {
    struct store *store = open_hour();
    insert(store, 1, JUNE + HOUR / 2, 10);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 10);
    insert(store, 1, JUNE + 7, 11);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 11);
    insert(store, 1, JUNE + 6, 12);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 12);
    insert(store, 1, JUNE + 6, 13);
    insert(store, 1, JUNE + 8, 14);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 12);
    insert(store, 1, JUNE + 6, 9); /* a tie read later with a smaller offset */
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 9);
    ck_assert_int_eq(first(store, 1, JUNE + HOUR + 7), 11); /* when it leaves, the next takes its place */
    store_free(store);
}
END_TEST

START_TEST(keys_do_not_mix) {
    struct store *store = open_hour();
    for (int key = 0; key < 5000; key++) insert(store, key, JUNE, key);
    for (int key = 0; key < 5000; key++) ck_assert_int_eq(first(store, key, JUNE), key);
    for (int key = 5000; key < 5100; key++) ck_assert_int_eq(first(store, key, JUNE), -1);
    store_free(store);
}
END_TEST

START_TEST(times_before_1970) {
    struct store *store = open_hour();
    insert(store, 1, -1, 10);
    insert(store, 1, -HOUR, 11);
    insert(store, 1, INT64_C(-62135596800000000), 12); /* year 1 */
    ck_assert_int_eq(first(store, 1, -1), 11);
    ck_assert_int_eq(first(store, 1, 0), 11);
    ck_assert_int_eq(first(store, 1, 1), 10);
    ck_assert_int_eq(first(store, 1, INT64_C(-62135596800000000)), 12);
    store_free(store);
}
END_TEST

/* A touch behind its watermark counts only for conversions that were not final when it came. */
START_TEST(a_touch_behind_its_watermark) {
    struct store *store = open_hour();
    insert_behind(store, 1, JUNE, 10, JUNE + 100);
    insert_behind(store, 1, JUNE + 5, 11, JUNE + 5); /* not behind: as far as its watermark */
    ck_assert_int_eq(find(store, 1, JUNE, JUNE + 100, JUNE + 99), 11);
    ck_assert_int_eq(find(store, 1, JUNE, JUNE + 100, JUNE + 100), 10);
    ck_assert_int_eq(find(store, 1, JUNE, JUNE + 3, JUNE + 99), -1);
    ck_assert_int_eq(find(store, 1, JUNE, JUNE + 3, JUNE + 100), 10);
    store_free(store);
}
END_TEST

/* Each keeps its own watermark, many of them in one bucket, with others between them. */
START_TEST(many_touches_behind) {
    struct store *store = open_hour();
    for (int i = 0; i < 1000; i++) {
        insert(store, 2000 + i, JUNE + i, 5000 + i);
        insert_behind(store, i, JUNE, i, JUNE + 1 + i);
    }
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(find(store, i, JUNE, JUNE, JUNE + i), -1);
        ck_assert_int_eq(find(store, i, JUNE, JUNE, JUNE + 1 + i), i);
    }
    store_free(store);
}
END_TEST

START_TEST(expiry_is_by_bucket) {
    struct window window = window_of(HOUR, 0);
    struct store *store = open_hour();
    int64_t bucket = window_bucket(&window, JUNE);
    insert(store, 1, JUNE - 1, 10);
    insert(store, 1, JUNE, 11);
    store_expire(store, bucket);
    ck_assert_int_eq(find(store, 1, JUNE - HOUR, JUNE, JUNE), 11);
    ck_assert(!insert(store, 1, JUNE - 1, 12)); /* too old from now on */
    ck_assert(insert(store, 1, JUNE, 13));
    store_expire(store, bucket - 5); /* never goes back */
    ck_assert(!insert(store, 1, JUNE - 1, 14));
    store_expire(store, bucket + 1);
    ck_assert_int_eq(find(store, 1, JUNE - HOUR, JUNE, JUNE), -1);
    ck_assert(insert(store, 1, JUNE + 225 * TIME_SECOND, 15)); /* after the bucket last used was freed */
    ck_assert_int_eq(first(store, 1, JUNE + HOUR), 15);
    store_free(store);
}
END_TEST

START_TEST(expiry_frees_memory) {
    struct window window = window_of(HOUR, 0);
    struct store *store = open_hour();
    insert(store, 1, JUNE + HOUR, 1);
    size_t little = store_bytes(store);
    for (int i = 0; i < 20000; i++) insert(store, i, JUNE + i % 100 * TIME_SECOND, i);
    ck_assert_uint_gt(store_bytes(store), little + 20000 * (size_t)48);
    store_expire(store, window_bucket(&window, JUNE + HOUR));
    ck_assert_uint_eq(store_bytes(store), little);
    store_free(store);
}
END_TEST

START_TEST(held_from_a_bucket_on) {
    struct window window = window_of(HOUR, 0);
    struct store *store = open_hour();
    int64_t bucket = window_bucket(&window, JUNE);
    insert(store, 1, JUNE, 10);
    insert(store, 1, JUNE, 11);
    insert(store, 2, JUNE + 225 * TIME_SECOND, 12);
    insert(store, 2, JUNE + HOUR, 13);
    struct store_held all = store_held(store, INT64_MIN), later = store_held(store, bucket + 1);
    ck_assert_uint_eq(all.count, 4);
    ck_assert_uint_eq(all.xor, hash_offset(10) ^ hash_offset(11) ^ hash_offset(12) ^ hash_offset(13));
    ck_assert_uint_eq(later.count, 2);
    ck_assert_uint_eq(later.xor, hash_offset(12) ^ hash_offset(13));
    store_expire(store, bucket + 1);
    all = store_held(store, INT64_MIN);
    ck_assert(all.count == later.count && all.xor == later.xor);
    ck_assert_uint_eq(store_held(store, bucket + 17).count, 0);
    store_free(store);
}
END_TEST

/* Offsets far beyond 32 bits, and the longest window with its wide buckets. */
START_TEST(wide_numbers) {
    struct window window = window_of(400 * 24 * HOUR, 0);
    struct store *store = store_new(&window, 0);
    int64_t offset = (INT64_C(1) << 47) + 12345, time = JUNE;
    for (int i = 0; i < 40; i++)
        ck_assert(store_insert(store, key_of(i), time + i * 10 * 24 * HOUR - 1, offset + i, TIME_NONE, NULL));
    for (int i = 0; i < 40; i++) {
        const struct window_range range = {time, time + 400 * 24 * HOUR, INT64_MAX, INT64_MAX};
        const struct window_range all = {time - 1, time + 400 * 24 * HOUR, INT64_MAX, INT64_MAX};
        struct touch touch;
        ck_assert_int_eq(store_first(store, key_of(i), &range, &touch), i > 0);
        ck_assert(store_first(store, key_of(i), &all, &touch));
        ck_assert_int_eq(touch.offset, offset + i);
        ck_assert_int_eq(touch.time_us, time + i * 10 * 24 * HOUR - 1);
    }
    store_free(store);
}
END_TEST

/* What is found stays good while touches come, more than a chunk of them, and others are expired. */
START_TEST(touches_stay_where_they_are) {
    struct window window = window_of(HOUR, 0);
    struct store *store = open_hour();
    struct touch kept[50];
    for (int i = 0; i < 50; i++) insert(store, i, JUNE + 225 * TIME_SECOND, i);
    for (int i = 0; i < 50; i++) {
        const struct window_range range = {JUNE, JUNE + HOUR, JUNE + HOUR, INT64_MAX};
        ck_assert(store_first(store, key_of(i), &range, &kept[i]));
    }
    for (int i = 50; i < 5000; i++) insert(store, i, JUNE + i % 400 * TIME_SECOND, i);
    store_expire(store, window_bucket(&window, JUNE + 225 * TIME_SECOND));
    for (int i = 0; i < 50; i++) assert_fields(store, &kept[i], i, 1);
    store_free(store);
}
END_TEST

/* Every kind of value at every place among none, one and three fields. */
START_TEST(fields_come_back) {
    static const int counts[] = {0, 1, 3};
    for (int c = 0; c < COUNT_OF(counts); c++) {
        struct window window = window_of(HOUR, 0);
        struct store *store = store_new(&window, counts[c]);
        for (int i = 0; i < 1200; i++) {
            struct value fields[FIELDS_MAX];
            fields_of(i, counts[c], fields);
            store_insert(store, key_of(i), JUNE, i, TIME_NONE, fields);
            for (int f = 0; f < counts[c]; f++) /* copied: the original may go */
                if (fields[f].text.len && fields[f].type != VALUE_BOOL)
                    memset((char *)(uintptr_t)fields[f].text.data, '#', fields[f].text.len);
        }
        for (int i = 0; i < 1200; i++) {
            const struct window_range range = {JUNE, JUNE, JUNE, INT64_MAX};
            struct touch touch;
            ck_assert(store_first(store, key_of(i), &range, &touch));
            assert_fields(store, &touch, i, counts[c]);
        }
        store_free(store);
    }
}
END_TEST

/* As by the source partition and offset of a re-keyed log. */
static int by_text(const struct value *a, const struct value *b) {
    size_t least = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = memcmp(a->text.data, b->text.data, least);
    return order ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

static bool insert_text(struct store *store, int64_t time_us, int64_t offset, const char *other,
                        const char *text) {
    const struct value fields[] = {{VALUE_STRING, span_of(other)}, {VALUE_STRING, span_of(text)}};
    return store_insert(store, key_of(1), time_us, offset, TIME_NONE, fields);
}

static int64_t first_of_all(const struct store *store) {
    const struct window_range range = {JUNE, JUNE + HOUR, JUNE + HOUR, INT64_MAX};
    struct touch touch;
    return store_first(store, key_of(1), &range, &touch) ? touch.offset : -1;
}

START_TEST(ties_in_time_are_ordered_by_a_field) {
    struct window window = window_of(HOUR, 0);
    struct store *store = store_new(&window, 2);
    store_order_by(store, 1, by_text);
    insert_text(store, JUNE + 5, 10, "a", "3/1");
    insert_text(store, JUNE + 5, 11, "b", "1/7");
    ck_assert_int_eq(first_of_all(store), 11);
    insert_text(store, JUNE + 5, 12, "0", "2/0");
    ck_assert_int_eq(first_of_all(store), 11); /* the other field has no say */
    insert_text(store, JUNE + 5, 13, "c", "1/7");
    ck_assert_int_eq(first_of_all(store), 11); /* the same once more: the offset decides */
    insert_text(store, JUNE + 4, 14, "d", "9/9");
    ck_assert_int_eq(first_of_all(store), 14); /* time comes first */
    store_free(store);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("store");
    tcase_add_test(tests, holds_nothing_at_first);
    tcase_add_test(tests, both_ends_of_the_window_count);
    tcase_add_test(tests, the_earliest_counts);
    tcase_add_test(tests, keys_do_not_mix);
    tcase_add_test(tests, times_before_1970);
    tcase_add_test(tests, a_touch_behind_its_watermark);
    tcase_add_test(tests, many_touches_behind);
    tcase_add_test(tests, expiry_is_by_bucket);
    tcase_add_test(tests, expiry_frees_memory);
    tcase_add_test(tests, held_from_a_bucket_on);
    tcase_add_test(tests, wide_numbers);
    tcase_add_test(tests, touches_stay_where_they_are);
    tcase_add_test(tests, fields_come_back);
    tcase_add_test(tests, ties_in_time_are_ordered_by_a_field);
    return suite_run("state.store", tests);
}
