#include "pipeline/acquire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "pipeline/fingerprint.h"
#include "telemetry/log.h"

enum step { STEP_NONE, STEP_CLAIM, STEP_ADVANCES, STEP_PROBE, STEP_LOCATE, STEP_PRUNE, STEP_DONE };

/* Where the fault tests interrupt taking over: when the step is done. */
static const char *const step_faults[] = {
    [STEP_CLAIM] = "acquire.claim",   [STEP_ADVANCES] = "acquire.advances", [STEP_PROBE] = "acquire.probe",
    [STEP_LOCATE] = "acquire.locate", [STEP_PRUNE] = "acquire.prune",
};

struct acquire {
    struct acquire_options options;
    enum step step;
    bool waiting; /* for the answer of the step's statement or question */
    int *numbers; /* the partitions asked for */
    int count;
    struct partition **parked;
    int parked_count;
    struct claim *claims; /* by partition */
    int claim_count;
    struct partition **ready; /* per claim */
    struct claim_statement statement;
};

struct acquire *acquire_new(const struct acquire_options *options) {
    struct acquire *acquire = memory_zalloc(1, sizeof *acquire);
    acquire->options = *options;
    return acquire;
}

static void forget_claims(struct acquire *acquire) {
    for (int i = 0; acquire->ready && i < acquire->claim_count; i++) partition_free(acquire->ready[i]);
    free(acquire->ready);
    claims_free(acquire->claims, acquire->claim_count);
    acquire->ready = NULL;
    acquire->claims = NULL;
    acquire->claim_count = 0;
}

static void reset(struct acquire *acquire) {
    forget_claims(acquire);
    for (int i = 0; i < acquire->parked_count; i++) partition_free(acquire->parked[i]);
    free(acquire->parked);
    free(acquire->numbers);
    acquire->parked = NULL;
    acquire->numbers = NULL;
    acquire->parked_count = acquire->count = 0;
    acquire->step = STEP_NONE;
    acquire->waiting = false;
}

void acquire_free(struct acquire *acquire) {
    if (!acquire) return;
    reset(acquire);
    claim_statement_release(&acquire->statement);
    free(acquire);
}

void acquire_start(struct acquire *acquire, const int *partitions, int count, struct partition **parked,
                   int parked_count) {
    reset(acquire);
    acquire->numbers = memory_alloc((size_t)count * sizeof *acquire->numbers);
    memcpy(acquire->numbers, partitions, (size_t)count * sizeof *partitions);
    acquire->count = count;
    acquire->parked = memory_alloc((size_t)parked_count * sizeof(struct partition *));
    if (parked_count) memcpy(acquire->parked, parked, (size_t)parked_count * sizeof(struct partition *));
    acquire->parked_count = parked_count;
    acquire->step = count ? STEP_CLAIM : STEP_DONE;
}

bool acquire_is_running(const struct acquire *acquire) {
    return acquire->step != STEP_NONE;
}

int acquire_cancel(struct acquire *acquire, struct partition **parked) {
    if (acquire->step == STEP_CLAIM || acquire->step == STEP_ADVANCES || acquire->step == STEP_LOCATE ||
        acquire->step == STEP_PRUNE)
        if (acquire->waiting) connection_drop(acquire->options.connection);
    if (acquire->step == STEP_PROBE) prober_withdraw(acquire->options.prober, 0);
    int count = acquire->parked_count;
    if (count) memcpy(parked, acquire->parked, (size_t)count * sizeof(struct partition *));
    acquire->parked_count = 0;
    reset(acquire);
    return count;
}

/* --- partitions --- */

/* The partition as we hold it in memory, if nobody has claimed it between our last commit and this claim. */
static struct partition *take_parked(struct acquire *acquire, const struct claim *claim) {
    for (int i = 0; i < acquire->parked_count; i++) {
        struct partition *partition = acquire->parked[i];
        struct ownership *ours = partition_ownership(partition);
        if (partition_number(partition) != claim->partition) continue;
        if (ours->epoch != claim->epoch_before || ours->commit_seq != claim->ownership.commit_seq)
            return NULL;
        acquire->parked[i] = acquire->parked[--acquire->parked_count];
        ours->epoch = claim->ownership.epoch;
        return partition;
    }
    return NULL;
}

