#include "event/uuid.h"

/* Hexadecimal digits with their value in the lower four bits; 0 says "no digit". */
enum { DIGIT = 0x80, LOWER = 0x40 }; /* LOWER: anything but A to F */
#define D(value) (DIGIT | LOWER | (value))
#define U(value) (DIGIT | (value))
static const uint8_t digits[256] = {
    ['0'] = D(0),  ['1'] = D(1),  ['2'] = D(2),  ['3'] = D(3),  ['4'] = D(4),  ['5'] = D(5),
    ['6'] = D(6),  ['7'] = D(7),  ['8'] = D(8),  ['9'] = D(9),  ['a'] = D(10), ['b'] = D(11),
    ['c'] = D(12), ['d'] = D(13), ['e'] = D(14), ['f'] = D(15), ['A'] = U(10), ['B'] = U(11),
    ['C'] = U(12), ['D'] = U(13), ['E'] = U(14), ['F'] = U(15),
};

/* Where the two digits of each byte stand in the canonical text. */
static const uint8_t places[UUID_BYTES] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

/* One byte from two digits; `all` keeps the marks that both of them have. */
static inline uint8_t read_byte(const char *text, unsigned *all) {
    unsigned high = digits[(unsigned char)text[0]], low = digits[(unsigned char)text[1]];
    *all &= high & low;
    return (uint8_t)(((high << 4) | (low & 15)) & 0xff);
}

bool uuid_pack(struct span text, uint8_t bytes[UUID_BYTES]) {
    unsigned all = DIGIT | LOWER;
    if (text.len != UUID_TEXT || text.data[8] != '-' || text.data[13] != '-' || text.data[18] != '-' ||
        text.data[23] != '-')
        return false;
    for (int i = 0; i < UUID_BYTES; i++) bytes[i] = read_byte(text.data + places[i], &all);
    return all == (DIGIT | LOWER);
}

bool uuid_parse(struct span text, uint8_t bytes[UUID_BYTES]) {
    unsigned all = DIGIT;
    if (text.len < 2 * UUID_BYTES) return false;
    const char *at = text.data, *end = at + text.len;
    if (*at == '{') {
        if (*--end != '}') return false;
        at++;
    }
    for (int i = 0; i < UUID_BYTES; i++) {
        if (end - at < 2) return false;
        bytes[i] = read_byte(at, &all);
        at += 2;
        if (i % 2 == 1 && i < UUID_BYTES - 1 && at < end && *at == '-') at++;
    }
    return at == end && all == DIGIT;
}

void uuid_unpack(const uint8_t bytes[UUID_BYTES], char *text) {
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < UUID_BYTES; i++) {
        text[places[i]] = hex[bytes[i] >> 4];
        text[places[i] + 1] = hex[bytes[i] & 15];
    }
    text[8] = text[13] = text[18] = text[23] = '-';
}
