/* redrive.h: the records of dead letters sent to their topics again, each once: the records and a note of
 * which they are, a record of the dead-letter topic, are one transaction. What was noted is not sent again,
 * so that a redrive that was killed is simply begun again. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_REDRIVE_H
#define TRIBUTARY_INSPECT_REDRIVE_H

#include "inspect/letters.h"
#include "kafka/transactions.h"

/* What is to be sent. Points into the letters. */
struct redrive_plan {
    const struct letters *letters;
    const struct letter **items;
    size_t count;
    /* letters that are not sent: */
    size_t copies;   /* of one that is */
    size_t redriven; /* already */
    size_t late;     /* would be late again */
    size_t foreign;  /* from a topic that the pipeline does not read, or without a place */
};

struct redrive_choice {
    bool again; /* also what was redriven already */
    bool late;  /* also those that came too late */
};

/* Chooses. Pure. */
void redrive_plan_init(struct redrive_plan *plan, const struct letters *letters,
                       const struct pipeline *pipeline, struct redrive_choice choice);
void redrive_plan_release(struct redrive_plan *plan);

/* Whether there is a place for every record: a config error when a topic or partition is missing. */
bool redrive_check(const struct redrive_plan *plan, const struct pipeline *pipeline,
                   struct error *error) MUST_CHECK;

/* Who may redrive: one process for each pipeline. A later one ends an earlier one. Begin before the letters
 * are read, so that what the earlier one has sent is known. */
struct transactions *redrive_begin(const struct pipeline *pipeline, struct error *error) MUST_CHECK;

struct redrive_result {
    uint64_t sent;        /* and committed */
    uint64_t from_letter; /* of these: their origin is gone, so that they are as the letter has them, without
                             headers */
    uint64_t lost;        /* not sent: their origin is gone, and the letter has not all of the record */
};

/* Sends them. `result` counts what is committed, also after an error. `passed` (may be NULL) is told how many
 * of plan->count are done. */
bool redrive_run(const struct redrive_plan *plan, const struct inspection *inspection,
                 struct transactions *transactions, void (*passed)(void *, uint64_t done), void *context,
                 struct redrive_result *result, struct error *error) MUST_CHECK;

#endif