/* Progress that was made under other settings: whether it is still good. */
static bool judge_settings(const struct acquire *acquire, struct claim *claim, struct error *error) {
    if (!claim->fingerprint) return true;
    struct buffer explanation;
    buffer_init(&explanation);
    enum fingerprint_verdict verdict =
        fingerprint_compare(claim->fingerprint, acquire->options.fingerprint, &explanation);
    claim->ownership.fingerprint_stored = verdict == FINGERPRINT_SAME;
    bool ok = verdict != FINGERPRINT_STOP;
    if (!ok)
        error_set(error, ERROR_CONFIG, "pipeline \"%s\": %s", acquire->options.join->plan->pipeline->name,
                  buffer_string(&explanation));
    else if (verdict != FINGERPRINT_SAME)
        log_event(LOG_LEVEL_INFO, "settings_changed", "partition=%d changes=%s", claim->partition,
                  LOG_QUOTE(buffer_string(&explanation)));
    buffer_release(&explanation);
    return ok;
}

/* Rows of undecided conversions that a former life has left: this one has to be able to correct them. */
static bool judge_early(const struct acquire *acquire, const struct claim *claim, struct error *error) {
    const struct plan *plan = acquire->options.join->plan;
    if (!claim->early.count || plan->output->write == WRITE_UPSERT) return true;
    return error_set(
        error, ERROR_CONFIG,
        "pipeline \"%s\", partition %d: table %s has early rows of conversions that are not "
        "final, and `write: append` cannot correct them\nhint: run it with `write: upsert` until "
        "they are final (`tributary run --once --close` ends them), then change it",
        plan->pipeline->name, claim->partition, claim->early_table);
}

static bool judge_all_settings(const struct acquire *acquire, struct error *error) {
    for (int i = 0; i < acquire->claim_count; i++)
        if (!judge_settings(acquire, &acquire->claims[i], error) ||
            !judge_early(acquire, &acquire->claims[i], error))
            return false;
    return true;
}

static void pass_early(const struct acquire *acquire, const struct claim *claim,
                       struct partition *partition) {
    const struct plan *plan = acquire->options.join->plan;
    if (!claim->early.count) return;
    if (claim->early_table && strcmp(claim->early_table, plan->output->table) == 0)
        partition_set_early(partition, &claim->early);
    else
        log_event(
            LOG_LEVEL_WARN, "early_rows_left",
            "partition=%d table=%s hint=\"the output is another table now: rows of conversions that were "
            "not final stay as they are\"",
            claim->partition, claim->early_table ? claim->early_table : "unknown");
}

static struct partition *make_partition(const struct acquire *acquire, const struct claim *claim) {
    struct partition *partition = partition_new(acquire->options.join, claim->partition, &claim->progress,
                                                &claim->touch_advances, &claim->conversion_advances);
    partition_set_sources(partition, true, &claim->touch_sources);
    partition_set_sources(partition, false, &claim->conversion_sources);
    pass_early(acquire, claim, partition);
    *partition_ownership(partition) = claim->ownership;
    return partition;
}

static void make_partitions(struct acquire *acquire) {
    acquire->ready = memory_zalloc((size_t)acquire->claim_count, sizeof(struct partition *));
    for (int i = 0; i < acquire->claim_count; i++) {
        struct claim *claim = &acquire->claims[i];
        acquire->ready[i] = take_parked(acquire, claim);
        claim->in_memory = acquire->ready[i] != NULL;
        if (!claim->in_memory && claim->located) acquire->ready[i] = make_partition(acquire, claim);
    }
}

/* --- where to start --- */

static struct probe probe_start(const struct plan *plan, const struct input_config *input, int partition,
                                int64_t before_us) {
    struct probe probe = {.topic = input->topic, .partition = partition, .kind = PROBE_LOW};
    switch (plan->pipeline->start) {
    case START_EARLIEST: break;
    case START_LATEST:
        probe.kind = before_us ? PROBE_TIME : PROBE_HIGH;
        probe.time_us = clock_wall_us() - before_us;
        break;
    case START_TIME:
        probe.kind = PROBE_TIME;
        probe.time_us = plan->pipeline->start_us - before_us;
        break;
    }
    return probe;
}

enum question { FOR_START, FOR_LOW, FOR_HIGH, QUESTIONS };

static uint64_t context_of(int claim, bool touches, enum question question) {
    return ((uint64_t)claim * 2 + touches) * QUESTIONS + question;
}

/* Where a partition that was never begun begins; of the others, from where to where the topic still reaches.
 */
