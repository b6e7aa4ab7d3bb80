/* inspection.h: a pipeline looked at from outside, for the commands that explain and check: what its progress
 * says, in one snapshot of the database, and what its topics hold now. Changes nothing but temporary tables.
 * Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_INSPECTION_H
#define TRIBUTARY_INSPECT_INSPECTION_H

#include "kafka/scan.h"
#include "pipeline/claim.h"

/* The offsets that a partition of a topic has: low is the first there is, high lies behind the last. */
struct extent {
    int64_t low, high;
};

/* One partition: what is stored of it, as a claim would find it, and what its topics hold. */
struct inspected {
    struct claim stored; /* located: it has begun */
    char *updated_at;    /* of its progress; NULL without one */
    int64_t age_us;      /* since then, by the database's clock */
    struct extent touches, conversions;
};

struct inspection {
    const struct pipeline *pipeline;
    const struct plan *plan;
    struct connection *connection; /* in a transaction, repeatable read, of which nothing is committed */
    struct reader *reader;
    struct inspected *partitions;
    int count;
    bool (*stop)(void);
};

struct inspection_options {
    const struct pipeline *pipeline;
    const struct plan *plan;
    const char *command; /* for the names under which the servers see us */
    bool (*stop)(void);  /* may be NULL */
};

/* Connects, begins the transaction, reads the progress, then asks how far the topics reach: everything the
 * progress has passed lies before their ends. A config error when the pipeline has never run. */
bool inspection_open(struct inspection *inspection, const struct inspection_options *options,
                     struct error *error) MUST_CHECK;
/* Only the topics: nothing is asked of the database, and `partitions` stays empty. */
bool inspection_open_topics(struct inspection *inspection, const struct inspection_options *options,
                            struct error *error) MUST_CHECK;
/* Rolls the transaction back. Fine after a failed open. */
void inspection_close(struct inspection *inspection);

/* NULL with a config error when there is no such partition. */
const struct inspected *inspection_partition(const struct inspection *inspection, int partition,
                                             struct error *error);

/* A statement in the transaction, however long it takes. NULL with the error. */
PGresult *inspection_query(const struct inspection *inspection, const char *sql,
                           const struct parameter *parameters, int count, struct error *error);
bool inspection_execute(const struct inspection *inspection, const char *sql, struct error *error) MUST_CHECK;
/* A scan of a range of one partition of a topic. */
struct scan *inspection_scan(const struct inspection *inspection, const char *topic, int partition,
                             int64_t from, int64_t end, struct error *error);
/* Where every partition of a topic begins and ends; free() them. NULL with the error; *count is 0 and the
 * result not NULL when there is no such topic. */
struct extent *inspection_extents(const struct inspection *inspection, const char *topic, int *count,
                                  struct error *error);

#endif
