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

/* --- several rows a conversion --- */

enum { TOUCHES = 5 };

/* Five touches, of which those of user 1 are three, and conversions of users 1, 2, 3, 1. */
static void take_several(struct taken *taken, const char *model, uint64_t max_rows) {
    static const int users[TOUCHES] = {1, 2, 1, 2, 1};
    static const int converts[] = {1, 2, 3, 1};
    static const char *const totals[] = {"10", "\"5.001\"", "null", "true"};
    struct error error;
    struct progress progress = PROGRESS_START(0, 0);
    char json[100];
    *taken = (struct taken){0};
    taken->planned =
        plan_with(model, "outputs: [{postgres: {table: r, primary_key: [id, n], columns: [id,"
                         " n: attribution.touch_number, of: attribution.touch_count, touch: t._offset,"
                         " credit: attribution.credit, amount: attribution.amount]}}]\n");
    ck_assert(join_init(&taken->join, taken->planned.plan, 1, &error));
    for (int p = 0; p < 2; p++) {
        taken->partitions[p] = partition_new(&taken->join, p, &progress, NULL, NULL);
        for (int i = 0; i < TOUCHES; i++) {
            snprintf(json, sizeof json, "{\"user\": %d, \"at\": %d}", users[i], BASE_S + i);
            struct record record = record_at(i, json);
            partition_touch(taken->partitions[p], &record);
        }
        for (int i = 0; i < COUNT_OF(converts); i++) {
            snprintf(json, sizeof json, "{\"id\": %d, \"user\": %d, \"at\": %d, \"total\": %s}", i,
                     converts[i], BASE_S + 10, totals[i]);
            struct record record = record_at(100 + i, json);
            partition_conversion(taken->partitions[p], &record);
        }
        partition_advance_touches(taken->partitions[p]);
    }
    batch_init(&taken->batch, taken->planned.plan);
    ck_assert(batch_take(&taken->batch, taken->partitions, 2, max_rows));
    batch_build(&taken->batch, NULL);
}

static void assert_row(const struct row *row, int64_t offset, const char *texts) {
    char found[200] = "";
    size_t len = 0;
    ck_assert_int_eq(row->offset, offset);
    for (int c = 0; c < 6; c++)
        len += (size_t)snprintf(found + len, sizeof found - len, "%s%.*s", c ? " " : "",
                                row->values[c].text.data ? (int)row->values[c].text.len : 4,
                                row->values[c].text.data ? row->values[c].text.data : "null");
    ck_assert_str_eq(found, texts);
}

/* The last of each partition has no amount: a dead letter, counted once, and no row of it. */
START_TEST(rows_for_each_touch) {
    struct taken taken;
    take_several(&taken, ", model: linear, credit_of: total", 1000);
    const struct row *rows = taken.batch.rows;
    ck_assert_int_eq(taken.batch.row_count, 12);
    assert_row(&rows[0], 100, "0 1 3 0 0.333334 3.34");
    assert_row(&rows[1], 100, "0 2 3 2 0.333333 3.33");
    assert_row(&rows[2], 100, "0 3 3 4 0.333333 3.33");
    assert_row(&rows[3], 101, "1 1 2 1 0.500000 2.501");
    assert_row(&rows[4], 101, "1 2 2 3 0.500000 2.500");
    assert_row(&rows[5], 102, "2 1 0 null 1.000000 null");
    static const int counts[] = {3, 3, 3, 2, 2, 1};
    for (int i = 0; i < 12; i++) ck_assert_int_eq(rows[i].row_count, counts[i % 6]);
    ck_assert_int_eq(taken.batch.dead_count, 2);
    assert_span(taken.batch.dead[0].detail, "field \"total\": \"true\" is not a number");
    struct ledger outcomes = batch_outcomes(&taken.batch);
    ck_assert_uint_eq(outcomes.count[OUTCOME_ATTRIBUTED], 4);
    ck_assert_uint_eq(outcomes.count[OUTCOME_UNATTRIBUTED], 2);
    ck_assert_uint_eq(outcomes.count[OUTCOME_VALUE_REFUSED], 2);
    release(&taken);
}
END_TEST

