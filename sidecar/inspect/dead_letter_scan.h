/* dead_letter_scan.h: the dead letters of a pipeline, read back from their topic. */
#ifndef TRIBUTARY_INSPECT_DEAD_LETTER_SCAN_H
#define TRIBUTARY_INSPECT_DEAD_LETTER_SCAN_H

#include "event/outcome.h"
#include "inspect/inspection.h"

/* One dead letter: where its record came from and why it is one. Views, good during the call. */
struct dead_letter_found {
    struct span topic;
    int partition;
    int64_t offset;
    enum outcome reason; /* OUTCOME_COUNT: one that this version does not know */
    struct span detail;
    struct span value;    /* of the record; cut if it was too large */
    int64_t timestamp_us; /* of the record at its origin; TIME_NONE without */
};

/* Hands over every dead letter of this pipeline that the topic holds now, as often as it lies there. `take`
 * false: stops, with its error. No topic: none. */
bool dead_letter_scan(const struct inspection *inspection,
                      bool (*take)(void *context, const struct dead_letter_found *found, struct error *error),
                      void *context, struct error *error) MUST_CHECK;

#endif
