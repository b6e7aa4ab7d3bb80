#include "pipeline/allowance.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/memory.h"
#include "plans.h"

#define MIB (INT64_C(1) << 20)

struct bench {
    struct planned planned;
    struct join join;
    struct budget_demand demand;
    struct budget budget;
    atomic_int partitions;
    struct allowance allowance;
    struct slot slots[2];
    struct batch batch;
    struct progress progress[2];
};

static void open_bench(struct bench *b, bool ends, int64_t state) {
    struct error error;
    *b = (struct bench){.planned =
                            plan_of("outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n")};
    ck_assert(join_init(&b->join, b->planned.plan, 1, &error));
    b->demand = (struct budget_demand){256 * MIB, 1, 2, .restores = 4, .batch_rows = 1000};
    ck_assert(budget_split(&b->demand, &b->budget, &error));
    b->budget.state = state;
    b->budget.pending = MIB;
    b->budget.limit = INT64_C(1) << 50; /* the test program itself may take what it likes */
    const struct allowance_options options = {&b->budget, &b->demand, &b->partitions, .ends = ends};
    allowance_init(&b->allowance, &options);
    arena_init(&b->batch.arena);
    for (int i = 0; i < 2; i++) {
        b->progress[i] = PROGRESS_START(0, 0);
        slot_init(&b->slots[i], partition_new(&b->join, i, &b->progress[i], NULL, NULL), INT64_MAX, INT64_MAX,
                  0);
    }
}

static void close_bench(struct bench *b) {
    for (int i = 0; i < 2; i++) partition_free(b->slots[i].partition);
    allowance_release(&b->allowance);
    ck_assert_int_eq(atomic_load(&b->partitions), 0);
    arena_release(&b->batch.arena);
    join_release(&b->join);
    planned_free(&b->planned);
}

static bool look(struct bench *b, int count, double seconds, struct error *error) {
    return allowance_look(&b->allowance, b->slots, count, &b->batch, (int64_t)(seconds * (double)TIME_SECOND),
                          error);
}

/* Reads touches into a partition until its store takes that much. */
static void fill(struct partition *partition, int64_t bytes) {
    char value[100];
    while ((int64_t)partition_store_bytes(partition) < bytes) {
        int64_t offset = partition_touch_next(partition);
        int len = snprintf(value, sizeof value, "{\"at\": %" PRId64 ", \"user\": %" PRId64 "}",
                           1000 + offset / 100, offset);
        struct record record = {.offset = offset, .timestamp_us = TIME_NONE, .value = {value, (size_t)len}};
        partition_touch(partition, &record);
    }
}

START_TEST(stops_touches_near_the_share) {
    struct bench b;
    struct error error;
    open_bench(&b, false, 8 * MIB);
    ck_assert(look(&b, 2, 1, &error));
    ck_assert(allowance_touches(&b.allowance));
    fill(b.slots[0].partition, 7 * MIB);
    ck_assert(look(&b, 2, 2, &error));
    ck_assert(allowance_touches(&b.allowance));
    fill(b.slots[1].partition, 2 * MIB);
    ck_assert(look(&b, 2, 3, &error));
    ck_assert(!allowance_touches(&b.allowance));
    ck_assert_int_gt(allowance_conversions(&b.allowance, 0, 500), 0);
    ck_assert(allowance_restores(&b.allowance));
    close_bench(&b);
}
END_TEST

/* Touches that cannot be read are held too, until their dead letters are written. */
START_TEST(counts_dead_letters) {
    struct bench b;
    struct error error;
    open_bench(&b, false, 8 * MIB);
    char *value = memory_zalloc(1, MIB);
    for (int i = 0; i < 5; i++) {
        struct record record = {.offset = i, .timestamp_us = TIME_NONE, .value = {value, MIB}};
        ck_assert(look(&b, 2, 1 + i, &error));
        ck_assert(allowance_touches(&b.allowance));
        partition_touch(b.slots[0].partition, &record);
    }
    free(value);
    ck_assert(look(&b, 2, 9, &error));
    ck_assert(!allowance_touches(&b.allowance));
    close_bench(&b);
}
END_TEST

/* Few large records are as many small ones: the next look is due. */
START_TEST(large_records_are_looked_at_soon) {
    struct bench b;
    struct error error;
    open_bench(&b, false, 8 * MIB);
    ck_assert(look(&b, 2, 1, &error));
    fill(b.slots[0].partition, 10 * MIB);
    allowance_count(&b.allowance, 3, 3000);
    ck_assert(look(&b, 2, 1, &error));
    ck_assert(allowance_touches(&b.allowance)); /* not looked at */
    allowance_count(&b.allowance, 10, 10 * MIB);
    ck_assert(look(&b, 2, 1, &error));
    ck_assert(!allowance_touches(&b.allowance));
    close_bench(&b);
}
END_TEST

