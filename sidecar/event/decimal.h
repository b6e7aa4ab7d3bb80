/* decimal.h: exact decimal numbers: an amount of money as a whole number of its smallest unit. Pure; any
 * thread. */
#ifndef TRIBUTARY_EVENT_DECIMAL_H
#define TRIBUTARY_EVENT_DECIMAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/uint128.h"
#include "event/value.h"

enum { DECIMAL_DIGITS = 38 }; /* that it may have, before and behind the point together */

struct decimal {
    bool negative;
    uint128 units; /* the value without its sign and its point */
    int scale;     /* digits behind the point */
};

enum decimal_result { DECIMAL_OK, DECIMAL_NOT_A_NUMBER, DECIMAL_TOO_LONG };

/* A JSON number, or a text that is one, with as many decimals as it is written with and at least `min_scale`:
 * 19.9 is 1990 units of scale 2. */
enum decimal_result decimal_of(const struct value *value, int min_scale, struct decimal *decimal);

/* "-19.90": all of its decimals, no exponent. In the arena. */
struct value decimal_value(const struct decimal *decimal, struct arena *arena);

#endif
