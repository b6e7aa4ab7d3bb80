#include "inspect/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/dead_letter_scan.h"
#include "inspect/expected.h"
#include "inspect/explain_search.h"
#include "inspect/recompute.h"
#include "inspect/tables.h"
#include "postgres/array.h"

enum { DEAD_MAX = 100, KEY_SEED = 0 };

struct explain {
    const struct plan *plan;
    const struct explain_options *options;
    struct explain_result *result;
    struct inspection inspection;
    struct tables tables;
    struct wanted wanted;
    struct expected *expected;
    const struct recompute_start *start; /* of the partition being recomputed */
    int recomputing;                     /* its number */
    bool uncertain;
};

const char *touch_verdict_name(enum touch_verdict verdict) {
    static const char *const names[TOUCH_VERDICTS] = {
        [TOUCH_COUNTS] = "counts",
        [TOUCH_BEFORE_WINDOW] = "before_window",
        [TOUCH_AFTER_CONVERSION] = "after_conversion",
        [TOUCH_READ_TOO_LATE] = "read_too_late",
        [TOUCH_CAPPED] = "capped",
        [TOUCH_OUT_OF_REACH] = "out_of_reach",
        [TOUCH_EXPIRED] = "expired",
    };
    return verdict < TOUCH_VERDICTS ? names[verdict] : "unknown";
}

static const char *keep_text(struct explain_result *result, struct span text) {
    return text.data ? arena_printf(&result->arena, "%.*s", SPAN_ARGS(text)).data : NULL;
}

/* --- the row that follows, from the join itself --- */

static const struct explanation *find_item(const struct explain *explain, int64_t offset) {
    for (int i = 0; i < explain->result->count; i++) {
        const struct explanation *item = &explain->result->items[i];
        if (item->partition == explain->recomputing && item->offset == offset && item->committed) return item;
    }
    return NULL;
}

/* Only batches with a conversion that was asked for need their lookups. */
static bool look_up(void *context, struct batch *batch, struct error *error) {
    const struct explain *explain = context;
    const struct batch_part *part = &batch->parts[0];
    for (uint64_t n = part->cut.from; n < part->cut.to; n++)
        if (find_item(explain, partition_pending_at(part->partition, n)->record.offset))
            return tables_look_up(&explain->tables, &explain->inspection, batch, error);
    return true;
}

/* The offset of the touch chosen as number `number`, from 0; -1: there is none. */
static int64_t chosen_offset(const struct explanation *item, int number) {
    for (int i = 0; i < item->touch_count; i++)
        if (item->touches[i].number == number + 1) return item->touches[i].offset;
    return -1;
}

/* What is explained here and what the join does are two programs for one definition. */
static bool same_choice(const struct explanation *item, const struct pending *pending, int number,
                        struct error *error) {
    int64_t explained = chosen_offset(item, number);
    int64_t joined = number < pending->touch_count ? pending->touches[number].offset : -1;
    if (explained == joined && item->chosen_count == pending->touch_count) return true;
    return error_set(error, ERROR_FATAL,
                     "partition %d, offset %" PRId64 ": the join chooses %d touches, as number %d the one at "
                     "offset %" PRId64 ", the explanation %d, as this one that at %" PRId64
                     " (-1: none): this is a bug of tributary",
                     item->partition, item->offset, pending->touch_count, number + 1, joined,
                     item->chosen_count, explained);
}

static const struct pending *pending_of(const struct batch_part *part, int64_t offset, uint64_t *number) {
    for (uint64_t n = part->cut.from; n < part->cut.to; n++) {
        const struct pending *pending = partition_pending_at(part->partition, n);
        *number = n - part->cut.from;
        if (pending->record.offset == offset) return pending;
    }
    return NULL;
}

static bool take(void *context, const struct batch *batch, uint64_t records, struct error *error) {
    struct explain *explain = context;
    uint64_t refused = 0, number = 0;
    (void)records;
    for (int r = 0; r < batch->row_count; r++) {
        const struct row *row = &batch->rows[r];
        const struct explanation *item = find_item(explain, row->offset);
        if (!item) continue;
        const struct pending *pending = pending_of(&batch->parts[0], row->offset, &number);
        bool certain = pending->time_us >= explain->start->certain_from_us;
        if (certain && !same_choice(item, pending, row->touch_number - 1, error)) return false;
        struct expected_row expected = {row, tables_row_is_optional(&explain->tables, batch, number),
                                        !certain};
        explain->uncertain |= !certain;
        if (!expected_add(explain->expected, &expected, 1, &refused, error)) return false;
    }
    return true;
}

