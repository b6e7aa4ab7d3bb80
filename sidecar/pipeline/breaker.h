/* breaker.h: stops a pipeline that is about to throw its input away. Of the last BREAKER_RECORDS records of a
 * worker, both inputs together, at least half are dead letters: then a setting is wrong, or a producer, and
 * what is needed is a person. Late records are not counted at all: they say nothing about the data. Plain
 * data, so that what a batch would do can be tried on a copy; pure. */
#ifndef TRIBUTARY_PIPELINE_BREAKER_H
#define TRIBUTARY_PIPELINE_BREAKER_H

#include "base/error.h"
#include "event/outcome.h"

enum { BREAKER_RECORDS = 1000 };

struct breaker {
    unsigned char recent[BREAKER_RECORDS]; /* outcomes, a ring */
    int next, count;
    struct ledger ledger; /* of `recent` */
};

void breaker_init(struct breaker *breaker);
/* The records of one batch. They count as evenly mixed: their order is not known. */
void breaker_add(struct breaker *breaker, const struct ledger *batch);
/* Whether at least half of the last BREAKER_RECORDS are dead letters; never as long as there were fewer. */
bool breaker_is_open(const struct breaker *breaker);
/* Says so: how many for which reasons, and what to look at. A config error; returns false. */
bool breaker_error(const struct breaker *breaker, struct error *error);

#endif
