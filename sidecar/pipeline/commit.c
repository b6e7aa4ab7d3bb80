#include "pipeline/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "pipeline/bisect.h"
#include "pipeline/breaker.h"
#include "pipeline/claim.h"
#include "pipeline/pieces.h"
#include "postgres/array.h"
#include "telemetry/log.h"

enum step {
    STEP_NONE,
    STEP_LOOKUPS,
    STEP_CHANGELOG,
    STEP_DEAD_LETTERS,
    STEP_BEGIN,
    STEP_LOCK,
    STEP_PROGRESS,
    STEP_ADVANCES,
    STEP_ROWS,
    STEP_COMMIT,
    STEP_BISECT, /* only after a failure: which rows does the database not take? */
};

/* Where the fault tests interrupt a commit: when the step is done. */
static const char *const step_faults[] = {
    [STEP_CHANGELOG] = "commit.changelog", [STEP_DEAD_LETTERS] = "commit.dead_letters",
    [STEP_BEGIN] = "commit.begin",         [STEP_LOCK] = "commit.lock",
    [STEP_PROGRESS] = "commit.progress",   [STEP_ADVANCES] = "commit.advances",
    [STEP_ROWS] = "commit.rows",           [STEP_COMMIT] = "commit.committed",
};

enum { PROGRESS_ARRAYS = 20, ADVANCE_ARRAYS = 4, ROUNDS_MAX = 3 };

struct commit {
    struct commit_options options;
    struct enquiry *enquiry;
    struct batch *batch;
    enum step step;
    bool waiting; /* for the answer to the step's statement */
    struct buffer arrays[PROGRESS_ARRAYS];
    struct partition **fenced;
    int fenced_count;
    bool *arrived; /* per part of the batch: an earlier attempt did commit it */
    /* the rows: */
    struct pieces pieces;
    bool one_by_one;            /* those of each conversion are a statement, in the order of their offsets */
    int to_send, sent, sending; /* of batch.rows: all, done, under way */
    int64_t sent_at_us;
    /* those that are refused: */
    struct bisect *bisect;
    int rounds;      /* of looking for them */
    bool built;      /* the batch has its rows and dead letters … */
    int dead_letter; /* … the first of which that is not acknowledged */
    struct commit_gauges gauges;
    int64_t started_at_us;
    struct breaker breaker, breaker_after; /* what was committed, and this batch too */
};

static int64_t statement_timeout_us(const struct commit *commit) {
    return commit->options.plan->pipeline->postgres.statement_timeout_us;
}

struct commit *commit_new(const struct commit_options *options) {
    struct commit *commit = memory_zalloc(1, sizeof *commit);
    commit->options = *options;
    struct enquiry_options enquiry = {options->plan->asking, options->connection, options->lookups,
                                      statement_timeout_us(commit)};
    commit->enquiry = enquiry_new(&enquiry);
    commit->bisect = bisect_new(options->connection, options->output, statement_timeout_us(commit));
    pieces_init(&commit->pieces);
    breaker_init(&commit->breaker);
    return commit;
}

void commit_free(struct commit *commit) {
    if (!commit) return;
    for (int i = 0; i < PROGRESS_ARRAYS; i++) buffer_release(&commit->arrays[i]);
    enquiry_free(commit->enquiry);
    bisect_free(commit->bisect);
    free(commit->fenced);
    free(commit->arrived);
    free(commit);
}

void commit_start(struct commit *commit, struct batch *batch) {
    size_t parts = (size_t)batch->part_count;
    commit->batch = batch;
    commit->started_at_us = clock_monotonic_us();
    commit->step = STEP_LOOKUPS;
    enquiry_start(commit->enquiry, &batch->lookups);
    commit->waiting = commit->built = commit->one_by_one = false;
    commit->rounds = commit->dead_letter = 0;
    commit->fenced = memory_realloc(commit->fenced, parts * sizeof(struct partition *));
    commit->fenced_count = 0;
    commit->arrived = memory_realloc(commit->arrived, parts * sizeof *commit->arrived);
}

const struct commit_gauges *commit_gauges(const struct commit *commit) {
    return &commit->gauges;
}

