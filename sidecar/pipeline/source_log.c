#include "pipeline/source_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct source_change {
    int64_t offset;
    int sources;
    struct marker_entry entry;
};

void source_log_init(struct source_log *log, const struct sources *stored) {
    *log = (struct source_log){0};
    sources_copy(&log->now, stored);
    sources_copy(&log->cut, stored);
}

void source_log_release(struct source_log *log) {
    sources_release(&log->now);
    sources_release(&log->cut);
    marker_release(&log->marker);
    free(log->changes);
    *log = (struct source_log){0};
}

static void remember(struct source_log *log, int64_t offset, int sources, const struct marker_entry *entry) {
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? log->capacity * 2 : 16;
        log->changes = memory_realloc(log->changes, (size_t)log->capacity * sizeof *log->changes);
    }
    log->changes[log->count++] = (struct source_change){offset, sources, *entry};
}

static bool is_news(const struct source_log *log, const struct marker_entry *entry) {
    const struct source_time *known = &log->now.items[entry->source];
    return entry->time.max_time_us > known->max_time_us || entry->time.idle != known->idle;
}

bool source_log_take(struct source_log *log, const struct record *record) {
    struct marker *marker = &log->marker;
    if (!marker_parse(marker, record->value)) return false;
    sources_grow(&log->now, marker->sources);
    for (int i = 0; i < marker->count; i++)
        if (is_news(log, &marker->entries[i]))
            remember(log, record->offset, marker->sources, &marker->entries[i]);
    marker_apply(marker, &log->now);
    return true;
}

void source_log_cut(struct source_log *log, int64_t next_offset) {
    int passed = 0;
    for (; passed < log->count && log->changes[passed].offset < next_offset; passed++) {
        const struct source_change *change = &log->changes[passed];
        sources_grow(&log->cut, change->sources);
        sources_set(&log->cut, change->entry.source, change->entry.time);
    }
    log->count -= passed;
    if (passed && log->count)
        memmove(log->changes, log->changes + passed, (size_t)log->count * sizeof *log->changes);
    if (!log->count) sources_grow(&log->cut, log->now.count);
}
