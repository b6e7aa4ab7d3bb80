/* offset_ranges.h: a set of offsets that mostly lie side by side, as ranges in ascending order: which
 * undecided conversions have a row in the table. Plain data; one thread at a time. */
#ifndef TRIBUTARY_PIPELINE_OFFSET_RANGES_H
#define TRIBUTARY_PIPELINE_OFFSET_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct offset_range {
    int64_t first, last; /* both are in it */
};

struct offset_ranges {
    struct offset_range *items;
    int count, capacity;
};

void offset_ranges_release(struct offset_ranges *ranges);
/* Empties it and keeps its memory. */
void offset_ranges_clear(struct offset_ranges *ranges);
/* A range behind all others. */
void offset_ranges_add(struct offset_ranges *ranges, int64_t first, int64_t last);
bool offset_ranges_has(const struct offset_ranges *ranges, int64_t offset);
/* Takes over what the other one has; its own memory. */
void offset_ranges_copy(struct offset_ranges *to, const struct offset_ranges *from);

#endif
