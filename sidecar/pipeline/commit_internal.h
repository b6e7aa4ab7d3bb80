/* commit_internal.h: what commit.c (the steps), commit_progress.c (the statements about progress) and
 * commit_early.c (those about early rows) share. For these only. */
#ifndef TRIBUTARY_PIPELINE_COMMIT_INTERNAL_H
#define TRIBUTARY_PIPELINE_COMMIT_INTERNAL_H

#include "pipeline/bisect.h"
#include "pipeline/breaker.h"
#include "pipeline/commit.h"
#include "pipeline/pieces.h"

enum step {
    STEP_NONE,
    STEP_LOOKUPS,
    STEP_CHANGELOG,
    STEP_DEAD_LETTERS,
    STEP_BEGIN,
    STEP_LOCK,
    STEP_PROGRESS,
    STEP_ADVANCES,
    STEP_GONE,
    STEP_ROWS,
    STEP_CORRECTIONS,
    STEP_NEWS,
    STEP_OWNED,
    STEP_COMMIT,
    STEP_BISECT, /* only after a failure: which rows does the database not take? */
};

enum { PROGRESS_ARRAYS = 20, ADVANCE_ARRAYS = 4, ROUNDS_MAX = 4 };

struct commit {
    struct commit_options options;
    struct enquiry *enquiry;
    struct batch *batch;
    enum step step;
    bool waiting; /* for the answer to the step's statement */
    struct buffer arrays[PROGRESS_ARRAYS];
    struct partition **fenced;
    int fenced_count;
    bool *arrived; /* per part of the batch: an earlier attempt did commit it */
    /* the rows: */
    struct pieces pieces;
    bool one_by_one;            /* those of each conversion are a statement, in the order of their offsets */
    int to_send, sent, sending; /* of the step's rows: all, done, under way */
    int64_t sent_at_us;
    /* those that are refused: */
    struct bisect *bisect;
    int rounds;                         /* of looking for them */
    bool built;                         /* the batch has its rows and dead letters … */
    int dead_letter;                    /* … the first of which that is not acknowledged */
    struct offset_ranges owned;         /* scratch */
    int corrected, written, taken_back; /* early rows, in this transaction so far */
    struct commit_gauges gauges;
    int64_t started_at_us;
    struct breaker breaker, breaker_after; /* what was committed, and this batch too */
};

/* --- commit_progress.c --- */

struct parameter commit_pipeline_name(const struct commit *commit);
bool commit_send_lock(struct commit *commit, struct error *error);
int commit_parts_to_write(const struct commit *commit);
bool commit_send_progress(struct commit *commit, struct error *error);
int commit_count_advances(const struct commit *commit);
bool commit_send_advances(struct commit *commit, struct error *error);

/* --- commit_early.c --- */

/* Whether the step is about rows, which go in pieces; these. */
bool commit_sends_rows(enum step step);
struct batch_rows commit_step_rows(const struct commit *commit);
struct postgres_statement commit_format(struct commit *commit, const struct row *rows, int count);
/* The answer to a piece of rows; false where it has to begin again: somebody else was inserting one, too. */
bool commit_take_piece(struct commit *commit, const PGresult *result, struct error *error);
/* Whether the database has to be told which undecided conversions have a row. */
bool commit_tells_owned(const struct commit *commit);
bool commit_send_owned(struct commit *commit, struct error *error);
/* An early row has to wait, or could not be sent: whether it goes on without them for this time. */
bool commit_leave_early(struct commit *commit, const char *sqlstate);
/* Rows are refused, but none by itself: whether early rows can be taken out of their way. */
bool commit_withdraw(struct commit *commit);

#endif