/* Up to the last conversion asked for of this partition. */
static int64_t recompute_end(const struct explain *explain, int partition) {
    int64_t end = -1;
    for (int i = 0; i < explain->result->count; i++) {
        const struct explanation *item = &explain->result->items[i];
        if (item->partition == partition && item->committed && item->readable && item->offset >= end)
            end = item->offset + 1;
    }
    return end;
}

static bool recompute_partition(struct explain *explain, const struct join *join,
                                const struct inspected *partition, struct error *error) {
    struct row_check check = postgres_output_check(explain->tables.output);
    struct recompute_options options = {.inspection = &explain->inspection,
                                        .partition = partition,
                                        .join = join,
                                        .conversion_end = recompute_end(explain, partition->stored.partition),
                                        .check = &check,
                                        .look_up = look_up,
                                        .take = take,
                                        .context = explain};
    struct recompute_start start;
    uint64_t undecided;
    if (options.conversion_end < 0) return true;
    explain->recomputing = partition->stored.partition;
    explain->start = &start;
    return recompute_locate(&options, &start, error) && recompute_run(&options, &start, &undecided, error);
}

static bool recompute_items(struct explain *explain, struct error *error) {
    struct join join;
    bool ok = join_init(&join, explain->tables.plan, KEY_SEED, error);
    for (int i = 0; ok && i < explain->inspection.count; i++)
        ok = recompute_partition(explain, &join, &explain->inspection.partitions[i], error);
    join_release(&join);
    return ok;
}

/* --- the table --- */

static bool take_difference(void *context, const struct difference *difference, struct error *error) {
    struct explain_result *result = context;
    (void)error;
    if (difference->kind == DIFFERENCE_LOOKED_UP || difference->kind == DIFFERENCE_DROPPED) return true;
    result->agreement = difference->kind == DIFFERENCE_MISSING ? TABLE_MISSING : TABLE_DIFFERS;
    result->expected = keep_text(result, span_of(difference->expected));
    result->columns = keep_text(result, span_of(difference->columns));
    return true;
}

static void format_found(struct buffer *sql, const struct explain *explain) {
    const struct output_config *output = explain->plan->output;
    const struct plan *plan = explain->plan;
    buffer_text(sql,
                plan->shares ? "SELECT json_agg(x) FROM (SELECT " : "SELECT row_to_json(x) FROM (SELECT ");
    for (int c = 0; c < output->column_count; c++) {
        buffer_text(sql, c ? ", " : "");
        quote_identifier(sql, output->columns[c].name);
    }
    buffer_printf(sql, " FROM %s WHERE ", explain->tables.table->name);
    for (int k = 0; k < plan->conversion_key_count; k++) {
        const char *name = output->columns[plan->conversion_key[k]].name;
        buffer_text(sql, k ? " AND " : "");
        quote_identifier(sql, name);
        buffer_printf(sql, " = $%d::%s", k + 1, catalogue_column(explain->tables.table, name)->cast);
    }
    buffer_text(sql, " ORDER BY ");
    for (int k = 0; k < output->primary_key_count; k++) {
        buffer_text(sql, k ? ", " : "");
        quote_identifier(sql, output->primary_key[k]);
    }
    buffer_text(sql, ") x");
}

/* The row as it is, whether anything is expected or not. */
static bool read_found(struct explain *explain, struct error *error) {
    int count = explain->wanted.count;
    struct buffer sql;
    for (int k = 0; k < count; k++)
        if (!explain->wanted.keys[k].data) return true; /* no row can have such a key */
    if (!count) return true;
    buffer_init(&sql);
    format_found(&sql, explain);
    struct parameter *parameters = arena_alloc(&explain->result->arena, (size_t)count * sizeof *parameters);
    for (int k = 0; k < count; k++)
        parameters[k] = parameter_text(keep_text(explain->result, explain->wanted.keys[k]));
    PGresult *found = inspection_query(&explain->inspection, buffer_string(&sql), parameters, count, error);
    if (found && PQntuples(found) && !PQgetisnull(found, 0, 0))
        explain->result->found = keep_text(explain->result, span_of(PQgetvalue(found, 0, 0)));
    buffer_release(&sql);
    PQclear(found);
    return found != NULL;
}

