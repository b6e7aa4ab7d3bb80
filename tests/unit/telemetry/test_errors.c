#include "telemetry/errors.h"

#include "../suite.h"
#include "base/clock.h"

static struct errors_seen seen;

START_TEST(a_refusal_counts_for_a_while) {
    errors_look(&seen);
    ck_assert_ptr_null(errors_refusal(&seen, clock_monotonic_us()));
    errors_refused("_SSL");
    errors_refused("_AUTHENTICATION");
    errors_look(&seen);
    ck_assert_str_eq(errors_refusal(&seen, seen.refused_us), "_AUTHENTICATION");
    ck_assert_str_eq(errors_refusal(&seen, seen.refused_us + ERRORS_REFUSED_US - 1), "_AUTHENTICATION");
    ck_assert_ptr_null(errors_refusal(&seen, seen.refused_us + ERRORS_REFUSED_US));
}
END_TEST

START_TEST(counted_by_name) {
    errors_count(ERRORS_KAFKA, "_TRANSPORT", "_TRANSPORT");
    errors_count(ERRORS_POSTGRES, "40", "40001");
    errors_count(ERRORS_POSTGRES, "40", "40P01");
    errors_look(&seen);
    ck_assert_int_eq(seen.names[ERRORS_POSTGRES], 1);
    ck_assert_str_eq(seen.counts[ERRORS_POSTGRES][0].name, "40");
    ck_assert_uint_eq(seen.counts[ERRORS_POSTGRES][0].count, 2);
    ck_assert_int_eq(seen.last_source, ERRORS_POSTGRES);
    ck_assert_str_eq(seen.last_code, "40P01");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("errors");
    tcase_add_test(tests, a_refusal_counts_for_a_while);
    tcase_add_test(tests, counted_by_name);
    return suite_run("telemetry.errors", tests);
}
