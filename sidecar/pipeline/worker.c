#include "pipeline/worker.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/worker_internal.h"
#include "telemetry/log.h"

enum {
    READ_ROUNDS = 8,
    POLL_MS = 10,
    DATABASE_POLL_MS = 2,
    LEAVE_SECONDS = 5,
    RESTORED_RECORDS = 1 << 20, /* after a slice of a restore memory is looked at */
    RECLAIM_MS = 1000,
    IDLE_PROBE_MS = 100,
};
const int worker_restores = RESTORES;

static const struct pipeline *pipeline_of(const struct worker *worker) {
    return worker->options.shared->plan->pipeline;
}

/* --- the group --- */

/* Partitions leave the reading but are kept: an eager rebalance mostly gives them back. */
static void park(struct worker *worker) {
    int total = worker->parked_count + worker->slot_count;
    worker->parked =
        memory_realloc(worker->parked, (size_t)(total + worker->options.shared->partition_count) *
                                           sizeof(struct partition *));
    for (int i = 0; i < worker->slot_count; i++) {
        struct partition *partition = worker->slots[i].partition;
        if (partition_is_restoring(partition))
            partition_free(partition);
        else
            worker->parked[worker->parked_count++] = partition;
    }
    worker->slot_count = 0;
    if (worker->acquiring && acquire_is_running(worker->acquire))
        worker->parked_count += acquire_cancel(worker->acquire, worker->parked + worker->parked_count);
    worker->acquiring = false;
    prober_withdraw(worker->prober, 1);
    for (int i = 0; i < RESTORES; i++)
        if (worker->restores[i]) restore_cancel(worker->restores[i]);
}

static void on_revoked(void *context) {
    struct worker *worker = context;
    atomic_store(&worker->options.shared->reassigned_at_us, clock_monotonic_us());
    park(worker);
    worker->assigned_count = 0;
    worker->member = false;
}

static void on_assigned(void *context, const struct consumer_partition *partitions, int count) {
    struct worker *worker = context;
    atomic_store(&worker->options.shared->reassigned_at_us, clock_monotonic_us());
    park(worker);
    worker->assigned = memory_realloc(worker->assigned, (size_t)count * sizeof *worker->assigned);
    for (int i = 0; i < count; i++) worker->assigned[i] = partitions[i].partition;
    worker->assigned_count = count;
    worker->ever_assigned = worker->member = true;
    worker->acquiring = true;
    worker->acquire_at_us = 0;
    log_event(LOG_LEVEL_INFO, "assigned", "worker=%d partitions=%d", worker->options.number, count);
}

/* --- life --- */

static bool connect_clients(struct worker *worker, struct error *error) {
    const struct pipeline *pipeline = pipeline_of(worker);
    const struct plan *plan = worker->options.shared->plan;
    const struct budget *budget = worker->options.shared->budget;
    worker->prober = prober_new(&pipeline->kafka, error);
    if (!worker->prober) return false;
    worker->dead_letters = dead_letters_new(pipeline, error);
    if (!worker->dead_letters) return false;
    worker->changelog = changelog_writer_new(pipeline, error);
    if (!worker->changelog) return false;
    worker->reader = reader_new_limited(&pipeline->kafka, "restore", &budget->restore, error);
    if (!worker->reader) return false;
    const struct consumer_topic topics[] = {[CONSUMER_TOUCHES] = {plan->touches->topic, false},
                                            [CONSUMER_CONVERSIONS] = {plan->conversions->topic, true}};
    struct consumer_options options = {.config = &pipeline->kafka,
                                       .group = pipeline->kafka.group,
                                       .role = "worker",
                                       .worker = worker->options.number,
                                       .topics = topics,
                                       .topic_count = 2,
                                       .fetch = budget->fetch,
                                       .on_assigned = on_assigned,
                                       .on_revoked = on_revoked,
                                       .context = worker};
    worker->consumer = consumer_new(&options, error);
    return worker->consumer != NULL;
}

void worker_options_release(struct worker_options *options) {
    for (int i = 0; options->lookups && i < options->shared->plan->lookup_count; i++)
        lookup_query_free(options->lookups[i]);
    free(options->lookups);
    postgres_output_free(options->output);
    join_release(&options->join);
}

