#include "telemetry/limiter.h"

#include "../suite.h"

#define SECOND INT64_C(1000000)

START_TEST(says_the_first_and_then_one_each_ten_seconds) {
    static struct limiter limiter;
    uint64_t suppressed = 99;
    ck_assert(limiter_pass(&limiter, 7, 0, &suppressed));
    ck_assert_uint_eq(suppressed, 0);
    for (int i = 1; i < 10; i++) ck_assert(!limiter_pass(&limiter, 7, i * SECOND, &suppressed));
    ck_assert(limiter_pass(&limiter, 7, 10 * SECOND, &suppressed));
    ck_assert_uint_eq(suppressed, 9);
    ck_assert(!limiter_pass(&limiter, 7, 20 * SECOND - 1, &suppressed));
    ck_assert(limiter_pass(&limiter, 7, 20 * SECOND, &suppressed));
    ck_assert_uint_eq(suppressed, 1);
    ck_assert(limiter_pass(&limiter, 7, 100 * SECOND, &suppressed));
    ck_assert_uint_eq(suppressed, 0);
}
END_TEST

START_TEST(keeps_things_apart) {
    static struct limiter limiter;
    uint64_t suppressed;
    for (uint64_t key = 1; key <= LIMITER_KEYS; key++) {
        ck_assert(limiter_pass(&limiter, key, (int64_t)key, &suppressed));
        ck_assert_uint_eq(suppressed, 0);
    }
    for (uint64_t key = 1; key <= LIMITER_KEYS; key++)
        ck_assert(!limiter_pass(&limiter, key, SECOND, &suppressed));
}
END_TEST

START_TEST(forgets_what_was_said_longest_ago) {
    static struct limiter limiter;
    uint64_t suppressed;
    for (uint64_t key = 1; key <= LIMITER_KEYS; key++)
        ck_assert(limiter_pass(&limiter, key, (int64_t)(LIMITER_KEYS - key), &suppressed));
    ck_assert(limiter_pass(&limiter, 1000, SECOND, &suppressed)); /* takes the place of the last */
    ck_assert(!limiter_pass(&limiter, LIMITER_KEYS - 1, SECOND, &suppressed));
    ck_assert(!limiter_pass(&limiter, 1, SECOND, &suppressed));
    ck_assert(limiter_pass(&limiter, LIMITER_KEYS, SECOND, &suppressed));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("limiter");
    tcase_add_test(tests, says_the_first_and_then_one_each_ten_seconds);
    tcase_add_test(tests, keeps_things_apart);
    tcase_add_test(tests, forgets_what_was_said_longest_ago);
    return suite_run("telemetry.limiter", tests);
}
