/* credits.h: what the model says of the rows that one conversion makes: which touch each of them has, and its
 * part of the credit and of the amount. A row without a touch has all of both. Pure; any thread. */
#ifndef TRIBUTARY_PIPELINE_CREDITS_H
#define TRIBUTARY_PIPELINE_CREDITS_H

#include "pipeline/plan.h"
#include "pipeline/queue.h"

struct credits {
    int rows;                    /* at least 1 */
    const struct touch *touches; /* one for each; NULL: there is one row, without a touch */
    const struct value *credit;  /* of each; NULL: no column shows it */
    const struct value *amount;  /* of each; NULL: no column shows it */
    bool final;                  /* the conversion is decided */
};

/* How many rows a conversion makes. */
static inline int credits_rows(const struct pending *pending) {
    return pending->touch_count > 1 ? pending->touch_count : 1;
}

/* Of a conversion whose touches are decided, in the arena. False with the reason when its amount is none. */
bool credits_of(const struct plan *plan, const struct pending *pending, struct arena *arena,
                struct credits *credits, char *why, size_t why_size) MUST_CHECK;

/* What a column shows of row `number`, from 0. */
struct value credits_value(const struct credits *credits, enum attribution_field field, int number,
                           struct arena *arena);

#endif
