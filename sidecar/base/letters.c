#include "base/letters.h"

uint32_t letters_decode(struct span text, size_t *step) {
    const unsigned char *at = (const unsigned char *)text.data;
    if (at[0] < 0x80) {
        *step = 1;
        return at[0];
    }
    *step = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t code = at[0] & (0x7fu >> *step);
    for (size_t i = 1; i < *step; i++) code = code << 6 | (at[i] & 0x3f);
    return code;
}

static size_t encode(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00u >> len) | code);
    return len;
}

static uint32_t convert_ascii(uint32_t code, bool upper) {
    uint32_t first = upper ? 'a' : 'A';
    return code - first < 26 ? code ^ 0x20 : code;
}

static uint32_t convert(uint32_t code, bool upper) {
    if (code < 0x80) return convert_ascii(code, upper);
    const struct letter_run *runs = upper ? letters_to_upper : letters_to_lower;
    int low = 0, high = upper ? letters_to_upper_count : letters_to_lower_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (runs[middle].last < code)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == (upper ? letters_to_upper_count : letters_to_lower_count) || runs[low].first > code)
        return code;
    if ((code - runs[low].first) % (uint32_t)runs[low].step) return code;
    return (uint32_t)((int32_t)code + runs[low].delta);
}

bool letters_any(struct span text, bool upper) {
    for (size_t i = 0, step; i < text.len; i += step) {
        uint32_t code = letters_decode((struct span){text.data + i, text.len - i}, &step);
        if (convert(code, upper) != code) return true;
    }
    return false;
}

size_t letters_convert(struct span text, bool upper, char *out) {
    size_t len = 0;
    for (size_t i = 0, step; i < text.len; i += step) {
        uint32_t code = letters_decode((struct span){text.data + i, text.len - i}, &step);
        len += encode(convert(code, upper), out + len);
    }
    return len;
}
