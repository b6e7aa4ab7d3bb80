/* record.h: one record of an input as it came, before anything is known about it. A view: the bytes belong to
 * the input and last until it reads on. */
#ifndef TRIBUTARY_EVENT_RECORD_H
#define TRIBUTARY_EVENT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/time.h"

struct record {
    int64_t offset;
    int64_t timestamp_us; /* the broker's time of the record; TIME_NONE where it has none */
    struct span key;      /* absent (data == NULL) for a record without key */
    struct span value;    /* absent for a tombstone */
    bool marker;          /* of a re-keyed topic: no event, but what the re-keyer says of its sources */
    bool rekeyed;         /* of a re-keyed topic, an event: it comes from this place in the source topic */
    int32_t source_partition;
    int64_t source_offset;
};

#endif
