#include "transform/step_value.h"

#include <stdlib.h>
#include <string.h>

#include "event/number.h"
#include "event/timestamp.h"
#include "transform/step_text.h"

/* --- comparing --- */

struct value step_value_of(const struct literal *literal) {
    switch (literal->type) {
    case LITERAL_TEXT: return (struct value){VALUE_STRING, span_of(literal->text)};
    case LITERAL_NUMBER: return (struct value){VALUE_NUMBER, span_of(literal->text)};
    case LITERAL_BOOL: return (struct value){VALUE_BOOL, span_of(literal->text)};
    case LITERAL_NONE: break;
    }
    return (struct value){.type = VALUE_NULL};
}

/* Integers that are their own canonical text. */
static bool is_plain(struct span text) {
    size_t at = text.len > 1 && text.data[0] == '-', digits = text.len - at;
    if (!digits || digits > 40 || (text.data[at] == '0' && text.len > 1)) return false;
    for (; at < text.len; at++)
        if (text.data[at] < '0' || text.data[at] > '9') return false;
    return true;
}

struct span step_value_canonical(struct span text, struct buffer *scratch) {
    struct number number;
    if (is_plain(text) || !number_parse(text, &number)) return text;
    buffer_clear(scratch);
    number_canonical(&number, scratch);
    return buffer_view(scratch);
}