static bool compare(struct explain *explain, struct error *error) {
    struct explain_result *result = explain->result;
    struct differences differences;
    if (!expected_compare(explain->expected, false, &differences, error)) return false;
    result->agreement = explain->uncertain ? TABLE_UNCERTAIN
                        : differences.rows ? TABLE_AGREES
                                           : TABLE_UNASKED;
    return expected_differences(explain->expected, 1, take_difference, result, error);
}

/* --- dead letters --- */

static bool concerns(const struct explain *explain, const struct dead_letter_found *found) {
    const struct explain_result *result = explain->result;
    if (!span_is(found->topic, explain->plan->conversions->source_topic)) return false;
    for (int i = 0; i < result->count; i++)
        if (result->items[i].source_partition == found->partition &&
            result->items[i].source_offset == found->offset)
            return true;
    return result->count == 0 && wanted_in_bytes(&explain->wanted, found->value);
}

static bool is_known(const struct explain_result *result, const struct dead_letter_found *found) {
    for (int i = 0; i < result->dead_count; i++)
        if (result->dead[i].partition == found->partition && result->dead[i].offset == found->offset &&
            result->dead[i].reason == found->reason)
            return true;
    return false;
}

static bool take_dead_letter(void *context, const struct dead_letter_found *found, struct error *error) {
    struct explain *explain = context;
    struct explain_result *result = explain->result;
    (void)error;
    if (result->dead_count == DEAD_MAX || !concerns(explain, found) || is_known(result, found)) return true;
    result->dead[result->dead_count++] =
        (struct explained_dead_letter){.topic = keep_text(result, found->topic),
                                       .partition = found->partition,
                                       .offset = found->offset,
                                       .reason = found->reason,
                                       .detail = keep_text(result, found->detail)};
    return true;
}

/* They are worth reading when the conversion is nowhere else, or its row is not where it should be. */
static bool read_dead_letters(struct explain *explain, struct error *error) {
    struct explain_result *result = explain->result;
    bool found = result->count > 0;
    bool absent = explain->wanted.count > 0 && !result->found;
    if (found && !absent && result->agreement != TABLE_MISSING) return true;
    result->dead = arena_alloc(&result->arena, DEAD_MAX * sizeof *result->dead);
    return dead_letter_scan(&explain->inspection, take_dead_letter, explain, error);
}

/* --- the whole --- */

static bool explain_items(struct explain *explain, struct error *error) {
    struct explain_result *result = explain->result;
    bool ok = true;
    for (int i = 0; ok && i < result->count; i++) {
        struct explanation *item = &result->items[i];
        if (item->readable && !item->refused_late && !item->filtered_by)
            ok = explain_touches(&explain->inspection, KEY_SEED, item, &result->arena, error);
    }
    return ok;
}

static bool ask_table(struct explain *explain, struct error *error) {
    explain->expected = expected_new(&explain->inspection, explain->tables.table, error);
    return explain->expected && recompute_items(explain, error) && compare(explain, error) &&
           read_found(explain, error);
}

static bool run(struct explain *explain, struct error *error) {
    const struct explain_options *options = explain->options;
    struct explain_result *result = explain->result;
    if (options->partition >= 0 && !inspection_partition(&explain->inspection, options->partition, error))
        return false;
    return tables_open(&explain->tables, &explain->inspection, error) &&
           wanted_parse(&explain->wanted, explain->plan, explain->tables.table, options, &result->arena,
                        error) &&
           explain_find(&explain->inspection, &explain->wanted, explain->tables.table, options->partition,
                        KEY_SEED, result, error) &&
           explain_items(explain, error) && ask_table(explain, error) && read_dead_letters(explain, error);
}

bool explain_run(const struct plan *plan, const struct explain_options *options,
                 struct explain_result *result, struct error *error) {
    struct explain explain = {.plan = plan, .options = options, .result = result};
    struct inspection_options inspection = {
        .pipeline = plan->pipeline, .plan = plan, .command = "explain", .stop = options->stop};
    *result = (struct explain_result){0};
    arena_init(&result->arena);
    bool ok = inspection_open(&explain.inspection, &inspection, error) && run(&explain, error);
    expected_free(explain.expected);
    tables_close(&explain.tables);
    inspection_close(&explain.inspection);
    return ok;
}

void explain_result_release(struct explain_result *result) {
    arena_release(&result->arena);
    *result = (struct explain_result){0};
}
