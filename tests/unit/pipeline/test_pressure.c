#include "pipeline/pressure.h"

#include "../suite.h"
#include "base/time.h"

enum { SHARE = 100000 };

static enum pressure_news at(struct pressure *pressure, int64_t seconds, int percent) {
    return pressure_update(pressure, SHARE / 100 * percent, SHARE, seconds * TIME_SECOND);
}

START_TEST(is_high_from_95_to_90) {
    struct pressure pressure = {0};
    at(&pressure, 1, 95);
    ck_assert(!pressure.high);
    at(&pressure, 2, 96);
    ck_assert(pressure.high);
    at(&pressure, 3, 91);
    ck_assert(pressure.high);
    at(&pressure, 4, 90);
    ck_assert(!pressure.high);
    at(&pressure, 5, 94);
    ck_assert(!pressure.high);
}
END_TEST

START_TEST(says_so_at_once_and_every_minute) {
    struct pressure pressure = {0};
    int said = 0;
    ck_assert_int_eq(at(&pressure, 100, 50), PRESSURE_NONE);
    ck_assert_int_eq(at(&pressure, 101, 99), PRESSURE_HIGH);
    for (int second = 102; second <= 101 + 180; second++) said += at(&pressure, second, 99) == PRESSURE_HIGH;
    ck_assert_int_eq(said, 3);
    ck_assert_int_eq(pressure.since_us, 101 * TIME_SECOND);
}
END_TEST

/* As while a backlog is read: full, a commit, full again. */
START_TEST(one_spell_however_often_it_changes) {
    struct pressure pressure = {0};
    int said = 0;
    for (int second = 0; second < 59; second++)
        said += at(&pressure, second, second % 2 ? 80 : 99) != PRESSURE_NONE;
    ck_assert_int_eq(said, 1);
    ck_assert_int_eq(at(&pressure, 60, 99), PRESSURE_HIGH);
    ck_assert_int_eq(at(&pressure, 61, 80), PRESSURE_NONE);
    ck_assert_int_eq(at(&pressure, 69, 80), PRESSURE_NONE);
    ck_assert_int_eq(at(&pressure, 70, 80), PRESSURE_OVER);
    ck_assert_int_eq(at(&pressure, 71, 80), PRESSURE_NONE);
    ck_assert_int_eq(at(&pressure, 72, 99), PRESSURE_HIGH);
    ck_assert_int_eq(pressure.since_us, 72 * TIME_SECOND);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("pressure");
    tcase_add_test(tests, is_high_from_95_to_90);
    tcase_add_test(tests, says_so_at_once_and_every_minute);
    tcase_add_test(tests, one_spell_however_often_it_changes);
    return suite_run("pressure", tests);
}
