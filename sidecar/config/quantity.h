/* quantity.h: durations, sizes, points in time and whole numbers, as people write them in a pipeline file,
 * and back. Pure; any thread.
 *
 * Duration: "15s", "1h30m", "250us": whole numbers with the units d, h, m, s, ms and us, the largest first,
 * or a bare 0. Microseconds. Size: "64MiB", "512MB", "2GiB": one whole number with one of B, KB, MB, GB, TB
 * (thousands), KiB, MiB, GiB, TiB. Instant: "2024-06-17", then perhaps 'T' or a blank and "05:00" or
 * "05:00:00" or "05:00:00.123456", then perhaps "Z", "+02:00", "+0200" or "+02"; UTC without a zone. 1970 to
 * 9999. Microseconds since 1970. */
#ifndef TRIBUTARY_CONFIG_QUANTITY_H
#define TRIBUTARY_CONFIG_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUANTITY_DECIMALS = 9 };
#define QUANTITY_ONE INT64_C(1000000000) /* 1 in billionths */

enum quantity {
    QUANTITY_OK,
    QUANTITY_NO_UNIT, /* a number other than 0 without a unit */
    QUANTITY_INVALID, /* something else, or beyond 64 bits */
};

enum quantity quantity_duration(const char *text, int64_t *us);
enum quantity quantity_size(const char *text, int64_t *bytes);
enum quantity quantity_integer(const char *text, int64_t *number);
/* "0.4": at most nine decimals; billionths. */
enum quantity quantity_decimal(const char *text, int64_t *billionths);
enum quantity quantity_instant(const char *text, int64_t *us);

enum { QUANTITY_TEXT_MAX = 64 };
/* The shortest text that the functions above read back as the same value; `text` holds QUANTITY_TEXT_MAX.
 * Returns `text`. Values must not be negative. */
const char *quantity_duration_text(int64_t us, char *text);
const char *quantity_size_text(int64_t bytes, char *text);
const char *quantity_instant_text(int64_t us, char *text);
const char *quantity_decimal_text(int64_t billionths, char *text);

#endif
