#include "pipeline/breaker.h"

#include "../suite.h"

static void add(struct breaker *breaker, int attributed, int invalid, int late) {
    struct ledger batch = {{0}};
    batch.count[OUTCOME_ATTRIBUTED] = (uint64_t)attributed;
    batch.count[OUTCOME_TIME_INVALID] = (uint64_t)invalid;
    batch.count[OUTCOME_LATE] = (uint64_t)late;
    breaker_add(breaker, &batch);
}

START_TEST(never_with_fewer_records) {
    struct breaker breaker;
    breaker_init(&breaker);
    ck_assert(!breaker_is_open(&breaker));
    add(&breaker, 0, BREAKER_RECORDS - 1, 0);
    ck_assert(!breaker_is_open(&breaker));
    add(&breaker, 1, 0, 0);
    ck_assert(breaker_is_open(&breaker));
}
END_TEST

START_TEST(from_half_on) {
    struct breaker breaker;
    breaker_init(&breaker);
    add(&breaker, 501, 499, 0);
    ck_assert(!breaker_is_open(&breaker));
    breaker_init(&breaker);
    add(&breaker, 500, 500, 0);
    ck_assert(breaker_is_open(&breaker));
}
END_TEST

START_TEST(late_ones_are_no_records) {
    struct breaker breaker;
    breaker_init(&breaker);
    add(&breaker, 0, 0, 100000);
    ck_assert_int_eq(breaker.count, 0);
    add(&breaker, 600, 400, 100000);
    ck_assert_int_eq(breaker.count, BREAKER_RECORDS);
    ck_assert(!breaker_is_open(&breaker));
}
END_TEST

/* Record by record: exactly the last thousand count. */
START_TEST(what_is_long_past_is_forgotten) {
    struct breaker breaker;
    breaker_init(&breaker);
    for (int i = 0; i < 5000; i++) add(&breaker, 1, 0, 0);
    for (int i = 0; i < 499; i++) add(&breaker, 0, 1, 0);
    ck_assert(!breaker_is_open(&breaker));
    add(&breaker, 0, 1, 0);
    ck_assert(breaker_is_open(&breaker));
    for (int i = 0; i < 501; i++) add(&breaker, 1, 0, 0);
    ck_assert_uint_eq(breaker.ledger.count[OUTCOME_TIME_INVALID], 499);
    ck_assert(!breaker_is_open(&breaker));
    for (int i = 0; i < 499; i++) add(&breaker, 1, 0, 0);
    ck_assert_uint_eq(breaker.ledger.count[OUTCOME_TIME_INVALID], 0);
    ck_assert_uint_eq(ledger_total(&breaker.ledger), BREAKER_RECORDS);
}
END_TEST

/* A batch of many counts by its shares, whatever the order of the outcomes in the enum. */
START_TEST(large_batches_count_by_their_shares) {
    struct breaker breaker;
    breaker_init(&breaker);
    add(&breaker, 6000, 4000, 0);
    ck_assert_uint_eq(breaker.ledger.count[OUTCOME_TIME_INVALID], 400);
    ck_assert(!breaker_is_open(&breaker));
    add(&breaker, 4900, 5100, 0);
    ck_assert_uint_eq(breaker.ledger.count[OUTCOME_TIME_INVALID], 510);
    ck_assert(breaker_is_open(&breaker));
}
END_TEST

/* … and what remains of it is as mixed as it was. */
START_TEST(batches_are_mixed) {
    struct breaker breaker;
    breaker_init(&breaker);
    add(&breaker, 600, 400, 0);
    add(&breaker, 500, 0, 0);
    ck_assert_uint_eq(breaker.ledger.count[OUTCOME_TIME_INVALID], 200);
}
END_TEST

START_TEST(says_why_and_what_to_check) {
    struct breaker breaker;
    struct error error;
    struct ledger batch = {{0}};
    batch.count[OUTCOME_TOUCH_KEPT] = 300;
    batch.count[OUTCOME_MALFORMED] = 200;
    batch.count[OUTCOME_TIME_INVALID] = 500;
    batch.count[OUTCOME_LATE] = 7;
    breaker_init(&breaker);
    breaker_add(&breaker, &batch);
    ck_assert(!breaker_error(&breaker, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_str_eq(
        error.message,
        "700 of the last 1000 records are dead letters (500 time_invalid, 200 malformed): stopped "
        "before they are committed\nhint: check \"time.field\" and \"time.format\" of the inputs");
}
END_TEST

/* Every reason is named with something to check. */
START_TEST(says_it_for_every_reason) {
    for (enum outcome o = 0; o < OUTCOME_COUNT; o++) {
        if (!outcome_is_dead_letter(o) || o == OUTCOME_LATE) continue;
        struct breaker breaker;
        struct error error;
        struct ledger batch = {{0}};
        batch.count[o] = 5000;
        breaker_init(&breaker);
        breaker_add(&breaker, &batch);
        ck_assert(breaker_is_open(&breaker));
        breaker_error(&breaker, &error);
        ck_assert_ptr_nonnull(strstr(error.message, outcome_name(o)));
        ck_assert_ptr_null(strstr(error.message, "check the records"));
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("breaker");
    tcase_add_test(tests, never_with_fewer_records);
    tcase_add_test(tests, from_half_on);
    tcase_add_test(tests, late_ones_are_no_records);
    tcase_add_test(tests, what_is_long_past_is_forgotten);
    tcase_add_test(tests, large_batches_count_by_their_shares);
    tcase_add_test(tests, batches_are_mixed);
    tcase_add_test(tests, says_why_and_what_to_check);
    tcase_add_test(tests, says_it_for_every_reason);
    return suite_run("pipeline.breaker", tests);
}