static int ask_side(const struct acquire *acquire, int i, bool touches, struct probe *probes) {
    const struct plan *plan = acquire->options.join->plan;
    const struct input_config *input = touches ? plan->touches : plan->conversions;
    int partition = acquire->claims[i].partition;
    if (!acquire->ready[i]) {
        probes[0] = probe_start(plan, input, partition, touches ? plan->window.window_us : 0);
        probes[0].context = context_of(i, touches, FOR_START);
        return 1;
    }
    probes[0] = (struct probe){.topic = input->topic, .partition = partition, .kind = PROBE_LOW};
    probes[0].context = context_of(i, touches, FOR_LOW);
    probes[1] = (struct probe){.topic = input->topic, .partition = partition, .kind = PROBE_HIGH};
    probes[1].context = context_of(i, touches, FOR_HIGH);
    return 2;
}

static int64_t next_of(const struct partition *partition, bool touches) {
    return touches ? partition_touch_next(partition) : partition_conversion_next(partition);
}

static int ask(struct acquire *acquire) {
    struct probe *probes = memory_zalloc((size_t)acquire->claim_count * 4, sizeof *probes);
    int count = 0;
    for (int i = 0; i < acquire->claim_count; i++) {
        count += ask_side(acquire, i, true, probes + count);
        count += ask_side(acquire, i, false, probes + count);
    }
    if (count) prober_ask(acquire->options.prober, 0, probes, count);
    free(probes);
    return count;
}

static bool judge_low(const struct probe *probe, int64_t next, struct error *error) {
    return probe->offset <= next ||
           error_set(
               error, ERROR_CONFIG,
               "topic \"%s\" [%d] no longer has offset %" PRId64 ": it begins at %" PRId64
               ", records that this pipeline has not read were deleted by retention, or the topic was made "
               "anew\nhint: give the topic more retention than the longest pause of this pipeline; to begin "
               "anew with what is there, use `tributary reset` or a new pipeline name",
               probe->topic, probe->partition, next, probe->offset);
}

static bool judge_high(const struct probe *probe, int64_t next, struct error *error) {
    return probe->offset >= next ||
           error_set(error, ERROR_CONFIG,
                     "topic \"%s\" [%d] ends at offset %" PRId64 ", but this pipeline has read it to %" PRId64
                     ": it was made anew, or has lost records\nhint: to begin anew as well, use `tributary "
                     "reset` or "
                     "a new pipeline name",
                     probe->topic, probe->partition, probe->offset, next);
}

static bool take_answer(struct acquire *acquire, const struct probe *probe, struct error *error) {
    int i = (int)(probe->context / QUESTIONS / 2);
    bool touches = probe->context / QUESTIONS % 2;
    struct claim *claim = &acquire->claims[i];
    struct partition *partition = acquire->ready[i];
    switch ((enum question)(probe->context % QUESTIONS)) {
    case FOR_START:
        if (touches)
            claim->progress = PROGRESS_START(probe->offset, claim->progress.conversion_offset);
        else
            claim->progress = PROGRESS_START(claim->progress.touch_offset, probe->offset);
        return true;
    case FOR_LOW:
        claim->low[touches] = probe->offset;
        return judge_low(probe, next_of(partition, touches), error);
    default: return judge_high(probe, next_of(partition, touches), error);
    }
}

static enum acquire_result poll_probe(struct acquire *acquire, struct error *error) {
    if (!acquire->waiting && !ask(acquire)) {
        acquire->step = STEP_DONE;
        return ACQUIRE_DONE;
    }
    acquire->waiting = true;
    const struct probe *probes;
    int count;
    switch (prober_poll(acquire->options.prober, 0, &probes, &count, error)) {
    case PROBER_NOTHING:
    case PROBER_WAITING: return ACQUIRE_RUNNING;
    case PROBER_FAILED: return ACQUIRE_FAILED;
    case PROBER_ANSWERED: break;
    }
    FAULT_POINT(step_faults[acquire->step]);
    acquire->waiting = false;
    for (int i = 0; i < count; i++)
        if (!take_answer(acquire, &probes[i], error)) return ACQUIRE_FAILED;
    acquire->step = STEP_LOCATE;
    return ACQUIRE_RUNNING;
}

/* --- the statements --- */

static bool send_step(struct acquire *acquire, struct error *error) {
    const struct plan *plan = acquire->options.join->plan;
    struct claim_statement *statement = &acquire->statement;
    switch (acquire->step) {
    case STEP_CLAIM: claim_format(statement, plan, acquire->numbers, acquire->count); break;
    case STEP_ADVANCES: claim_advances_format(statement, plan, acquire->numbers, acquire->count); break;
    case STEP_LOCATE: claim_locate_format(statement, plan, acquire->claims, acquire->claim_count); break;
    default: claim_prune_format(statement, plan, acquire->claims, acquire->claim_count); break;
    }
    return connection_send(acquire->options.connection, statement->sql, statement->parameters,
                           statement->parameter_count, error);
}

