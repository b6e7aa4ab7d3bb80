#include "pipeline/acquire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "telemetry/log.h"

enum step { STEP_NONE, STEP_CLAIM, STEP_ADVANCES, STEP_PROBE, STEP_LOCATE, STEP_DONE };

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
    if (acquire->step == STEP_CLAIM || acquire->step == STEP_ADVANCES || acquire->step == STEP_LOCATE)
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
        if (ours->epoch != claim->ownership.epoch - 1 || ours->commit_seq != claim->ownership.commit_seq)
            return NULL;
        acquire->parked[i] = acquire->parked[--acquire->parked_count];
        ours->epoch = claim->ownership.epoch;
        return partition;
    }
    return NULL;
}

static struct partition *make_partition(const struct acquire *acquire, const struct claim *claim) {
    struct partition *partition = partition_new(acquire->options.join, claim->partition, &claim->progress,
                                                &claim->touch_advances, &claim->conversion_advances);
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

/* Every touch that a conversion to come may need has a record timestamp of at least its event time less
 * max_future, and an event time of at least the conversion watermark less lateness and window. */
static struct probe probe_rebuild(const struct plan *plan, const struct partition *partition) {
    int64_t watermark = partition_conversion_watermark(partition);
    struct probe probe = {
        .topic = plan->touches->topic, .partition = partition_number(partition), .kind = PROBE_LOW};
    if (watermark == TIME_NONE) return probe;
    probe.kind = PROBE_TIME;
    probe.time_us = watermark - plan->window.lateness_us - plan->window.bucket_us * (WINDOW_BUCKETS + 1) -
                    plan->touches->time.max_future_us;
    return probe;
}

enum { FOR_TOUCHES, FOR_CONVERSIONS, FOR_REBUILD };

static bool needs_rebuild(const struct acquire *acquire, int i) {
    return !acquire->claims[i].in_memory && !partition_is_whole(acquire->ready[i]);
}

static int ask(struct acquire *acquire) {
    const struct plan *plan = acquire->options.join->plan;
    struct probe *probes = memory_zalloc((size_t)acquire->claim_count * 2, sizeof *probes);
    int count = 0;
    for (int i = 0; i < acquire->claim_count; i++) {
        int partition = acquire->claims[i].partition;
        if (!acquire->ready[i]) {
            probes[count] = probe_start(plan, plan->touches, partition, plan->window.window_us);
            probes[count++].context = (uint64_t)i * 3 + FOR_TOUCHES;
            probes[count] = probe_start(plan, plan->conversions, partition, 0);
            probes[count++].context = (uint64_t)i * 3 + FOR_CONVERSIONS;
        } else if (needs_rebuild(acquire, i)) {
            probes[count] = probe_rebuild(plan, acquire->ready[i]);
            probes[count++].context = (uint64_t)i * 3 + FOR_REBUILD;
        }
    }
    if (count) prober_ask(acquire->options.prober, 0, probes, count);
    free(probes);
    return count;
}

static void take_answer(struct acquire *acquire, const struct probe *probe) {
    int i = (int)(probe->context / 3);
    struct progress *progress = &acquire->claims[i].progress;
    switch (probe->context % 3) {
    case FOR_TOUCHES: *progress = PROGRESS_START(probe->offset, progress->conversion_offset); break;
    case FOR_CONVERSIONS: progress->conversion_offset = probe->offset; break;
    default:
        partition_rebuild_from(acquire->ready[i], probe->offset);
        log_event(LOG_LEVEL_INFO, "rebuilding", "partition=%d from=%" PRId64 " to=%" PRId64, probe->partition,
                  probe->offset, progress->touch_offset);
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
    acquire->waiting = false;
    for (int i = 0; i < count; i++) take_answer(acquire, &probes[i]);
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
    default: claim_locate_format(statement, plan, acquire->claims, acquire->claim_count); break;
    }
    return connection_send(acquire->options.connection, statement->sql, statement->parameters,
                           statement->parameter_count, error);
}

static void take_result(struct acquire *acquire, const PGresult *result) {
    switch (acquire->step) {
    case STEP_CLAIM:
        acquire->claims = claim_parse(result, &acquire->claim_count);
        acquire->step = STEP_ADVANCES;
        break;
    case STEP_ADVANCES:
        claim_advances_parse(result, acquire->claims, acquire->claim_count);
        make_partitions(acquire);
        acquire->step = STEP_PROBE;
        break;
    default:
        for (int i = 0; i < acquire->claim_count; i++)
            if (!acquire->ready[i]) acquire->ready[i] = make_partition(acquire, &acquire->claims[i]);
        acquire->step = STEP_DONE;
    }
}

/* Claiming again is always safe; it only costs the partitions held in memory their head start. */
static enum acquire_result database_failed(struct acquire *acquire, struct error *error) {
    connection_retry(acquire->options.connection);
    acquire->waiting = false;
    if (error->class != ERROR_RETRY) return ACQUIRE_FAILED;
    log_event(LOG_LEVEL_WARN, "claim_retry", "error=%s", LOG_QUOTE(error->message));
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
    case CONNECTION_RESULT:
        acquire->waiting = false;
        take_result(acquire, result);
        PQclear(result);
        return acquire->step == STEP_DONE ? ACQUIRE_DONE : ACQUIRE_RUNNING;
    }
    return ACQUIRE_RUNNING;
}

enum acquire_result acquire_poll(struct acquire *acquire, struct error *error) {
    switch (acquire->step) {
    case STEP_NONE: return ACQUIRE_IDLE;
    case STEP_PROBE: return poll_probe(acquire, error);
    case STEP_DONE: return ACQUIRE_DONE;
    case STEP_CLAIM:
    case STEP_ADVANCES:
    case STEP_LOCATE: return poll_database(acquire, error);
    }
    return ACQUIRE_IDLE;
}

int acquire_take(struct acquire *acquire, struct partition **partitions) {
    int count = acquire->claim_count;
    for (int i = 0; i < count; i++) {
        partitions[i] = acquire->ready[i];
        acquire->ready[i] = NULL;
    }
    reset(acquire);
    return count;
}
