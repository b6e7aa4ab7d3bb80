#include "pipeline/budget.h"

#include "../suite.h"

#define MIB (INT64_C(1) << 20)

static struct budget_demand demand_of(int64_t mib, int workers, int partitions) {
    return (struct budget_demand){mib * MIB, workers, partitions, .restores = 4, .batch_rows = 10000};
}

static struct budget split(const struct budget_demand *demand) {
    struct budget budget;
    struct error error = {0};
    ck_assert_msg(budget_split(demand, &budget, &error), "%s", error.message);
    return budget;
}

static int64_t total(const struct budget *budget) {
    return budget->spare + budget->fixed + budget->queues + budget->restoring + budget->batches +
           budget->changes + budget->pending + budget->state;
}

/* What a full queue takes: its messages and a fetch that was twice as large uncompressed; some 380 bytes more
 * for each message, of which a queue holds no more than its limit says, if they are small. */
static int64_t cost_of(const struct fetch_limits *limits) {
    int64_t bytes = limits->queue_bytes + 2 * limits->fetch_bytes;
    int64_t large = bytes + bytes / 450 * 380, small = limits->messages * (100 + 380);
    return large > small ? large : small;
}

START_TEST(parts_never_exceed_the_whole) {
    static const int partitions[] = {1, 2, 4, 12, 64, 200}, workers[] = {1, 2, 4, 16};
    int split_up = 0;
    for (int64_t mib = 16; mib <= 1 << 20; mib += mib / 8)
        for (int p = 0; p < COUNT_OF(partitions); p++)
            for (int w = 0; w < COUNT_OF(workers); w++) {
                struct budget_demand demand = demand_of(mib, workers[w], partitions[p]);
                struct budget budget;
                struct error error;
                if (!budget_split(&demand, &budget, &error)) continue;
                split_up++;
                ck_assert_int_eq(total(&budget), budget.limit);
                ck_assert_int_ge(budget.state, 8 * MIB);
                ck_assert_int_le(cost_of(&budget.fetch) * partitions[p] * 2, budget.queues);
                ck_assert_int_le(cost_of(&budget.restore) * workers[w] * 4, budget.restoring);
                ck_assert_int_ge(budget.fetch.queue_bytes, 64 << 10);
                ck_assert_int_ge(budget.fetch.messages, 300);
                ck_assert(budget.batch_rows >= 100 && budget.batch_rows <= 10000);
                ck_assert(budget.unlogged >= 512 && budget.unlogged <= 65536);
            }
    ck_assert_int_gt(split_up, 100);
}
END_TEST

/* Of each worker. */
START_TEST(caches_are_reckoned_with) {
    struct budget_demand demand = demand_of(512, 2, 4), caching = demand;
    caching.caches = 5 * MIB;
    struct budget without = split(&demand), with = split(&caching);
    ck_assert_int_eq(with.fixed, without.fixed + 10 * MIB);
    ck_assert_int_eq(total(&with), with.limit);
    ck_assert_int_lt(with.state, without.state);
}
END_TEST

/* Source partitions have queues of the same size, and each worker a re-keyer. */
START_TEST(sources_are_reckoned_with) {
    struct budget_demand demand = demand_of(512, 2, 4), one = demand, many = demand;
    one.sources = 1;
    many.sources = 200;
    struct budget without = split(&demand), with = split(&one), crowded = split(&many);
    ck_assert_int_gt(with.fixed, without.fixed);
    ck_assert_int_eq(with.fixed, crowded.fixed); /* as many re-keyers */
    ck_assert_int_gt(with.queues, without.queues);
    ck_assert_int_lt(crowded.fetch.queue_bytes, without.fetch.queue_bytes / 4);
    ck_assert_int_le(cost_of(&crowded.fetch) * (2 * 4 + 200), crowded.queues);
    ck_assert_int_eq(total(&with), with.limit);
    ck_assert_int_eq(total(&crowded), crowded.limit);
}
END_TEST

