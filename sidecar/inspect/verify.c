#include "inspect/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/dead_letter_scan.h"
#include "inspect/expected.h"
#include "inspect/recompute.h"
#include "inspect/tables.h"

enum { EXCUSE_COUNT = 50000 };

struct verify {
    const struct pipeline *pipeline;
    const struct verify_options *options;
    struct verify_result *result;
    struct plan *plan;
    struct inspection inspection;
    struct tables tables;
    struct expected *expected;
    struct expected_row *rows; /* of one batch */
    int row_capacity;
    struct recompute_start *starts; /* by result->partitions */
    struct verify_partition *current;
    const struct offset_ranges *early; /* its conversions that are not final and have a row */
    uint64_t done, total;              /* records */
    int *excuse_partitions;
    int64_t *excuse_offsets;
    int excuse_count;
};

/* --- recomputing --- */

static bool look_up(void *context, struct batch *batch, struct error *error) {
    const struct verify *verify = context;
    return tables_look_up(&verify->tables, &verify->inspection, batch, error);
}

static void reserve_rows(struct verify *verify, int count) {
    if (count <= verify->row_capacity) return;
    verify->row_capacity = count;
    verify->rows = memory_realloc(verify->rows, (size_t)count * sizeof *verify->rows);
}

static bool take(void *context, const struct batch *batch, uint64_t number, struct error *error) {
    struct verify *verify = context;
    struct verify_partition *current = verify->current;
    reserve_rows(verify, batch->row_count);
    const struct batch_part *part = &batch->parts[0];
    uint64_t n = part->cut.from;
    int count = 0;
    for (int r = 0; r < batch->row_count; r++) {
        const struct pending *pending = partition_pending_at(part->partition, n);
        while (pending->record.offset != batch->rows[r].offset)
            pending = partition_pending_at(part->partition, ++n);
        bool early = pending->record.offset >= current->conversion_to;
        if (early && !offset_ranges_has(verify->early, pending->record.offset)) continue;
        struct expected_row *row = &verify->rows[count++];
        *row = (struct expected_row){.row = &batch->rows[r],
                                     .optional =
                                         tables_row_is_optional(&verify->tables, batch, n - part->cut.from),
                                     .uncertain = early || pending->time_us < current->certain_from_us};
        current->uncertain += row->uncertain && !early;
        current->early += early;
    }
    current->rows += (uint64_t)count;
    if (verify->options->progress)
        verify->options->progress(verify->options->context, verify->done + number, verify->total);
    return expected_add(verify->expected, verify->rows, count, &verify->result->refused, error);
}

/* Conversions that are not final are read as far as they have rows: these are explained by them. */
static int64_t end_of(const struct inspected *partition) {
    const struct offset_ranges *early = &partition->stored.early;
    int64_t last = early->count ? early->items[early->count - 1].last : -1;
    return time_max(partition->stored.progress.conversion_offset, last + 1);
}

static struct recompute_options recompute_of(struct verify *verify, const struct join *join,
                                             const struct inspected *partition,
                                             const struct row_check *check) {
    return (struct recompute_options){.inspection = &verify->inspection,
                                      .partition = partition,
                                      .join = join,
                                      .conversion_end = end_of(partition),
                                      .check = check,
                                      .look_up = look_up,
                                      .take = take,
                                      .context = verify};
}

static struct verify_partition describe(const struct inspected *partition,
                                        const struct recompute_start *start) {
    return (struct verify_partition){.partition = partition->stored.partition,
                                     .conversion_from = start->conversion_offset,
                                     .conversion_to = partition->stored.progress.conversion_offset,
                                     .touch_from = start->touch_offset,
                                     .touches_gone = start->touches_gone,
                                     .conversions_gone = start->conversions_gone,
                                     .certain_from_us = start->certain_from_us};
}

static bool locate_all(struct verify *verify, const struct join *join, struct error *error) {
    struct verify_result *result = verify->result;
    result->partitions = memory_zalloc((size_t)verify->inspection.count, sizeof *result->partitions);
    verify->starts = memory_zalloc((size_t)verify->inspection.count, sizeof *verify->starts);
    for (int i = 0; i < verify->inspection.count; i++) {
        const struct inspected *partition = &verify->inspection.partitions[i];
        if (!partition->stored.located) continue;
        if (verify->options->partition >= 0 && verify->options->partition != partition->stored.partition)
            continue;
        struct recompute_options options = recompute_of(verify, join, partition, NULL);
        struct recompute_start *start = &verify->starts[result->count];
        if (!recompute_locate(&options, start, error)) return false;
        result->partitions[result->count++] = describe(partition, start);
        verify->total += recompute_size(&options, start);
    }
    return true;
}

static bool recompute_all(struct verify *verify, const struct join *join, struct error *error) {
    struct row_check check = postgres_output_check(verify->tables.output);
    for (int i = 0; i < verify->result->count; i++) {
        struct verify_partition *current = verify->current = &verify->result->partitions[i];
        const struct inspected *partition =
            inspection_partition(&verify->inspection, current->partition, error);
        verify->early = &partition->stored.early;
        struct recompute_options options = recompute_of(verify, join, partition, &check);
        if (!recompute_run(&options, &verify->starts[i], &current->undecided, error)) return false;
        if (current->touches_gone) current->undecided = 0; /* nobody can tell */
        verify->done += recompute_size(&options, &verify->starts[i]);
    }
    return true;
}

