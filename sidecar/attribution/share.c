#include "attribution/share.h"

#include <stdlib.h>

enum { LIMBS = 6, LIMB_BITS = 32, FEW = 16 };

/* The 192 bits of a * b, the highest 32 first. */
static void multiply(uint128 a, uint64_t b, uint32_t *limbs) {
    uint128 low = (uint128)(uint64_t)a * b, high = (a >> 64) * b + (low >> 64);
    limbs[0] = (uint32_t)(high >> 96);
    limbs[1] = (uint32_t)(high >> 64);
    limbs[2] = (uint32_t)(high >> 32);
    limbs[3] = (uint32_t)high;
    limbs[4] = (uint32_t)(low >> 32);
    limbs[5] = (uint32_t)low;
}

/* floor(a * b / divisor), which is no more than a, and the remainder. As a division by hand: the divisor has
 * less than 96 bits, so that a remainder and one more limb are no more than 128. */
static uint128 part_of(uint128 a, uint64_t b, uint128 divisor, uint128 *rest) {
    uint128 quotient = 0, over = 0;
    uint32_t limbs[LIMBS];
    if (a >> 64 == 0) {
        *rest = a * b % divisor;
        return a * b / divisor;
    }
    multiply(a, b, limbs);
    for (int i = 0; i < LIMBS; i++) {
        over = over << LIMB_BITS | limbs[i];
        quotient = quotient << LIMB_BITS | over / divisor;
        over %= divisor;
    }
    *rest = over;
    return quotient;
}

static int compare_rests(const void *left, const void *right) {
    const struct share_rest *a = left, *b = right;
    if (a->rest != b->rest) return a->rest > b->rest ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Most conversions have few touches: no need for what qsort does first. */
static void sort_rests(struct share_rest *rests, int count) {
    if (count > FEW) {
        qsort(rests, (size_t)count, sizeof *rests, compare_rests);
        return;
    }
    for (int i = 1; i < count; i++) {
        struct share_rest moved = rests[i];
        int at = i;
        for (; at > 0 && compare_rests(&moved, &rests[at - 1]) < 0; at--) rests[at] = rests[at - 1];
        rests[at] = moved;
    }
}

void share_out(uint128 whole, const uint64_t *weights, int count, uint128 *parts, struct share_rest *rests) {
    uint128 sum = 0, left = whole;
    for (int i = 0; i < count; i++) sum += weights[i];
    for (int i = 0; i < count; i++) {
        rests[i].number = i;
        parts[i] = part_of(whole, weights[i], sum, &rests[i].rest);
        left -= parts[i];
    }
    if (!left) return;
    sort_rests(rests, count);
    for (int i = 0; i < count && left; i++, left--) parts[rests[i].number]++;
}
