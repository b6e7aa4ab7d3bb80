#include "transform/lookup_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "values.h"

#define SECOND INT64_C(1000000)

static struct lookup_cache *cache_of(int64_t ttl_s, int64_t missing_ttl_s, int64_t entries) {
    struct lookup_cache_config config = {ttl_s * SECOND, missing_ttl_s * SECOND, entries};
    return lookup_cache_new(&config, 1, 1);
}

static void put(struct lookup_cache *cache, const char *key, const char *text, int64_t then_us) {
    const struct value asked = string_value(key), column = string_value(text);
    lookup_cache_put(cache, &asked, &column, then_us);
}

static void put_none(struct lookup_cache *cache, const char *key, int64_t then_us) {
    const struct value asked = string_value(key);
    lookup_cache_put(cache, &asked, NULL, then_us);
}

/* What it knows: a text, "null", "none" or "unknown". */
static void assert_known(struct lookup_cache *cache, const char *key, int64_t now_us, const char *want) {
    const struct value asked = string_value(key), *columns;
    char got[100] = "null";
    switch (lookup_cache_find(cache, &asked, now_us, &columns)) {
    case LOOKUP_CACHE_UNKNOWN: strcpy(got, "unknown"); break;
    case LOOKUP_CACHE_NO_ROW: strcpy(got, "none"); break;
    case LOOKUP_CACHE_ROW:
        if (columns[0].type != VALUE_NULL)
            snprintf(got, sizeof got, "%.*s", (int)columns[0].text.len, columns[0].text.data);
        break;
    }
    ck_assert_str_eq(got, want);
}

START_TEST(rows_and_their_absence_have_their_own_times) {
    struct lookup_cache *cache = cache_of(60, 10, 100);
    put(cache, "a", "Ann", 0);
    put(cache, "n", NULL, 0);
    put(cache, "e", "", 0);
    put_none(cache, "b", 0);
    assert_known(cache, "a", 0, "Ann");
    assert_known(cache, "n", 0, "null");
    assert_known(cache, "e", 0, "");
    assert_known(cache, "b", 10 * SECOND - 1, "none");
    assert_known(cache, "b", 10 * SECOND, "unknown");
    assert_known(cache, "a", 60 * SECOND - 1, "Ann");
    assert_known(cache, "a", 60 * SECOND, "unknown");
    assert_known(cache, "c", 0, "unknown");
    ck_assert_int_eq(lookup_cache_count(cache), 2); /* what is found too old is gone */
    lookup_cache_free(cache);
}
END_TEST

START_TEST(absence_is_never_remembered_longer_than_a_row) {
    struct lookup_cache *cache = cache_of(5, 10, 100);
    put_none(cache, "b", 0);
    assert_known(cache, "b", 5 * SECOND - 1, "none");
    assert_known(cache, "b", 5 * SECOND, "unknown");
    lookup_cache_free(cache);
}
END_TEST

START_TEST(absence_need_not_be_remembered) {
    struct lookup_cache *cache = cache_of(60, 0, 100);
    put(cache, "a", "Ann", 0);
    put_none(cache, "a", 1); /* what was known is not true any more */
    assert_known(cache, "a", 1, "unknown");
    ck_assert_int_eq(lookup_cache_count(cache), 0);
    lookup_cache_free(cache);
}
END_TEST

START_TEST(without_a_ttl_there_is_none) {
    struct lookup_cache_config config = {.missing_ttl_us = 10 * SECOND, .entries = 10000};
    ck_assert_ptr_null(lookup_cache_new(&config, 1, 1));
    ck_assert_int_eq(lookup_cache_most(&config), 0);
    ck_assert_int_eq(lookup_cache_bytes(NULL), 0);
    ck_assert_int_eq(lookup_cache_count(NULL), 0);
    lookup_cache_free(NULL);
}
END_TEST

START_TEST(the_last_answer_stands) {
    struct lookup_cache *cache = cache_of(60, 10, 100);
    put(cache, "a", "Ann", 0);
    put(cache, "a", "Eve", 30 * SECOND);
    ck_assert_int_eq(lookup_cache_count(cache), 1);
    assert_known(cache, "a", 80 * SECOND, "Eve");
    put_none(cache, "a", 81 * SECOND);
    assert_known(cache, "a", 81 * SECOND, "none");
    put(cache, "a", "Zoe", 82 * SECOND);
    assert_known(cache, "a", 100 * SECOND, "Zoe");
    lookup_cache_free(cache);
}
END_TEST

/* It does not matter which was used, but one that was put in anew is new. */
START_TEST(the_oldest_goes) {
    struct lookup_cache *cache = cache_of(60, 10, 3);
    put(cache, "a", "A", 0);
    put(cache, "b", "B", 0);
    put(cache, "c", "C", 0);
    put(cache, "a", "A2", 0);
    put(cache, "d", "D", 0);
    assert_known(cache, "a", 0, "A2");
    assert_known(cache, "b", 0, "unknown");
    assert_known(cache, "c", 0, "C");
    put(cache, "e", "E", 0);
    assert_known(cache, "c", 0, "unknown");
    assert_known(cache, "a", 0, "A2");
    assert_known(cache, "d", 0, "D");
    lookup_cache_free(cache);
}
END_TEST

