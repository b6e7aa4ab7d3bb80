/* utf8.h: is some text UTF-8? Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_UTF8_H
#define TRIBUTARY_CONFIG_UTF8_H

#include <stddef.h>

/* How many bytes of the text are good UTF-8 (no overlong forms, no surrogates, nothing beyond U+10FFFF):
 * `len` when all of it is, else the offset of the first bad character. */
size_t utf8_good(const char *text, size_t len);

#endif
