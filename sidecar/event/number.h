/* number.h: JSON numbers as text. Pure; any thread. */
#ifndef TRIBUTARY_EVENT_NUMBER_H
#define TRIBUTARY_EVENT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

/* Decimal integer text ("-12", "7", "007"; no sign '+', no blanks) -> int64. False when it is anything else
 * or does not fit. */
bool number_int64(struct span text, int64_t *value);

/* A number taken apart: value = 0.d1d2d3… * 10^exponent, with the first and last digit not zero; zero has no
 * digits and is never negative. Digits are a view into `text` except for '.', which may stand among them: use
 * number_digit. */
struct number {
    bool negative;
    struct span text; /* from the first to the last digit that is not zero, perhaps with a '.' inside */
    int64_t digits;   /* how many digits `text` holds */
    int64_t point; /* how many of them stand before the '.' inside `text`; all of them when there is none */
    int64_t exponent; /* how many digits of the value stand before its point; may be negative or greater than
                         digits */
    int64_t scale;    /* how many digits it is written with behind the point, as Postgres counts them: 2 for
                         "1.50", 3 for "15e-3", 0 for "1.5e1" */
};

/* Digit `index` of 0..digits-1, '0' to '9'. */
static inline char number_digit(const struct number *number, int64_t index) {
    return number->text.data[index < number->point ? index : index + 1];
}

/* JSON number grammar, plus a leading '+', leading zeros, and a bare leading or trailing point ("+.5", "5."),
 * as Postgres' numeric reads them. False for anything else and for exponents beyond +-1,000,000,000, which
 * Postgres does not read either. */
bool number_parse(struct span text, struct number *number);

/* Less than 0, 0 or greater than 0, as the values are; exact. */
int number_compare(const struct number *a, const struct number *b);

/* Whether it has no fraction: 7, 7.00, 7e2. */
bool number_is_integer(const struct number *number);
/* False when it has a fraction or does not fit. */
bool number_to_int64(const struct number *number, int64_t *value);

/* Whether |number|, rounded half away from zero to `scale` digits behind the point, has more than
 * precision - scale digits before the point: whether Postgres' numeric(precision, scale) would refuse it.
 * Negative scales round before the point, as Postgres 15 has them. */
bool number_overflows(const struct number *number, int precision, int scale);

/* Appends a text that is the same for equal numbers and different for different ones: "0", "12", "-1.5", with
 * no exponent unless it would take more than 40 zeros ("1e100", "1.5e-50"). */
void number_canonical(const struct number *number, struct buffer *text);
/* The same of the number rounded half away from zero to `scale` digits behind the point. */
void number_canonical_rounded(const struct number *number, int scale, struct buffer *text);

#endif
