/* sources.h: how far a re-keyed log has come in event time. Its records come from several source partitions,
 * which may be hours apart while a backlog is read, so the greatest event time in the log says nothing. It
 * has come as far as the source that is furthest behind: the least of their greatest event times, not
 * counting sources that are idle; a source that was never seen is infinitely far behind. Where all of them
 * are idle there is nothing to wait for, and the greatest of them stands. Pure; any thread. */
#ifndef TRIBUTARY_ATTRIBUTION_SOURCES_H
#define TRIBUTARY_ATTRIBUTION_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* More partitions than a topic can sensibly have. */
enum { SOURCES_MAX = 100000 };

struct source_time {
    int64_t max_time_us; /* the greatest event time before this point; TIME_NONE: none */
    bool idle;           /* read to its end, and silent for idle_timeout */
};

struct sources {
    int count; /* partitions of the source topic; 0: not known yet */
    struct source_time *items;
};

/* The greatest event time to which all sources have come, or TIME_NONE. It can fall: when a source comes back
 * from idleness, or the source topic gets more partitions. */
int64_t sources_time(const struct sources *sources);
/* Whether there are sources, and all of them are idle. */
bool sources_are_idle(const struct sources *sources);

/* Makes room for `count` sources (at most SOURCES_MAX); new ones were never seen. Never shrinks. */
void sources_grow(struct sources *sources, int count);
/* What is known of one source from here on; its greatest event time never falls. `source` < count. */
void sources_set(struct sources *sources, int source, struct source_time now);
/* Takes over what the other one says; its own memory. */
void sources_copy(struct sources *to, const struct sources *from);
void sources_release(struct sources *sources);

#endif
