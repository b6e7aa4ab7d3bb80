/* source_log.h: what the markers of a re-keyed log have said of its sources: up to the next record, which
 * decides the watermark, and up to where the progress of the last cut ends, which is what a commit stores.
 * The two are apart for conversions that wait to be decided. One thread at a time; empty for a log that is
 * not re-keyed. */
#ifndef TRIBUTARY_PIPELINE_SOURCE_LOG_H
#define TRIBUTARY_PIPELINE_SOURCE_LOG_H

#include "event/record.h"
#include "transform/marker.h"

struct source_change;

struct source_log {
    struct sources now, cut;
    struct source_change *changes; /* between the two, by offset */
    int count, capacity;
    struct marker marker; /* scratch */
};

/* Begins at what is stored. */
void source_log_init(struct source_log *log, const struct sources *stored);
void source_log_release(struct source_log *log);

/* Takes a marker. False when it cannot be read; nothing has changed then. */
bool source_log_take(struct source_log *log, const struct record *record);
/* The progress to be committed has come to this offset. */
void source_log_cut(struct source_log *log, int64_t next_offset);

#endif
