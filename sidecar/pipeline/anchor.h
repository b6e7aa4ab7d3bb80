/* anchor.h: a record remembered by its offset, its timestamp and a checksum of its bytes, so that a topic
 * which was deleted and made anew, or restored from elsewhere, is not taken for the one that was read. Pure;
 * any thread. */
#ifndef TRIBUTARY_PIPELINE_ANCHOR_H
#define TRIBUTARY_PIPELINE_ANCHOR_H

#include <stdbool.h>

#include "base/time.h"
#include "event/record.h"

struct anchor {
    int64_t offset; /* -1: no record is remembered */
    int64_t timestamp_us;
    uint64_t checksum;
};

#define ANCHOR_NONE ((struct anchor){-1, TIME_NONE, 0})

struct anchor anchor_of(const struct record *record);
bool anchor_matches(const struct anchor *anchor, const struct record *record);

/* "OFFSET/TIMESTAMP/CHECKSUM", the checksum in hexadecimal. */
enum { ANCHOR_TEXT_MAX = 64 };
size_t anchor_format(const struct anchor *anchor, char *text);
/* ANCHOR_NONE for anything that is not one, NULL included. */
struct anchor anchor_parse(const char *text);

#endif