START_TEST(all_rows_of_a_conversion_are_refused) {
    struct taken taken;
    take_several(&taken, ", model: linear, credit_of: total", 1000);
    batch_refuse(&taken.batch, 1, 100, "no");
    ck_assert_int_eq(taken.batch.row_count, 9);
    ck_assert_int_eq(taken.batch.dead_count, 3);
    for (int i = 0; i < 9; i++)
        ck_assert(taken.batch.rows[i].partition == 0 || taken.batch.rows[i].offset > 100);
    struct ledger outcomes = batch_outcomes(&taken.batch);
    ck_assert_uint_eq(outcomes.count[OUTCOME_ROW_REFUSED], 1);
    ck_assert_uint_eq(outcomes.count[OUTCOME_ATTRIBUTED], 3);
    release(&taken);
}
END_TEST

/* A model that chooses one shows the same columns. */
START_TEST(a_row_for_one_touch) {
    struct taken taken;
    take_several(&taken, ", model: last, credit_of: total, credit_scale: 2", 1000);
    const struct row *rows = taken.batch.rows;
    ck_assert_int_eq(taken.batch.row_count, 6);
    assert_row(&rows[0], 100, "0 1 1 4 1.00 10.00");
    assert_row(&rows[1], 101, "1 1 1 3 1.00 5.001");
    assert_row(&rows[2], 102, "2 1 0 null 1.00 null");
    release(&taken);
    take_several(&taken, ", model: first, reach: 2, credit_of: total, credit_scale: 0", 1000);
    assert_row(&taken.batch.rows[0], 100, "0 1 1 2 1 10.00");
    release(&taken);
}
END_TEST

static int rows_of(const struct batch *batch, int partition) {
    int rows = 0;
    for (int i = 0; i < batch->row_count; i++) rows += batch->rows[i].partition == partition;
    return rows;
}

static void next(struct taken *taken, uint64_t max_rows) {
    batch_commit(&taken->batch);
    batch_reset(&taken->batch);
    ck_assert(batch_take(&taken->batch, taken->partitions, 2, max_rows));
    batch_build(&taken->batch, NULL);
}

/* A conversion is taken whole, and what it takes too much the others wait for; each is the first in turn. */
START_TEST(a_batch_has_about_so_many_rows) {
    struct taken taken;
    take_several(&taken, ", model: linear, credit_of: total", 1);
    ck_assert_int_eq(rows_of(&taken.batch, 0), 3);
    ck_assert_int_eq(rows_of(&taken.batch, 1), 0);
    next(&taken, 1);
    ck_assert_int_eq(rows_of(&taken.batch, 0), 0);
    ck_assert_int_eq(rows_of(&taken.batch, 1), 3);
    next(&taken, 4); /* 2 + 1, and those of the last, which turn out to be none */
    ck_assert_int_eq(rows_of(&taken.batch, 0), 3);
    ck_assert_int_eq(rows_of(&taken.batch, 1), 0);
    next(&taken, 100);
    ck_assert_int_eq(rows_of(&taken.batch, 1), 3);
    ck_assert_int_eq(taken.batch.row_count, 3);
    batch_commit(&taken.batch);
    batch_reset(&taken.batch);
    ck_assert(!batch_take(&taken.batch, taken.partitions, 2, 100));
    for (int p = 0; p < 2; p++) ck_assert_uint_eq(partition_pending_bytes(taken.partitions[p]), 0);
    release(&taken);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("batch");
    tcase_add_test(tests, counts_what_it_moves_past);
    tcase_add_test(tests, a_refused_row_becomes_a_dead_letter);
    tcase_add_test(tests, every_row_can_be_refused_once);
    tcase_add_test(tests, what_is_not_there_is_not_refused);
    tcase_add_test(tests, rows_for_each_touch);
    tcase_add_test(tests, all_rows_of_a_conversion_are_refused);
    tcase_add_test(tests, a_row_for_one_touch);
    tcase_add_test(tests, a_batch_has_about_so_many_rows);
    return suite_run("pipeline.batch", tests);
}
