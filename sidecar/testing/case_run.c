#include "testing/case_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/batch.h"
#include "transform/lookup_table.h"

enum { BATCH_ROWS = 1000 };

struct flow {
    int64_t active_us; /* virtual: the last record, or the start */
    bool idle;
};

struct lane {
    struct partition *partition;
    struct flow flows[2]; /* by case_side */
};

/* A row or dead letter, and what it is sorted by. */
struct result {
    struct actual_row row;
    int64_t major, minor; /* partition and offset of a row; 0 and the number of the event of a dead letter */
};

struct results {
    struct result *items;
    int count, capacity;
};

struct run {
    const struct case_pipeline *pipeline;
    const struct plan *plan;
    const struct test_case *test;
    struct arena arena; /* of the results */
    struct lane *lanes;
    struct lookup_table **lookups, **key_lookups[2]; /* those before the key of conversions and touches */
    struct batch batch;
    int64_t now_us;
    struct results rows, dead_letters;
};

/* --- results --- */

static struct result *results_add(struct results *results) {
    if (results->count == results->capacity) {
        results->capacity = results->capacity ? results->capacity * 2 : 16;
        results->items = memory_realloc(results->items, (size_t)results->capacity * sizeof *results->items);
    }
    return &results->items[results->count++];
}

static int by_order(const void *left, const void *right) {
    const struct result *a = left, *b = right;
    if (a->major != b->major) return a->major < b->major ? -1 : 1;
    return a->minor < b->minor ? -1 : a->minor > b->minor;
}

static void results_sort(struct results *results) {
    if (results->count) qsort(results->items, (size_t)results->count, sizeof *results->items, by_order);
}

static const char *place(struct run *run, const char *input, int partition, int64_t offset) {
    return arena_printf(&run->arena, "%s[%d]@%" PRId64, input, partition, offset).data;
}

static struct value *copy_values(struct run *run, const struct row *row) {
    int count = run->plan->output->column_count;
    struct value *values = arena_alloc(&run->arena, (size_t)count * sizeof *values);
    for (int i = 0; i < count; i++)
        values[i] = (struct value){row->values[i].type, arena_copy(&run->arena, row->values[i].text)};
    return values;
}

static bool same_primary_key(const struct plan *plan, const struct value *a, const struct value *b) {
    for (int k = 0; k < plan->output->primary_key_count; k++)
        if (!span_equal(a[plan->primary_key[k]].text, b[plan->primary_key[k]].text)) return false;
    return true;
}

/* Where an upsert puts the row: over the one with its primary key, or a new one. */
static struct result *target_of(struct run *run, const struct row *row) {
    bool upsert = run->plan->output->write == WRITE_UPSERT;
    for (int i = 0; upsert && i < run->rows.count; i++)
        if (same_primary_key(run->plan, run->rows.items[i].row.values, row->values))
            return &run->rows.items[i];
    return results_add(&run->rows);
}

static bool same_conversion(const struct plan *plan, const struct value *a, const struct value *b) {
    for (int k = 0; k < plan->conversion_key_count; k++)
        if (!span_equal(a[plan->conversion_key[k]].text, b[plan->conversion_key[k]].text)) return false;
    return true;
}

/* The first row of a conversion takes the place of all those that an older one with its key has. */
static void forget_older(struct run *run, const struct row *row) {
    int kept = 0;
    if (!run->plan->output->several || run->plan->output->write != WRITE_UPSERT || row->touch_number > 1)
        return;
    for (int i = 0; i < run->rows.count; i++)
        if (!same_conversion(run->plan, run->rows.items[i].row.values, row->values))
            run->rows.items[kept++] = run->rows.items[i];
    run->rows.count = kept;
}

static void keep_row(struct run *run, const struct row *row) {
    forget_older(run, row);
    const char *where = place(run, run->plan->conversions->name, row->partition, row->offset);
    *target_of(run, row) = (struct result){{copy_values(run, row), where}, row->partition, row->offset};
}

static int event_of(const struct run *run, enum case_side side, int partition, int64_t offset) {
    for (int i = 0; i < run->test->event_count; i++) {
        const struct case_event *event = &run->test->events[i];
        if (!event->advance_us && event->side == side && event->partition == partition &&
            event->record.offset == offset)
            return i;
    }
    return run->test->event_count;
}

static struct value text_value(struct run *run, struct span text) {
    return (struct value){VALUE_STRING, arena_copy(&run->arena, text)};
}

static struct value number_value(struct run *run, int64_t number) {
    return (struct value){VALUE_NUMBER, arena_printf(&run->arena, "%" PRId64, number)};
}

