#include "config/utf8.h"

#include <stdbool.h>
#include <stdint.h>

/* The length of the character at `at`, of which `left` bytes are there; 0 when it is not UTF-8. */
static size_t character(const unsigned char *at, size_t left) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80   ? 1
                 : at[0] < 0xc2 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                 : at[0] < 0xf5 ? 4
                                : 0;
    if (len <= 1) return len;
    if (len > left) return 0;
    uint32_t code = at[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[len] || code > 0x10ffff || surrogate ? 0 : len;
}

size_t utf8_good(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        size_t step = character((const unsigned char *)text + at, len - at);
        if (!step) return at;
        at += step;
    }
    return at;
}
