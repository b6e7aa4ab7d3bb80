#include "config/quantity.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000)

struct unit {
    const char *name;
    int64_t factor;
};

/* The largest first: the order in which they may be combined. */
static const struct unit durations[] = {
    {"d", 86400 * SECOND}, {"h", 3600 * SECOND}, {"m", 60 * SECOND}, {"s", SECOND}, {"ms", 1000}, {"us", 1},
};
/* The largest first: a size is printed with the first that divides it. */
static const struct unit sizes[] = {
    {"TiB", INT64_C(1) << 40},
    {"TB", INT64_C(1000000000000)},
    {"GiB", INT64_C(1) << 30},
    {"GB", INT64_C(1000000000)},
    {"MiB", INT64_C(1) << 20},
    {"MB", INT64_C(1000000)},
    {"KiB", INT64_C(1) << 10},
    {"KB", 1000},
    {"B", 1},
};
enum { DURATIONS = sizeof durations / sizeof *durations, SIZES = sizeof sizes / sizeof *sizes };

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads digits, at least one; moves *text behind them. False when there are none or too many. */
static bool read_number(const char **text, int64_t *number) {
    if (!digit(**text)) return false;
    int64_t n = 0;
    for (; digit(**text); ++*text)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, **text - '0', &n)) return false;
    *number = n;
    return true;
}

static size_t letters(const char *text) {
    size_t len = 0;
    while ((text[len] >= 'a' && text[len] <= 'z') || (text[len] >= 'A' && text[len] <= 'Z')) len++;
    return len;
}

/* The unit at *text among units[from..count), or -1; moves *text behind it. */
static int read_unit(const char **text, const struct unit *units, int from, int count) {
    size_t len = letters(*text);
    for (int i = from; i < count; i++) {
        if (strlen(units[i].name) != len || memcmp(units[i].name, *text, len) != 0) continue;
        *text += len;
        return i;
    }
    return -1;
}

enum quantity quantity_integer(const char *text, int64_t *number) {
    return read_number(&text, number) && !*text ? QUANTITY_OK : QUANTITY_INVALID;
}

enum quantity quantity_duration(const char *text, int64_t *us) {
    int64_t total = 0, number;
    int from = 0;
    if (strcmp(text, "0") == 0) {
        *us = 0;
        return QUANTITY_OK;
    }
    do {
        if (!read_number(&text, &number)) return QUANTITY_INVALID;
        if (!*text && from == 0) return QUANTITY_NO_UNIT;
        int unit = read_unit(&text, durations, from, DURATIONS);
        if (unit < 0 || __builtin_mul_overflow(number, durations[unit].factor, &number) ||
            __builtin_add_overflow(total, number, &total))
            return QUANTITY_INVALID;
        from = unit + 1;
    } while (*text);
    *us = total;
    return QUANTITY_OK;
}

enum quantity quantity_size(const char *text, int64_t *bytes) {
    int64_t number;
    if (!read_number(&text, &number)) return QUANTITY_INVALID;
    if (!*text) return QUANTITY_NO_UNIT;
    int unit = read_unit(&text, sizes, 0, SIZES);
    if (unit < 0 || *text || __builtin_mul_overflow(number, sizes[unit].factor, bytes))
        return QUANTITY_INVALID;
    return QUANTITY_OK;
}

