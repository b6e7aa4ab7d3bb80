#include "../suite.h"
#include "state/offset_set.h"

START_TEST(new_once) {
    static const int64_t offsets[] = {0, 1, 63, 64, 65, 127, 128, 1 << 20, INT64_C(1) << 47, INT64_MAX};
    struct offset_set *set = offset_set_new();
    for (int i = 0; i < COUNT_OF(offsets); i++) ck_assert(offset_set_add(set, offsets[i]));
    for (int i = COUNT_OF(offsets); i-- > 0;) ck_assert(!offset_set_add(set, offsets[i]));
    ck_assert(offset_set_add(set, 2));
    ck_assert(offset_set_add(set, INT64_MAX - 1));
    offset_set_free(set);
    offset_set_free(NULL);
}
END_TEST

/* Against a plain array of flags, from dense to sparse. */
static void run_history(uint64_t seed, int range) {
    struct random random = {seed};
    struct offset_set *set = offset_set_new();
    bool *flags = calloc((size_t)range, sizeof *flags);
    int64_t base = random_below(&random, 2) ? 0 : INT64_C(1) << 40, step = INT64_C(1)
                                                                           << random_below(&random, 9);
    int wrong = 0;
    for (int i = 0; i < 4000; i++) {
        int at = random_below(&random, range);
        wrong += offset_set_add(set, base + at * step) == flags[at];
        flags[at] = true;
    }
    for (int at = 0; at < range; at++) wrong += offset_set_add(set, base + at * step) == flags[at];
    ck_assert_int_eq(wrong, 0);
    free(flags);
    offset_set_free(set);
}

START_TEST(like_an_array) {
    for (uint64_t seed = 1; seed <= 60; seed++) run_history(seed, seed % 2 ? 3000 : 50000);
}
END_TEST

static double bytes_each(int count, int64_t step) {
    struct offset_set *set = offset_set_new();
    int new = 0;
    for (int64_t i = 0; i < count; i++) new += offset_set_add(set, i * step);
    ck_assert_int_eq(new, count);
    double bytes = (double)offset_set_bytes(set) / count;
    offset_set_free(set);
    return bytes;
}

START_TEST(memory_follows_what_is_in_it) {
    ck_assert_double_le(bytes_each(1, 1), 400);
    ck_assert_double_le(bytes_each(1000000, 1), 0.8);
    ck_assert_double_le(bytes_each(1000000, 10), 8);
    ck_assert_double_le(bytes_each(100000, 64), 50);
    ck_assert_double_le(bytes_each(100000, 1000003), 50);
    ck_assert_double_le(bytes_each(100000, INT64_C(1) << 32), 50);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("offset_set");
    tcase_add_test(tests, new_once);
    tcase_add_test(tests, like_an_array);
    tcase_add_test(tests, memory_follows_what_is_in_it);
    return suite_run("state.offset_set", tests);
}
