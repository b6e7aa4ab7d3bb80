/* dead_letter_record.h: a dead letter as the record that is produced: docs/dead-letters.md has the format.
 * Formats only.
 */
#ifndef TRIBUTARY_PIPELINE_DEAD_LETTER_RECORD_H
#define TRIBUTARY_PIPELINE_DEAD_LETTER_RECORD_H

#include "event/timestamp.h"
#include "kafka/producer.h"
#include "pipeline/batch.h"

/* More of a value is cut off where a topic does not take it. */
enum { DEAD_LETTER_TRUNCATED = 256 * 1024, DEAD_LETTER_HEADERS = 12 };

struct dead_letter_record {
    struct producer_record out; /* points into what follows and into the letter */
    struct producer_header headers[DEAD_LETTER_HEADERS];
    char key[400], partition[16], offset[24], timestamp[24], time[TIMESTAMP_TEXT_MAX + 1], length[24];
};

/* With at most `max_bytes` of its value. */
void dead_letter_compose(struct dead_letter_record *record, const struct pipeline *pipeline,
                         const struct dead_letter *letter, size_t max_bytes);

#endif
