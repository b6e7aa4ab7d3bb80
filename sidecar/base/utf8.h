/* utf8.h: what has to be known about UTF-8 besides what the JSON reader checks itself. Pure; any thread. */
#ifndef TRIBUTARY_BASE_UTF8_H
#define TRIBUTARY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* The length of the character at the start of `text`, or 0 when it is none: a stray or missing continuation
 * byte, an overlong form, a surrogate, a code point past U+10FFFF, or no text at all. */
size_t utf8_step(struct span text);

/* How many leading bytes are whole, valid characters: text.len for valid UTF-8. */
size_t utf8_valid_prefix(struct span text);

/* Whether it is valid UTF-8 without a NUL: what Postgres and JSON can carry as text. Quick for plain ASCII.
 */
bool utf8_is_text(struct span text);

/* How many characters valid UTF-8 holds. */
size_t utf8_count(struct span text);

/* The bytes that the first `characters` characters of valid UTF-8 take; text.len when it holds fewer. */
size_t utf8_prefix(struct span text, size_t characters);

#endif
