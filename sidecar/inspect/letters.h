/* letters.h: every dead letter of a pipeline that its topic holds now, in memory, in the order of their
 * origins: what was read of each, which are copies of another and which were redriven. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_LETTERS_H
#define TRIBUTARY_INSPECT_LETTERS_H

#include "base/arena.h"
#include "inspect/dead_letter_scan.h"

/* A record's place. `topic` is an index into letters.topics. */
struct letter_origin {
    int topic, partition;
    int64_t offset;
};

struct letter {
    struct letter_origin origin;
    enum outcome reason;
    int partition;        /* where it lies in the dead-letter topic … */
    int64_t offset;       /* … */
    int64_t time_us;      /* when it became a dead letter */
    int64_t timestamp_us; /* of the record at its origin; TIME_NONE without */
    uint64_t value_hash;  /* of the value as it lies there … */
    int64_t length;       /* … or, if that is not whole, the value's length at its origin; otherwise -1 */
    struct span reason_text, detail;
    bool copy;     /* the topic has another letter of the same record: it is written at least once */
    bool redriven; /* its record was sent again */
};

struct letters {
    struct arena arena;
    char **topics; /* the origins' */
    int topic_count;
    struct letter *items;
    size_t count, capacity;
    struct letter_origin *redriven;
    size_t redriven_count, redriven_capacity;
};

struct letters_filter {
    uint64_t reasons;  /* a bit for each outcome; 0: all */
    const char *topic; /* of the origin; NULL: all */
    int64_t since_us;  /* became one at or after; TIME_NONE: all … */
    int64_t until_us;  /* … and before; TIME_END: all */
};

/* Reads them all; those that the filter leaves out are passed over. `passed` (may be NULL) as in
 * dead_letter_visitor. A config error when there is no such topic. Release it in any case. */
bool letters_read(struct letters *letters, const struct inspection *inspection,
                  const struct letters_filter *filter, void (*passed)(void *, uint64_t done, uint64_t total),
                  void *context, struct error *error) MUST_CHECK;
void letters_release(struct letters *letters);

/* The name of the pipeline's input that reads this topic, or the topic's own. */
const char *letters_input(const struct letters *letters, const struct pipeline *pipeline, int topic);

#endif