START_TEST(few_partitions_have_full_speed) {
    struct budget_demand demand = demand_of(512, 1, 4);
    struct budget budget = split(&demand);
    ck_assert_int_eq(budget.fetch.queue_bytes, MIB);
    ck_assert_int_eq(budget.fetch.fetch_bytes, 128 << 10);
    ck_assert_int_eq(budget.fetch.messages, (1 << 20) / 200);
    ck_assert_int_eq(budget.batch_rows, 10000);
    ck_assert_int_eq(budget.pending, 16 * MIB);
    ck_assert_int_ge(budget.state, 512 * MIB / 2);
}
END_TEST

START_TEST(many_partitions_shrink_the_queues_not_the_state) {
    struct budget_demand few = demand_of(512, 1, 4), many = demand_of(512, 1, 256);
    struct budget wide = split(&many), narrow = split(&few);
    ck_assert_int_lt(wide.fetch.queue_bytes, narrow.fetch.queue_bytes / 4);
    ck_assert_int_le(wide.queues, 512 * MIB * 28 / 100);
    ck_assert_int_ge(wide.state, 512 * MIB * 4 / 10);
}
END_TEST

START_TEST(more_goes_to_the_state) {
    struct budget_demand small = demand_of(1024, 1, 4), large = demand_of(2048, 1, 4);
    int64_t more = split(&large).state - split(&small).state;
    ck_assert_int_ge(more, 1024 * MIB * 85 / 100);
}
END_TEST

START_TEST(a_small_batch_stays_small) {
    struct budget_demand demand = demand_of(512, 1, 4);
    demand.batch_rows = 7;
    ck_assert_int_eq(split(&demand).batch_rows, 7);
}
END_TEST

START_TEST(too_little_says_how_much) {
    struct budget_demand demand = demand_of(48, 1, 64);
    struct budget budget;
    struct error error;
    ck_assert(!budget_split(&demand, &budget, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    int64_t needed = budget_for_state(&demand, 8 * MIB) / MIB;
    char hint[100];
    snprintf(hint, sizeof hint, "hint: set `memory_limit: %dMiB` or more", (int)needed);
    ck_assert_ptr_nonnull(strstr(error.message, "48.0MiB is too little for 1 worker and 64 partitions"));
    ck_assert_ptr_nonnull(strstr(error.message, hint));
    demand.limit = needed * MIB;
    split(&demand);
    demand.limit -= MIB;
    ck_assert(!budget_split(&demand, &budget, &error));
}
END_TEST

START_TEST(finds_the_limit_for_a_state) {
    for (int64_t state = 8; state < 100000; state *= 3) {
        struct budget_demand demand = demand_of(0, 2, 12);
        demand.limit = budget_for_state(&demand, state * MIB);
        ck_assert_int_ge(split(&demand).state, state * MIB);
        ck_assert_int_le(split(&demand).state, (state + 1) * MIB);
    }
}
END_TEST

START_TEST(limits_become_properties) {
    struct fetch_limits limits = FETCH_LIMITS_FULL;
    struct fetch_texts texts;
    struct client_setting settings[FETCH_SETTINGS];
    fetch_settings(&limits, &texts, settings);
    ck_assert_str_eq(settings[0].name, "queued.min.messages");
    ck_assert_str_eq(settings[0].value, "5242");
    ck_assert_str_eq(settings[1].name, "queued.max.messages.kbytes");
    ck_assert_str_eq(settings[1].value, "1024");
    ck_assert_str_eq(settings[2].name, "fetch.message.max.bytes");
    ck_assert_str_eq(settings[2].value, "131072");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("budget");
    tcase_add_test(tests, parts_never_exceed_the_whole);
    tcase_add_test(tests, caches_are_reckoned_with);
    tcase_add_test(tests, sources_are_reckoned_with);
    tcase_add_test(tests, few_partitions_have_full_speed);
    tcase_add_test(tests, many_partitions_shrink_the_queues_not_the_state);
    tcase_add_test(tests, more_goes_to_the_state);
    tcase_add_test(tests, a_small_batch_stays_small);
    tcase_add_test(tests, too_little_says_how_much);
    tcase_add_test(tests, finds_the_limit_for_a_state);
    tcase_add_test(tests, limits_become_properties);
    return suite_run("budget", tests);
}
