/* csv.h: comma-separated values as RFC 4180 has them: fields may be quoted, "" inside quotes is a quote, and
 * quoted fields may hold line breaks. Lines end with LF or CRLF. Pure; any thread. */
#ifndef TRIBUTARY_EVENT_CSV_H
#define TRIBUTARY_EVENT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/span.h"

/* Takes one row off the front of *text into `fields` (at most `max`; unquoted text points into *text, other
 * text is put into the arena; an empty field is absent unless it is quoted) and returns how many fields it
 * has; 0 at the end of the text, -1 when a quoted field never ends or is followed by something else than a
 * comma, -2 when there are more than `max`. */
int csv_row(struct span *text, struct arena *arena, struct span *fields, int max);

#endif