static void init_allowance(struct worker *worker) {
    struct run_shared *shared = worker->options.shared;
    struct allowance_options options = {.budget = shared->budget,
                                        .demand = shared->demand,
                                        .partitions = &shared->partitions_here,
                                        .worker = worker->options.number,
                                        .ends = shared->options->once};
    allowance_init(&worker->allowance, &options);
}

struct worker *worker_new(const struct worker_options *options, struct error *error) {
    struct worker *worker = memory_zalloc(1, sizeof *worker);
    const struct plan *plan = options->shared->plan;
    worker->options = *options;
    worker->slots = memory_zalloc((size_t)options->shared->partition_count, sizeof *worker->slots);
    worker->connection = connection_new(&plan->pipeline->postgres, "tributary");
    batch_init(&worker->batch, plan);
    init_allowance(worker);
    worker_watch_init(worker);
    if (!connect_clients(worker, error)) {
        worker_free(worker);
        return NULL;
    }
    const char *fingerprint = options->shared->fingerprint;
    struct acquire_options acquire = {&worker->options.join, worker->connection, worker->prober, fingerprint,
                                      options->shared->partition_count};
    struct commit_options commit = {
        .plan = plan,
        .connection = worker->connection,
        .output = options->output,
        .lookups = options->lookups,
        .dead_letters = worker->dead_letters,
        .changelog = worker->changelog,
        .fingerprint = fingerprint,
    };
    for (int i = 0; i < RESTORES; i++) {
        struct restore_options restore = {plan, worker->reader, worker->prober, PROBER_RESTORES + i};
        worker->restores[i] = restore_new(&restore);
    }
    worker->options.join.logged = true;
    worker->acquire = acquire_new(&acquire);
    worker->commit = commit_new(&commit);
    return worker;
}

static void free_parked(struct worker *worker) {
    for (int i = 0; i < worker->parked_count; i++) partition_free(worker->parked[i]);
    worker->parked_count = 0;
}

void worker_free(struct worker *worker) {
    if (!worker) return;
    consumer_free(worker->consumer); /* parks what is still being read */
    if (worker->slot_count) park(worker);
    commit_free(worker->commit);
    acquire_free(worker->acquire);
    for (int i = 0; i < RESTORES; i++) restore_free(worker->restores[i]);
    batch_release(&worker->batch);
    allowance_release(&worker->allowance);
    free_parked(worker);
    dead_letters_free(worker->dead_letters);
    changelog_writer_free(worker->changelog);
    reader_free(worker->reader);
    prober_free(worker->prober);
    connection_free(worker->connection);
    worker_options_release(&worker->options);
    worker_watch_release(worker);
    free(worker->parked);
    free(worker->slots);
    free(worker->assigned);
    free(worker);
}

/* --- acquiring --- */

static int64_t end_of(const struct worker *worker, enum consumer_side side, int partition) {
    const struct ends *ends = worker->options.shared->ends;
    if (!ends) return INT64_MAX;
    return side == CONSUMER_TOUCHES ? ends->touches[partition] : ends->conversions[partition];
}

static void start_both(const struct slot *slot, const struct acquired *acquired,
                       struct consumer_start *starts) {
    int number = partition_number(slot->partition);
    starts[0] = (struct consumer_start){CONSUMER_TOUCHES, number,
                                        slot_start(slot, CONSUMER_TOUCHES, acquired->touch_low)};
    starts[1] = (struct consumer_start){CONSUMER_CONVERSIONS, number,
                                        slot_start(slot, CONSUMER_CONVERSIONS, acquired->conversion_low)};
}

static bool begin_reading(struct worker *worker, struct error *error) {
    size_t most = (size_t)worker->options.shared->partition_count;
    struct acquired *acquired = memory_zalloc(most, sizeof *acquired);
    struct consumer_start *starts = memory_zalloc(most * 2, sizeof *starts);
    int count = acquire_take(worker->acquire, acquired);
    int64_t now = clock_monotonic_us();
    for (int i = 0; i < count; i++) {
        int number = partition_number(acquired[i].partition);
        slot_init(&worker->slots[i], acquired[i].partition, end_of(worker, CONSUMER_TOUCHES, number),
                  end_of(worker, CONSUMER_CONVERSIONS, number), now);
        start_both(&worker->slots[i], &acquired[i], starts + (ptrdiff_t)i * 2);
    }
    worker->slot_count = count;
    worker->acquiring = false;
    worker_watch_show(worker);
    bool ok = consumer_assign(worker->consumer, starts, count * 2, error);
    if (ok) log_event(LOG_LEVEL_INFO, "reading", "worker=%d partitions=%d", worker->options.number, count);
    free(starts);
    free(acquired);
    return ok;
}

