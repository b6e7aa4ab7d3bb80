#include "pipeline/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "pipeline/commit_internal.h"
#include "telemetry/log.h"

/* Where the fault tests interrupt a commit: when the step is done. */
static const char *const step_faults[] = {
    [STEP_CHANGELOG] = "commit.changelog",
    [STEP_DEAD_LETTERS] = "commit.dead_letters",
    [STEP_BEGIN] = "commit.begin",
    [STEP_LOCK] = "commit.lock",
    [STEP_PROGRESS] = "commit.progress",
    [STEP_ADVANCES] = "commit.advances",
    [STEP_GONE] = "commit.gone",
    [STEP_ROWS] = "commit.rows",
    [STEP_CORRECTIONS] = "commit.corrections",
    [STEP_NEWS] = "commit.news",
    [STEP_OWNED] = "commit.owned",
    [STEP_COMMIT] = "commit.committed",
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
    offset_ranges_release(&commit->owned);
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

static bool send_begin(struct commit *commit, struct error *error) {
    commit->sent = commit->corrected = commit->written = commit->taken_back = 0;
    return connection_begin(commit->options.connection, statement_timeout_us(commit), error);
}

static int arrange_rows(const struct commit *commit, struct batch_rows rows) {
    if (!commit->one_by_one) return postgres_output_arrange(commit->options.output, rows.items, rows.count);
    postgres_output_arrange_by_offset(rows.items, rows.count);
    return rows.count;
}

/* Early rows that are new ask whether the table has any of their conversion: so none is taken apart. */
static int next_piece(struct commit *commit, const struct row *rows, int rest) {
    if (commit->one_by_one) return row_together(rows, rest);
    int count = pieces_take(&commit->pieces, rest);
    if (commit->step != STEP_NEWS) return count;
    int last = count - 1;
    while (last > 0 && row_together(rows + last - 1, 2) == 2) last--;
    return last + row_together(rows + last, rest - last);
}

static bool send_rows(struct commit *commit, struct error *error) {
    struct batch_rows rows = commit_step_rows(commit);
    if (commit->sent == 0) commit->to_send = arrange_rows(commit, rows);
    int rest = commit->to_send - commit->sent;
    commit->sending = next_piece(commit, rows.items + commit->sent, rest);
    commit->sent_at_us = clock_monotonic_us();
    struct postgres_statement statement = commit_format(commit, rows.items + commit->sent, commit->sending);
    return connection_send(commit->options.connection, statement.sql, statement.parameters,
                           statement.parameter_count, error);
}

/* --- the steps --- */

/* Whether the step has nothing to ask the database. */
static bool is_empty(const struct commit *commit) {
    switch (commit->step) {
    case STEP_PROGRESS: return commit_parts_to_write(commit) == 0;
    case STEP_ADVANCES: return commit_count_advances(commit) == 0;
    case STEP_GONE:
    case STEP_ROWS:
    case STEP_CORRECTIONS:
    case STEP_NEWS: return commit_step_rows(commit).count == 0;
    case STEP_OWNED: return !commit_tells_owned(commit);
    default: return false;
    }
}

static bool send_step(struct commit *commit, struct error *error) {
    switch (commit->step) {
    case STEP_BEGIN: return send_begin(commit, error);
    case STEP_LOCK: return commit_send_lock(commit, error);
    case STEP_PROGRESS: return commit_send_progress(commit, error);
    case STEP_ADVANCES: return commit_send_advances(commit, error);
    case STEP_GONE:
    case STEP_ROWS:
    case STEP_CORRECTIONS:
    case STEP_NEWS: return send_rows(commit, error);
    case STEP_OWNED: return commit_send_owned(commit, error);
    case STEP_COMMIT: return connection_send(commit->options.connection, "COMMIT", NULL, 0, error);
    case STEP_NONE:
    case STEP_LOOKUPS:
    case STEP_BISECT:
    case STEP_CHANGELOG:
    case STEP_DEAD_LETTERS: break;
    }
    return error_set(error, ERROR_FATAL, "commit: step %d sends nothing", commit->step);
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
        /* What had arrived is gone again, and its rows are not here any more: the database went back. */
        bool lost = batch->parts[i].arrived && committed == ours->commit_seq;
        if (!mine || lost || committed < ours->commit_seq || committed > ours->commit_seq + 1) {
            commit->fenced[commit->fenced_count++] = partition;
            batch_drop(batch, partition);
            continue;
        }
        commit->arrived[i] = committed == ours->commit_seq + 1;
        if (commit->arrived[i]) batch_drop_rows(batch, partition_number(partition));
        i++;
    }
}

