/* dead_letter_scan.h: the dead letters of a pipeline, read back from their topic. */
#ifndef TRIBUTARY_INSPECT_DEAD_LETTER_SCAN_H
#define TRIBUTARY_INSPECT_DEAD_LETTER_SCAN_H

#include "event/outcome.h"
#include "inspect/inspection.h"

/* One dead letter: where its record came from and why it is one. Views, good during the call. */
struct dead_letter_found {
    struct span topic;
    int partition;       /* -1: not known … */
    int64_t offset;      /* … likewise */
    enum outcome reason; /* OUTCOME_COUNT: one that this version does not know */
    struct span detail;
    struct span value;    /* of the record; cut if it was too large */
    int64_t timestamp_us; /* of the record at its origin; TIME_NONE without */
    int64_t length;       /* of the value at its origin; -1: as here. Otherwise value or key are not whole */
    int64_t time_us;      /* when it became a dead letter */
    const rd_kafka_message_t *message; /* itself, as it lies in the dead-letter topic */
};

/* Records of the dead-letter topic that are no letters have the header `redriven`: they say which letters
 * were sent again, an origin a line in their value, "topic-partition-offset". */
#define DEAD_LETTER_REDRIVEN "redriven"

struct dead_letter_visitor {
    bool (*take)(void *context, const struct dead_letter_found *found, struct error *error);
    /* A record that says what was redriven: its value. May be NULL. */
    bool (*take_redriven)(void *context, struct span origins, struct error *error);
    /* After each record of the topic, anybody's: how many were passed, of how many. May be NULL. */
    void (*passed)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* One message of the dead-letter topic. */
struct dead_letter_found dead_letter_parse(const rd_kafka_message_t *message);
/* Whether this is the record that the letter is about: a topic that was made anew may have another one at its
 * place. */
bool dead_letter_is_of(const struct dead_letter_found *letter, const rd_kafka_message_t *record);
/* A header's text; absent where there is none. */
struct span dead_letter_header(const rd_kafka_message_t *message, const char *name);

/* Hands over what this pipeline has in the topic now. No topic: nothing. */
bool dead_letter_visit(const struct inspection *inspection, const struct dead_letter_visitor *visitor,
                       struct error *error) MUST_CHECK;

/* Hands over every dead letter of this pipeline that the topic holds now, as often as it lies there. `take`
 * false: stops, with its error. No topic: none. */
bool dead_letter_scan(const struct inspection *inspection,
                      bool (*take)(void *context, const struct dead_letter_found *found, struct error *error),
                      void *context, struct error *error) MUST_CHECK;

#endif