/* A commit under way ends first: what it does to the partitions decides whether we can go on with them. */
static bool serve_acquire(struct worker *worker, int64_t now, struct error *error) {
    if (!worker->acquiring || commit_is_running(worker->commit) || now < worker->acquire_at_us) return true;
    if (!acquire_is_running(worker->acquire)) {
        acquire_start(worker->acquire, worker->assigned, worker->assigned_count, worker->parked,
                      worker->parked_count);
        worker->parked_count = 0;
    }
    switch (acquire_poll(worker->acquire, error)) {
    case ACQUIRE_IDLE:
    case ACQUIRE_RUNNING: return true;
    case ACQUIRE_DONE: return begin_reading(worker, error);
    case ACQUIRE_FAILED: return false;
    }
    return true;
}

/* --- restoring --- */

/* The one that is at this partition already, or else one that is free; NULL when all are busy. */
static struct restore *restore_for(struct worker *worker, const struct partition *partition) {
    struct restore *free = NULL;
    for (int i = 0; i < RESTORES; i++) {
        if (restore_partition(worker->restores[i]) == partition) return worker->restores[i];
        if (!restore_partition(worker->restores[i])) free = worker->restores[i];
    }
    return free;
}

static bool serve_restores(struct worker *worker, bool *any, struct error *error) {
    if (!allowance_restores(&worker->allowance)) return true;
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (!partition_is_restoring(slot->partition)) continue;
        struct restore *restore = restore_for(worker, slot->partition);
        if (!restore) return true;
        enum restore_result result = restore_poll(restore, slot->partition, any, error);
        if (result == RESTORE_FAILED) return false;
        worker->watch.restores += result == RESTORE_DONE;
        allowance_count(&worker->allowance, RESTORED_RECORDS, 0);
        for (enum consumer_side side = 0; side < 2; side++)
            slot->flows[side].active_us = clock_monotonic_us();
    }
    return true;
}

/* --- reading --- */

static const struct input_config *input_of(const struct worker *worker, enum consumer_side side) {
    const struct plan *plan = worker->options.shared->plan;
    return side == CONSUMER_TOUCHES ? plan->touches : plan->conversions;
}

/* Each partition has its share: one whose touches do not come must not stop the others. */
static int room_for(const struct worker *worker, const struct slot *slot) {
    return allowance_conversions(&worker->allowance, partition_pending_bytes(slot->partition), READ_MESSAGES);
}

static int may_read(const struct worker *worker, const struct slot *slot, enum consumer_side side) {
    if (!slot_wants(slot, side)) return 0;
    if (side == CONSUMER_CONVERSIONS) return room_for(worker, slot);
    return allowance_touches(&worker->allowance) ? READ_MESSAGES : 0;
}

static int64_t bytes_of(rd_kafka_message_t *const *messages, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += messages[i]->key_len + messages[i]->len;
    return (int64_t)bytes;
}

static bool read_side(struct worker *worker, struct slot *slot, enum consumer_side side, int *count,
                      struct error *error) {
    *count = may_read(worker, slot, side);
    if (!*count) return true;
    *count = consumer_read(worker->consumer, (int)side, partition_number(slot->partition), worker->messages,
                           *count);
    bool ok = true;
    int64_t now = *count ? clock_monotonic_us() : 0;
    for (int i = 0; ok && i < *count; i++)
        ok = slot_take(slot, side, worker->messages[i], input_of(worker, side),
                       worker->options.shared->partition_count, now, error);
    if (ok) slot_anchor(slot, side, worker->messages, *count, input_of(worker, side));
    allowance_count(&worker->allowance, *count, bytes_of(worker->messages, *count));
    for (int i = 0; i < *count; i++) rd_kafka_message_destroy(worker->messages[i]);
    return ok;
}