struct enquiry_counts commit_lookup(const struct commit *commit, int lookup) {
    return enquiry_counts(commit->enquiry, lookup);
}

bool commit_is_running(const struct commit *commit) {
    return commit->step != STEP_NONE;
}

struct partition *const *commit_fenced(const struct commit *commit, int *count) {
    *count = commit->fenced_count;
    return commit->fenced;
}

/* --- the statements --- */

static struct parameter pipeline_name(const struct commit *commit) {
    return parameter_text(commit->options.plan->pipeline->name);
}

static bool send_begin(struct commit *commit, struct error *error) {
    commit->sent = 0;
    return connection_begin(commit->options.connection, statement_timeout_us(commit), error);
}

static bool send_lock(struct commit *commit, struct error *error) {
    struct buffer *partitions = &commit->arrays[0];
    array_begin(partitions, commit->batch->part_count);
    for (int i = 0; i < commit->batch->part_count; i++)
        array_add_int(partitions, partition_number(commit->batch->parts[i].partition));
    struct parameter parameters[] = {pipeline_name(commit), array_parameter(partitions)};
    return connection_send(commit->options.connection,
                           "SELECT partition, epoch, commit_seq FROM tributary.progress WHERE pipeline = $1"
                           " AND partition = ANY (SELECT n::integer FROM unnest($2::text[]) n)"
                           " ORDER BY partition FOR UPDATE",
                           parameters, 2, error);
}

static void add_time(struct buffer *array, int64_t time_us) {
    if (time_us == TIME_NONE)
        array_add(array, (struct span){0});
    else
        array_add_int(array, time_us);
}

static void add_ledger(struct commit *commit, struct buffer *array, const struct ledger *ledger) {
    struct buffer json;
    buffer_init(&json);
    ledger_json(&json, ledger);
    array_add(array, arena_copy(&commit->batch->arena, buffer_view(&json)));
    buffer_release(&json);
}

static void add_anchor(struct commit *commit, struct buffer *array, const struct anchor *anchor) {
    char *text = arena_bytes(&commit->batch->arena, ANCHOR_TEXT_MAX);
    if (anchor->offset < 0)
        array_add(array, (struct span){0});
    else
        array_add(array, (struct span){text, anchor_format(anchor, text)});
}

static void add_sources(struct commit *commit, struct buffer *array, const struct sources *sources) {
    struct marker marker = {0};
    struct buffer json;
    buffer_init(&json);
    marker_of_sources(&marker, sources);
    marker_write(&marker, &json);
    array_add(array,
              sources->count ? arena_copy(&commit->batch->arena, buffer_view(&json)) : (struct span){0});
    buffer_release(&json);
    marker_release(&marker);
}

static void add_progress(struct commit *commit, const struct batch_part *part) {
    const struct progress *progress = &part->cut.progress;
    struct buffer *at = commit->arrays;
    array_add_int(at++, partition_number(part->partition));
    array_add_int(at++, progress->touch_offset);
    array_add_int(at++, progress->conversion_offset);
    add_time(at++, progress->touch_max_time_us);
    add_time(at++, progress->conversion_max_time_us);
    add_ledger(commit, at++, &progress->touch_ledger);
    add_ledger(commit, at++, &progress->conversion_ledger);
    array_add_int(at++, (int64_t)progress->held.count);
    array_add_int(at++, (int64_t)progress->held.xor);
    add_time(at++, progress->held_from_us);
    array_add_int(at++, (int64_t)progress->generation);
    array_add_int(at++, progress->changelog_from);
    array_add_int(at++, progress->changelog_next);
    add_anchor(commit, at++, &progress->touch_anchor);
    add_anchor(commit, at++, &progress->conversion_anchor);
    array_add(at++, partition_ownership(part->partition)->fingerprint_stored
                        ? (struct span){0}
                        : span_of(commit->options.fingerprint));
    add_sources(commit, at++, part->cut.touch_sources);
    add_sources(commit, at++, part->cut.conversion_sources);
    array_add_int(at++, partition_ownership(part->partition)->epoch);
    array_add_int(at++, partition_ownership(part->partition)->commit_seq);
}

static int parts_to_write(const struct commit *commit) {
    int count = 0;
    for (int i = 0; i < commit->batch->part_count; i++) count += !commit->arrived[i];
    return count;
}

