/* model.h: how much each of the touches of a conversion weighs. Pure; any thread.
 *
 * The touches t[0..n-1] are those that count, of these the `reach` nearest where that is set, the earliest
 * first. Weights are whole numbers, so that anybody can compute them again:
 *
 *     linear      w[i] = 1
 *     position    n = 1: 1.  n = 2: first, last; where both are 0, 1 each.  Otherwise
 *                 w[0] = first * (n - 2), w[n-1] = last * (n - 2), the others 1 - first - last
 *                 with first, last and 1 in billionths
 *     time_decay  w[i] = round(10^18 * 2^(-(time(t[n-1]) - time(t[i])) / half_life)), half up
 *
 * and credits are shared out by share.h. Ages count from the latest touch: that makes no difference to the
 * proportions, and there is always one that weighs something. */
#ifndef TRIBUTARY_ATTRIBUTION_MODEL_H
#define TRIBUTARY_ATTRIBUTION_MODEL_H

#include <stdint.h>

#include "config/pipeline.h"

/* The weights of `count` touches at these times, ascending. At least one of them is not 0. */
void model_weights(const struct attribute_config *attribute, const int64_t *times_us, int count,
                   uint64_t *weights);

/* round(10^18 * 2^(-age / half_life)); age >= 0, half_life > 0. Computed to 120 bits. */
uint64_t model_decay(int64_t age_us, int64_t half_life_us);

#endif
