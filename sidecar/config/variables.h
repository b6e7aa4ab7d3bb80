/* variables.h: ${NAME}, ${NAME:-default} and ${file:PATH} in a value of the pipeline file. They are replaced
 * after the YAML has been read, so that what they hold is always one value, never structure; "$${" stands for
 * "${". What they hold may be a secret and is never part of a message. Reads the environment; any thread. */
#ifndef TRIBUTARY_CONFIG_VARIABLES_H
#define TRIBUTARY_CONFIG_VARIABLES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/problem.h"

/* Does the text hold anything to replace, "$${" included? */
bool variables_any(const char *written);

/* Appends the value to `out`. NAME unset without a default is a problem, unset or empty with one takes the
 * default; a file loses the line break at its end and must hold UTF-8 text. The value has at most
 * VARIABLES_BYTES: a file could be named a thousand times. False with every problem added at `position`. */
enum { VARIABLES_BYTES = 64 * 1024 };
bool variables_expand(const char *written, struct position position, struct buffer *out,
                      struct problems *problems);

/* What stands in the file itself: appends the text with VARIABLES_MARK in place of each variable, but a
 * default as it is, for a secret in a default is a secret in the file. */
enum { VARIABLES_MARK = '\001' };
void variables_literal(const char *written, struct buffer *out);

#endif
