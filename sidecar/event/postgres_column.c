#include "event/postgres_column.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/time.h"
#include "base/utf8.h"
#include "event/excerpt.h"
#include "event/number.h"
#include "event/timestamp.h"
#include "event/uuid.h"

enum {
    TYPMOD_OFFSET = 4,           /* what lengths and precisions are stored with */
    NUMERIC_DIGITS_MAX = 131072, /* before the point of any numeric */
    NUMERIC_SCALE_MAX = 16383,   /* behind it */
    DATE_TEXT = 10,
};

/* One value on its way into one column. */
struct check {
    const struct column_type *type;
    struct value value;
    struct arena *arena;
    struct span *text;
    char *why;
    size_t why_size;
};

static __attribute__((format(printf, 2, 3))) bool refuse(const struct check *check, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(check->why, check->why_size, format, args);
    va_end(args);
    return false;
}

/* `"abc" is not an integer`. */
static bool refuse_value(const struct check *check, const char *what) {
    char shown[EXCERPT_MAX];
    struct value value = check->value;
    if (value.type == VALUE_STRING)
        excerpt_quoted(value.text, shown);
    else
        excerpt_plain(value.text, shown);
    return refuse(check, "%s %s", shown, what);
}

static bool put(const struct check *check, struct span text) {
    *check->text = text;
    return true;
}

/* -- text -- */

/* The blanks of C's isspace, whatever the locale. */
static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(struct span text) {
    while (text.len && is_blank(text.data[0])) text = (struct span){text.data + 1, text.len - 1};
    while (text.len && is_blank(text.data[text.len - 1])) text.len--;
    return text;
}