static bool send_progress(struct commit *commit, struct error *error) {
    int count = parts_to_write(commit);
    for (int a = 0; a < PROGRESS_ARRAYS; a++) array_begin(&commit->arrays[a], count);
    for (int i = 0; i < commit->batch->part_count; i++)
        if (!commit->arrived[i]) add_progress(commit, &commit->batch->parts[i]);
    struct parameter parameters[PROGRESS_ARRAYS + 1] = {pipeline_name(commit)};
    for (int a = 0; a < PROGRESS_ARRAYS; a++) parameters[a + 1] = array_parameter(&commit->arrays[a]);
    return connection_send(
        commit->options.connection,
        "UPDATE tributary.progress p SET commit_seq = p.commit_seq + 1, touch_offset = u.t::bigint,"
        " conversion_offset = u.c::bigint, touch_max_time_us = u.tm::bigint,"
        " conversion_max_time_us = u.cm::bigint, touch_ledger = u.tl::jsonb, conversion_ledger = u.cl::jsonb,"
        " held_count = u.hc::bigint, held_xor = u.hx::bigint, held_from_us = u.hf::bigint,"
        " generation = u.g::bigint, changelog_from = u.lf::bigint, changelog_next = u.ln::bigint,"
        " touch_anchor = u.ta, conversion_anchor = u.ca,"
        " fingerprint = coalesce(u.f::jsonb, p.fingerprint), touch_sources = u.ts::jsonb,"
        " conversion_sources = u.cs::jsonb, updated_at = now()"
        " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
        " $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],"
        " $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[])"
        " u(n, t, c, tm, cm, tl, cl, hc, hx, hf, g, lf, ln, ta, ca, f, ts, cs, e, s)"
        " WHERE p.pipeline = $1 AND p.partition = u.n::integer AND p.epoch = u.e::bigint"
        " AND p.commit_seq = u.s::bigint",
        parameters, PROGRESS_ARRAYS + 1, error);
}

static int count_advances(const struct commit *commit) {
    int count = 0;
    for (int i = 0; i < commit->batch->part_count; i++) {
        const struct partition *partition = commit->batch->parts[i].partition;
        if (commit->arrived[i]) continue;
        count += partition_touch_advances(partition).count + partition_conversion_advances(partition).count;
    }
    return count;
}

static void add_advances(struct commit *commit, const char *input, int partition, struct advances advances) {
    for (int i = 0; i < advances.count; i++) {
        array_add(&commit->arrays[0], span_of(input));
        array_add_int(&commit->arrays[1], partition);
        array_add_int(&commit->arrays[2], advances.items[i].next_offset);
        array_add_int(&commit->arrays[3], advances.items[i].watermark_us);
    }
}

static bool send_advances(struct commit *commit, struct error *error) {
    const struct plan *plan = commit->options.plan;
    int count = count_advances(commit);
    for (int a = 0; a < ADVANCE_ARRAYS; a++) array_begin(&commit->arrays[a], count);
    for (int i = 0; i < commit->batch->part_count; i++) {
        const struct partition *partition = commit->batch->parts[i].partition;
        if (commit->arrived[i]) continue;
        int number = partition_number(partition);
        add_advances(commit, plan->touches->name, number, partition_touch_advances(partition));
        add_advances(commit, plan->conversions->name, number, partition_conversion_advances(partition));
    }
    struct parameter parameters[ADVANCE_ARRAYS + 1] = {pipeline_name(commit)};
    for (int a = 0; a < ADVANCE_ARRAYS; a++) parameters[a + 1] = array_parameter(&commit->arrays[a]);
    return connection_send(
        commit->options.connection,
        "INSERT INTO tributary.idle_advances AS a (pipeline, input, partition, next_offset, watermark_us)"
        " SELECT $1::text, u.i, u.n::integer, u.o::bigint, u.w::bigint"
        " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) u(i, n, o, w)"
        " ON CONFLICT (pipeline, input, partition, next_offset)"
        " DO UPDATE SET watermark_us = greatest(a.watermark_us, EXCLUDED.watermark_us)",
        parameters, ADVANCE_ARRAYS + 1, error);
}

