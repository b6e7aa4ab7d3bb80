/* outcome.h: the outcome ledger. Every record read ends in exactly one counted outcome; per input partition
 * the counts add up to the records passed. Plain data. */
#ifndef TRIBUTARY_EVENT_OUTCOME_H
#define TRIBUTARY_EVENT_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Order is free to change: everything stored or shown uses the names. From OUTCOME_EMPTY on: the reasons for
 * which a record goes to the dead-letter topic. */
enum outcome {
    OUTCOME_ATTRIBUTED,
    OUTCOME_UNATTRIBUTED,
    OUTCOME_TOUCH_KEPT,
    OUTCOME_TOUCH_TOO_OLD,
    OUTCOME_FILTERED,
    OUTCOME_CAPPED,
    OUTCOME_LATE, /* a dead letter too, but counted apart: it says nothing about the record's quality */
    OUTCOME_EMPTY,
    OUTCOME_ENCODING,
    OUTCOME_NUL,
    OUTCOME_MALFORMED,
    OUTCOME_NOT_AN_OBJECT,
    OUTCOME_STEP_FAILED, /* a cleaning step cannot handle a value */
    OUTCOME_TIME_INVALID,
    OUTCOME_TIME_IN_FUTURE,
    OUTCOME_KEY_NULL,
    OUTCOME_KEY_INVALID,
    OUTCOME_VALUE_REFUSED, /* the output's column cannot hold it */
    OUTCOME_ROW_REFUSED,   /* the output's table does not take the row: a constraint, a trigger */
    OUTCOME_LOOKUP_MISSING,
    OUTCOME_COUNT,
};

struct ledger {
    uint64_t count[OUTCOME_COUNT];
};

/* "attributed", "touch_kept", "time_invalid", …; the words used in metrics, headers and tests. */
const char *outcome_name(enum outcome outcome);
/* What a dead letter with this reason needs to be cured, in one word: "bytes" (it is no JSON object), "field"
 * (a time, a key or what a step is about is wrong or missing), "table" (the output's table does not take it),
 * "lookup" (a row that was missing), "late". "" for other outcomes. */
const char *outcome_class(enum outcome outcome);
/* The outcome with this name, or OUTCOME_COUNT. */
enum outcome outcome_of_name(struct span name);
/* Whether the record is written to the dead-letter topic (late ones are). */
bool outcome_is_dead_letter(enum outcome outcome);

void ledger_add(struct ledger *sum, const struct ledger *part);
uint64_t ledger_total(const struct ledger *ledger);

#endif