static void keep_dead_letter(struct run *run, const struct dead_letter *dead) {
    int64_t offset = dead->record->offset;
    enum case_side side = dead->input == run->plan->touches ? CASE_TOUCHES : CASE_CONVERSIONS;
    struct value *values = arena_alloc(&run->arena, DEAD_COLUMNS * sizeof *values);
    values[DEAD_INPUT] = text_value(run, span_of(dead->input->name));
    values[DEAD_PARTITION] = number_value(run, dead->partition);
    values[DEAD_OFFSET] = number_value(run, offset);
    values[DEAD_REASON] = text_value(run, span_of(outcome_name(dead->outcome)));
    values[DEAD_DETAIL] = text_value(run, dead->detail);
    *results_add(&run->dead_letters) =
        (struct result){{values, place(run, dead->input->name, dead->partition, offset)},
                        0,
                        event_of(run, side, dead->partition, offset)};
}

/* --- running --- */

static void commit(struct run *run, struct lane *lane) {
    struct batch *batch = &run->batch;
    while (batch_take(batch, &lane->partition, 1, BATCH_ROWS)) {
        lookup_tables_answer(run->lookups, &batch->lookups);
        batch_build(batch, NULL);
        for (int i = 0; i < batch->row_count; i++) keep_row(run, &batch->rows[i]);
        for (int i = 0; i < batch->dead_count; i++) keep_dead_letter(run, &batch->dead[i]);
        batch_commit(batch);
        batch_reset(batch);
    }
}

/* As the worker does in each of its turns. */
static void serve(struct run *run, struct lane *lane) {
    if (lane->flows[CASE_TOUCHES].idle) partition_advance_touches(lane->partition);
    if (lane->flows[CASE_CONVERSIONS].idle) partition_advance_conversions(lane->partition);
    commit(run, lane);
}

static void read_record(struct run *run, const struct case_event *event) {
    struct lane *lane = &run->lanes[event->partition];
    lane->flows[event->side] = (struct flow){.active_us = run->now_us};
    bool touch = event->side == CASE_TOUCHES;
    rekey_memory_read(run->pipeline->rekey[touch], run->key_lookups[touch], lane->partition, touch,
                      &event->record);
    serve(run, lane);
}

static void judge_idle(const struct run *run, struct flow *flow, const struct input_config *input) {
    if (input->idle_timeout_us > 0 && run->now_us - flow->active_us >= input->idle_timeout_us)
        flow->idle = true;
}

static void advance_clock(struct run *run, int64_t span_us) {
    run->now_us = time_add(run->now_us, span_us);
    for (int i = 0; i < run->test->partitions; i++) {
        struct lane *lane = &run->lanes[i];
        judge_idle(run, &lane->flows[CASE_TOUCHES], run->plan->touches);
        judge_idle(run, &lane->flows[CASE_CONVERSIONS], run->plan->conversions);
        serve(run, lane);
    }
}

static void run_events(struct run *run) {
    for (int i = 0; i < run->test->event_count; i++) {
        const struct case_event *event = &run->test->events[i];
        if (event->advance_us)
            advance_clock(run, event->advance_us);
        else
            read_record(run, event);
    }
    for (int i = 0; i < run->test->partitions; i++) {
        if (run->test->close) partition_advance_touches(run->lanes[i].partition);
        commit(run, &run->lanes[i]);
    }
    results_sort(&run->rows);
    results_sort(&run->dead_letters);
}

/* --- judging --- */

static struct actual_rows actual(struct run *run, const struct results *results, struct actual_rows shape) {
    struct actual_row *items = arena_alloc(&run->arena, (size_t)results->count * sizeof *items);
    for (int i = 0; i < results->count; i++) items[i] = results->items[i].row;
    shape.items = items;
    shape.count = results->count;
    return shape;
}

static struct actual_rows actual_table(struct run *run) {
    const struct output_config *output = run->plan->output;
    const char **columns = arena_alloc(&run->arena, (size_t)output->column_count * sizeof(char *));
    for (int i = 0; i < output->column_count; i++) columns[i] = output->columns[i].name;
    return actual(run, &run->rows,
                  (struct actual_rows){.noun = "row",
                                       .order = "rows are compared in the order of partition and offset",
                                       .columns = columns,
                                       .column_count = output->column_count});
}

static struct actual_rows actual_dead_letters(struct run *run) {
    return actual(run, &run->dead_letters,
                  (struct actual_rows){.noun = "dead letter",
                                       .order = "dead letters are compared in the order of the events",
                                       .columns = case_dead_letter_columns,
                                       .column_count = DEAD_COLUMNS});
}

static struct ledger total(const struct run *run) {
    struct ledger sum = {{0}};
    for (int i = 0; i < run->test->partitions; i++) {
        const struct progress *progress = partition_progress(run->lanes[i].partition);
        ledger_add(&sum, &progress->touch_ledger);
        ledger_add(&sum, &progress->conversion_ledger);
    }
    return sum;
}