static bool is_word(struct span text, const char *word) {
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

static struct span without_trailing_spaces(struct span text) {
    while (text.len && text.data[text.len - 1] == ' ') text.len--;
    return text;
}

/* varchar(n) and char(n): the most characters the column holds, or -1. */
static int32_t length_limit(const struct column_type *type) {
    bool limited = type->oid == COLUMN_VARCHAR || type->oid == COLUMN_BPCHAR;
    return limited && type->typmod >= TYPMOD_OFFSET ? type->typmod - TYPMOD_OFFSET : -1;
}

/* Spaces beyond the limit are cut off, as Postgres does on assignment. */
static bool accept_text(const struct check *check) {
    struct span text = check->value.text;
    int32_t limit = length_limit(check->type);
    if (limit >= 0 && text.len > (size_t)limit) {
        size_t fits = utf8_prefix(text, (size_t)limit);
        if (without_trailing_spaces(text).len > fits)
            return refuse(check, "value has %zu characters, %s(%d) holds %d", utf8_count(text),
                          check->type->oid == COLUMN_VARCHAR ? "varchar" : "char", limit, limit);
        text.len = fits;
    }
    return put(check, text);
}

/* -- booleans -- */

static bool is_start_of(struct span text, const char *word, size_t least) {
    return text.len >= least && text.len <= strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

static bool accept_bool(const struct check *check) {
    struct span text = trim(check->value.text);
    if (is_start_of(text, "true", 1) || is_start_of(text, "yes", 1) || is_start_of(text, "on", 2) ||
        span_is(text, "1"))
        return put(check, span_of("true"));
    if (is_start_of(text, "false", 1) || is_start_of(text, "no", 1) || is_start_of(text, "off", 2) ||
        span_is(text, "0"))
        return put(check, span_of("false"));
    return refuse_value(check, "is not a boolean");
}

/* -- numbers -- */

/* Digits with or without a sign: what the integer types read. */
static bool is_integer_text(struct span text) {
    size_t at = text.len && (text.data[0] == '-' || text.data[0] == '+');
    if (at == text.len) return false;
    for (; at < text.len; at++)
        if (text.data[at] < '0' || text.data[at] > '9') return false;
    return true;
}

static bool is_canonical_integer(struct span text) {
    size_t at = text.data[0] == '-';
    return text.data[0] != '+' && (text.data[at] != '0' || text.len == 1);
}

static bool accept_int(const struct check *check, int64_t limit, const char *name) {
    struct span text = check->value.type == VALUE_STRING ? trim(check->value.text) : check->value.text;
    struct number number;
    int64_t value;
    /* 7.0 and 7e0 are integers where JSON has a number; a string is read as Postgres reads it. */
    bool readable = check->value.type == VALUE_NUMBER || is_integer_text(text);
    if (!readable || !number_parse(text, &number) || !number_is_integer(&number))
        return refuse_value(check, "is not an integer");
    if (!number_to_int64(&number, &value) || value > limit || value < -limit - 1)
        return refuse(check, "%.*s is out of range for %s", text.len < 80 ? (int)text.len : 80, text.data,
                      name);
    if (is_integer_text(text) && is_canonical_integer(text)) return put(check, text);
    return put(check, arena_printf(check->arena, "%lld", (long long)value));
}

/* The names of what is not finite, in one spelling; absent when it is none of them. */
static struct span special_float(struct span text) {
    size_t sign = text.len && (text.data[0] == '-' || text.data[0] == '+');
    struct span word = {text.data + sign, text.len - sign};
    if (!sign && is_word(word, "nan")) return span_of("NaN");
    if (!is_word(word, "inf") && !is_word(word, "infinity")) return (struct span){0};
    return span_of(sign && text.data[0] == '-' ? "-Infinity" : "Infinity");
}

struct numeric_limits {
    bool limited;
    int precision, scale;
};

/* The scale is an 11-bit number with a sign since Postgres 15. */
static struct numeric_limits numeric_limits(const struct column_type *type) {
    int32_t typmod = type->typmod - TYPMOD_OFFSET;
    if (typmod < 0) return (struct numeric_limits){0};
    return (struct numeric_limits){true, (typmod >> 16) & 0xffff, ((typmod & 0x7ff) ^ 1024) - 1024};
}

/* Whether Postgres has room for it before any rounding. */
static bool fits_any_numeric(const struct number *number) {
    return number->scale <= NUMERIC_SCALE_MAX &&
           (number->digits == 0 || number->exponent <= NUMERIC_DIGITS_MAX);
}

static bool refuse_numeric(const struct check *check, struct numeric_limits limits) {
    char what[64];
    snprintf(what, sizeof what, "does not fit numeric(%d,%d)", limits.precision, limits.scale);
    return refuse_value(check, what);
}

static bool accept_numeric(const struct check *check) {
    struct numeric_limits limits = numeric_limits(check->type);
    struct span text = trim(check->value.text), special = special_float(text);
    struct number number;
    if (check->value.type == VALUE_STRING && special.data) {
        if (limits.limited && !span_is(special, "NaN")) return refuse_numeric(check, limits);
        return put(check, special);
    }
    if (!number_parse(text, &number)) return refuse_value(check, "is not a number");
    if (!fits_any_numeric(&number)) return refuse_value(check, "has more digits than any numeric holds");
    if (limits.limited && number_overflows(&number, limits.precision, limits.scale))
        return refuse_numeric(check, limits);
    return put(check, text);
}

/* Whether it can neither overflow nor vanish even in a float4. */
static bool is_moderate(const struct number *number) {
    return number->digits == 0 || (number->exponent > -30 && number->exponent < 30);
}

static double read_float(const struct column_type *type, struct span text, struct arena *arena) {
    const char *terminated = arena_printf(arena, "%.*s", (int)text.len, text.data).data;
    return type->oid == COLUMN_FLOAT4 ? (double)strtof(terminated, NULL) : strtod(terminated, NULL);
}

static bool accept_float(const struct check *check) {
    struct span text = trim(check->value.text), special = special_float(text);
    struct number number;
    if (check->value.type == VALUE_STRING && special.data) return put(check, special);
    if (!number_parse(text, &number)) return refuse_value(check, "is not a number");
    if (is_moderate(&number)) return put(check, text);
    double value = read_float(check->type, text, check->arena);
    if (value != 0 && isfinite(value)) return put(check, text);
    return refuse_value(check, check->type->oid == COLUMN_FLOAT4 ? "is out of range for real"
                                                                 : "is out of range for double precision");
}

/* -- uuids, addresses, bytes -- */

static bool accept_uuid(const struct check *check) {
    uint8_t bytes[UUID_BYTES];
    struct span text = check->value.text;
    if (uuid_pack(text, bytes)) return put(check, text);
    if (!uuid_parse(text, bytes)) return refuse_value(check, "is not a uuid");
    char *canonical = arena_bytes(check->arena, UUID_TEXT);
    uuid_unpack(bytes, canonical);
    return put(check, (struct span){canonical, UUID_TEXT});
}

/* A decimal number up to `most` at the start of `text`, taken off it; -1 when there is none. Leading zeros
 * are allowed, as many as one likes. */
static int take_number(struct span *text, int most) {
    int value = -1;
    while (text->len && text->data[0] >= '0' && text->data[0] <= '9') {
        value = (value < 0 ? 0 : value * 10) + (text->data[0] - '0');
        if (value > most) return -1;
        *text = (struct span){text->data + 1, text->len - 1};
    }
    return value;
}

static bool take_byte(struct span *text, char byte) {
    if (!text->len || text->data[0] != byte) return false;
    *text = (struct span){text->data + 1, text->len - 1};
    return true;
}

/* "10.1.2.3", "10.1.2.3/24", and with a prefix no longer than what is there "10.1/16" and "10.1./16" too. */
static bool is_inet4(struct span text) {
    int octets = 0;
    do {
        if (octets && text.len && text.data[0] == '/') break;
        if (take_number(&text, 255) < 0) return false;
        octets++;
    } while (octets < 4 && take_byte(&text, '.'));
    if (!text.len) return octets == 4;
    if (!take_byte(&text, '/')) return false;
    int bits = take_number(&text, 32);
    return bits >= 0 && bits / 8 <= octets && !text.len;
}

static bool is_inet6(struct span text) {
    char address[INET6_ADDRSTRLEN];
    struct in6_addr binary;
    const char *slash = memchr(text.data, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.data) : text.len;
    struct span bits = {text.data + len, text.len - len};
    if (len >= sizeof address) return false;
    memcpy(address, text.data, len);
    address[len] = '\0';
    if (inet_pton(AF_INET6, address, &binary) != 1) return false;
    if (!slash) return true;
    bool padded = bits.len > 2 && bits.data[1] == '0'; /* which Postgres takes for IPv4 only */
    return !padded && take_byte(&bits, '/') && take_number(&bits, 128) >= 0 && !bits.len;
}

static bool accept_inet(const struct check *check) {
    struct span text = check->value.text;
    bool ok = text.len && (memchr(text.data, ':', text.len) ? is_inet6(text) : is_inet4(text));
    return ok ? put(check, text) : refuse_value(check, "is not an IP address");
}

static bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Pairs of digits, with blanks between the pairs. */
static bool is_hex_bytes(struct span text) {
    for (size_t i = 0; i < text.len;) {
        if (text.data[i] == ' ' || text.data[i] == '\n' || text.data[i] == '\t' || text.data[i] == '\r') {
            i++;
            continue;
        }
        if (i + 1 >= text.len || !is_hex_digit(text.data[i]) || !is_hex_digit(text.data[i + 1])) return false;
        i += 2;
    }
    return true;
}

static bool is_octal(struct span text, size_t at) {
    return at + 3 <= text.len && text.data[at] >= '0' && text.data[at] <= '3' && text.data[at + 1] >= '0' &&
           text.data[at + 1] <= '7' && text.data[at + 2] >= '0' && text.data[at + 2] <= '7';
}

/* Bytes as they are, a backslash doubled or as three octal digits. */
static bool is_escaped_bytes(struct span text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\\') continue;
        if (i + 1 < text.len && text.data[i + 1] == '\\')
            i++;
        else if (is_octal(text, i + 1))
            i += 3;
        else
            return false;
    }
    return true;
}

static bool accept_bytea(const struct check *check) {
    struct span text = check->value.text;
    bool hex = text.len >= 2 && text.data[0] == '\\' && text.data[1] == 'x';
    bool ok = hex ? is_hex_bytes((struct span){text.data + 2, text.len - 2}) : is_escaped_bytes(text);
    return ok ? put(check, text) : refuse_value(check, "is not a bytea");
}

/* -- times -- */

/* An ISO-like time, or a date, which is its midnight. */
static bool parse_time(const struct check *check, struct value *time, struct civil_time *civil) {
    struct span text = trim(check->value.text);
    if (check->value.type != VALUE_STRING) return false;
    if (text.len == DATE_TEXT) text = arena_printf(check->arena, "%.*s 00:00", DATE_TEXT, text.data);
    *time = (struct value){VALUE_STRING, text};
    return timestamp_parse_civil(text, civil);
}

static struct span infinite_time(const struct check *check) {
    struct span text = trim(check->value.text);
    if (check->value.type == VALUE_STRING && is_word(text, "infinity")) return span_of("infinity");
    if (check->value.type == VALUE_STRING && is_word(text, "-infinity")) return span_of("-infinity");
    return (struct span){0};
}

static struct span format_time(struct arena *arena, int64_t time_us) {
    char *text = arena_bytes(arena, TIMESTAMP_TEXT_MAX);
    return (struct span){text, timestamp_format(time_us, text)};
}

static struct span format_civil(struct arena *arena, int64_t civil_us) {
    struct span text = format_time(arena, civil_us);
    text.len -= strlen("+00");
    return text;
}

static bool accept_time(const struct check *check) {
    struct span infinite = infinite_time(check);
    struct value time;
    struct civil_time civil;
    int64_t utc_us;
    if (infinite.data) return put(check, infinite);
    if (!parse_time(check, &time, &civil))
        return refuse_value(check, check->type->oid == COLUMN_DATE ? "is not a date" : "is not a time");
    if (check->type->oid == COLUMN_TIMESTAMPTZ) {
        if (!timestamp_parse(time, TIME_FORMAT_ISO, NULL, &utc_us))
            return refuse_value(check, "lies outside the years 1 to 9999 in UTC");
        return put(check, format_time(check->arena, utc_us));
    }
    struct span text = format_civil(check->arena, civil.civil_s * TIME_SECOND + civil.micros);
    if (check->type->oid == COLUMN_DATE) text.len = DATE_TEXT;
    return put(check, text);
}

/* -- JSON -- */

/* The number at the start of `text`, which JSON's grammar has already accepted. */
static struct span number_at(struct span text) {
    size_t len = 0;
    while (len < text.len && text.data[len] && strchr("+-.eE0123456789", text.data[len])) len++;
    return (struct span){text.data, len};
}

/* Where the string at the start of `text` ends. */
static size_t string_length(struct span text) {
    size_t at = 1;
    while (at < text.len && text.data[at] != '"') at += text.data[at] == '\\' ? 2 : 1;
    return at < text.len ? at + 1 : text.len;
}

/* jsonb keeps its numbers as numeric. */
static bool check_json_number(const struct check *check, struct span text) {
    struct number number;
    if (check->type->oid != COLUMN_JSONB || (number_parse(text, &number) && fits_any_numeric(&number)))
        return true;
    char shown[EXCERPT_MAX];
    return refuse(check, "%s has more digits than a number in jsonb holds", excerpt_plain(text, shown));
}

static bool check_json(const struct check *check) {
    struct span text = check->value.text;
    int depth = 0;
    for (size_t i = 0; i < text.len;) {
        struct span rest = {text.data + i, text.len - i}, number;
        char c = text.data[i];
        size_t step = 1;
        if (c == '"') {
            step = string_length(rest);
        } else if (c == '[' || c == '{') {
            if (++depth > COLUMN_JSON_DEPTH_MAX)
                return refuse(check, "JSON nested more than %d deep", COLUMN_JSON_DEPTH_MAX);
        } else if (c == ']' || c == '}') {
            depth--;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            number = number_at(rest);
            if (!check_json_number(check, number)) return false;
            step = number.len;
        }
        i += step;
    }
    return true;
}

static bool accept_json(const struct check *check) {
    struct buffer quoted;
    if (check->value.type != VALUE_STRING) return check_json(check) && put(check, check->value.text);
    buffer_init(&quoted);
    buffer_json(&quoted, check->value.text);
    struct span text = arena_copy(check->arena, buffer_view(&quoted));
    buffer_release(&quoted);
    return put(check, text);
}

/* -- all of them -- */

static bool accept_any(const struct check *check) {
    switch (check->type->oid) {
    case COLUMN_BOOL: return accept_bool(check);
    case COLUMN_INT2: return accept_int(check, INT16_MAX, "smallint");
    case COLUMN_INT4: return accept_int(check, INT32_MAX, "integer");
    case COLUMN_INT8: return accept_int(check, INT64_MAX, "bigint");
    case COLUMN_NUMERIC: return accept_numeric(check);
    case COLUMN_FLOAT4:
    case COLUMN_FLOAT8: return accept_float(check);
    case COLUMN_UUID: return accept_uuid(check);
    case COLUMN_DATE:
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ: return accept_time(check);
    case COLUMN_JSON:
    case COLUMN_JSONB: return accept_json(check);
    case COLUMN_BYTEA: return accept_bytea(check);
    case COLUMN_INET: return accept_inet(check);
    default: return accept_text(check);
    }
}

/* Strings need not come from a decoder: a record's key is whatever its producer wrote. */
static bool refuse_bytes(const struct check *check) {
    struct span text = check->value.text;
    const char *nul = memchr(text.data, 0, text.len);
    size_t valid = utf8_valid_prefix(text);
    if (nul && (size_t)(nul - text.data) < valid)
        return refuse(check, "a NUL at byte %zu of the value", (size_t)(nul - text.data));
    return refuse(check, "the value is not UTF-8 at byte %zu", valid);
}

bool column_accept(const struct column_type *type, struct value value, struct arena *arena, struct span *text,
                   char *why, size_t why_size) {
    const struct check check = {type, value, arena, text, why, why_size};
    if (value.type == VALUE_NULL) {
        *text = (struct span){0};
        return !type->not_null || refuse(&check, "null in a column that is not null");
    }
    if (value.type == VALUE_STRING && !utf8_is_text(value.text)) return refuse_bytes(&check);
    return accept_any(&check);
}

/* -- keys -- */

static struct span numeric_key(const struct column_type *type, struct span text, struct arena *arena) {
    struct numeric_limits limits = numeric_limits(type);
    struct number number;
    struct buffer key;
    if (!number_parse(text, &number)) return text; /* NaN, Infinity */
    buffer_init(&key);
    if (limits.limited)
        number_canonical_rounded(&number, limits.scale, &key);
    else
        number_canonical(&number, &key);
    text = arena_copy(arena, buffer_view(&key));
    buffer_release(&key);
    return text;
}

static struct span float_key(const struct column_type *type, struct span text, struct arena *arena) {
    double value = read_float(type, text, arena);
    if (!isfinite(value)) return text;
    return arena_printf(arena, "%.17g", value == 0 ? 0.0 : value);
}

/* timestamp(p) and timestamptz(p) round to p digits, away from 2000-01-01 in the middle. */
static struct span time_key(const struct column_type *type, struct span text, struct arena *arena) {
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10};
    static const int64_t epoch_us = INT64_C(946684800) * TIME_SECOND;
    struct civil_time civil;
    if (type->typmod < 0 || type->typmod > 5 || !timestamp_parse_civil(text, &civil)) return text;
    int64_t unit = units[type->typmod];
    int64_t time_us = civil.civil_s * TIME_SECOND + civil.micros - epoch_us;
    time_us = (time_us + (time_us < 0 ? -unit / 2 : unit / 2)) / unit * unit;
    time_us += epoch_us;
    return type->oid == COLUMN_TIMESTAMPTZ ? format_time(arena, time_us) : format_civil(arena, time_us);
}