/* Another worker of the process has as many partitions: each may take its half. */
START_TEST(shares_by_partitions) {
    struct bench b;
    struct error error;
    open_bench(&b, false, 8 * MIB);
    fill(b.slots[0].partition, 5 * MIB);
    ck_assert(look(&b, 2, 1, &error));
    ck_assert(allowance_touches(&b.allowance));
    atomic_fetch_add(&b.partitions, 2);
    ck_assert(look(&b, 2, 2, &error));
    ck_assert(!allowance_touches(&b.allowance));
    atomic_fetch_sub(&b.partitions, 2);
    ck_assert(look(&b, 2, 3, &error));
    ck_assert(allowance_touches(&b.allowance));
    close_bench(&b);
}
END_TEST

START_TEST(reads_conversions_as_far_as_they_fit) {
    struct bench b;
    struct error error;
    open_bench(&b, false, 8 * MIB);
    ck_assert(look(&b, 2, 1, &error));
    ck_assert_int_eq(allowance_conversions(&b.allowance, 0, 100), 100);
    ck_assert_int_eq(allowance_conversions(&b.allowance, 0, 500), 256);
    ck_assert_int_eq(allowance_conversions(&b.allowance, MIB / 2 - 10000, 500), 16);
    ck_assert_int_eq(allowance_conversions(&b.allowance, MIB / 2, 500), 0);
    close_bench(&b);
}
END_TEST

/* Only with --once: otherwise whoever runs it can still change something, and the log says so. */
START_TEST(standing_still_is_an_error_when_an_end_is_waited_for) {
    for (int ends = 0; ends < 2; ends++) {
        struct bench b;
        struct error error;
        open_bench(&b, ends, 2 * MIB);
        fill(b.slots[0].partition, 3 * MIB);
        ck_assert(allowance_moves(&b.allowance, false, 0, &error));
        ck_assert(look(&b, 2, 1, &error));
        ck_assert(allowance_moves(&b.allowance, false, 2 * TIME_SECOND, &error));
        ck_assert(allowance_moves(&b.allowance, true, 20 * TIME_SECOND, &error));
        ck_assert(allowance_moves(&b.allowance, false, 49 * TIME_SECOND, &error));
        ck_assert_int_eq(allowance_moves(&b.allowance, false, 51 * TIME_SECOND, &error), !ends);
        if (ends) ck_assert_ptr_nonnull(strstr(error.message, "the touches of one window do not fit"));
        close_bench(&b);
    }
}
END_TEST

/* A partition that has 1,000,000 touches stored, some of which are there again. */
static void restore(struct bench *b) {
    partition_free(b->slots[1].partition);
    b->progress[1].held.count = 1000000;
    b->progress[1].changelog_next = 10;
    b->progress[1].touch_offset = 1000000;
    b->slots[1].partition = partition_new(&b->join, 1, &b->progress[1], NULL, NULL);
    ck_assert(partition_is_restoring(b->slots[1].partition));
}

START_TEST(a_restore_that_needs_more_is_refused) {
    for (int ends = 0; ends < 2; ends++) {
        struct bench b;
        struct error error;
        open_bench(&b, ends, 4 * MIB);
        restore(&b);
        ck_assert(look(&b, 2, 1, &error));
        ck_assert(allowance_restores(&b.allowance));
        fill(b.slots[0].partition, 6 * MIB);
        ck_assert_int_eq(look(&b, 2, 2, &error), !ends);
        ck_assert(!allowance_restores(&b.allowance));
        if (!ends) ck_assert(look(&b, 2, 31, &error)); /* a rebalance may help */
        if (!ends) ck_assert(!look(&b, 2, 32.1, &error));
        ck_assert_int_eq(error.class, ERROR_CONFIG);
        ck_assert_ptr_nonnull(strstr(error.message, "the 2 partitions of worker 0 hold 1"));
        ck_assert_ptr_nonnull(strstr(error.message, "hint: set `memory_limit: "));
        close_bench(&b);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("allowance");
    tcase_add_test(tests, stops_touches_near_the_share);
    tcase_add_test(tests, counts_dead_letters);
    tcase_add_test(tests, large_records_are_looked_at_soon);
    tcase_add_test(tests, shares_by_partitions);
    tcase_add_test(tests, reads_conversions_as_far_as_they_fit);
    tcase_add_test(tests, standing_still_is_an_error_when_an_end_is_waited_for);
    tcase_add_test(tests, a_restore_that_needs_more_is_refused);
    return suite_run("allowance", tests);
}
