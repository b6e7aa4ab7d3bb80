#include "base/utf8.h"

#include <stdint.h>

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t length_of(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

/* The second byte alone tells overlong forms, surrogates and what lies past U+10FFFF. */
static bool second_fits(unsigned char first, unsigned char second) {
    switch (first) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second <= 0x9f;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second <= 0x8f;
    default: return true;
    }
}

size_t utf8_step(struct span text) {
    if (!text.len) return 0;
    unsigned char first = (unsigned char)text.data[0];
    size_t len = length_of(first);
    if (len > text.len) return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(text.data[i])) return 0;
    if (len > 1 && !second_fits(first, (unsigned char)text.data[1])) return 0;
    return len;
}

size_t utf8_valid_prefix(struct span text) {
    size_t at = 0, step;
    while ((step = utf8_step((struct span){text.data + at, text.len - at})) > 0) at += step;
    return at;
}

/* How many leading bytes, in steps of 8, are ASCII other than NUL: in a word of such bytes no high bit is
 * set, and taking 1 from each sets none. */
static size_t plain_prefix(struct span text) {
    static const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    size_t at = 0;
    for (uint64_t word; at + sizeof word <= text.len; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if (((word - ones) | word) & highs) break;
    }
    return at;
}

bool utf8_is_text(struct span text) {
    size_t plain = plain_prefix(text);
    struct span rest = {text.data + plain, text.len - plain};
    if (!rest.len) return true;
    return !memchr(rest.data, 0, rest.len) && utf8_valid_prefix(rest) == rest.len;
}

size_t utf8_count(struct span text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += !is_continuation(text.data[i]);
    return count;
}

size_t utf8_prefix(struct span text, size_t characters) {
    size_t at = 0;
    while (at < text.len && (characters > 0 || is_continuation(text.data[at]))) {
        if (!is_continuation(text.data[at])) characters--;
        at++;
    }
    return at;
}