static int arrange_rows(const struct commit *commit) {
    struct batch *batch = commit->batch;
    if (!commit->one_by_one)
        return postgres_output_arrange(commit->options.output, batch->rows, batch->row_count);
    postgres_output_arrange_by_offset(batch->rows, batch->row_count);
    return batch->row_count;
}

static bool send_rows(struct commit *commit, struct error *error) {
    if (commit->sent == 0) commit->to_send = arrange_rows(commit);
    int rest = commit->to_send - commit->sent;
    commit->sending = commit->one_by_one ? row_together(commit->batch->rows + commit->sent, rest)
                                         : pieces_take(&commit->pieces, rest);
    commit->sent_at_us = clock_monotonic_us();
    struct postgres_statement statement =
        postgres_output_format(commit->options.output, commit->batch->rows + commit->sent, commit->sending);
    return connection_send(commit->options.connection, statement.sql, statement.parameters,
                           statement.parameter_count, error);
}

/* --- the steps --- */

/* Whether the step has nothing to ask the database. */
static bool is_empty(const struct commit *commit) {
    switch (commit->step) {
    case STEP_PROGRESS: return parts_to_write(commit) == 0;
    case STEP_ADVANCES: return count_advances(commit) == 0;
    case STEP_ROWS: return commit->batch->row_count == 0;
    default: return false;
    }
}

static bool send_step(struct commit *commit, struct error *error) {
    switch (commit->step) {
    case STEP_BEGIN: return send_begin(commit, error);
    case STEP_LOCK: return send_lock(commit, error);
    case STEP_PROGRESS: return send_progress(commit, error);
    case STEP_ADVANCES: return send_advances(commit, error);
    case STEP_ROWS: return send_rows(commit, error);
    case STEP_COMMIT: return connection_send(commit->options.connection, "COMMIT", NULL, 0, error);
    case STEP_NONE:
    case STEP_LOOKUPS:
    case STEP_BISECT:
    case STEP_CHANGELOG:
    case STEP_DEAD_LETTERS: break;
    }
    return error_set(error, ERROR_FATAL, "commit: step %d sends nothing", commit->step);
}

static void drop_rows(struct batch *batch, int partition) {
    int kept = 0;
    for (int i = 0; i < batch->row_count; i++)
        if (batch->rows[i].partition != partition) batch->rows[kept++] = batch->rows[i];
    batch->row_count = kept;
}

static const char *locked_row(const PGresult *result, int partition, int column) {
    for (int row = 0; row < PQntuples(result); row++)
        if (strtol(PQgetvalue(result, row, 0), NULL, 10) == partition) return PQgetvalue(result, row, column);
    return NULL;
}

static void judge_locks(struct commit *commit, const PGresult *result) {
    struct batch *batch = commit->batch;
    for (int i = 0; i < batch->part_count;) {
        struct partition *partition = batch->parts[i].partition;
        const struct ownership *ours = partition_ownership(partition);
        const char *epoch = locked_row(result, partition_number(partition), 1);
        const char *seq = locked_row(result, partition_number(partition), 2);
        int64_t committed = seq ? strtoll(seq, NULL, 10) : -1;
        bool mine = epoch && strtoll(epoch, NULL, 10) == ours->epoch;
        if (!mine || committed < ours->commit_seq || committed > ours->commit_seq + 1) {
            commit->fenced[commit->fenced_count++] = partition;
            batch_drop(batch, partition);
            continue;
        }
        commit->arrived[i] = committed == ours->commit_seq + 1;
        if (commit->arrived[i]) drop_rows(batch, partition_number(partition));
        i++;
    }
}

static void count_commit(struct commit *commit) {
    struct commit_gauges *gauges = &commit->gauges;
    const struct batch *batch = commit->batch;
    gauges->commits++;
    gauges->rows += (uint64_t)batch->row_count;
    for (int i = 0; i < batch->dead_count; i++) gauges->dead_letters[batch->dead[i].outcome]++;
    histogram_observe(&gauges->duration, clock_monotonic_us() - commit->started_at_us);
    gauges->last_us = clock_wall_us();
}

