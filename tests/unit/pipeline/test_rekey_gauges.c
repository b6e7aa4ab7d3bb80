/* A re-keyer that publishes while somebody looks: what is seen is always one whole snapshot. */
#include "pipeline/rekey_gauges.h"

#include "../suite.h"

enum { SEEN = 2000, MOST = 7 };

static atomic_bool enough;

static void *publish(void *context) {
    struct rekey_board *board = context;
    struct rekeyer_gauges gauges = {0};
    for (int round = 1; !atomic_load(&enough); round++) {
        gauges.count = 0;
        for (int i = 0; i < round % MOST; i++) {
            struct rekey_source_gauges *source = rekeyer_gauges_add(&gauges);
            source->partition = i;
            source->next = round;
        }
        gauges.gathered_us = round;
        gauges.transactions.committed = (uint64_t)round;
        rekey_board_publish(board, &gauges);
        atomic_store(&board->turned_us, round);
    }
    rekeyer_gauges_release(&gauges);
    return NULL;
}

START_TEST(a_snapshot_is_whole) {
    static struct rekey_board board;
    struct rekeyer_gauges copy = {0};
    pthread_t thread;
    int64_t before = 0;
    rekey_board_init(&board);
    rekey_board_copy(&board, &copy);
    ck_assert_int_eq(copy.gathered_us, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, publish, &board), 0);
    for (int seen = 0; seen < SEEN;) {
        rekey_board_copy(&board, &copy);
        ck_assert_int_ge(copy.gathered_us, before);
        ck_assert_int_eq(copy.count, copy.gathered_us % MOST);
        ck_assert_uint_eq(copy.transactions.committed, (uint64_t)copy.gathered_us);
        for (int i = 0; i < copy.count; i++) {
            ck_assert_int_eq(copy.sources[i].partition, i);
            ck_assert_int_eq(copy.sources[i].next, copy.gathered_us);
            ck_assert_int_eq(copy.sources[i].high, -1);
        }
        seen += copy.gathered_us > before;
        before = copy.gathered_us;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    rekeyer_gauges_release(&copy);
    rekey_board_release(&board);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("rekey_gauges");
    tcase_add_test(tests, a_snapshot_is_whole);
    return suite_run("pipeline.rekey_gauges", tests);
}