static void count_commit(struct commit *commit) {
    struct commit_gauges *gauges = &commit->gauges;
    const struct batch *batch = commit->batch;
    gauges->commits++;
    gauges->rows += (uint64_t)batch->row_count;
    gauges->early[EARLY_WRITTEN] += (uint64_t)commit->written;
    gauges->early[EARLY_CORRECTED] += (uint64_t)commit->corrected;
    gauges->early[EARLY_TAKEN_BACK] += (uint64_t)commit->taken_back;
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
    if (commit->sent < commit->to_send) return;
    commit->sent = 0;
    commit->step++;
}

/* What the answer to the step's statement means; false where the transaction has to begin again. */
static bool take_answer(struct commit *commit, const PGresult *result, struct error *error) {
    FAULT_POINT(step_faults[commit->step]);
    if (commit->step == STEP_LOCK) judge_locks(commit, result);
    if (commit->step == STEP_COMMIT) {
        finish(commit);
    } else if (commit_sends_rows(commit->step)) {
        if (!commit_take_piece(commit, result, error)) return false;
        take_rows(commit);
    } else {
        commit->step++;
    }
    return true;
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
    struct row_check check = postgres_output_check(commit->options.output);
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

static void start_bisect(struct commit *commit) {
    struct batch_rows aside = batch_owned(commit->batch), rows = batch_all_rows(commit->batch);
    bisect_start(commit->bisect, rows.items, rows.count, aside.items, aside.count);
    commit->step = STEP_BISECT;
}

static bool halve_rows(struct commit *commit, const struct error *error) {
    bool slow = commit_sends_rows(commit->step) &&
                strcmp(connection_sqlstate(commit->options.connection), "57014") == 0;
    if (!slow || commit->one_by_one || !pieces_halve(&commit->pieces)) return false;
    log_event(LOG_LEVEL_WARN, "rows_halved", "rows=%d error=%s", commit->pieces.max,
              LOG_QUOTE(error->message));
    commit->step = STEP_BEGIN;
    return true;
}

/* When the rows, or at the end the COMMIT, were refused: whether there is another way than to wait or to
 * stop. Then it begins again at once. */
static bool find_another_way(struct commit *commit, const struct error *error) {
    const char *sqlstate = connection_sqlstate(commit->options.connection);
    bool twice = strcmp(sqlstate, "21000") == 0; /* keys that are equal to the database and not to us */
    if (!commit_sends_rows(commit->step) && commit->step != STEP_COMMIT) return false;
    if (twice && !commit->one_by_one) {
        send_one_by_one(commit);
    } else if (error->class == ERROR_POISON || twice) {
        if (commit->rounds == ROUNDS_MAX) return false;
        start_bisect(commit);
    } else if (!halve_rows(commit, error)) {
        return commit_leave_early(commit, sqlstate);
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
    else if (!commit_withdraw(commit))
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
    case CONNECTION_RESULT: {
        commit->waiting = false;
        bool good = take_answer(commit, result, error);
        PQclear(result);
        if (!good) return database_failed(commit, error);
        return commit->step == STEP_NONE ? COMMIT_DONE : COMMIT_RUNNING;
    }
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
