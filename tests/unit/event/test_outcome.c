#include "event/outcome.h"

#include "suite.h"

START_TEST(names_round_trip) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        const char *name = outcome_name((enum outcome)i);
        ck_assert_ptr_nonnull(name);
        ck_assert_int_eq(outcome_of_name(span_of(name)), i);
    }
    ck_assert_str_eq(outcome_name(OUTCOME_COUNT), "unknown");
    ck_assert_int_eq(outcome_of_name(span_of("unknown")), OUTCOME_COUNT);
    ck_assert_int_eq(outcome_of_name((struct span){0}), OUTCOME_COUNT);
}
END_TEST

/* Names are stored in progress rows, headers and metrics: they must not change. */
START_TEST(names_are_fixed) {
    ck_assert_str_eq(outcome_name(OUTCOME_ATTRIBUTED), "attributed");
    ck_assert_str_eq(outcome_name(OUTCOME_TOUCH_TOO_OLD), "touch_too_old");
    ck_assert_str_eq(outcome_name(OUTCOME_TIME_IN_FUTURE), "time_in_future");
    ck_assert_str_eq(outcome_name(OUTCOME_NOT_AN_OBJECT), "not_an_object");
    ck_assert_str_eq(outcome_name(OUTCOME_LOOKUP_MISSING), "lookup_missing");
}
END_TEST

START_TEST(dead_letters) {
    static const enum outcome kept[] = {OUTCOME_ATTRIBUTED,    OUTCOME_UNATTRIBUTED, OUTCOME_TOUCH_KEPT,
                                        OUTCOME_TOUCH_TOO_OLD, OUTCOME_FILTERED,     OUTCOME_CAPPED};
    static const enum outcome dead[] = {OUTCOME_LATE,         OUTCOME_EMPTY,     OUTCOME_ENCODING,
                                        OUTCOME_NUL,          OUTCOME_MALFORMED, OUTCOME_NOT_AN_OBJECT,
                                        OUTCOME_TIME_INVALID, OUTCOME_KEY_NULL,  OUTCOME_VALUE_REFUSED};
    for (int i = 0; i < COUNT_OF(kept); i++) ck_assert(!outcome_is_dead_letter(kept[i]));
    for (int i = 0; i < COUNT_OF(dead); i++) ck_assert(outcome_is_dead_letter(dead[i]));
    ck_assert(!outcome_is_dead_letter(OUTCOME_COUNT));
    for (enum outcome o = 0; o <= OUTCOME_COUNT; o++)
        ck_assert_int_eq(*outcome_class(o) != '\0', outcome_is_dead_letter(o));
}
END_TEST

START_TEST(ledgers_add) {
    struct ledger sum = {{0}}, part = {{0}};
    ck_assert_uint_eq(ledger_total(&sum), 0);
    part.count[OUTCOME_ATTRIBUTED] = 3;
    part.count[OUTCOME_LOOKUP_MISSING] = 2;
    ledger_add(&sum, &part);
    ledger_add(&sum, &part);
    ck_assert_uint_eq(sum.count[OUTCOME_ATTRIBUTED], 6);
    ck_assert_uint_eq(sum.count[OUTCOME_LOOKUP_MISSING], 4);
    ck_assert_uint_eq(ledger_total(&sum), 10);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("outcome");
    tcase_add_test(tests, names_round_trip);
    tcase_add_test(tests, names_are_fixed);
    tcase_add_test(tests, dead_letters);
    tcase_add_test(tests, ledgers_add);
    return suite_run("event.outcome", tests);
}