static void finish(struct commit *commit) {
    for (int i = 0; i < commit->batch->part_count; i++) {
        struct ownership *ours = partition_ownership(commit->batch->parts[i].partition);
        ours->commit_seq++;
        ours->fingerprint_stored = true;
    }
    count_commit(commit);
    batch_commit(commit->batch);
    commit->breaker = commit->breaker_after;
    commit->step = STEP_NONE;
}

static void take_rows(struct commit *commit) {
    commit->sent += commit->sending;
    if (!commit->one_by_one)
        pieces_grow(&commit->pieces, clock_monotonic_us() - commit->sent_at_us, statement_timeout_us(commit));
    if (commit->sent == commit->to_send) commit->step++;
}

/* What the answer to the step's statement means. */
static void take_answer(struct commit *commit, const PGresult *result) {
    FAULT_POINT(step_faults[commit->step]);
    if (commit->step == STEP_LOCK) judge_locks(commit, result);
    if (commit->step == STEP_COMMIT)
        finish(commit);
    else if (commit->step == STEP_ROWS)
        take_rows(commit);
    else
        commit->step++;
}

static enum commit_result stop(struct commit *commit) {
    commit->step = STEP_NONE;
    return COMMIT_FAILED;
}

static void report_retry(const struct error *error) {
    log_repeated(LOG_LEVEL_WARN, "commit_retry", "error=%s", LOG_QUOTE(error->message));
}

static enum commit_result poll_changelog(struct commit *commit, struct error *error) {
    if (!commit->waiting) changelog_writer_start(commit->options.changelog, commit->batch);
    commit->waiting = true;
    bool done;
    if (!changelog_writer_poll(commit->options.changelog, &done, error)) return stop(commit);
    if (!done) return COMMIT_RUNNING;
    FAULT_POINT(step_faults[commit->step]);
    commit->waiting = false;
    commit->step = STEP_DEAD_LETTERS;
    return COMMIT_RUNNING;
}

static enum commit_result poll_lookups(struct commit *commit, struct error *error) {
    switch (enquiry_poll(commit->enquiry, clock_monotonic_us(), error)) {
    case ENQUIRY_RUNNING: break;
    case ENQUIRY_DONE: commit->step = STEP_CHANGELOG; return poll_changelog(commit, error);
    case ENQUIRY_FAILED:
        if (error->class != ERROR_RETRY) return stop(commit);
        report_retry(error);
        break;
    }
    return COMMIT_RUNNING;
}

static bool check_breaker(struct commit *commit, struct error *error) {
    struct ledger outcomes = batch_outcomes(commit->batch);
    commit->breaker_after = commit->breaker;
    breaker_add(&commit->breaker_after, &outcomes);
    return !breaker_is_open(&commit->breaker_after) || breaker_error(&commit->breaker_after, error);
}

static bool build(struct commit *commit, struct error *error) {
    struct row_check check = {postgres_output_accept, commit->options.output};
    if (commit->built) return true;
    commit->built = true;
    batch_build(commit->batch, &check);
    return check_breaker(commit, error);
}

static enum commit_result poll_dead_letters(struct commit *commit, struct error *error) {
    if (!commit->waiting) {
        if (!build(commit, error)) return stop(commit);
        dead_letters_start(commit->options.dead_letters, commit->batch->dead + commit->dead_letter,
                           commit->batch->dead_count - commit->dead_letter);
        commit->waiting = true;
    }
    bool done;
    if (!dead_letters_poll(commit->options.dead_letters, &done, error)) return stop(commit);
    if (!done) return COMMIT_RUNNING;
    FAULT_POINT(step_faults[commit->step]);
    commit->waiting = false;
    commit->step = STEP_BEGIN;
    return COMMIT_RUNNING;
}

static void send_one_by_one(struct commit *commit) {
    log_event(LOG_LEVEL_INFO, "rows_one_by_one", "rows=%d", commit->batch->row_count);
    commit->one_by_one = true;
    commit->step = STEP_BEGIN;
}

/* When the rows, or at the end the COMMIT, were refused: whether there is another way than to wait or to
 * stop. Then it begins again at once. */
