#include "event/decimal.h"

#include "event/number.h"

enum { TEXT_MAX = 2 * DECIMAL_DIGITS + 4 };

/* Digits of the value with its scale, from the number's first on: "12" with exponent 3 and scale 1 is 12000.
 */
static uint128 units_of(const struct number *number, int64_t places) {
    uint128 units = 0;
    for (int64_t i = 0; i < places; i++)
        units = units * 10 + (unsigned)(i < number->digits ? number_digit(number, i) - '0' : 0);
    return units;
}

enum decimal_result decimal_of(const struct value *value, int min_scale, struct decimal *decimal) {
    struct number number;
    bool written = value->type == VALUE_NUMBER || value->type == VALUE_STRING;
    if (!written || !number_parse(value->text, &number)) return DECIMAL_NOT_A_NUMBER;
    int64_t scale = number.scale > min_scale ? number.scale : min_scale;
    int64_t places = number.digits ? number.exponent + scale : 0;
    if (scale > DECIMAL_DIGITS || places > DECIMAL_DIGITS) return DECIMAL_TOO_LONG;
    *decimal = (struct decimal){number.negative, units_of(&number, places), (int)scale};
    return DECIMAL_OK;
}

struct value decimal_value(const struct decimal *decimal, struct arena *arena) {
    char text[TEXT_MAX], *at = text + TEXT_MAX;
    uint128 rest = decimal->units;
    for (int digits = 0; rest || digits <= decimal->scale; digits++) {
        if (digits && digits == decimal->scale) *--at = '.';
        *--at = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (decimal->negative && decimal->units) *--at = '-';
    struct span span = {at, (size_t)(text + TEXT_MAX - at)};
    return (struct value){VALUE_NUMBER, arena_copy(arena, span)};
}
