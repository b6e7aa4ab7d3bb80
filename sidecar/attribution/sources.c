#include "attribution/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool sources_are_idle(const struct sources *sources) {
    for (int i = 0; i < sources->count; i++)
        if (!sources->items[i].idle) return false;
    return sources->count > 0;
}

int64_t sources_time(const struct sources *sources) {
    int64_t least = TIME_END, greatest = TIME_NONE;
    for (int i = 0; i < sources->count; i++) {
        const struct source_time *source = &sources->items[i];
        greatest = time_max(greatest, source->max_time_us);
        if (!source->idle && source->max_time_us < least) least = source->max_time_us;
    }
    return sources->count == 0 ? TIME_NONE : sources_are_idle(sources) ? greatest : least;
}

void sources_grow(struct sources *sources, int count) {
    if (count <= sources->count) return;
    sources->items = memory_realloc(sources->items, (size_t)count * sizeof *sources->items);
    for (int i = sources->count; i < count; i++)
        sources->items[i] = (struct source_time){.max_time_us = TIME_NONE};
    sources->count = count;
}

void sources_set(struct sources *sources, int source, struct source_time now) {
    struct source_time *at = &sources->items[source];
    *at = (struct source_time){time_max(at->max_time_us, now.max_time_us), now.idle};
}

void sources_copy(struct sources *to, const struct sources *from) {
    to->items = memory_realloc(to->items, (size_t)from->count * sizeof *to->items);
    if (from->count) memcpy(to->items, from->items, (size_t)from->count * sizeof *to->items);
    to->count = from->count;
}

void sources_release(struct sources *sources) {
    free(sources->items);
    *sources = (struct sources){0};
}
