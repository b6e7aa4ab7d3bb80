/* commit.h: one batch into the dead-letter topic and the database, exactly once, without ever blocking.
 *
 *   lookups       the batch's questions are answered, in a transaction of their own (enquiry.h)
 *   changelog     the touches read, and the deletion of those no longer needed, acknowledged by the brokers
 *   dead letters  produced and acknowledged: at least once, keyed by their origin
 *   begin         one ordinary transaction with its own timeouts
 *   lock          the progress rows, in partition order. Another epoch: we are fenced for that partition, it
 *                 leaves the batch. Our epoch with the next commit_seq: an earlier COMMIT whose answer was
 *                 lost did arrive, its rows are not written again
 *   progress, advances, rows, commit
 *
 * When the rows are refused, what follows depends on why, and then it begins again from "begin" at once. A
 * row that the table does not take: bisect finds each such row, they become dead letters, the others are
 * committed. The statement takes too long: the rows go in smaller pieces. Two keys that only the database
 * finds equal: the rows go one by one, in the order of their offsets. And when half of the last records are
 * dead letters, it stops before it commits them (breaker.h).
 *
 * When the database goes away in between, it begins again from "begin" as often as it takes: the lock tells
 * what became of the last attempt. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_COMMIT_H
#define TRIBUTARY_PIPELINE_COMMIT_H

#include "output/postgres.h"
#include "pipeline/batch.h"
#include "pipeline/changelog_writer.h"
#include "pipeline/dead_letters.h"
#include "pipeline/gauges.h"
#include "postgres/connection.h"
#include "transform/enquiry.h"

struct commit;

/* What a commit needs of its worker; everything outlives it. */
struct commit_options {
    const struct plan *plan;
    struct connection *connection;
    struct postgres_output *output;
    struct lookup_query *const *lookups; /* plan->lookup_count of them */
    struct dead_letters *dead_letters;
    struct changelog_writer *changelog;
    const char *fingerprint; /* of the settings in force, as JSON */
};

struct commit *commit_new(const struct commit_options *options);
void commit_free(struct commit *commit);

/* Takes a batch (batch_take done) and begins. */
void commit_start(struct commit *commit, struct batch *batch);
/* What has been committed so far. */
const struct commit_gauges *commit_gauges(const struct commit *commit);
/* What has become of the questions to a lookup so far. */
struct enquiry_counts commit_lookup(const struct commit *commit, int lookup);
bool commit_is_running(const struct commit *commit);

enum commit_result {
    COMMIT_IDLE,    /* nothing under way */
    COMMIT_RUNNING, /* waiting for the database or the brokers */
    COMMIT_DONE,    /* committed: the partitions know */
    COMMIT_FAILED,  /* *error says why; the batch is void */
};

/* Makes what progress is possible. Partitions found fenced are put out through commit_fenced. */
enum commit_result commit_poll(struct commit *commit, struct error *error);

/* After COMMIT_DONE: the partitions that were fenced and taken out of the batch. */
struct partition *const *commit_fenced(const struct commit *commit, int *count);

#endif
