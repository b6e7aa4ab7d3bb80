#include "pipeline/breaker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void breaker_init(struct breaker *breaker) {
    *breaker = (struct breaker){.count = 0};
}

static void push(struct breaker *breaker, enum outcome outcome) {
    if (breaker->count == BREAKER_RECORDS)
        breaker->ledger.count[breaker->recent[breaker->next]]--;
    else
        breaker->count++;
    breaker->recent[breaker->next] = (unsigned char)outcome;
    breaker->ledger.count[outcome]++;
    breaker->next = (breaker->next + 1) % BREAKER_RECORDS;
}

/* The outcome that so far has least of what its share of the batch is, when the next of `slots` is filled. */
static enum outcome most_missing(const struct ledger *batch, double total, const int *pushed, int slot) {
    enum outcome missing = 0;
    double most = 0;
    for (enum outcome o = 0; o < OUTCOME_COUNT; o++) {
        double lacks = (double)batch->count[o] / total * (slot + 1) - pushed[o];
        if (lacks <= most) continue;
        most = lacks;
        missing = o;
    }
    return missing;
}

void breaker_add(struct breaker *breaker, const struct ledger *batch) {
    struct ledger counted = *batch;
    int pushed[OUTCOME_COUNT] = {0};
    counted.count[OUTCOME_LATE] = 0;
    uint64_t total = ledger_total(&counted);
    int slots = total < BREAKER_RECORDS ? (int)total : BREAKER_RECORDS;
    for (int slot = 0; slot < slots; slot++) {
        enum outcome outcome = most_missing(&counted, (double)total, pushed, slot);
        pushed[outcome]++;
        push(breaker, outcome);
    }
}

static uint64_t dead_letters(const struct breaker *breaker) {
    uint64_t count = 0;
    for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
        if (outcome_is_dead_letter(o)) count += breaker->ledger.count[o];
    return count;
}

bool breaker_is_open(const struct breaker *breaker) {
    return breaker->count == BREAKER_RECORDS && dead_letters(breaker) * 2 >= BREAKER_RECORDS;
}

static const char *what_to_check(enum outcome reason) {
    switch (reason) {
    case OUTCOME_EMPTY:
    case OUTCOME_ENCODING:
    case OUTCOME_NUL:
    case OUTCOME_MALFORMED:
    case OUTCOME_NOT_AN_OBJECT: return "whether the topics hold JSON objects, and what their producers send";
    case OUTCOME_STEP_FAILED: return "the \"steps\" of the inputs against what their producers send";
    case OUTCOME_TIME_INVALID: return "\"time.field\" and \"time.format\" of the inputs";
    case OUTCOME_TIME_IN_FUTURE: return "\"time.zone\" of the inputs, and the producers' clocks";
    case OUTCOME_KEY_NULL:
    case OUTCOME_KEY_INVALID: return "the fields in \"attribute.key\"";
    case OUTCOME_VALUE_REFUSED: return "the types of the table's columns against \"columns\"";
    case OUTCOME_ROW_REFUSED: return "the table's constraints and triggers";
    case OUTCOME_LOOKUP_MISSING: return "\"match\" of the lookups, and whether their tables are filled";
    default: return "the records";
    }
}

/* The reasons by frequency: "480 time_invalid, 31 malformed"; returns the first. */
static enum outcome list_reasons(const struct breaker *breaker, char *list, size_t size) {
    struct ledger rest = breaker->ledger;
    enum outcome first = OUTCOME_COUNT;
    size_t used = 0;
    for (;;) {
        enum outcome most = OUTCOME_COUNT;
        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
            if (outcome_is_dead_letter(o) && rest.count[o] &&
                (most == OUTCOME_COUNT || rest.count[o] > rest.count[most]))
                most = o;
        if (most == OUTCOME_COUNT || used >= size) return first;
        int len = snprintf(list + used, size - used, "%s%" PRIu64 " %s", used ? ", " : "", rest.count[most],
                           outcome_name(most));
        used += (size_t)len;
        rest.count[most] = 0;
        if (first == OUTCOME_COUNT) first = most;
    }
}

bool breaker_error(const struct breaker *breaker, struct error *error) {
    char reasons[500] = "";
    enum outcome first = list_reasons(breaker, reasons, sizeof reasons);
    return error_set(error, ERROR_CONFIG,
                     "%" PRIu64 " of the last %d records are dead letters (%s): stopped before they are "
                     "committed\nhint: check %s",
                     dead_letters(breaker), breaker->count, reasons, what_to_check(first));
}