static int compare_texts(struct span a, struct span b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_items(const void *a, const void *b) {
    const struct value *one = a, *other = b;
    if (one->type != other->type) return one->type < other->type ? -1 : 1;
    return compare_texts(one->text, other->text);
}

struct step_values step_values_of(const struct literals *literals, struct arena *arena) {
    struct step_values values = {arena_alloc(arena, (size_t)literals->count * sizeof *values.items),
                                 literals->count};
    struct buffer scratch;
    buffer_init(&scratch);
    for (int i = 0; i < literals->count; i++) {
        struct value value = step_value_of(&literals->items[i]);
        if (value.type == VALUE_NUMBER) value.text = step_value_canonical(value.text, &scratch);
        values.items[i] = (struct value){value.type, arena_copy(arena, value.text)};
    }
    buffer_release(&scratch);
    qsort(values.items, (size_t)values.count, sizeof *values.items, compare_items);
    return values;
}

bool step_values_have(const struct step_values *values, struct value value, struct buffer *scratch) {
    if (value.type == VALUE_NULL) return false;
    if (value.type == VALUE_NUMBER) value.text = step_value_canonical(value.text, scratch);
    return bsearch(&value, values->items, (size_t)values->count, sizeof value, compare_items) != NULL;
}

enum step_order step_value_compare(struct value a, struct value b) {
    struct number one, other;
    if (a.type != b.type || (a.type != VALUE_NUMBER && a.type != VALUE_STRING)) return STEP_INCOMPARABLE;
    int order;
    if (a.type == VALUE_STRING)
        order = compare_texts(a.text, b.text);
    else if (number_parse(a.text, &one) && number_parse(b.text, &other))
        order = number_compare(&one, &other);
    else
        return STEP_INCOMPARABLE;
    return order < 0 ? STEP_LESS : order > 0 ? STEP_GREATER : STEP_EQUAL;
}

/* --- other types --- */

static struct value number_of(struct buffer *scratch, struct arena *arena) {
    return (struct value){VALUE_NUMBER, arena_copy(arena, buffer_view(scratch))};
}

/* Texts that stand for a number may have blanks around them. */
static bool take_number(struct value value, struct span *text, struct number *number) {
    *text = value.type == VALUE_STRING ? step_text_trim(value.text) : value.text;
    return (value.type == VALUE_STRING || value.type == VALUE_NUMBER) && number_parse(*text, number);
}

static bool cast_int(struct value *value, struct arena *arena, struct buffer *scratch) {
    struct number number;
    struct span text = value->text;
    if (value->type == VALUE_NUMBER && is_plain(text)) return true;
    if (value->type == VALUE_BOOL) {
        *value = (struct value){VALUE_NUMBER, span_of(span_is(text, "true") ? "1" : "0")};
        return true;
    }
    if (!take_number(*value, &text, &number) || !number_is_integer(&number)) return false;
    buffer_clear(scratch);
    number_canonical(&number, scratch);
    *value = number_of(scratch, arena);
    return true;
}

static size_t digits_at(struct span text, size_t at) {
    size_t from = at;
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9') at++;
    return at - from;
}

/* "+01.50" as JSON has it, "1.50", with all its digits: behind the point they may say how exact it is. */
static void write_decimal(struct span text, struct buffer *out) {
    size_t at = text.data[0] == '-' || text.data[0] == '+', digits = digits_at(text, at);
    if (text.data[0] == '-') buffer_byte(out, '-');
    while (digits > 1 && text.data[at] == '0') {
        at++;
        digits--;
    }
    if (!digits) buffer_byte(out, '0');
    buffer_append(out, text.data + at, digits);
    at += digits;
    if (at < text.len && text.data[at] == '.') {
        digits = digits_at(text, ++at);
        if (digits) buffer_byte(out, '.');
        buffer_append(out, text.data + at, digits);
        at += digits;
    }
    buffer_append(out, text.data + at, text.len - at);
}

static bool cast_decimal(struct value *value, struct arena *arena, struct buffer *scratch) {
    struct number number;
    struct span text;
    if (value->type == VALUE_NUMBER) return true;
    if (!take_number(*value, &text, &number)) return false;
    buffer_clear(scratch);
    write_decimal(text, scratch);
    *value = number_of(scratch, arena);
    return true;
}

static bool is_word(struct span text, const char *word) {
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

static bool cast_bool(struct value *value) {
    static const char *const words[2][6] = {{"false", "f", "no", "n", "off", "0"},
                                            {"true", "t", "yes", "y", "on", "1"}};
    struct span text = value->type == VALUE_STRING ? step_text_trim(value->text) : value->text;
    struct number number;
    int64_t whole;
    if (value->type == VALUE_BOOL) return true;
    if (value->type == VALUE_NUMBER && number_parse(text, &number) && number_to_int64(&number, &whole) &&
        (whole == 0 || whole == 1)) {
        *value = (struct value){VALUE_BOOL, span_of(whole ? "true" : "false")};
        return true;
    }
    for (int truth = 0; value->type == VALUE_STRING && truth < 2; truth++) {
        for (int i = 0; i < 6; i++) {
            if (!is_word(text, words[truth][i])) continue;
            *value = (struct value){VALUE_BOOL, span_of(truth ? "true" : "false")};
            return true;
        }
    }
    return false;
}

static bool cast_time(struct value *value, enum time_format format, const struct zone *zone,
                      struct arena *arena) {
    int64_t time_us;
    struct value trimmed = *value;
    if (value->type == VALUE_STRING) trimmed.text = step_text_trim(value->text);
    if (!timestamp_parse(trimmed, format, zone, &time_us)) return false;
    char *text = arena_bytes(arena, TIMESTAMP_TEXT_MAX);
    *value = (struct value){VALUE_STRING, {text, timestamp_format(time_us, text)}};
    return true;
}

bool step_value_cast(struct value *value, enum cast_type type, const struct zone *zone, struct arena *arena,
                     struct buffer *scratch) {
    if (value->type == VALUE_NULL) return true;
    switch (type) {
    case CAST_INT: return cast_int(value, arena, scratch);
    case CAST_DECIMAL: return cast_decimal(value, arena, scratch);
    case CAST_TEXT: value->type = VALUE_STRING; return true;
    case CAST_BOOL: return cast_bool(value);
    case CAST_TIMESTAMP: return cast_time(value, TIME_FORMAT_ISO, zone, arena);
    case CAST_EPOCH_S: return cast_time(value, TIME_FORMAT_EPOCH_S, zone, arena);
    case CAST_EPOCH_MS: return cast_time(value, TIME_FORMAT_EPOCH_MS, zone, arena);
    case CAST_EPOCH_US: return cast_time(value, TIME_FORMAT_EPOCH_US, zone, arena);
    }
    return false;
}

const char *step_value_wanted(enum cast_type type) {
    switch (type) {
    case CAST_INT: return "a whole number";
    case CAST_DECIMAL: return "a number";
    case CAST_TEXT: return "a text";
    case CAST_BOOL: return "true or false";
    case CAST_TIMESTAMP: return "a time";
    case CAST_EPOCH_S: return "a time in seconds since 1970";
    case CAST_EPOCH_MS: return "a time in milliseconds since 1970";
    case CAST_EPOCH_US: break;
    }
    return "a time in microseconds since 1970";
}

/* --- counts --- */

static int zeros_of(char suffix) {
    switch (suffix) {
    case 'k':
    case 'K': return 3;
    case 'm':
    case 'M': return 6;
    case 'b':
    case 'B': return 9;
    default: return 0;
    }
}

bool step_value_count(struct value *value, struct arena *arena, struct buffer *scratch) {
    struct number number;
    if (value->type == VALUE_NUMBER) return true;
    if (value->type != VALUE_STRING) return false;
    struct span text = step_text_trim(value->text);
    int zeros = text.len ? zeros_of(text.data[text.len - 1]) : 0;
    if (zeros) text = step_text_trim((struct span){text.data, text.len - 1});
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == 'e' || text.data[i] == 'E') return false;
    if (!number_parse(text, &number)) return false;
    if (number.digits) number.exponent += zeros;
    if (!number_is_integer(&number)) return false;
    buffer_clear(scratch);
    number_canonical(&number, scratch);
    *value = number_of(scratch, arena);
    return true;
}
