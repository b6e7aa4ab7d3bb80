#include "telemetry/health.h"

#include "../suite.h"

#define SECOND INT64_C(1000000)
#define NOW    (1000 * SECOND)

typedef bool judge_function(const struct health *health, int64_t now_us, struct buffer *why);

static void judged(judge_function *judge, const struct health *health, bool good, const char *text) {
    struct buffer why;
    buffer_init(&why);
    ck_assert_int_eq(judge(health, NOW, &why), good);
    ck_assert_str_eq(buffer_string(&why), text);
    buffer_release(&why);
}

static struct health_worker at_work(void) {
    return (struct health_worker){.turned_us = NOW - 5, .member = true, .assigned = 4, .reading = 4};
}

START_TEST(a_process_that_starts_is_alive_and_not_ready) {
    struct health health = {.count = 0};
    judged(health_is_alive, &health, true, "ok\n");
    judged(health_is_ready, &health, false, "starting: topics and tables are being looked at\n");
}
END_TEST

START_TEST(all_at_work) {
    struct health_worker workers[] = {at_work(), at_work()};
    struct health health = {.workers = workers, .count = 2};
    judged(health_is_alive, &health, true, "ok\n");
    judged(health_is_ready, &health, true, "ok\n");
    health.stopping = true;
    judged(health_is_alive, &health, true, "ok\n");
    judged(health_is_ready, &health, false, "stopping\n");
}
END_TEST

START_TEST(a_member_without_partitions_is_ready) {
    struct health_worker worker = {.turned_us = NOW, .member = true};
    struct health health = {.workers = &worker, .count = 1};
    judged(health_is_ready, &health, true, "ok\n");
    worker.member = false;
    judged(health_is_ready, &health, false,
           "worker 0: the consumer group has not assigned partitions to it\n");
}
END_TEST

START_TEST(a_loop_that_hangs) {
    struct health_worker workers[] = {at_work(), at_work()};
    struct health health = {.workers = workers, .count = 2};
    workers[1].turned_us = NOW - 30 * SECOND;
    judged(health_is_alive, &health, true, "ok\n");
    workers[1].turned_us--;
    judged(health_is_alive, &health, false, "worker 1: its loop has not turned for 30 s\n");
    judged(health_is_ready, &health, false, "worker 1: its loop has not turned for 30 s\n");
}
END_TEST

START_TEST(not_ready_until_all_is_read) {
    struct health_worker workers[] = {at_work(), at_work(), at_work()};
    struct health health = {.workers = workers, .count = 3};
    workers[0].claiming = true;
    workers[1].restoring = 2;
    workers[2].reading = 3;
    judged(health_is_alive, &health, true, "ok\n");
    judged(health_is_ready, &health, false,
           "worker 0: 4 partitions are being claimed\nworker 1: 2 of 4 partitions are being restored\n"
           "worker 2: 4 partitions are being claimed\n");
}
END_TEST

START_TEST(refused_by_the_brokers) {
    struct health_worker worker = at_work();
    struct health health = {.workers = &worker, .count = 1, .refused = "_AUTHENTICATION"};
    judged(health_is_alive, &health, true, "ok\n");
    judged(health_is_ready, &health, false, "the brokers refuse this process: _AUTHENTICATION\n");
}
END_TEST

START_TEST(rekeyers_alone) {
    struct health_worker rekeyers[] = {at_work(), {.turned_us = NOW, .member = true}};
    struct health health = {.rekeys_only = true};
    judged(health_is_ready, &health, false, "starting: topics and tables are being looked at\n");
    health.rekeyers = rekeyers;
    health.rekeyer_count = 2;
    judged(health_is_ready, &health, true, "ok\n");
    rekeyers[0].reading = 0;
    judged(health_is_ready, &health, false,
           "re-keyer 0: it has not committed yet since it was given its 4 partitions\n");
    rekeyers[1].member = false;
    rekeyers[0].reading = 4;
    judged(health_is_ready, &health, false,
           "re-keyer 1: the consumer group has not assigned partitions to it\n");
    judged(health_is_alive, &health, true, "ok\n");
    rekeyers[0].turned_us = NOW - 31 * SECOND;
    judged(health_is_alive, &health, false, "re-keyer 0: its loop has not turned for 31 s\n");
}
END_TEST

/* With --once the join comes later: it does not say that it joins before it does. */
START_TEST(rekeyers_before_the_join) {
    struct health_worker rekeyer = at_work(), worker = at_work();
    struct health health = {.rekeyers = &rekeyer, .rekeyer_count = 1};
    judged(health_is_ready, &health, false, "re-keying comes first: the join has not begun\n");
    health.workers = &worker;
    health.count = 1;
    judged(health_is_ready, &health, true, "ok\n");
    rekeyer.turned_us = 0;
    judged(health_is_ready, &health, false,
           "re-keyer 0: the consumer group has not assigned partitions to it\n");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("health");
    tcase_add_test(tests, a_process_that_starts_is_alive_and_not_ready);
    tcase_add_test(tests, all_at_work);
    tcase_add_test(tests, a_member_without_partitions_is_ready);
    tcase_add_test(tests, a_loop_that_hangs);
    tcase_add_test(tests, not_ready_until_all_is_read);
    tcase_add_test(tests, refused_by_the_brokers);
    tcase_add_test(tests, rekeyers_alone);
    tcase_add_test(tests, rekeyers_before_the_join);
    return suite_run("telemetry.health", tests);
}