/* Exactly `count` digits. */
static bool read_digits(const char **text, int count, int *number) {
    *number = 0;
    for (int i = 0; i < count; i++, ++*text) {
        if (!digit(**text)) return false;
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

static bool skip(const char **text, char c) {
    if (**text != c) return false;
    ++*text;
    return true;
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_date(const char **text, struct tm *civil) {
    int year, month, day;
    if (!read_digits(text, 4, &year) || !skip(text, '-') || !read_digits(text, 2, &month) ||
        !skip(text, '-') || !read_digits(text, 2, &day))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) return false;
    *civil = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return true;
}

/* ".123": digits behind the sixth are dropped. */
static bool read_fraction(const char **text, int64_t *us) {
    *us = 0;
    if (!skip(text, '.')) return true;
    if (!digit(**text)) return false;
    int64_t place = SECOND / 10;
    for (; digit(**text); ++*text, place /= 10) *us += place * (**text - '0');
    return true;
}

static bool read_clock(const char **text, struct tm *civil, int64_t *us) {
    if (!read_digits(text, 2, &civil->tm_hour) || !skip(text, ':') || !read_digits(text, 2, &civil->tm_min))
        return false;
    if (skip(text, ':') && (!read_digits(text, 2, &civil->tm_sec) || !read_fraction(text, us))) return false;
    return civil->tm_hour < 24 && civil->tm_min < 60 && civil->tm_sec < 60;
}

/* "Z", "+02", "+0200", "+02:00" or nothing. */
static bool read_zone(const char **text, int64_t *offset_s) {
    int hours, minutes = 0, sign = **text == '-' ? -1 : 1;
    *offset_s = 0;
    if (!**text || skip(text, 'Z')) return true;
    if (!skip(text, '+') && !skip(text, '-')) return false;
    if (!read_digits(text, 2, &hours)) return false;
    bool colon = skip(text, ':');
    if ((colon || **text) && !read_digits(text, 2, &minutes)) return false;
    *offset_s = (int64_t)sign * (hours * 3600 + minutes * 60);
    return hours < 16 && minutes < 60;
}

enum quantity quantity_instant(const char *text, int64_t *us) {
    struct tm civil;
    int64_t fraction = 0, offset_s = 0;
    if (!read_date(&text, &civil)) return QUANTITY_INVALID;
    if (*text && ((!skip(&text, 'T') && !skip(&text, ' ')) || !read_clock(&text, &civil, &fraction) ||
                  !read_zone(&text, &offset_s)))
        return QUANTITY_INVALID;
    if (*text) return QUANTITY_INVALID;
    int64_t time_us = ((int64_t)timegm(&civil) - offset_s) * SECOND + fraction;
    if (time_us < 0) return QUANTITY_INVALID;
    *us = time_us;
    return QUANTITY_OK;
}

const char *quantity_duration_text(int64_t us, char *text) {
    size_t len = 0;
    snprintf(text, QUANTITY_TEXT_MAX, "0");
    for (int i = 0; i < DURATIONS; i++) {
        int64_t number = us / durations[i].factor;
        us %= durations[i].factor;
        if (number)
            len += (size_t)snprintf(text + len, QUANTITY_TEXT_MAX - len, "%lld%s", (long long)number,
                                    durations[i].name);
    }
    return text;
}

const char *quantity_size_text(int64_t bytes, char *text) {
    int unit = 0;
    while (bytes % sizes[unit].factor != 0 || bytes < sizes[unit].factor) {
        if (unit == SIZES - 1) break; /* 0 bytes */
        unit++;
    }
    snprintf(text, QUANTITY_TEXT_MAX, "%lld%s", (long long)(bytes / sizes[unit].factor), sizes[unit].name);
    return text;
}

const char *quantity_instant_text(int64_t us, char *text) {
    struct tm civil;
    time_t seconds = (time_t)(us / SECOND);
    gmtime_r(&seconds, &civil);
    size_t len = strftime(text, QUANTITY_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &civil);
    if (us % SECOND)
        len += (size_t)snprintf(text + len, QUANTITY_TEXT_MAX - len, ".%06d", (int)(us % SECOND));
    snprintf(text + len, QUANTITY_TEXT_MAX - len, "Z");
    return text;
}

enum quantity quantity_decimal(const char *text, int64_t *billionths) {
    int64_t sum = 0;
    int decimals = -1;
    if (!strpbrk(text, "0123456789")) return QUANTITY_INVALID;
    for (const char *at = text; *at; at++) {
        if (*at == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (*at < '0' || *at > '9' || decimals == QUANTITY_DECIMALS) return QUANTITY_INVALID;
        decimals += decimals >= 0;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum))
            return QUANTITY_INVALID;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < QUANTITY_DECIMALS; i++)
        if (__builtin_mul_overflow(sum, 10, &sum)) return QUANTITY_INVALID;
    *billionths = sum;
    return QUANTITY_OK;
}

const char *quantity_decimal_text(int64_t billionths, char *text) {
    int len = snprintf(text, QUANTITY_TEXT_MAX, "%lld.%09lld", (long long)(billionths / QUANTITY_ONE),
                       (long long)(billionths % QUANTITY_ONE));
    while (len > 0 && text[len - 1] == '0') text[--len] = '\0';
    if (len > 0 && text[len - 1] == '.') text[--len] = '\0';
    return text;
}
