#include "attribution/model.h"

#include <stdbool.h>

#include "base/uint128.h"

enum { HALVINGS = 16, TERMS = 8, HALF_LIVES_MAX = 62 }; /* 10^18 * 2^-62 is less than a half */

#define U128(high, low) (((uint128)UINT64_C(high) << 64) | UINT64_C(low))
#define ALMOST_ONE      (~(uint128)0)
#define WEIGHT_DECAY    UINT64_C(1000000000000000000)

/* 2^(-1/2), 2^(-1/4), … 2^(-1/65536), and ln 2, in units of 2^-128. */
static const uint128 roots[HALVINGS] = {
    U128(0xb504f333f9de6484, 0x597d89b3754abe9f), U128(0xd744fccad69d6af4, 0x39a68bb9902d3fde),
    U128(0xeac0c6e7dd24392e, 0xd02d75b3706e54fb), U128(0xf5257d152486cc2c, 0x7b9d0c7aed980fc3),
    U128(0xfa83b2db722a033a, 0x7c25bb14315d7fcd), U128(0xfd3e0c0cf486c174, 0x853f3a5931e0ee03),
    U128(0xfe9e115c7b8f884b, 0xadd25995e79d2f09), U128(0xff4ecb59511ec8a5, 0x301ba217ef18dd7c),
    U128(0xffa756521c8daed1, 0x9f3a1b48fb94c589), U128(0xffd3a751c0f7e10b, 0xd3b9f8ae012fbe07),
    U128(0xffe9d2b2f7db2755, 0xddf1d28a378a438c), U128(0xfff4e91bff1b8c3d, 0x88338e0ebf284a4e),
    U128(0xfffa747ea0040664, 0x238f92f792405806), U128(0xfffd3a3b7814eb53, 0xcd7629d70fea116a),
    U128(0xfffe9d1cc60ddab1, 0x26de1aec4a87e7b9), U128(0xffff4e8e25879bfa, 0x09ea263360240c1a),
};
static const uint128 ln2 = U128(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af);

/* The product of two fractions in units of 2^-128. */
static uint128 times(uint128 a, uint128 b) {
    uint64_t a1 = (uint64_t)(a >> 64), a0 = (uint64_t)a, b1 = (uint64_t)(b >> 64), b0 = (uint64_t)b;
    uint128 low = (uint128)a0 * b0, left = (uint128)a1 * b0, right = (uint128)a0 * b1;
    uint128 middle = (low >> 64) + (uint64_t)left + (uint64_t)right;
    return (uint128)a1 * b1 + (left >> 64) + (right >> 64) + (middle >> 64);
}

/* 2^-f of a fraction: its upper bits by roots, the rest, less than 2^-16, by the series of e^-z. */
static uint128 power(uint128 fraction) {
    uint128 result = ALMOST_ONE, series = ALMOST_ONE;
    for (int i = 0; i < HALVINGS; i++)
        if (fraction >> (127 - i) & 1) result = times(result, roots[i]);
    uint128 z = times(fraction & (ALMOST_ONE >> HALVINGS), ln2);
    for (unsigned k = TERMS; k > 0; k--) series = ALMOST_ONE - times(z, series) / k;
    return times(result, series);
}

/* part / whole, in units of 2^-128; part < whole. */
static uint128 fraction_of(uint64_t part, uint64_t whole) {
    uint128 high = ((uint128)part << 64) / whole;
    uint64_t rest = (uint64_t)(((uint128)part << 64) % whole);
    return high << 64 | (((uint128)rest << 64) / whole);
}

static uint64_t rounded_shift(uint64_t number, uint64_t shift) {
    return shift ? (number >> shift) + (number >> (shift - 1) & 1) : number;
}

uint64_t model_decay(int64_t age_us, int64_t half_life_us) {
    uint64_t age = (uint64_t)age_us, life = (uint64_t)half_life_us;
    uint64_t halvings = age / life, rest = age % life;
    if (halvings >= HALF_LIVES_MAX) return 0;
    if (!rest) return rounded_shift(WEIGHT_DECAY, halvings);
    uint128 left = power(fraction_of(rest, life));
    /* 60 bits before the point and 64 behind it: what decides the rounding is far above the last of them. */
    uint128 weight = times(left, (uint128)WEIGHT_DECAY << 64);
    weight = (weight >> halvings) + ((uint128)1 << 63);
    return (uint64_t)(weight >> 64);
}

static void decay_weights(int64_t half_life_us, const int64_t *times_us, int count, uint64_t *weights) {
    for (int i = 0; i < count; i++) weights[i] = model_decay(times_us[count - 1] - times_us[i], half_life_us);
}

static void position_weights(const struct weights_config *config, int count, uint64_t *weights) {
    uint64_t between = (uint64_t)(count > 2 ? count - 2 : 1);
    uint64_t first = (uint64_t)config->first, last = (uint64_t)config->last;
    bool halves = count == 1 || (count == 2 && !first && !last);
    for (int i = 0; i < count; i++) weights[i] = halves ? 1 : (uint64_t)WEIGHT_ONE - first - last;
    if (halves) return;
    weights[0] = first * between;
    weights[count - 1] = last * between;
}

void model_weights(const struct attribute_config *attribute, const int64_t *times_us, int count,
                   uint64_t *weights) {
    switch (attribute->model) {
    case MODEL_FIRST:
    case MODEL_LAST:
    case MODEL_LINEAR:
        for (int i = 0; i < count; i++) weights[i] = 1;
        return;
    case MODEL_POSITION: position_weights(&attribute->weights, count, weights); return;
    case MODEL_TIME_DECAY: decay_weights(attribute->half_life_us, times_us, count, weights); return;
    }
}
