/* share.h: a whole, in units that cannot be divided, shared out by weights so that the parts sum to exactly
 * the whole: by the largest remainder. Part i is first floor(whole * w[i] / sum of w); the units that are
 * left go, one each, to those with the greatest remainder of that division, of equal ones to the lowest
 * number. Pure; any thread. */
#ifndef TRIBUTARY_ATTRIBUTION_SHARE_H
#define TRIBUTARY_ATTRIBUTION_SHARE_H

#include <stdint.h>

#include "base/uint128.h"

/* What share_out works with, one for each part. */
struct share_rest {
    uint128 rest;
    int number;
};

/* Fills parts[0..count-1]; `rests` is scratch of the same length. The weights sum to more than 0 and less
 * than 2^96. */
void share_out(uint128 whole, const uint64_t *weights, int count, uint128 *parts, struct share_rest *rests);

#endif
