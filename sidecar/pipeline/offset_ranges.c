#include "pipeline/offset_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void offset_ranges_release(struct offset_ranges *ranges) {
    free(ranges->items);
    *ranges = (struct offset_ranges){0};
}

void offset_ranges_clear(struct offset_ranges *ranges) {
    ranges->count = 0;
}

static void reserve(struct offset_ranges *ranges, int count) {
    if (count <= ranges->capacity) return;
    ranges->capacity = count > ranges->capacity * 2 ? count : ranges->capacity * 2;
    ranges->items = memory_realloc(ranges->items, (size_t)ranges->capacity * sizeof *ranges->items);
}

void offset_ranges_add(struct offset_ranges *ranges, int64_t first, int64_t last) {
    reserve(ranges, ranges->count + 1);
    ranges->items[ranges->count++] = (struct offset_range){first, last};
}

bool offset_ranges_has(const struct offset_ranges *ranges, int64_t offset) {
    int low = 0, high = ranges->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (ranges->items[middle].last < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ranges->count && ranges->items[low].first <= offset;
}

void offset_ranges_copy(struct offset_ranges *to, const struct offset_ranges *from) {
    reserve(to, from->count);
    if (from->count) memcpy(to->items, from->items, (size_t)from->count * sizeof *from->items);
    to->count = from->count;
}
