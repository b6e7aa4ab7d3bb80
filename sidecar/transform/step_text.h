/* step_text.h: what the cleaning steps do to texts. Each gives the text itself where nothing changes, a part
 * of it, or a new one in the arena. Texts are valid UTF-8 and stay it. Pure; one thread an arena. */
#ifndef TRIBUTARY_TRANSFORM_STEP_TEXT_H
#define TRIBUTARY_TRANSFORM_STEP_TEXT_H

#include <stdbool.h>

#include "base/arena.h"

/* Without the characters beyond ASCII. */
struct span step_text_strip(struct span text, struct arena *arena);
/* Without `what`, which is not empty, wherever it occurs, from the left; what comes together by that is not
 * looked at again. */
struct span step_text_remove(struct span text, struct span what, struct arena *arena);
/* Without any of the characters. */
struct span step_text_remove_any(struct span text, struct span characters, struct arena *arena);
/* With `with` in the place of `what`, likewise. False when it would take more than `max` bytes. */
bool step_text_replace(struct span text, struct span what, struct span with, size_t max, struct arena *arena,
                       struct span *result);
/* Without white space, as Unicode defines it, at both ends. */
struct span step_text_trim(struct span text);
/* In small or in capital letters (letters.h). */
struct span step_text_letters(struct span text, bool upper, struct arena *arena);

#endif
