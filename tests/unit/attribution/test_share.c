/* Sharing out: against what the definition says of any parts, computed without it, and on amounts that need
 * all of 128 bits. */
#include "attribution/share.h"

#include "../suite.h"

enum { PARTS_MAX = 60, ROUNDS = 20000 };

struct shared {
    uint64_t weights[PARTS_MAX];
    uint128 parts[PARTS_MAX];
    struct share_rest rests[PARTS_MAX];
};

static void assert_parts(uint128 whole, const uint64_t *weights, int count, const uint64_t *parts) {
    struct shared shared;
    share_out(whole, weights, count, shared.parts, shared.rests);
    for (int i = 0; i < count; i++) ck_assert_uint_eq((uint64_t)shared.parts[i], parts[i]);
}

START_TEST(small_ones) {
    assert_parts(100, (uint64_t[]){1}, 1, (uint64_t[]){100});
    assert_parts(100, (uint64_t[]){1, 1, 1}, 3, (uint64_t[]){34, 33, 33});
    assert_parts(101, (uint64_t[]){1, 1, 1}, 3, (uint64_t[]){34, 34, 33});
    assert_parts(10, (uint64_t[]){4, 2, 4}, 3, (uint64_t[]){4, 2, 4});
    assert_parts(1, (uint64_t[]){1, 2, 1}, 3, (uint64_t[]){0, 1, 0});
    assert_parts(2, (uint64_t[]){1, 2, 1}, 3, (uint64_t[]){1, 1, 0}); /* a tie: the lower number */
    assert_parts(0, (uint64_t[]){1, 2}, 2, (uint64_t[]){0, 0});
    assert_parts(7, (uint64_t[]){0, 5, 0}, 3, (uint64_t[]){0, 7, 0});
    assert_parts(5, (uint64_t[]){0, 1, 1}, 3, (uint64_t[]){0, 3, 2});
}
END_TEST

/* Part i is exactly floor or floor + 1 of whole * w / sum; who gets one more has a greater remainder, or the
 * same and a lower number, than who does not. */
static void check(uint128 whole, const struct shared *shared, int count) {
    uint128 sum = 0, total = 0;
    uint128 rests[PARTS_MAX];
    bool more[PARTS_MAX];
    for (int i = 0; i < count; i++) sum += shared->weights[i];
    for (int i = 0; i < count; i++) {
        uint128 product = whole * shared->weights[i];
        uint128 low = product / sum;
        ck_assert(shared->parts[i] == low || shared->parts[i] == low + 1);
        more[i] = shared->parts[i] == low + 1;
        rests[i] = product - low * sum;
        total += shared->parts[i];
    }
    ck_assert(total == whole);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (more[i] && !more[j]) ck_assert(rests[i] > rests[j] || (rests[i] == rests[j] && i < j));
}

START_TEST(any) {
    struct random random = {7};
    struct shared shared;
    for (int round = 0; round < ROUNDS; round++) {
        int count = 1 + random_below(&random, random_below(&random, 4) ? 8 : PARTS_MAX);
        uint64_t greatest = UINT64_C(1) << random_below(&random, 58); /* times whole: below 2^128 */
        uint128 whole = random_next(&random) >> random_below(&random, 60);
        shared.weights[0] = 1;
        for (int i = 0; i < count; i++)
            if (i || random_below(&random, 2)) shared.weights[i] = random_next(&random) % greatest;
        if (!shared.weights[count - 1]) shared.weights[count - 1] = 1;
        share_out(whole, shared.weights, count, shared.parts, shared.rests);
        check(whole, &shared, count);
    }
}
END_TEST

static uint128 decimal(const char *digits) {
    uint128 number = 0;
    for (; *digits; digits++) number = number * 10 + (unsigned)(*digits - '0');
    return number;
}

/* Computed with whole numbers of any length. */
START_TEST(long_ones) {
    static const uint64_t weights[] = {1000000000000000000u, 707106781186547524u, 500000000000000000u};
    static const char *const parts[] = {"45308183932197284328180410193327180509",
                                        "32037724101704073507729384710009229236",
                                        "22654091966098642164090205096663590254"};
    struct shared shared;
    share_out(decimal("99999999999999999999999999999999999999"), weights, 3, shared.parts, shared.rests);
    for (int i = 0; i < 3; i++) ck_assert(shared.parts[i] == decimal(parts[i]));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("share");
    tcase_add_test(tests, small_ones);
    tcase_add_test(tests, any);
    tcase_add_test(tests, long_ones);
    return suite_run("attribution.share", tests);
}