static void explain_waiting(const struct run *run, struct buffer *report) {
    for (int i = 0; i < run->test->partitions; i++) {
        const struct partition *partition = run->lanes[i].partition;
        uint64_t waiting = partition_pending(partition);
        if (!waiting) continue;
        buffer_printf(report, "  not final yet: %" PRIu64 " of %s[%d], from offset %" PRId64 " on\n", waiting,
                      run->plan->conversions->name, i, partition_progress(partition)->conversion_offset);
    }
}

static void explain_dead_letters(const struct actual_rows *dead, struct buffer *report) {
    if (dead->count) buffer_text(report, "  dead letters of the case:\n");
    for (int i = 0; i < dead->count; i++) {
        const struct actual_row *row = &dead->items[i];
        buffer_printf(report, "    %s: %.*s: %.*s\n", row->where, SPAN_ARGS(row->values[DEAD_REASON].text),
                      SPAN_ARGS(row->values[DEAD_DETAIL].text));
    }
}

static void explain_outcomes(const struct ledger *outcomes, struct buffer *report) {
    buffer_text(report, "  outcomes of the case:");
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++)
        if (outcomes->count[i]) buffer_printf(report, " %s=%" PRIu64, outcome_name(i), outcomes->count[i]);
    buffer_text(report, ledger_total(outcomes) ? "\n" : " none\n");
}

static bool judge(struct run *run, struct buffer *report) {
    const struct case_expectation *expect = &run->test->expect;
    struct actual_rows rows = actual_table(run), dead = actual_dead_letters(run);
    struct ledger outcomes = total(run);
    bool same = compare_rows(&expect->rows, &rows, report);
    bool same_dead = compare_rows(&expect->dead_letters, &dead, report);
    same &= same_dead;
    if (expect->has_outcomes) same &= compare_outcomes(&expect->outcomes, &outcomes, report);
    if (same) return true;
    if (same_dead) explain_dead_letters(&dead, report);
    explain_waiting(run, report);
    explain_outcomes(&outcomes, report);
    return false;
}

/* --- the case --- */

static struct lookup_table *table_of(const struct lookup_plan *lookup, const struct case_lookup *rows) {
    struct lookup_table *table = lookup_table_new(lookup->config->match_columns, lookup->config->match_count,
                                                  lookup->columns, lookup->column_count);
    for (int i = 0; i < rows->count; i++)
        lookup_table_add(table, rows->rows[i].names, rows->rows[i].values, rows->rows[i].count);
    return table;
}

/* One for each lookup that the plan wants; NULL without a plan. */
static struct lookup_table **tables_of(const struct lookups_plan *plan, const struct case_lookup *rows) {
    if (!plan) return NULL;
    struct lookup_table **tables = memory_zalloc((size_t)plan->count, sizeof(struct lookup_table *));
    for (int i = 0; i < plan->count; i++)
        if (plan->items[i].wanted) tables[i] = table_of(&plan->items[i], &rows[i]);
    return tables;
}

static void free_tables(struct lookup_table **tables, int count) {
    for (int i = 0; tables && i < count; i++) lookup_table_free(tables[i]);
    free(tables);
}

static void run_init(struct run *run) {
    const struct plan *plan = run->plan;
    arena_init(&run->arena);
    batch_init(&run->batch, plan);
    run->lookups = tables_of(plan->asking, run->test->lookups);
    for (int touch = 0; touch < 2; touch++)
        run->key_lookups[touch] =
            tables_of(rekey_memory_plan(run->pipeline->rekey[touch]), run->test->lookups);
    run->lanes = memory_zalloc((size_t)run->test->partitions, sizeof *run->lanes);
    for (int i = 0; i < run->test->partitions; i++)
        run->lanes[i].partition = partition_new(&run->pipeline->join, i, &PROGRESS_START(0, 0), NULL, NULL);
}

static void run_release(struct run *run) {
    for (int i = 0; i < run->test->partitions; i++) partition_free(run->lanes[i].partition);
    free_tables(run->lookups, run->plan->lookup_count);
    for (int touch = 0; touch < 2; touch++) free_tables(run->key_lookups[touch], run->plan->lookup_count);
    free(run->lanes);
    free(run->rows.items);
    free(run->dead_letters.items);
    batch_release(&run->batch);
    arena_release(&run->arena);
}

bool case_run(const struct case_pipeline *pipeline, const struct test_case *test, struct buffer *report) {
    struct run run = {.pipeline = pipeline, .plan = pipeline->plan, .test = test};
    run_init(&run);
    run_events(&run);
    bool same = judge(&run, report);
    run_release(&run);
    return same;
}
