/* A worker that publishes while somebody looks: what is seen is always one whole snapshot. */
#include "pipeline/gauges.h"

#include "../suite.h"

enum { SEEN = 2000, MOST = 7 };

static atomic_bool enough;

static void *publish(void *context) {
    struct gauges_board *board = context;
    for (int round = 1; !atomic_load(&enough); round++) {
        struct worker_gauges *draft = gauges_board_draft(board);
        for (int i = 0; i < round % MOST; i++) {
            struct partition_gauges *partition = worker_gauges_add(draft);
            partition->number = i;
            partition->touches = (uint64_t)round;
        }
        for (int i = 0; i < round % 3; i++)
            worker_gauges_add_lookup(draft, (struct enquiry_counts){.found = (uint64_t)round});
        draft->gathered_us = round;
        gauges_board_publish(board);
        atomic_store(&board->turned_us, round);
    }
    return NULL;
}

START_TEST(a_snapshot_is_whole) {
    static struct gauges_board board;
    struct worker_gauges copy = {0};
    pthread_t thread;
    int64_t before = 0;
    gauges_board_init(&board);
    ck_assert_int_eq(pthread_create(&thread, NULL, publish, &board), 0);
    for (int seen = 0; seen < SEEN;) {
        gauges_board_copy(&board, &copy);
        ck_assert_int_ge(copy.gathered_us, before);
        ck_assert_int_eq(copy.count, copy.gathered_us % MOST);
        for (int i = 0; i < copy.count; i++) {
            ck_assert_int_eq(copy.partitions[i].number, i);
            ck_assert_uint_eq(copy.partitions[i].touches, (uint64_t)copy.gathered_us);
            ck_assert_int_eq(copy.partitions[i].high[0], -1);
        }
        ck_assert_int_eq(copy.lookup_count, copy.gathered_us % 3);
        for (int i = 0; i < copy.lookup_count; i++)
            ck_assert_uint_eq(copy.lookups[i].found, (uint64_t)copy.gathered_us);
        seen += copy.gathered_us > before;
        before = copy.gathered_us;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    worker_gauges_release(&copy);
    gauges_board_release(&board);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("gauges");
    tcase_add_test(tests, a_snapshot_is_whole);
    return suite_run("pipeline.gauges", tests);
}
