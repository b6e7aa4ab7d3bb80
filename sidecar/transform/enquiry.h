/* enquiry.h: a batch's lookups asked of Postgres without ever blocking, in the plan's order: one statement
 * for each, with all questions that its cache does not answer, and all in one transaction, whose settings fix
 * the form of the answers. Where the caches know everything, nothing is sent. Belongs to one thread, like the
 * connection, on which nothing else may be under way meanwhile.
 *
 * A failure that may pass leaves the enquiry where it was: the next poll goes on, on a fresh connection that
 * waits a little, and asks for what has no answer yet.
 *
 *   lookups_add(&lookups, values);              each event
 *   enquiry_start(enquiry, &lookups);
 *   enquiry_poll(enquiry, now_us, &error);      until it is done
 *   lookups_result(&lookups, event, lookup);    good until lookups_reset
 *
 * The commit uses it with all lookups of the pipeline. Whoever needs some columns only makes a plan of his
 * own with lookups_plan_column, and a lookup_query for each lookup of its order. */
#ifndef TRIBUTARY_TRANSFORM_ENQUIRY_H
#define TRIBUTARY_TRANSFORM_ENQUIRY_H

#include "postgres/connection.h"
#include "transform/lookup_query.h"
#include "transform/lookups.h"

struct enquiry;

/* Everything outlives it. */
struct enquiry_options {
    const struct lookups_plan *plan;
    struct connection *connection;
    struct lookup_query *const *queries; /* plan->count of them; of those that are not wanted NULL */
    int64_t statement_timeout_us;
};

struct enquiry *enquiry_new(const struct enquiry_options *options);
void enquiry_free(struct enquiry *enquiry);

/* Begins to ask for events that have been added. */
void enquiry_start(struct enquiry *enquiry, struct lookups *lookups);

enum enquiry_result {
    ENQUIRY_RUNNING, /* waiting for the database */
    ENQUIRY_DONE,    /* every question has its answer, and nothing is under way */
    ENQUIRY_FAILED,  /* *error; of class retry: may be polled again. Otherwise the enquiry is void */
};
/* Makes what progress is possible. `now_us`: of a clock that does not go back; only caches look at it. */
enum enquiry_result enquiry_poll(struct enquiry *enquiry, int64_t now_us, struct error *error);

/* What has become of the questions to a lookup, each distinct one of a batch once. */
struct enquiry_counts {
    uint64_t found, missing, cached; /* a row; none; answered by the cache, one way or the other */
    int64_t cache_bytes;
};
struct enquiry_counts enquiry_counts(const struct enquiry *enquiry, int lookup);

#endif
