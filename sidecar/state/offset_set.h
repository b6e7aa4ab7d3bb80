/* offset_set.h: a set of offsets, for telling which touches of overlapping blocks have been loaded already.
 * Offsets lie 64 to a word, the words in an open-addressing index: about half a byte for each offset where
 * they lie close together, at most about 50 where each is far from the next. Adding them in nearly ascending
 * order is fastest. One thread at a time. */
#ifndef TRIBUTARY_STATE_OFFSET_SET_H
#define TRIBUTARY_STATE_OFFSET_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct offset_set;

struct offset_set *offset_set_new(void);
void offset_set_free(struct offset_set *set);
/* Whether the offset was not in the set before. */
bool offset_set_add(struct offset_set *set, int64_t offset);
/* Memory in use, everything counted. */
size_t offset_set_bytes(const struct offset_set *set);

#endif