START_TEST(everything_is_copied) {
    struct lookup_cache *cache = cache_of(60, 10, 3);
    char key[] = "key", text[] = "text";
    put(cache, key, text, 0);
    memset(key, '#', 3);
    memset(text, '#', 4);
    assert_known(cache, "key", 0, "text");
    lookup_cache_free(cache);
}
END_TEST

START_TEST(types_and_parts_of_keys) {
    struct lookup_cache_config config = {60 * SECOND, 10 * SECOND, 10};
    struct lookup_cache *cache = lookup_cache_new(&config, 2, 0);
    const struct value ab[] = {string_value("a"), string_value("b")}, *columns;
    const struct value ba[] = {string_value("b"), string_value("a")};
    const struct value joined[] = {string_value("ab"), string_value("")};
    const struct value text[] = {string_value("7"), string_value("x")};
    const struct value number[] = {number_value("7"), string_value("x")};
    lookup_cache_put(cache, ab, ab, 0); /* no columns: only whether there is a row */
    lookup_cache_put(cache, text, NULL, 0);
    ck_assert_int_eq(lookup_cache_find(cache, ab, 0, &columns), LOOKUP_CACHE_ROW);
    ck_assert_int_eq(lookup_cache_find(cache, ba, 0, &columns), LOOKUP_CACHE_UNKNOWN);
    ck_assert_int_eq(lookup_cache_find(cache, joined, 0, &columns), LOOKUP_CACHE_UNKNOWN);
    ck_assert_int_eq(lookup_cache_find(cache, text, 0, &columns), LOOKUP_CACHE_NO_ROW);
    ck_assert_int_eq(lookup_cache_find(cache, number, 0, &columns), LOOKUP_CACHE_UNKNOWN);
    lookup_cache_free(cache);
}
END_TEST

/* Small rows fill it by their number, large ones by their bytes, and too large ones are not remembered: in no
 * case does it take more than it says. */
START_TEST(never_more_than_it_says) {
    static char text[LOOKUP_CACHE_ROW_BYTES + 1];
    static const struct {
        int bytes, least, most; /* of entries */
    } trials[] = {{10, 1024, 1024}, {900, 400, 600}, {3500, 100, 160}, {LOOKUP_CACHE_ROW_BYTES, 0, 0}};
    struct lookup_cache_config config = {60 * SECOND, 10 * SECOND, 1024}; /* as many as buckets */
    for (int i = 0; i < COUNT_OF(trials); i++) {
        struct lookup_cache *cache = cache_of(60, 10, config.entries);
        memset(text, 'x', (size_t)trials[i].bytes);
        text[trials[i].bytes] = '\0';
        for (int n = 0; n < 5000; n++) {
            char key[16];
            snprintf(key, sizeof key, "%d", n);
            put(cache, key, text, n);
            ck_assert_int_le(lookup_cache_bytes(cache), lookup_cache_most(&config));
        }
        ck_assert_int_ge(lookup_cache_count(cache), trials[i].least);
        ck_assert_int_le(lookup_cache_count(cache), trials[i].most);
        lookup_cache_free(cache);
    }
}
END_TEST

/* Against a table of what was put in when: nothing too old or wrong is ever found, and with room for all,
 * nothing that should be known is unknown. */
START_TEST(model) {
    enum { KEYS = 500, STEPS = 20000 };
    static int64_t put_at[KEYS];
    static int values[KEYS]; /* -1: no row */
    struct lookup_cache *cache = cache_of(60, 10, KEYS);
    for (int k = 0; k < KEYS; k++) put_at[k] = -1000 * SECOND;
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        int64_t now = step * SECOND / 20;
        int k = rand() % KEYS;
        char key[16], text[16];
        snprintf(key, sizeof key, "%d", k);
        int64_t ttl = (values[k] < 0 ? 10 : 60) * SECOND;
        snprintf(text, sizeof text, "%d", values[k]);
        assert_known(cache, key, now, now - put_at[k] >= ttl ? "unknown" : values[k] < 0 ? "none" : text);
        if (rand() % 2) continue;
        values[k] = rand() % 3 ? rand() : -1;
        put_at[k] = now;
        snprintf(text, sizeof text, "%d", values[k]);
        if (values[k] < 0)
            put_none(cache, key, now);
        else
            put(cache, key, text, now);
    }
    lookup_cache_free(cache);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lookup_cache");
    tcase_add_test(tests, rows_and_their_absence_have_their_own_times);
    tcase_add_test(tests, absence_is_never_remembered_longer_than_a_row);
    tcase_add_test(tests, absence_need_not_be_remembered);
    tcase_add_test(tests, without_a_ttl_there_is_none);
    tcase_add_test(tests, the_last_answer_stands);
    tcase_add_test(tests, the_oldest_goes);
    tcase_add_test(tests, everything_is_copied);
    tcase_add_test(tests, types_and_parts_of_keys);
    tcase_add_test(tests, never_more_than_it_says);
    tcase_add_test(tests, model);
    return suite_run("transform.lookup_cache", tests);
}
