#include "telemetry/log_line.h"

#include <string.h>

#include "base/utf8.h"

enum { NUMBER_DIGITS = 15 }; /* what every reader of JSON keeps exactly */

static void skip_blanks(struct span *text) {
    while (text->len && *text->data == ' ') {
        text->data++;
        text->len--;
    }
}

static struct span take(struct span *text, size_t len) {
    struct span taken = {text->data, len};
    text->data += len;
    text->len -= len;
    return taken;
}

static size_t length_until(struct span text, char end) {
    const char *found = memchr(text.data, end, text.len);
    return found ? (size_t)(found - text.data) : text.len;
}

static size_t quoted_length(struct span text) {
    size_t at = 0;
    while (at < text.len && text.data[at] != '"') at += text.data[at] == '\\' && at + 1 < text.len ? 2 : 1;
    return at;
}

bool log_line_next(struct span *text, struct log_pair *pair) {
    skip_blanks(text);
    if (!text->len) return false;
    size_t blank = length_until(*text, ' '), equals = length_until(*text, '=');
    pair->name = take(text, equals < blank ? equals : blank);
    pair->value = (struct span){"", 0};
    pair->quoted = false;
    if (equals >= blank) return true;
    take(text, 1);
    pair->quoted = text->len && *text->data == '"';
    if (pair->quoted) {
        take(text, 1);
        pair->value = take(text, quoted_length(*text));
        if (text->len) take(text, 1);
    } else {
        pair->value = take(text, length_until(*text, ' '));
    }
    return true;
}

static char unescaped(char escape) {
    switch (escape) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return escape;
    }
}

/* As plain text, and valid UTF-8. */
static void add_plain(struct buffer *out, const struct log_pair *pair) {
    struct span rest = pair->value;
    while (rest.len) {
        size_t step = utf8_step(rest);
        if (pair->quoted && *rest.data == '\\' && rest.len > 1 && (unsigned char)rest.data[1] < 0x80) {
            buffer_byte(out, unescaped(rest.data[1]));
            step = 2;
        } else if (step) {
            buffer_append(out, rest.data, step);
        } else {
            buffer_text(out, "\xEF\xBF\xBD");
            step = 1;
        }
        take(&rest, step);
    }
}

static bool is_number(const struct log_pair *pair) {
    struct span value = pair->value;
    if (value.len && *value.data == '-') take(&value, 1);
    if (pair->quoted || !value.len || value.len > NUMBER_DIGITS) return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < '0' || value.data[i] > '9') return false;
    return value.len == 1 || *value.data != '0';
}

void log_line_json(struct span text, struct buffer *out) {
    struct log_pair pair;
    struct buffer plain;
    buffer_init(&plain);
    while (log_line_next(&text, &pair)) {
        struct log_pair name = {.value = pair.name};
        buffer_clear(&plain);
        add_plain(&plain, &name);
        buffer_byte(out, ',');
        buffer_json(out, buffer_view(&plain));
        buffer_byte(out, ':');
        if (is_number(&pair)) {
            buffer_span(out, pair.value);
            continue;
        }
        buffer_clear(&plain);
        add_plain(&plain, &pair);
        buffer_json(out, buffer_view(&plain));
    }
    buffer_release(&plain);
}

/* FNV-1a */
static void mix(uint64_t *key, char byte) {
    *key = (*key ^ (unsigned char)byte) * UINT64_C(0x100000001b3);
}

static void mix_span(uint64_t *key, struct span text, bool digits) {
    for (size_t i = 0; i < text.len; i++)
        if (digits || text.data[i] < '0' || text.data[i] > '9') mix(key, text.data[i]);
    mix(key, '\n');
}

static bool is_place(struct span name) {
    static const char *const places[] = {"topic", "partition", "worker", "input", "client"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (span_is(name, places[i])) return true;
    return false;
}

uint64_t log_line_key(const char *event, struct span text) {
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    struct log_pair pair;
    mix_span(&key, span_of(event), true);
    while (log_line_next(&text, &pair)) {
        if (!pair.quoted && !is_place(pair.name)) continue;
        mix_span(&key, pair.name, true);
        mix_span(&key, pair.value, !pair.quoted);
    }
    return key ? key : 1;
}
