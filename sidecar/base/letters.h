/* letters.h: small and capital letters of Unicode, one for one and the same on every machine: what the C
 * library knows depends on its version and the locale. Pure; any thread. */
#ifndef TRIBUTARY_BASE_LETTERS_H
#define TRIBUTARY_BASE_LETTERS_H

#include <stdint.h>

#include "base/span.h"

/* Letters first, first + step, … last have their other form `delta` further on. In ascending order. */
struct letter_run {
    uint32_t first, last;
    int32_t step, delta;
};
extern const struct letter_run letters_to_lower[], letters_to_upper[];
extern const int letters_to_lower_count, letters_to_upper_count;

/* Whether something would change. */
bool letters_any(struct span text, bool upper);
/* The text, which must be valid UTF-8, in small or in capital letters, to `out`, which has room for
 * LETTERS_GROWTH(text.len) bytes; returns how many it takes. */
size_t letters_convert(struct span text, bool upper, char *out);

/* Ⱥ (two bytes) becomes ⱥ (three). */
#define LETTERS_GROWTH(len) ((len) + (len) / 2)

/* The Unicode character at the start of valid, non-empty UTF-8; `*step` are its bytes. */
uint32_t letters_decode(struct span text, size_t *step);

#endif