static bool has_advances(const struct acquire *acquire) {
    for (int i = 0; i < acquire->claim_count; i++)
        if (acquire->claims[i].touch_advances.count > 1 || acquire->claims[i].conversion_advances.count > 1)
            return true;
    return false;
}

static bool take_result(struct acquire *acquire, const PGresult *result, struct error *error) {
    FAULT_POINT(step_faults[acquire->step]);
    switch (acquire->step) {
    case STEP_CLAIM:
        acquire->claims = claim_parse(result, &acquire->claim_count);
        acquire->step = STEP_ADVANCES;
        return judge_all_settings(acquire, error);
    case STEP_ADVANCES:
        claim_advances_parse(result, acquire->claims, acquire->claim_count);
        make_partitions(acquire);
        acquire->step = STEP_PROBE;
        break;
    case STEP_LOCATE:
        for (int i = 0; i < acquire->claim_count; i++)
            if (!acquire->ready[i]) acquire->ready[i] = make_partition(acquire, &acquire->claims[i]);
        acquire->step = has_advances(acquire) ? STEP_PRUNE : STEP_DONE;
        break;
    default: acquire->step = STEP_DONE;
    }
    return true;
}

/* Claiming again is always safe; it only costs the partitions held in memory their head start. */
static enum acquire_result database_failed(struct acquire *acquire, struct error *error) {
    connection_retry(acquire->options.connection);
    acquire->waiting = false;
    if (error->class != ERROR_RETRY) return ACQUIRE_FAILED;
    log_repeated(LOG_LEVEL_WARN, "claim_retry", "error=%s", LOG_QUOTE(error->message));
    forget_claims(acquire);
    acquire->step = STEP_CLAIM;
    return ACQUIRE_RUNNING;
}

static enum acquire_result poll_database(struct acquire *acquire, struct error *error) {
    PGresult *result = NULL;
    switch (connection_poll(acquire->options.connection, &result, error)) {
    case CONNECTION_BUSY: return ACQUIRE_RUNNING;
    case CONNECTION_FAILED: return database_failed(acquire, error);
    case CONNECTION_IDLE:
        if (acquire->waiting) {
            error_set(error, ERROR_RETRY, "postgres: the connection was lost");
            return database_failed(acquire, error);
        }
        if (!send_step(acquire, error)) return database_failed(acquire, error);
        acquire->waiting = true;
        return ACQUIRE_RUNNING;
    case CONNECTION_RESULT: {
        acquire->waiting = false;
        bool ok = take_result(acquire, result, error);
        PQclear(result);
        if (!ok) return ACQUIRE_FAILED;
        return acquire->step == STEP_DONE ? ACQUIRE_DONE : ACQUIRE_RUNNING;
    }
    }
    return ACQUIRE_RUNNING;
}

/* The group gives out partitions that topics get while we run, at once. Nothing may be claimed for those. */
static bool judge_numbers(const struct acquire *acquire, struct error *error) {
    for (int i = 0; i < acquire->count; i++)
        if (acquire->numbers[i] >= acquire->options.partitions)
            return fingerprint_refuse_growth(acquire->options.join->plan->conversions->topic,
                                             acquire->options.partitions, error);
    return true;
}

enum acquire_result acquire_poll(struct acquire *acquire, struct error *error) {
    if (acquire->step == STEP_CLAIM && !judge_numbers(acquire, error)) return ACQUIRE_FAILED;
    switch (acquire->step) {
    case STEP_NONE: return ACQUIRE_IDLE;
    case STEP_PROBE: return poll_probe(acquire, error);
    case STEP_DONE: return ACQUIRE_DONE;
    case STEP_CLAIM:
    case STEP_ADVANCES:
    case STEP_LOCATE:
    case STEP_PRUNE: return poll_database(acquire, error);
    }
    return ACQUIRE_IDLE;
}

int acquire_take(struct acquire *acquire, struct acquired *acquired) {
    int count = acquire->claim_count;
    for (int i = 0; i < count; i++) {
        acquired[i] =
            (struct acquired){acquire->ready[i], acquire->claims[i].low[true], acquire->claims[i].low[false]};
        acquire->ready[i] = NULL;
    }
    reset(acquire);
    return count;
}
