#include "event/excerpt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/utf8.h"

/* Two-byte escapes; 0 for a character that has none. */
static char short_escape(char c, bool quoted) {
    switch (c) {
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '"': return quoted ? '"' : 0;
    case '\\': return quoted ? '\\' : 0;
    default: return 0;
    }
}

/* Writes the character at the start of `text` to `out`; returns the bytes it took of the text. */
static size_t put_character(struct span text, bool quoted, char **out) {
    char c = text.data[0], escape = short_escape(c, quoted);
    size_t step = utf8_step(text);
    if (escape) {
        *(*out)++ = '\\';
        *(*out)++ = escape;
    } else if (step == 0 || (unsigned char)c < 0x20 || c == 0x7f) {
        *out += sprintf(*out, "\\x%02x", (unsigned char)c);
        return 1;
    } else {
        memcpy(*out, text.data, step);
        *out += step;
    }
    return step;
}

static const char *excerpt(struct span text, bool quoted, char *out) {
    char *at = out;
    size_t from = 0, end = text.len < EXCERPT_BYTES ? text.len : EXCERPT_BYTES;
    if (quoted) *at++ = '"';
    while (from < end) {
        struct span rest = {text.data + from, text.len - from};
        size_t step = utf8_step(rest);
        if (step > end - from) break;
        from += put_character(rest, quoted, &at);
    }
    if (from < text.len) at += sprintf(at, "...");
    if (quoted) *at++ = '"';
    *at = '\0';
    return out;
}

const char *excerpt_quoted(struct span text, char out[EXCERPT_MAX]) {
    return excerpt(text, true, out);
}

const char *excerpt_plain(struct span text, char out[EXCERPT_MAX]) {
    return excerpt(text, false, out);
}
