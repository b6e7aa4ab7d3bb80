/* zone.h: the civil time of a named zone -> UTC. A zone is read once, at start, from the system's zone data
 * by way of the C library (which knows the rules beyond the tables), into a table of its offsets from 1900 to
 * 2200 (the first and the last of them hold before and after); looking up is then pure and may happen on any
 * thread. zone_load itself changes TZ for a moment: call it before other threads start. */
#ifndef TRIBUTARY_EVENT_ZONE_H
#define TRIBUTARY_EVENT_ZONE_H

#include <stdint.h>

#include "base/error.h"

struct zone;

/* "UTC", "+05:30" ("+05", "-0330"), or a name of the zone database such as "America/Edmonton". NULL with a
 * config error when there is no such zone. Free with zone_free. */
struct zone *zone_load(const char *name, struct error *error);
void zone_free(struct zone *zone);

/* Civil seconds (the seconds since 1970 that the wall clock would show were it UTC) -> UTC seconds. As
 * Postgres does it, a civil time that occurs twice (clocks set back) is its second occurrence, with the
 * offset after the change; one that does not occur (clocks set forward) is read with the offset before the
 * change. */
int64_t zone_to_utc(const struct zone *zone, int64_t civil_s);

#endif
