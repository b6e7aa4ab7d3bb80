/* marker.h: what the re-keyer says in a re-keyed topic beside the records: where each record comes from, and,
 * in records of their own (markers), how far its sources have come in event time. Formats and parses, no I/O.
 *
 * A record has the header `tributary.source`, "PARTITION/OFFSET" of the record in the source topic. A marker
 * has the header `tributary.marker`, no key, and as its value for instance
 *
 *     {"sources":4,"at":[[0,1718600400123456,false],[3,null,true]]}
 *
 * the number of partitions of the source topic and, of those that its writer reads, the greatest event time
 * in us since 1970 (null: none yet) and whether it is idle. What tributary.progress stores of them has the
 * same form. */
#ifndef TRIBUTARY_TRANSFORM_MARKER_H
#define TRIBUTARY_TRANSFORM_MARKER_H

#include "attribution/sources.h"
#include "base/buffer.h"

#define MARKER_HEADER        "tributary.marker"
#define MARKER_SOURCE_HEADER "tributary.source"

/* How often they come at least; for how long one speaks for its sources; after how long without one nobody
 * seems to write them any more. */
enum { MARKER_HEARTBEAT_MS = 3000, MARKER_FRESH_MS = 3 * MARKER_HEARTBEAT_MS, MARKER_STALLED_MS = 30000 };

struct marker_entry {
    int source;
    struct source_time time;
};

struct marker {
    int sources;
    struct marker_entry *entries;
    int count, capacity;
};

void marker_release(struct marker *marker);
/* Empties it and keeps its memory. */
void marker_begin(struct marker *marker, int sources);
void marker_add(struct marker *marker, int source, struct source_time time);
/* Appends it as JSON. */
void marker_write(const struct marker *marker, struct buffer *out);
/* False when it is none; the marker is empty then. */
bool marker_parse(struct marker *marker, struct span json);
/* Everything that is known, as a marker. */
void marker_of_sources(struct marker *marker, const struct sources *sources);
/* The sources from here on. */
void marker_apply(const struct marker *marker, struct sources *sources);

/* "PARTITION/OFFSET", at most this many bytes and a NUL. */
enum { MARKER_SOURCE_MAX = 32 };
size_t marker_source_format(int32_t partition, int64_t offset, char *text);
bool marker_source_parse(struct span text, int32_t *partition, int64_t *offset);

#endif
