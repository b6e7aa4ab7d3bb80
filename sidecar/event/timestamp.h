/* timestamp.h: text <-> event time. Pure; any thread.
 *
 * ISO-like: "YYYY-MM-DD", a blank or 'T' (or 't'), "HH:MM" or "HH:MM:SS", an optional fraction behind the
 * seconds ('.' or ',' and 1 to 18 digits; digits past the sixth are cut off, never rounded up into the
 * future), and an optional zone: 'Z', 'z', "+HH", "+HHMM", "+HH:MM" (or '-'), up to 15:59 as in Postgres.
 * Without a zone the input's own applies. Years 0001 to 9999 (in UTC as well), days checked against the
 * month, hour 24 and second 60 refused. Nothing may stand before or behind. Number formats: an integer or
 * decimal count of seconds, milliseconds or microseconds since 1970, as a JSON number or a string of digits;
 * what is finer than a microsecond is cut off towards the past. */
#ifndef TRIBUTARY_EVENT_TIMESTAMP_H
#define TRIBUTARY_EVENT_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "config/pipeline.h"
#include "event/value.h"
#include "event/zone.h"

/* The value as microseconds since 1970-01-01 UTC; false when it is not a time in that format (a null, an
 * object, another spelling). `zone` NULL means UTC. */
bool timestamp_parse(struct value value, enum time_format format, const struct zone *zone, int64_t *time_us);

/* What an ISO-like text says before any zone is applied. */
struct civil_time {
    int64_t civil_s; /* seconds since 1970 that the wall clock would show were it UTC */
    int32_t micros;  /* 0 to 999,999 */
    bool has_zone;   /* the text names its own zone … */
    int32_t zone_s;  /* … which is this many seconds east of UTC */
};
bool timestamp_parse_civil(struct span text, struct civil_time *civil);

enum { TIMESTAMP_TEXT_MAX = 40 };
/* "2024-06-17 05:00:00.123456+00": UTC with its offset spelled out, as Postgres reads it whatever the
 * session's zone; the fraction without trailing zeros, none when it is zero. Writes at most
 * TIMESTAMP_TEXT_MAX bytes, not terminated, and returns how many. */
size_t timestamp_format(int64_t time_us, char *text);
/* "2024-06-17T05:00:00.123456Z", for people and JSON. */
size_t timestamp_format_iso(int64_t time_us, char *text);

#endif
