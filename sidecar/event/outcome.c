#include "event/outcome.h"

static const char *const names[OUTCOME_COUNT] = {
    [OUTCOME_ATTRIBUTED] = "attributed",
    [OUTCOME_UNATTRIBUTED] = "unattributed",
    [OUTCOME_TOUCH_KEPT] = "touch_kept",
    [OUTCOME_TOUCH_TOO_OLD] = "touch_too_old",
    [OUTCOME_FILTERED] = "filtered",
    [OUTCOME_CAPPED] = "capped",
    [OUTCOME_LATE] = "late",
    [OUTCOME_EMPTY] = "empty",
    [OUTCOME_ENCODING] = "encoding",
    [OUTCOME_NUL] = "nul",
    [OUTCOME_MALFORMED] = "malformed",
    [OUTCOME_NOT_AN_OBJECT] = "not_an_object",
    [OUTCOME_STEP_FAILED] = "step_failed",
    [OUTCOME_TIME_INVALID] = "time_invalid",
    [OUTCOME_TIME_IN_FUTURE] = "time_in_future",
    [OUTCOME_KEY_NULL] = "key_null",
    [OUTCOME_KEY_INVALID] = "key_invalid",
    [OUTCOME_VALUE_REFUSED] = "value_refused",
    [OUTCOME_ROW_REFUSED] = "row_refused",
    [OUTCOME_LOOKUP_MISSING] = "lookup_missing",
};

const char *outcome_name(enum outcome outcome) {
    return outcome < OUTCOME_COUNT ? names[outcome] : "unknown";
}

const char *outcome_class(enum outcome outcome) {
    switch (outcome) {
    case OUTCOME_LATE: return "late";
    case OUTCOME_EMPTY:
    case OUTCOME_ENCODING:
    case OUTCOME_NUL:
    case OUTCOME_MALFORMED:
    case OUTCOME_NOT_AN_OBJECT: return "bytes";
    case OUTCOME_STEP_FAILED:
    case OUTCOME_TIME_INVALID:
    case OUTCOME_TIME_IN_FUTURE:
    case OUTCOME_KEY_NULL:
    case OUTCOME_KEY_INVALID: return "field";
    case OUTCOME_VALUE_REFUSED:
    case OUTCOME_ROW_REFUSED: return "table";
    case OUTCOME_LOOKUP_MISSING: return "lookup";
    case OUTCOME_ATTRIBUTED:
    case OUTCOME_UNATTRIBUTED:
    case OUTCOME_TOUCH_KEPT:
    case OUTCOME_TOUCH_TOO_OLD:
    case OUTCOME_FILTERED:
    case OUTCOME_CAPPED:
    case OUTCOME_COUNT: break;
    }
    return "";
}

enum outcome outcome_of_name(struct span name) {
    enum outcome outcome = 0;
    while (outcome < OUTCOME_COUNT && !span_is(name, names[outcome])) outcome++;
    return outcome;
}

bool outcome_is_dead_letter(enum outcome outcome) {
    return outcome >= OUTCOME_LATE && outcome < OUTCOME_COUNT;
}

void ledger_add(struct ledger *sum, const struct ledger *part) {
    for (int i = 0; i < OUTCOME_COUNT; i++) sum->count[i] += part->count[i];
}

uint64_t ledger_total(const struct ledger *ledger) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) total += ledger->count[i];
    return total;
}
