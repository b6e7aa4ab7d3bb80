#include "pipeline/position.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void advances_copy(struct advances *to, const struct advances *from) {
    *to = (struct advances){.count = from ? from->count : 0, .capacity = from ? from->count : 0};
    if (!to->count) return;
    to->items = memory_alloc((size_t)to->count * sizeof *to->items);
    memcpy(to->items, from->items, (size_t)to->count * sizeof *to->items);
}

/* Stored advances take effect when their position is reached. */
static void apply_stored(struct log_position *log) {
    while (log->stored_applied < log->stored.count &&
           log->stored.items[log->stored_applied].next_offset <= log->next)
        watermark_advance(&log->watermark, log->stored.items[log->stored_applied++].watermark_us);
}

void position_init(struct log_position *log, int64_t next, int64_t max_time_us,
                   const struct advances *stored) {
    *log = (struct log_position){.next = next, .watermark = {max_time_us, TIME_NONE}, .anchor = ANCHOR_NONE};
    advances_copy(&log->stored, stored);
    apply_stored(log);
}

void position_release(struct log_position *log) {
    source_log_release(&log->sources);
    free(log->stored.items);
    free(log->made.items);
    *log = (struct log_position){0};
}

void position_pass(struct log_position *log, int64_t next) {
    if (next <= log->next) return;
    log->next = next;
    apply_stored(log);
}

void position_observe(struct log_position *log, int64_t time_us) {
    if (!log->rekeyed) watermark_observe(&log->watermark, time_us);
}

/* The watermark stays where it is when a source comes back from idleness behind the others. */
bool position_take_marker(struct log_position *log, const struct record *record) {
    if (!log->rekeyed || !record->marker || !source_log_take(&log->sources, record)) return false;
    watermark_observe(&log->watermark, sources_time(&log->sources.now));
    position_pass(log, record->offset + 1);
    return true;
}

static void add_advance(struct advances *advances, struct advance advance) {
    if (advances->count == advances->capacity) {
        advances->capacity = advances->capacity ? advances->capacity * 2 : 4;
        advances->items =
            memory_realloc(advances->items, (size_t)advances->capacity * sizeof *advances->items);
    }
    advances->items[advances->count++] = advance;
}

void position_advance(struct log_position *log, int64_t to_us) {
    if (to_us <= log->watermark.advanced_to_us) return;
    watermark_advance(&log->watermark, to_us);
    struct advances *made = &log->made;
    if (made->count > log->made_cut && made->items[made->count - 1].next_offset == log->next)
        made->items[made->count - 1].watermark_us = to_us;
    else
        add_advance(made, (struct advance){log->next, to_us});
}

static int64_t advanced_beyond(const struct advances *advances, int64_t time_us) {
    int low = 0, high = advances->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (advances->items[middle].watermark_us <= time_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low < advances->count ? advances->items[low].next_offset : INT64_MAX;
}

int64_t position_advanced_beyond(const struct log_position *log, int64_t time_us) {
    int64_t stored = advanced_beyond(&log->stored, time_us);
    return stored < INT64_MAX ? stored : advanced_beyond(&log->made, time_us);
}

void position_cut(struct log_position *log) {
    log->made_cut = log->made.count;
}

struct advances position_in_cut(const struct log_position *log) {
    return (struct advances){log->made.items, log->made_cut, log->made.capacity};
}

static void remember_made(struct log_position *log) {
    struct advances *stored = &log->stored;
    for (int i = 0; i < log->made_cut; i++) {
        const struct advance *made = &log->made.items[i];
        if (stored->count && stored->items[stored->count - 1].next_offset == made->next_offset)
            stored->items[stored->count - 1] = *made;
        else
            add_advance(stored, *made);
    }
    if (log->made_cut) log->stored_applied = stored->count;
}

void position_committed(struct log_position *log, bool remember) {
    struct advances *made = &log->made;
    if (remember) remember_made(log);
    made->count -= log->made_cut;
    if (made->count)
        memmove(made->items, made->items + log->made_cut, (size_t)made->count * sizeof *made->items);
    log->made_cut = 0;
}