static bool look(struct worker *worker, struct error *error) {
    return allowance_look(&worker->allowance, worker->slots, worker->slot_count, &worker->batch,
                          clock_monotonic_us(), error);
}

/* While the queue is full only what can empty it is read: touches that conversions in it wait for. Otherwise
 * the side that lags in event time comes first, so that neither store nor queue grows more than it must. */
static bool read_slot(struct worker *worker, struct slot *slot, bool *any, struct error *error) {
    for (int round = 0; round < READ_ROUNDS; round++) {
        bool full = !room_for(worker, slot);
        if (full && !partition_waits_for_touches(slot->partition)) break;
        enum consumer_side first =
            full || partition_touch_lags(slot->partition) ? CONSUMER_TOUCHES : CONSUMER_CONVERSIONS;
        int count;
        if (!read_side(worker, slot, first, &count, error)) return false;
        if (!count && !full && !read_side(worker, slot, !first, &count, error)) return false;
        if (!count) break;
        *any = true;
        if (!look(worker, error)) return false;
    }
    return true;
}

static bool read_all(struct worker *worker, bool *any, struct error *error) {
    if (!look(worker, error)) return false;
    for (int i = 0; i < worker->slot_count; i++)
        if (!read_slot(worker, &worker->slots[i], any, error)) return false;
    return true;
}

/* --- idleness --- */

static void ask_idle(struct worker *worker, int64_t now) {
    struct probe *probes = memory_zalloc((size_t)worker->slot_count * 2, sizeof *probes);
    int count = 0;
    for (int i = 0; i < worker->slot_count; i++)
        for (enum consumer_side side = 0; side < 2; side++) {
            const struct input_config *input = input_of(worker, side);
            struct slot *slot = &worker->slots[i];
            if (!slot_seems_idle(slot, side, input, now)) continue;
            slot->flows[side].probing = true;
            probes[count++] = (struct probe){.topic = input->topic,
                                             .partition = partition_number(slot->partition),
                                             .kind = PROBE_HIGH,
                                             .context = (uint64_t)i * 2 + side};
        }
    if (count) prober_ask(worker->prober, 1, probes, count);
    free(probes);
}

/* The slots cannot have changed since the question: a rebalance withdraws it. */
static bool judge_idle(struct worker *worker, int64_t now, struct error *error) {
    const struct probe *probes;
    int count;
    switch (prober_poll(worker->prober, 1, &probes, &count, error)) {
    case PROBER_NOTHING: ask_idle(worker, now); return true;
    case PROBER_WAITING: return true;
    case PROBER_FAILED: return false;
    case PROBER_ANSWERED: break;
    }
    for (int i = 0; i < count; i++) {
        struct slot *slot = &worker->slots[probes[i].context / 2];
        enum consumer_side side = (enum consumer_side)(probes[i].context % 2);
        slot_judge_idle(slot, side, probes[i].offset, now);
        if (slot->flows[side].idle)
            log_event(LOG_LEVEL_INFO, "idle", "input=%s partition=%d offset=%" PRId64,
                      input_of(worker, side)->name, probes[i].partition, probes[i].offset);
    }
    return true;
}

static bool serve_idle(struct worker *worker, int64_t now, struct error *error) {
    if (worker->options.shared->options->once) return true;
    if (now - worker->probed_at_us >= (int64_t)IDLE_PROBE_MS * 1000) {
        worker->probed_at_us = now;
        if (!judge_idle(worker, now, error)) return false;
    }
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot_is_idle(slot, CONSUMER_TOUCHES, now)) partition_advance_touches(slot->partition);
        if (slot_is_idle(slot, CONSUMER_CONVERSIONS, now)) partition_advance_conversions(slot->partition);
    }
    return true;
}

/* --- committing --- */