static bool find_another_way(struct commit *commit, const struct error *error) {
    const char *sqlstate = connection_sqlstate(commit->options.connection);
    bool twice = strcmp(sqlstate, "21000") == 0; /* keys that are equal to the database and not to us */
    if (commit->step != STEP_ROWS && commit->step != STEP_COMMIT) return false;
    if (twice && !commit->one_by_one) {
        send_one_by_one(commit);
    } else if (error->class == ERROR_POISON || twice) {
        if (commit->rounds == ROUNDS_MAX) return false;
        bisect_start(commit->bisect, commit->batch->rows, commit->batch->row_count);
        commit->step = STEP_BISECT;
    } else {
        bool slow = commit->step == STEP_ROWS && strcmp(sqlstate, "57014") == 0;
        if (!slow || commit->one_by_one || !pieces_halve(&commit->pieces)) return false;
        log_event(LOG_LEVEL_WARN, "rows_halved", "rows=%d error=%s", commit->pieces.max,
                  LOG_QUOTE(error->message));
        commit->step = STEP_BEGIN;
    }
    return true;
}

/* The transaction is gone or in doubt: begin it again, on a fresh connection. */
static enum commit_result database_failed(struct commit *commit, struct error *error) {
    commit->waiting = false;
    if (find_another_way(commit, error)) return COMMIT_RUNNING;
    connection_retry(commit->options.connection);
    if (error->class != ERROR_RETRY) {
        if (commit->step >= STEP_ROWS) error_prefix(error, "output");
        return stop(commit);
    }
    report_retry(error);
    commit->step = STEP_BEGIN;
    return COMMIT_RUNNING;
}

/* The refused rows are dead letters now; the others go the usual way. If none was refused by itself, only the
 * order in which they come can matter. */
static enum commit_result poll_bisect(struct commit *commit, struct error *error) {
    switch (bisect_poll(commit->bisect, error)) {
    case BISECT_RUNNING: return COMMIT_RUNNING;
    case BISECT_FAILED: return database_failed(commit, error);
    case BISECT_DONE: break;
    }
    int count;
    commit->rounds++;
    const struct refusal *refused = bisect_refused(commit->bisect, &count);
    commit->dead_letter = commit->batch->dead_count;
    for (int i = 0; i < count; i++)
        batch_refuse(commit->batch, refused[i].partition, refused[i].offset, refused[i].why);
    commit->step = STEP_DEAD_LETTERS;
    if (count)
        log_event(LOG_LEVEL_WARN, "rows_refused", "rows=%d first=%s", count, LOG_QUOTE(refused[0].why));
    else
        send_one_by_one(commit);
    return check_breaker(commit, error) ? COMMIT_RUNNING : stop(commit);
}

static enum commit_result poll_database(struct commit *commit, struct error *error) {
    PGresult *result = NULL;
    switch (connection_poll(commit->options.connection, &result, error)) {
    case CONNECTION_BUSY: return COMMIT_RUNNING;
    case CONNECTION_FAILED: return database_failed(commit, error);
    case CONNECTION_IDLE:
        if (commit->waiting) { /* connected anew in between: the answer will never come */
            error_set(error, ERROR_RETRY, "postgres: the connection was lost");
            return database_failed(commit, error);
        }
        if (!send_step(commit, error)) return database_failed(commit, error);
        if (commit->step == STEP_COMMIT) FAULT_POINT("commit.commit_sent");
        commit->waiting = true;
        return COMMIT_RUNNING;
    case CONNECTION_RESULT:
        commit->waiting = false;
        take_answer(commit, result);
        PQclear(result);
        return commit->step == STEP_NONE ? COMMIT_DONE : COMMIT_RUNNING;
    }
    return COMMIT_RUNNING;
}

enum commit_result commit_poll(struct commit *commit, struct error *error) {
    if (commit->step == STEP_NONE) return COMMIT_IDLE;
    while (!commit->waiting && is_empty(commit)) commit->step++;
    switch (commit->step) {
    case STEP_LOOKUPS: return poll_lookups(commit, error);
    case STEP_CHANGELOG: return poll_changelog(commit, error);
    case STEP_DEAD_LETTERS: return poll_dead_letters(commit, error);
    case STEP_BISECT: return poll_bisect(commit, error);
    default: return poll_database(commit, error);
    }
}
