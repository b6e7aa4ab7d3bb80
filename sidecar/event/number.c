#include "event/number.h"

enum { ZEROS_MAX = 40, EXPONENT_MAX = 1000000000 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool number_int64(struct span text, int64_t *value) {
    bool negative = text.len > 0 && text.data[0] == '-';
    size_t at = negative;
    int64_t sum = 0;
    if (at == text.len) return false;
    for (; at < text.len; at++) {
        if (!is_digit(text.data[at])) return false;
        /* Summed up below zero, where there is room for one more than above. */
        if (__builtin_mul_overflow(sum, 10, &sum)) return false;
        if (__builtin_sub_overflow(sum, text.data[at] - '0', &sum)) return false;
    }
    if (!negative && __builtin_sub_overflow(0, sum, &sum)) return false;
    *value = sum;
    return true;
}

/* Where things stand in a mantissa; NULL for what it does not have. */
struct mantissa {
    const char *dot, *first, *last; /* first and last digit that is not zero */
    bool any;
};

static const char *scan_mantissa(const char *at, const char *end, struct mantissa *mantissa) {
    for (; at < end; at++) {
        if (*at == '.' && !mantissa->dot) {
            mantissa->dot = at;
            continue;
        }
        if (!is_digit(*at)) break;
        mantissa->any = true;
        if (*at == '0') continue;
        if (!mantissa->first) mantissa->first = at;
        mantissa->last = at;
    }
    return at;
}

/* "", "e5", "E+05", "e-7". */
static bool scan_exponent(const char *at, const char *end, int64_t *exponent) {
    *exponent = 0;
    if (at == end) return true;
    if (*at != 'e' && *at != 'E') return false;
    at++;
    if (end - at >= 2 && *at == '+' && is_digit(at[1])) at++;
    if (!number_int64((struct span){at, (size_t)(end - at)}, exponent)) return false;
    return *exponent >= -EXPONENT_MAX && *exponent <= EXPONENT_MAX;
}

/* `point` is where the point stands or would stand. */
static void take_digits(const struct mantissa *mantissa, const char *point, struct number *number) {
    const char *first = mantissa->first, *last = mantissa->last;
    bool inside = mantissa->dot && first < mantissa->dot && mantissa->dot < last;
    number->text = (struct span){first, (size_t)(last - first) + 1};
    number->digits = last - first + 1 - inside;
    number->point = inside ? mantissa->dot - first : number->digits;
    number->exponent = point > first ? point - first : point - first + 1;
}

bool number_parse(struct span text, struct number *number) {
    struct mantissa mantissa = {0};
    int64_t exponent;
    *number = (struct number){0};
    if (!text.len) return false;
    const char *at = text.data, *end = at + text.len;
    bool negative = *at == '-';
    if (negative || *at == '+') at++;
    at = scan_mantissa(at, end, &mantissa);
    if (!mantissa.any || !scan_exponent(at, end, &exponent)) return false;
    int64_t behind_point = mantissa.dot ? at - mantissa.dot - 1 : 0;
    number->scale = behind_point > exponent ? behind_point - exponent : 0;
    if (!mantissa.first) return true;
    take_digits(&mantissa, mantissa.dot ? mantissa.dot : at, number);
    number->negative = negative;
    number->exponent += exponent;
    return true;
}

/* Of two that are not zero, without their signs. */
static int compare_magnitudes(const struct number *a, const struct number *b) {
    if (a->exponent != b->exponent) return a->exponent < b->exponent ? -1 : 1;
    int64_t digits = a->digits < b->digits ? a->digits : b->digits;
    for (int64_t i = 0; i < digits; i++) {
        int order = number_digit(a, i) - number_digit(b, i);
        if (order) return order;
    }
    return (a->digits > b->digits) - (a->digits < b->digits); /* the last digit is not zero */
}

int number_compare(const struct number *a, const struct number *b) {
    int sign_a = a->digits == 0 ? 0
                 : a->negative  ? -1
                                : 1,
        sign_b = b->digits == 0 ? 0
                 : b->negative  ? -1
                                : 1;
    if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
    return sign_a == 0 ? 0 : sign_a * compare_magnitudes(a, b);
}

bool number_is_integer(const struct number *number) {
    return number->digits == 0 || number->exponent >= number->digits;
}

bool number_to_int64(const struct number *number, int64_t *value) {
    int64_t sum = 0;
    if (!number_is_integer(number) || number->exponent > 19) return false;
    for (int64_t i = 0; i < (number->digits ? number->exponent : 0); i++) {
        int digit = i < number->digits ? number_digit(number, i) - '0' : 0;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum)) return false;
    }
    if (!number->negative && __builtin_sub_overflow(0, sum, &sum)) return false;
    *value = sum;
    return true;
}