static void report_offsets(struct worker *worker) {
    for (int side = 0; side < 2; side++) {
        int32_t *partitions = memory_alloc((size_t)worker->batch.part_count * sizeof *partitions);
        int64_t *offsets = memory_alloc((size_t)worker->batch.part_count * sizeof *offsets);
        for (int i = 0; i < worker->batch.part_count; i++) {
            const struct progress *progress = &worker->batch.parts[i].cut.progress;
            partitions[i] = partition_number(worker->batch.parts[i].partition);
            offsets[i] = side == CONSUMER_TOUCHES ? progress->touch_offset : progress->conversion_offset;
        }
        if (worker->batch.part_count)
            consumer_report(worker->consumer, side, partitions, offsets, worker->batch.part_count);
        free(partitions);
        free(offsets);
    }
}

static void remove_parked(struct worker *worker, const struct partition *partition) {
    for (int i = 0; i < worker->parked_count; i++)
        if (worker->parked[i] == partition) worker->parked[i--] = worker->parked[--worker->parked_count];
}

static bool is_assigned(const struct worker *worker, int partition) {
    for (int i = 0; i < worker->assigned_count; i++)
        if (worker->assigned[i] == partition) return true;
    return false;
}

/* Another worker has claimed them. If the group still says they are ours, claim everything again, after a
 * while, so that two of us who disagree do not take turns for ever. */
static void drop_fenced(struct worker *worker, int64_t now) {
    int count;
    struct partition *const *fenced = commit_fenced(worker->commit, &count);
    for (int i = 0; i < count; i++) {
        int number = partition_number(fenced[i]);
        worker->watch.fenced++;
        log_repeated(LOG_LEVEL_WARN, "fenced", "worker=%d partition=%d", worker->options.number, number);
        if (is_assigned(worker, number)) {
            if (worker->slot_count) consumer_unassign(worker->consumer);
            park(worker);
            worker->acquiring = true;
            worker->acquire_at_us = now + (int64_t)RECLAIM_MS * 1000 / 2 + now % ((int64_t)RECLAIM_MS * 1000);
        }
        remove_parked(worker, fenced[i]);
        partition_free(fenced[i]);
    }
}

static bool serve_commit(struct worker *worker, int64_t now, struct error *error) {
    switch (commit_poll(worker->commit, error)) {
    case COMMIT_IDLE:
    case COMMIT_RUNNING: return true;
    case COMMIT_FAILED: return false;
    case COMMIT_DONE: break;
    }
    report_offsets(worker);
    drop_fenced(worker, now);
    batch_reset(&worker->batch);
    return true;
}

static uint64_t batch_rows(const struct worker *worker) {
    return (uint64_t)worker->options.shared->budget->batch_rows;
}

static bool begin_commit(struct worker *worker) {
    struct partition **partitions = memory_alloc((size_t)worker->slot_count * sizeof(struct partition *));
    for (int i = 0; i < worker->slot_count; i++) partitions[i] = worker->slots[i].partition;
    bool some = batch_take(&worker->batch, partitions, worker->slot_count, batch_rows(worker));
    free(partitions);
    if (some) commit_start(worker->commit, &worker->batch);
    return some;
}

/* Whether enough is ready for a batch, of rows or of touches for the changelog, or reading stands still until
 * something is committed. */
static bool batch_is_full(const struct worker *worker) {
    uint64_t rows = batch_rows(worker), ready = 0, unlogged = 0;
    for (int i = 0; i < worker->slot_count && ready < rows; i++) {
        unlogged += partition_unlogged(worker->slots[i].partition);
        if (unlogged >= allowance_unlogged(&worker->allowance)) return true;
        uint64_t more = partition_ready(worker->slots[i].partition, rows);
        if (more && !room_for(worker, &worker->slots[i])) return true;
        ready += more;
    }
    return ready >= rows;
}

/* With --once: there is no touch left that the conversions read could wait for, and no more of these fit. */
static bool is_stuck(const struct worker *worker, const struct slot *slot) {
    return slot_is_read(slot, CONSUMER_TOUCHES) && !room_for(worker, slot) &&
           !partition_ready(slot->partition, 1);
}

static bool is_read(const struct worker *worker, const struct slot *slot) {
    return !partition_is_restoring(slot->partition) && slot_is_read(slot, CONSUMER_TOUCHES) &&
           (slot_is_read(slot, CONSUMER_CONVERSIONS) || is_stuck(worker, slot));
}

static bool all_read(const struct worker *worker) {
    for (int i = 0; i < worker->slot_count; i++)
        if (!is_read(worker, &worker->slots[i])) return false;
    return true;
}

