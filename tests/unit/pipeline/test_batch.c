/* What becomes of a batch when the database does not take one of its rows. */
#include "pipeline/batch.h"

#include <inttypes.h>
#include <stdio.h>

#include "plans.h"

enum { CONVERSIONS = 10, BASE_S = 1700000000 };

struct taken {
    struct planned planned;
    struct join join;
    struct partition *partitions[2];
    struct batch batch;
};

static struct record record_at(int64_t offset, const char *value) {
    return (struct record){
        .offset = offset, .timestamp_us = (BASE_S + 3000) * INT64_C(1000000), .value = span_of(value)};
}

/* Conversions at the offsets 100, 102, … of both partitions, the fourth of each not readable; one touch that
 * is kept and one that is not. */
static void fill(struct partition *partition) {
    char json[100];
    struct record record = record_at(0, "{");
    partition_touch(partition, &record);
    for (int i = 0; i < CONVERSIONS; i++) {
        snprintf(json, sizeof json, "{\"id\": %d, \"user\": 1, \"at\": %d}", i, BASE_S);
        record = record_at(100 + i * 2, i == 3 ? "[]" : json);
        partition_conversion(partition, &record);
    }
    snprintf(json, sizeof json, "{\"user\": 1, \"at\": %d}", BASE_S + 3000);
    record = record_at(1, json);
    partition_touch(partition, &record);
}

static void take(struct taken *taken) {
    struct error error;
    struct progress progress = PROGRESS_START(0, 0);
    taken->planned = plan_of("outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n");
    ck_assert(join_init(&taken->join, taken->planned.plan, 1, &error));
    for (int i = 0; i < 2; i++) {
        taken->partitions[i] = partition_new(&taken->join, i, &progress, NULL, NULL);
        fill(taken->partitions[i]);
    }
    batch_init(&taken->batch, taken->planned.plan);
    ck_assert(batch_take(&taken->batch, taken->partitions, 2, 1000));
    batch_build(&taken->batch, NULL);
}

static void release(struct taken *taken) {
    batch_release(&taken->batch);
    for (int i = 0; i < 2; i++) partition_free(taken->partitions[i]);
    join_release(&taken->join);
    planned_free(&taken->planned);
}

START_TEST(counts_what_it_moves_past) {
    struct taken taken;
    take(&taken);
    struct ledger outcomes = batch_outcomes(&taken.batch);
    ck_assert_uint_eq(ledger_total(&outcomes), 2 * (CONVERSIONS + 2));
    ck_assert_uint_eq(outcomes.count[OUTCOME_UNATTRIBUTED], 2 * (CONVERSIONS - 1));
    ck_assert_uint_eq(outcomes.count[OUTCOME_NOT_AN_OBJECT], 2);
    ck_assert_uint_eq(outcomes.count[OUTCOME_MALFORMED], 2);
    ck_assert_uint_eq(outcomes.count[OUTCOME_TOUCH_KEPT], 2);
    batch_commit(&taken.batch);
    batch_reset(&taken.batch);
    outcomes = batch_outcomes(&taken.batch);
    ck_assert_uint_eq(ledger_total(&outcomes), 0);
    release(&taken);
}
END_TEST

START_TEST(a_refused_row_becomes_a_dead_letter) {
    struct taken taken;
    take(&taken);
    struct batch *batch = &taken.batch;
    int rows = batch->row_count, dead = batch->dead_count;
    ck_assert_int_eq(rows, 2 * (CONVERSIONS - 1));
    batch_refuse(batch, 1, 100 + 2 * 4, "no");
    ck_assert_int_eq(batch->row_count, rows - 1);
    ck_assert_int_eq(batch->dead_count, dead + 1);
    const struct dead_letter *letter = &batch->dead[dead];
    ck_assert_int_eq(letter->partition, 1);
    ck_assert_int_eq(letter->record->offset, 108);
    ck_assert_int_eq(letter->outcome, OUTCOME_ROW_REFUSED);
    assert_span(letter->detail, "no");
    ck_assert_str_eq(letter->input->name, "c");
    struct ledger outcomes = batch_outcomes(batch);
    ck_assert_uint_eq(outcomes.count[OUTCOME_ROW_REFUSED], 1);
    ck_assert_uint_eq(outcomes.count[OUTCOME_UNATTRIBUTED], 2 * (CONVERSIONS - 1) - 1);
    ck_assert_uint_eq(batch->parts[0].cut.progress.conversion_ledger.count[OUTCOME_ROW_REFUSED], 0);
    ck_assert_uint_eq(batch->parts[1].cut.progress.conversion_ledger.count[OUTCOME_ROW_REFUSED], 1);
    /* The others are all there, in their order. */
    for (int i = 0, at = 0; i < 2 * CONVERSIONS; i++) {
        int partition = i / CONVERSIONS, n = i % CONVERSIONS;
        if (n == 3 || (partition == 1 && n == 4)) continue;
        ck_assert_int_eq(batch->rows[at].partition, partition);
        ck_assert_int_eq(batch->rows[at++].offset, 100 + n * 2);
    }
    release(&taken);
}
END_TEST

START_TEST(every_row_can_be_refused_once) {
    struct taken taken;
    take(&taken);
    struct batch *batch = &taken.batch;
    for (int round = 0; round < 2; round++)
        for (int partition = 0; partition < 2; partition++)
            for (int i = 0; i < CONVERSIONS; i++) batch_refuse(batch, partition, 100 + i * 2, "no");
    ck_assert_int_eq(batch->row_count, 0);
    ck_assert_int_eq(batch->dead_count, 2 * (CONVERSIONS + 1));
    struct ledger outcomes = batch_outcomes(batch);
    ck_assert_uint_eq(outcomes.count[OUTCOME_ROW_REFUSED], 2 * (CONVERSIONS - 1));
    ck_assert_uint_eq(ledger_total(&outcomes), 2 * (CONVERSIONS + 2));
    release(&taken);
}
END_TEST

/* Offsets between, before and behind, and a partition that has been dropped meanwhile. */
START_TEST(what_is_not_there_is_not_refused) {
    struct taken taken;
    take(&taken);
    struct batch *batch = &taken.batch;
    int rows = batch->row_count;
    batch_refuse(batch, 0, 99, "no");
    batch_refuse(batch, 0, 101, "no");
    batch_refuse(batch, 0, 1000, "no");
    batch_refuse(batch, 0, 106, "no"); /* a dead letter already */
    batch_refuse(batch, 7, 100, "no");
    ck_assert_int_eq(batch->row_count, rows);
    batch_drop(batch, taken.partitions[0]);
    batch_refuse(batch, 0, 100, "no");
    ck_assert_int_eq(batch->row_count, CONVERSIONS - 1);
    ck_assert_int_eq(batch->dead_count, 2);
    release(&taken);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("batch");
    tcase_add_test(tests, counts_what_it_moves_past);
    tcase_add_test(tests, a_refused_row_becomes_a_dead_letter);
    tcase_add_test(tests, every_row_can_be_refused_once);
    tcase_add_test(tests, what_is_not_there_is_not_refused);
    return suite_run("pipeline.batch", tests);
}