/* Whether rounding to the first `keep` digits goes away from zero. */
static bool rounds_up(const struct number *number, int64_t keep) {
    return keep >= 0 && keep < number->digits && number_digit(number, keep) >= '5';
}

bool number_overflows(const struct number *number, int precision, int scale) {
    int64_t keep = number->exponent + scale, before_point = number->exponent;
    if (number->digits == 0 || keep < 0) return false;
    if (rounds_up(number, keep)) {
        int64_t nines = 0;
        while (nines < keep && number_digit(number, nines) == '9') nines++;
        before_point += nines == keep;
    } else if (keep == 0) {
        return false;
    }
    return before_point > precision - scale;
}

static void append_digits(const struct number *number, int64_t from, int64_t to, struct buffer *text) {
    const char *data = number->text.data;
    int64_t middle = number->point < from ? from : number->point > to ? to : number->point;
    if (middle > from) buffer_append(text, data + from, (size_t)(middle - from));
    if (to > middle) buffer_append(text, data + middle + 1, (size_t)(to - middle));
}

static void append_zeros(int64_t count, struct buffer *text) {
    char *at = buffer_reserve(text, (size_t)count);
    memset(at, '0', (size_t)count);
    text->len += (size_t)count;
}

static void append_scientific(const struct number *number, struct buffer *text) {
    append_digits(number, 0, 1, text);
    if (number->digits > 1) buffer_byte(text, '.');
    append_digits(number, 1, number->digits, text);
    buffer_printf(text, "e%lld", (long long)number->exponent - 1);
}

void number_canonical(const struct number *number, struct buffer *text) {
    int64_t digits = number->digits, exponent = number->exponent;
    if (number->negative) buffer_byte(text, '-');
    if (digits == 0) {
        buffer_byte(text, '0');
    } else if (exponent - digits > ZEROS_MAX || -exponent > ZEROS_MAX) {
        append_scientific(number, text);
    } else if (exponent <= 0) {
        buffer_append(text, "0.", 2);
        append_zeros(-exponent, text);
        append_digits(number, 0, digits, text);
    } else if (exponent < digits) {
        append_digits(number, 0, exponent, text);
        buffer_byte(text, '.');
        append_digits(number, exponent, digits, text);
    } else {
        append_digits(number, 0, digits, text);
        append_zeros(exponent - digits, text);
    }
}

/* Adds one to digits that start with a zero for the carry. */
static void increment(char *digits, size_t len) {
    while (digits[--len] == '9') digits[len] = '0';
    digits[len]++;
}

void number_canonical_rounded(const struct number *number, int scale, struct buffer *text) {
    int64_t keep = number->exponent + scale;
    if (number->digits == 0 || keep >= number->digits) {
        number_canonical(number, text);
        return;
    }
    struct buffer digits;
    buffer_init(&digits);
    buffer_byte(&digits, '0'); /* room for the carry */
    if (keep > 0) append_digits(number, 0, keep, &digits);
    if (rounds_up(number, keep)) increment(digits.data, digits.len);
    /* The digits behind their carry are 0.0ddd… * 10^(exponent + 1), which is ddd… * 10^-scale. */
    buffer_printf(&digits, "e%d", -scale);
    struct number rounded;
    if (number_parse(buffer_view(&digits), &rounded)) {
        rounded.negative = number->negative && rounded.digits > 0;
        number_canonical(&rounded, text);
    }
    buffer_release(&digits);
}