/* Touches beyond the end are not of this run, so it makes no difference to conversions that are read later.
 */
static void close_stuck(struct worker *worker) {
    for (int i = 0; i < worker->slot_count; i++)
        if (is_stuck(worker, &worker->slots[i])) partition_advance_touches(worker->slots[i].partition);
}

static void close_all(struct worker *worker) {
    for (int i = 0; i < worker->slot_count; i++) partition_advance_touches(worker->slots[i].partition);
}

/* With --once: everything assigned to this worker is read and committed. */
static void finish(struct worker *worker) {
    struct run_shared *shared = worker->options.shared;
    for (int i = 0; i < worker->slot_count; i++)
        atomic_store(&shared->read[partition_number(worker->slots[i].partition)], true);
    atomic_store(&shared->finished[worker->options.number], worker->ever_assigned);
}

static void start_commit_if_due(struct worker *worker, int64_t now) {
    const struct run_shared *shared = worker->options.shared;
    if (shared->options->once && shared->options->close) close_stuck(worker);
    bool once_read = shared->options->once && all_read(worker);
    if (once_read && shared->options->close) close_all(worker);
    if (commit_is_running(worker->commit) || worker->acquiring) {
        atomic_store(&shared->finished[worker->options.number], false);
        return;
    }
    bool due = once_read || now - worker->committed_at_us >= pipeline_of(worker)->commit_interval_us ||
               batch_is_full(worker);
    if (!due) return;
    worker->committed_at_us = now;
    bool some = begin_commit(worker);
    if (once_read && !some)
        finish(worker);
    else
        atomic_store(&shared->finished[worker->options.number], false);
}

/* --- the loop --- */

static void wait_for_database(struct worker *worker) {
    bool for_writing;
    struct pollfd socket = {connection_socket(worker->connection, &for_writing), 0, 0};
    socket.events = for_writing ? POLLIN | POLLOUT : POLLIN;
    poll(&socket, socket.fd >= 0, DATABASE_POLL_MS);
}

static bool turn(struct worker *worker, struct error *error) {
    bool any = false;
    int64_t now = clock_monotonic_us();
    if (!consumer_poll(worker->consumer, 0, error) || !serve_acquire(worker, now, error) ||
        !serve_restores(worker, &any, error) || !read_all(worker, &any, error) ||
        !serve_idle(worker, now, error) || !serve_commit(worker, now, error))
        return false;
    start_commit_if_due(worker, now);
    worker_watch_turn(worker);
    if (!worker_watch_extent(worker, error)) return false;
    if (!allowance_moves(&worker->allowance, commit_is_running(worker->commit), now, error)) return false;
    if (any) return true;
    if (commit_is_running(worker->commit) || worker->acquiring)
        wait_for_database(worker);
    else
        return consumer_poll(worker->consumer, POLL_MS, error);
    return true;
}

/* One more commit, if it can be had in time; without it the next owner reads a little more again. */
static void leave(struct worker *worker) {
    int64_t until = clock_monotonic_us() + (int64_t)LEAVE_SECONDS * 1000000;
    struct error error;
    bool last = false;
    while (clock_monotonic_us() < until) {
        worker_watch_turn(worker);
        if (!consumer_poll(worker->consumer, 0, &error) ||
            !serve_commit(worker, clock_monotonic_us(), &error)) {
            log_event(LOG_LEVEL_WARN, "last_commit_failed", "error=%s", LOG_QUOTE(error.message));
            return;
        }
        if (commit_is_running(worker->commit)) {
            wait_for_database(worker);
            continue;
        }
        if (last || worker->acquiring || !begin_commit(worker)) return;
        last = true;
    }
    log_event(LOG_LEVEL_WARN, "last_commit_failed", "error=\"the database did not answer within %d s\"",
              LEAVE_SECONDS);
}

bool worker_run(struct worker *worker, struct error *error) {
    struct run_shared *shared = worker->options.shared;
    while (!atomic_load(&shared->stopping)) {
        if (turn(worker, error)) continue;
        if (commit_is_running(worker->commit)) connection_drop(worker->connection);
        return false;
    }
    leave(worker);
    return true;
}