/* --- comparing --- */

/* What is not whole says nothing about rows that nobody expects. Rows of an append table have no key, so that
 * one which is uncertain cannot be told from one that should not be there. */
static bool looks_whole(const struct verify *verify) {
    bool append = verify->plan->output->write == WRITE_APPEND;
    if (verify->options->partition >= 0 || verify->options->shared_table) return false;
    for (int i = 0; i < verify->result->count; i++) {
        const struct verify_partition *partition = &verify->result->partitions[i];
        if (partition->conversions_gone || (append && partition->touches_gone)) return false;
    }
    return true;
}

static uint64_t failures(const struct verify_result *result) {
    const uint64_t *count = result->differences.count;
    return count[DIFFERENCE_MISSING] + count[DIFFERENCE_WRONG] + count[DIFFERENCE_DOUBLED] +
           count[DIFFERENCE_UNEXPLAINED];
}

static bool excuse(struct verify *verify, struct error *error) {
    int count = verify->excuse_count;
    verify->excuse_count = 0;
    verify->result->excused += (uint64_t)count;
    return !count ||
           expected_excuse(verify->expected, verify->excuse_partitions, verify->excuse_offsets, count, error);
}

/* What the database refused, or a lookup had no row for at the time, had a result and yet has no row. */
static bool is_excuse(enum outcome reason) {
    return reason == OUTCOME_VALUE_REFUSED || reason == OUTCOME_ROW_REFUSED ||
           reason == OUTCOME_LOOKUP_MISSING;
}

static bool take_dead_letter(void *context, const struct dead_letter_found *found, struct error *error) {
    struct verify *verify = context;
    if (!is_excuse(found->reason) || !span_is(found->topic, verify->plan->conversions->topic)) return true;
    verify->excuse_partitions[verify->excuse_count] = found->partition;
    verify->excuse_offsets[verify->excuse_count++] = found->offset;
    return verify->excuse_count < EXCUSE_COUNT || excuse(verify, error);
}

static bool excuse_dead_letters(struct verify *verify, struct error *error) {
    verify->excuse_partitions = memory_alloc(EXCUSE_COUNT * sizeof *verify->excuse_partitions);
    verify->excuse_offsets = memory_alloc(EXCUSE_COUNT * sizeof *verify->excuse_offsets);
    return dead_letter_scan(&verify->inspection, take_dead_letter, verify, error) && excuse(verify, error);
}

static bool compare(struct verify *verify, struct error *error) {
    struct verify_result *result = verify->result;
    result->whole = looks_whole(verify);
    if (!expected_compare(verify->expected, result->whole, &result->differences, error)) return false;
    if (failures(result)) {
        if (!excuse_dead_letters(verify, error)) return false;
        if (result->excused &&
            !expected_compare(verify->expected, result->whole, &result->differences, error))
            return false;
    }
    return expected_differences(verify->expected, verify->options->limit, verify->options->difference,
                                verify->options->context, error);
}

/* --- the whole --- */

static bool with_join(struct verify *verify, struct error *error) {
    struct join join;
    bool ok = join_init(&join, verify->tables.plan, 0, error) && locate_all(verify, &join, error) &&
              recompute_all(verify, &join, error) && compare(verify, error);
    join_release(&join);
    return ok;
}

static bool with_tables(struct verify *verify, struct error *error) {
    if (verify->options->partition >= 0 &&
        !inspection_partition(&verify->inspection, verify->options->partition, error))
        return false;
    if (!tables_open(&verify->tables, &verify->inspection, error)) return false;
    verify->expected = expected_new(&verify->inspection, verify->tables.table, error);
    return verify->expected && with_join(verify, error);
}

bool verify_run(const struct pipeline *pipeline, const struct verify_options *options,
                struct verify_result *result, struct error *error) {
    struct verify verify = {
        .pipeline = pipeline, .options = options, .result = result, .plan = plan_new(pipeline)};
    struct inspection_options inspection = {
        .pipeline = pipeline, .plan = verify.plan, .command = "verify", .stop = options->stop};
    *result = (struct verify_result){0};
    bool ok = inspection_open(&verify.inspection, &inspection, error) && with_tables(&verify, error);
    expected_free(verify.expected);
    tables_close(&verify.tables);
    inspection_close(&verify.inspection);
    plan_free(verify.plan);
    free(verify.starts);
    free(verify.rows);
    free(verify.excuse_partitions);
    free(verify.excuse_offsets);
    return ok;
}

void verify_result_release(struct verify_result *result) {
    free(result->partitions);
    *result = (struct verify_result){0};
}

bool verify_agrees(const struct verify_result *result) {
    uint64_t undecided = 0;
    for (int i = 0; i < result->count; i++) undecided += result->partitions[i].undecided;
    return !undecided && !failures(result);
}
