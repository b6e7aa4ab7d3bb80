#include "event/timestamp.h"

#include "base/time.h"
#include "event/number.h"

/* 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999. */
#define TIME_FIRST (INT64_C(-62135596800) * TIME_SECOND)
#define TIME_LAST  (INT64_C(253402300800) * TIME_SECOND - 1)

enum { DAY_SECONDS = 86400, ZONE_HOURS_MAX = 15, FRACTION_DIGITS_MAX = 18 };

/* Days since 1970-01-01 of the proleptic Gregorian calendar: counted in years that start in March, so that
 * the leap day is the last of its year, and in eras of 400 years. */
static int64_t days_of(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_based = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * march_based + 2) / 5 + 1;
    *month = march_based < 10 ? march_based + 3 : march_based - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

static bool is_leap(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned year, unsigned month) {
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* A digit's value; anything else gives more than 9, which the caller gathers in `bad`. */
static inline unsigned digit(char c, unsigned *bad) {
    unsigned value = (unsigned)(unsigned char)c - '0';
    *bad |= value > 9;
    return value;
}

static inline unsigned two(const char *at, unsigned *bad) {
    return digit(at[0], bad) * 10 + digit(at[1], bad);
}

/* "YYYY-MM-DD?HH:MM", 16 bytes, `at` among them. */
static bool read_minutes(const char *at, int64_t *civil_s) {
    unsigned bad = 0;
    unsigned year = two(at, &bad) * 100 + two(at + 2, &bad);
    unsigned month = two(at + 5, &bad), day = two(at + 8, &bad);
    unsigned hour = two(at + 11, &bad), minute = two(at + 14, &bad);
    bool marks =
        at[4] == '-' && at[7] == '-' && at[13] == ':' && (at[10] == ' ' || at[10] == 'T' || at[10] == 't');
    if (bad || !marks || year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59) return false;
    if (day < 1 || day > days_in(year, month)) return false;
    *civil_s = days_of(year, month, day) * DAY_SECONDS + (int64_t)hour * 3600 + (int64_t)minute * 60;
    return true;
}

/* The digits of a fraction from `at` on; NULL unless there are 1 to 18. */
static const char *read_fraction(const char *at, const char *end, int32_t *micros) {
    const char *from = at;
    int32_t unit = 100000, sum = 0;
    while (at < end && *at >= '0' && *at <= '9') {
        sum += (*at++ - '0') * unit;
        unit /= 10;
    }
    *micros = sum;
    return at > from && at - from <= FRACTION_DIGITS_MAX ? at : NULL;
}

/* ":SS" and what may follow it; NULL when it is wrong, `at` when there is none. */
static const char *read_seconds(const char *at, const char *end, struct civil_time *civil) {
    unsigned bad = 0;
    if (at == end || *at != ':') return at;
    if (end - at < 3) return NULL;
    unsigned second = two(at + 1, &bad);
    if (bad || second > 59) return NULL;
    civil->civil_s += second;
    at += 3;
    if (at < end && (*at == '.' || *at == ',')) return read_fraction(at + 1, end, &civil->micros);
    return at;
}

/* The zone that ends the text: none, 'Z', "+HH", "+HHMM", "+HH:MM". */
static bool read_zone(const char *at, const char *end, struct civil_time *civil) {
    unsigned bad = 0;
    if (at == end) return true;
    civil->has_zone = true;
    if (*at == 'Z' || *at == 'z') return end - at == 1;
    if (*at != '+' && *at != '-') return false;
    bool west = *at++ == '-';
    bool colon = end - at == 5 && at[2] == ':';
    if (end - at != 2 && end - at != 4 && !colon) return false;
    unsigned hours = two(at, &bad), minutes = end - at == 2 ? 0 : two(end - 2, &bad);
    if (bad || hours > ZONE_HOURS_MAX || minutes > 59) return false;
    int32_t east = (int32_t)(hours * 3600 + minutes * 60);
    civil->zone_s = west ? -east : east;
    return true;
}

bool timestamp_parse_civil(struct span text, struct civil_time *civil) {
    *civil = (struct civil_time){0};
    if (text.len < 16 || !read_minutes(text.data, &civil->civil_s)) return false;
    const char *end = text.data + text.len;
    const char *at = read_seconds(text.data + 16, end, civil);
    return at && read_zone(at, end, civil);
}

static bool parse_iso(struct span text, const struct zone *zone, int64_t *time_us) {
    struct civil_time civil;
    if (!timestamp_parse_civil(text, &civil)) return false;
    int64_t utc_s = civil.civil_s;
    if (civil.has_zone)
        utc_s -= civil.zone_s;
    else if (zone)
        utc_s = zone_to_utc(zone, utc_s);
    *time_us = utc_s * TIME_SECOND + civil.micros;
    return true;
}

/* The count times 10^shift with its fraction cut off towards the past. */
static bool scale_count(const struct number *number, int shift, int64_t *time_us) {
    int64_t whole = number->exponent + shift, sum = 0;
    if (whole > 18) return false; /* well past the year 9999 */
    for (int64_t i = 0; i < whole; i++)
        sum = sum * 10 + (i < number->digits ? number_digit(number, i) - '0' : 0);
    bool cut = number->digits > 0 && number->digits > whole;
    *time_us = number->negative ? -sum - cut : sum;
    return true;
}

static bool parse_count(struct span text, int shift, int64_t *time_us) {
    static const int64_t factors[] = {[0] = 1, [3] = 1000, [6] = TIME_SECOND};
    int64_t count;
    if (text.len < 20 && number_int64(text, &count))
        return !__builtin_mul_overflow(count, factors[shift], time_us);
    struct number number;
    return number_parse(text, &number) && scale_count(&number, shift, time_us);
}

static bool parse(struct value value, enum time_format format, const struct zone *zone, int64_t *time_us) {
    if (value.type != VALUE_STRING && (value.type != VALUE_NUMBER || format == TIME_FORMAT_ISO)) return false;
    switch (format) {
    case TIME_FORMAT_ISO: return parse_iso(value.text, zone, time_us);
    case TIME_FORMAT_EPOCH_S: return parse_count(value.text, 6, time_us);
    case TIME_FORMAT_EPOCH_MS: return parse_count(value.text, 3, time_us);
    case TIME_FORMAT_EPOCH_US: return parse_count(value.text, 0, time_us);
    }
    return false;
}

bool timestamp_parse(struct value value, enum time_format format, const struct zone *zone, int64_t *time_us) {
    return parse(value, format, zone, time_us) && *time_us >= TIME_FIRST && *time_us <= TIME_LAST;
}

static char *put_two(char *at, unsigned value) {
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

static char *put_year(char *at, int64_t year) {
    char reversed[8];
    int len = 0;
    if (year < 0) *at++ = '-';
    for (uint64_t rest = (uint64_t)(year < 0 ? -year : year); rest || len < 4; rest /= 10)
        reversed[len++] = (char)('0' + rest % 10);
    while (len) *at++ = reversed[--len];
    return at;
}

static char *put_fraction(char *at, unsigned micros) {
    if (!micros) return at;
    *at++ = '.';
    at = put_two(at, micros / 10000);
    at = put_two(at, micros / 100 % 100);
    at = put_two(at, micros % 100);
    while (at[-1] == '0') at--;
    return at;
}

static char *put_time(int64_t time_us, char separator, char *at) {
    int64_t micros = time_us % TIME_SECOND;
    int64_t second = time_us / TIME_SECOND - (micros < 0);
    int64_t days = second / DAY_SECONDS - (second % DAY_SECONDS < 0), year;
    unsigned of_day = (unsigned)(second - days * DAY_SECONDS), month, day;
    date_of(days, &year, &month, &day);
    at = put_year(at, year);
    *at++ = '-';
    at = put_two(at, month);
    *at++ = '-';
    at = put_two(at, day);
    *at++ = separator;
    at = put_two(at, of_day / 3600);
    *at++ = ':';
    at = put_two(at, of_day / 60 % 60);
    *at++ = ':';
    at = put_two(at, of_day % 60);
    return put_fraction(at, (unsigned)(micros < 0 ? micros + TIME_SECOND : micros));
}

size_t timestamp_format(int64_t time_us, char *text) {
    char *end = put_time(time_us, ' ', text);
    *end++ = '+';
    end = put_two(end, 0);
    return (size_t)(end - text);
}

size_t timestamp_format_iso(int64_t time_us, char *text) {
    char *end = put_time(time_us, 'T', text);
    *end = 'Z';
    return (size_t)(end + 1 - text);
}
