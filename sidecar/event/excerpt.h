/* excerpt.h: content shown in a message: cut to a readable length, in "quotes", with what no terminal or log
 * should see (control characters, bytes that are not UTF-8) escaped. Pure; any thread. */
#ifndef TRIBUTARY_EVENT_EXCERPT_H
#define TRIBUTARY_EVENT_EXCERPT_H

#include "base/span.h"

enum {
    EXCERPT_BYTES = 80,                  /* of the content, at most */
    EXCERPT_MAX = 4 * EXCERPT_BYTES + 8, /* of the excerpt, with quotes, "..." and the terminating NUL */
};

/* `"text"`, or `"the start of it..."` when it is longer; terminated, in `out`, which is returned. */
const char *excerpt_quoted(struct span text, char out[EXCERPT_MAX]);
/* The same without quotes, for numbers and JSON. */
const char *excerpt_plain(struct span text, char out[EXCERPT_MAX]);

#endif
