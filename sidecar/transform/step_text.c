#include "transform/step_text.h"

#include "base/letters.h"

static bool is_ascii(char c) {
    return (unsigned char)c < 0x80;
}

static struct span rest_of(struct span text, size_t from) {
    return (struct span){text.data + from, text.len - from};
}

struct span step_text_strip(struct span text, struct arena *arena) {
    size_t plain = 0;
    while (plain < text.len && is_ascii(text.data[plain])) plain++;
    if (plain == text.len) return text;
    char *copy = arena_bytes(arena, text.len);
    memcpy(copy, text.data, plain);
    size_t len = plain;
    for (size_t i = plain; i < text.len; i++)
        if (is_ascii(text.data[i])) copy[len++] = text.data[i];
    return (struct span){copy, len};
}

static const char *find(struct span text, struct span what) {
    return what.len == 1 ? memchr(text.data, what.data[0], text.len)
                         : memmem(text.data, text.len, what.data, what.len);
}

static size_t count_of(struct span text, struct span what) {
    size_t count = 0, at = 0;
    const char *found;
    for (; (found = find(rest_of(text, at), what)) != NULL; at = (size_t)(found - text.data) + what.len)
        count++;
    return count;
}

static char *put(char *at, struct span text) {
    if (text.len) memcpy(at, text.data, text.len);
    return at + text.len;
}

bool step_text_replace(struct span text, struct span what, struct span with, size_t max, struct arena *arena,
                       struct span *result) {
    const char *found;
    size_t count = count_of(text, what), from = 0;
    *result = text;
    if (!count) return true;
    /* No overflow: a text has at most 12 MiB, and `with` less than one. */
    size_t len = text.len - count * what.len + count * with.len;
    if (len > max) return false;
    char *start = arena_bytes(arena, len), *at = start;
    while ((found = find(rest_of(text, from), what)) != NULL) {
        size_t until = (size_t)(found - text.data);
        at = put(at, (struct span){text.data + from, until - from});
        at = put(at, with);
        from = until + what.len;
    }
    put(at, rest_of(text, from));
    *result = (struct span){start, len};
    return true;
}

struct span step_text_remove(struct span text, struct span what, struct arena *arena) {
    struct span result;
    return step_text_replace(text, what, (struct span){"", 0}, text.len, arena, &result) ? result : text;
}

struct span step_text_remove_any(struct span text, struct span characters, struct arena *arena) {
    char *copy = NULL;
    size_t len = 0;
    for (size_t i = 0, step; i < text.len; i += step) {
        letters_decode(rest_of(text, i), &step);
        bool bad = find(characters, (struct span){text.data + i, step}) != NULL;
        if (bad && !copy) {
            copy = arena_bytes(arena, text.len);
            memcpy(copy, text.data, i);
            len = i;
        }
        if (bad || !copy) continue;
        memcpy(copy + len, text.data + i, step);
        len += step;
    }
    return copy ? (struct span){copy, len} : text;
}

static bool is_space(uint32_t code) {
    if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13);
    switch (code) {
    case 0x85:
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000: return true;
    default: return code >= 0x2000 && code <= 0x200a;
    }
}

struct span step_text_trim(struct span text) {
    size_t step;
    while (text.len && is_space(letters_decode(text, &step))) text = rest_of(text, step);
    while (text.len) {
        size_t last = text.len - 1;
        while (((unsigned char)text.data[last] & 0xc0) == 0x80) last--;
        if (!is_space(letters_decode(rest_of(text, last), &step))) break;
        text.len = last;
    }
    return text;
}

struct span step_text_letters(struct span text, bool upper, struct arena *arena) {
    if (!letters_any(text, upper)) return text;
    size_t room = LETTERS_GROWTH(text.len);
    char *copy = arena_bytes(arena, room);
    size_t len = letters_convert(text, upper, copy);
    arena_give_back(arena, room - len);
    return (struct span){copy, len};
}
