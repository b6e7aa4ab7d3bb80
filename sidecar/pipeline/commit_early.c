/* The statements about rows, those of conversions that are not decided among them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/claim.h"
#include "pipeline/commit_internal.h"
#include "postgres/array.h"
#include "telemetry/log.h"

bool commit_sends_rows(enum step step) {
    return step == STEP_GONE || step == STEP_ROWS || step == STEP_CORRECTIONS || step == STEP_NEWS;
}

struct batch_rows commit_step_rows(const struct commit *commit) {
    const struct batch *batch = commit->batch;
    switch (commit->step) {
    case STEP_GONE: return batch->gone;
    case STEP_ROWS: return (struct batch_rows){batch->rows, batch->row_count};
    case STEP_CORRECTIONS: return batch->corrections;
    case STEP_NEWS: return batch->news;
    default: return (struct batch_rows){0};
    }
}

struct postgres_statement commit_format(struct commit *commit, const struct row *rows, int count) {
    struct postgres_output *output = commit->options.output;
    if (commit->step == STEP_GONE) return postgres_output_format_delete(output, rows, count);
    if (commit->step == STEP_NEWS) return postgres_output_format_new(output, rows, count);
    return postgres_output_format(output, rows, count);
}

static int number_at(const PGresult *result, int column) {
    return (int)strtol(PQgetvalue(result, 0, column), NULL, 10);
}

/* Which rows of the piece were not written: the table has one of their key. */
static void take_others(struct commit *commit, const char *numbers) {
    const struct row *rows = commit->batch->news.items + commit->sent;
    for (char *end; *numbers; numbers = *end ? end + 1 : end) {
        long number = strtol(numbers, &end, 10);
        if (number < 1 || number > commit->sending) return;
        batch_early_written(commit->batch, rows[number - 1].partition, rows[number - 1].offset, false);
    }
}

static bool take_news(struct commit *commit, const PGresult *result, struct error *error) {
    const struct row *rows = commit->batch->news.items + commit->sent;
    if (number_at(result, 0) != number_at(result, 1))
        return error_set(error, ERROR_RETRY, "output: another transaction was inserting the same row");
    for (int i = 0; i < commit->sending; i++)
        batch_early_written(commit->batch, rows[i].partition, rows[i].offset, true);
    take_others(commit, PQgetvalue(result, 0, 2));
    commit->written += number_at(result, 1);
    return true;
}

bool commit_take_piece(struct commit *commit, const PGresult *result, struct error *error) {
    if (commit->step == STEP_NEWS) return take_news(commit, result, error);
    int touched = (int)strtol(PQcmdTuples((PGresult *)result), NULL, 10);
    if (commit->step == STEP_CORRECTIONS) commit->corrected += touched;
    if (commit->step == STEP_GONE) commit->taken_back += touched;
    return true;
}

/* --- what undecided conversions have a row --- */

bool commit_tells_owned(const struct commit *commit) {
    for (int i = 0; i < commit->batch->part_count; i++)
        if (!commit->arrived[i] && partition_early_any(commit->batch->parts[i].partition)) return true;
    return false;
}

static void add_owned(struct commit *commit, const struct batch_part *part) {
    struct buffer json;
    partition_early_owned(part->partition, &part->cut, &commit->owned);
    array_add_int(&commit->arrays[0], partition_number(part->partition));
    buffer_init(&json);
    claim_early_json(&json, commit->options.plan, &commit->owned);
    array_add(&commit->arrays[1],
              json.len ? arena_copy(&commit->batch->arena, buffer_view(&json)) : (struct span){0});
    buffer_release(&json);
}

bool commit_send_owned(struct commit *commit, struct error *error) {
    int count = commit_parts_to_write(commit);
    for (int a = 0; a < 2; a++) array_begin(&commit->arrays[a], count);
    for (int i = 0; i < commit->batch->part_count; i++)
        if (!commit->arrived[i]) add_owned(commit, &commit->batch->parts[i]);
    struct parameter parameters[] = {commit_pipeline_name(commit), array_parameter(&commit->arrays[0]),
                                     array_parameter(&commit->arrays[1])};
    return connection_send(commit->options.connection,
                           "UPDATE tributary.progress p SET early = u.e::jsonb"
                           " FROM unnest($2::text[], $3::text[]) u(n, e)"
                           " WHERE p.pipeline = $1 AND p.partition = u.n::integer"
                           " AND p.early IS DISTINCT FROM u.e::jsonb",
                           parameters, 3, error);
}

/* --- when they fail --- */

/* Its connection is fine, but a lock or a time has run out, for rows that need not be written now. */
bool commit_leave_early(struct commit *commit, const char *sqlstate) {
    bool early = commit->step == STEP_CORRECTIONS || commit->step == STEP_NEWS;
    bool passes = strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "57014") == 0;
    if (!early || !passes) return false;
    log_repeated(LOG_LEVEL_WARN, "early_rows_left_out", "rows=%d sqlstate=%s",
                 commit->batch->corrections.count + commit->batch->news.count, sqlstate);
    batch_drop_early(commit->batch);
    commit->step = STEP_BEGIN;
    return true;
}

bool commit_withdraw(struct commit *commit) {
    if (!batch_withdraw(commit->batch)) return false;
    log_event(LOG_LEVEL_WARN, "early_rows_withdrawn", "rows=%d", commit->batch->gone.count);
    return true;
}