struct span column_key(const struct column_type *type, struct span text, struct arena *arena) {
    if (!text.data) return text;
    switch (type->oid) {
    case COLUMN_NUMERIC: return numeric_key(type, text, arena);
    case COLUMN_FLOAT4:
    case COLUMN_FLOAT8: return float_key(type, text, arena);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ: return time_key(type, text, arena);
    case COLUMN_BPCHAR: return without_trailing_spaces(text);
    default: return text;
    }
}

static bool is_among(uint32_t oid, const uint32_t *oids, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (oids[i] == oid) return true;
    return false;
}

bool column_key_is_exact(uint32_t oid) {
    static const uint32_t exact[] = {COLUMN_BOOL,        COLUMN_INT8,    COLUMN_INT2,   COLUMN_INT4,
                                     COLUMN_TEXT,        COLUMN_FLOAT4,  COLUMN_FLOAT8, COLUMN_BPCHAR,
                                     COLUMN_VARCHAR,     COLUMN_NUMERIC, COLUMN_DATE,   COLUMN_TIMESTAMP,
                                     COLUMN_TIMESTAMPTZ, COLUMN_UUID};
    return is_among(oid, exact, sizeof exact / sizeof *exact);
}

bool column_equals_exactly(uint32_t oid) {
    static const uint32_t exact[] = {COLUMN_BOOL,      COLUMN_BYTEA,       COLUMN_INT8,   COLUMN_INT2,
                                     COLUMN_INT4,      COLUMN_FLOAT4,      COLUMN_FLOAT8, COLUMN_DATE,
                                     COLUMN_TIMESTAMP, COLUMN_TIMESTAMPTZ, COLUMN_UUID};
    return is_among(oid, exact, sizeof exact / sizeof *exact);
}
