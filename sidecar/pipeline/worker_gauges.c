#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/fingerprint.h"
#include "pipeline/worker_internal.h"
#include "telemetry/log.h"
#include "transform/marker.h"

#define GATHER_US   (INT64_C(100) * 1000)
#define ASK_US      (INT64_C(5) * 1000000)
#define PATIENCE_US INT64_C(1000000)
#define REMIND_US   (INT64_C(60) * 1000000)

void worker_watch_init(struct worker *worker) {
    size_t count = (size_t)worker->options.shared->partition_count;
    for (int side = 0; side < 2; side++) {
        int64_t *highs = memory_alloc(count * sizeof *highs);
        for (size_t i = 0; i < count; i++) highs[i] = -1;
        worker->watch.highs[side] = highs;
    }
}

void worker_watch_release(struct worker *worker) {
    for (int side = 0; side < 2; side++) free(worker->watch.highs[side]);
}

/* --- the ends of the logs ---
 *
 * What the last fetch said is at hand, but a partition that is not read is not fetched either: so the brokers
 * are asked, too. An answer that does not come, or a refusal, is no reason to stop, and
 * nobody else's question waits for ours. */

static void ask_ends(struct worker *worker, int64_t now) {
    const struct plan *plan = worker->options.shared->plan;
    if (!worker->slot_count || worker->acquiring || now - worker->watch.asked_us < ASK_US) return;
    int count = (worker->slot_count + 1) * 2;
    struct probe *probes = memory_zalloc((size_t)count, sizeof *probes);
    for (int i = 0; i < count; i++) {
        bool touches = i % 2 == CONSUMER_TOUCHES, last = i / 2 == worker->slot_count;
        probes[i] = (struct probe){.topic = touches ? plan->touches->topic : plan->conversions->topic,
                                   .partition = last ? 0 : partition_number(worker->slots[i / 2].partition),
                                   .kind = last ? PROBE_PARTITIONS : PROBE_HIGH,
                                   .context = (uint64_t)(i % 2)};
    }
    prober_ask(worker->prober, PROBER_ENDS, probes, count);
    worker->watch.asked_us = now;
    free(probes);
}

static void take_end(struct worker *worker, const struct probe *probe) {
    if (probe->kind == PROBE_HIGH)
        worker->watch.highs[probe->context][probe->partition] = probe->offset;
    else if (probe->offset > worker->options.shared->partition_count)
        worker->watch.grown = probe->topic;
}

/* What producers write into further partitions nobody would read, and a conversion may miss its touches. */
bool worker_watch_extent(const struct worker *worker, struct error *error) {
    return !worker->watch.grown ||
           fingerprint_refuse_growth(worker->watch.grown, worker->options.shared->partition_count, error);
}

static void serve_ends(struct worker *worker, int64_t now) {
    const struct probe *probes;
    struct error error;
    int count;
    switch (prober_poll(worker->prober, PROBER_ENDS, &probes, &count, &error)) {
    case PROBER_WAITING:
        if (worker->acquiring || now - worker->watch.asked_us > PATIENCE_US)
            prober_withdraw(worker->prober, PROBER_ENDS);
        return;
    case PROBER_ANSWERED:
        for (int i = 0; i < count; i++) take_end(worker, &probes[i]);
        return;
    case PROBER_FAILED:
    case PROBER_NOTHING: ask_ends(worker, now); return;
    }
}

static int64_t end_of_log(const struct worker *worker, enum consumer_side side, int partition) {
    int64_t fetched = consumer_high(worker->consumer, (int)side, partition);
    int64_t asked = worker->watch.highs[side][partition];
    return fetched > asked ? fetched : asked;
}

static bool has_room(const struct worker *worker, const struct slot *slot, enum consumer_side side) {
    if (side == CONSUMER_TOUCHES) return allowance_touches(&worker->allowance);
    return allowance_conversions(&worker->allowance, partition_pending_bytes(slot->partition),
                                 READ_MESSAGES) > 0;
}

/* --- markers that do not come --- */

static const struct input_config *input_of(const struct worker *worker, enum consumer_side side) {
    const struct plan *plan = worker->options.shared->plan;
    return side == CONSUMER_TOUCHES ? plan->touches : plan->conversions;
}

static int count_stalled(struct worker *worker, enum consumer_side side, int64_t now) {
    int stalled = 0;
    for (int i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (!slot_wants(slot, side) || !has_room(worker, slot, side)) slot_is_not_read(slot, side, now);
        stalled += slot_is_stalled(slot, side, input_of(worker, side), now);
    }
    return stalled;
}

static void tell_stall(const struct input_config *input, int stalled) {
    log_repeated(
        LOG_LEVEL_WARN, "rekey_stalled",
        "input=%s topic=%s partitions=%d silent_s=%d hint=\"no marker comes from the re-keyers, so the "
        "watermark stands still: is `tributary run` or `tributary run --only repartition` running, "
        "with access to topic %s?\"",
        input->name, input->topic, stalled, MARKER_STALLED_MS / 1000, input->source_topic);
}

/* Once when it begins, then every minute; and when it is over. */
static void judge_stalls(struct worker *worker, int64_t now) {
    for (enum consumer_side side = 0; side < 2; side++) {
        const struct input_config *input = input_of(worker, side);
        int64_t *told_us = &worker->watch.stall_told_us[side];
        if (!input->repartition.present) continue;
        int stalled = count_stalled(worker, side, now);
        if (!stalled && *told_us)
            log_event(LOG_LEVEL_INFO, "rekey_resumed", "input=%s topic=%s", input->name, input->topic);
        if (stalled && (!*told_us || now - *told_us >= REMIND_US))
            tell_stall(input, stalled);
        else if (stalled)
            continue;
        *told_us = stalled ? now : 0;
    }
}

/* --- a snapshot --- */

static void gather_waits(const struct worker *worker, const struct slot *slot, enum consumer_side side,
                         struct partition_gauges *gauges) {
    if (slot_is_read(slot, side)) return;
    bool wants = slot_wants(slot, side), room = has_room(worker, slot, side);
    gauges->waits[side][WAIT_DRIFT] = !wants;
    gauges->waits[side][WAIT_MEMORY] = wants && !room;
}

static void gather_side(const struct worker *worker, const struct slot *slot, enum consumer_side side,
                        struct partition_gauges *gauges) {
    const struct progress *progress = partition_progress(slot->partition);
    bool touches = side == CONSUMER_TOUCHES;
    gauges->next[side] = slot_next(slot, side);
    gauges->committed[side] = touches ? progress->touch_offset : progress->conversion_offset;
    gauges->ledgers[side] = touches ? progress->touch_ledger : progress->conversion_ledger;
    gauges->high[side] = end_of_log(worker, side, gauges->number);
    gauges->watermark_us[side] = touches ? partition_touch_watermark(slot->partition)
                                         : partition_conversion_watermark(slot->partition);
    gauges->idle[side] = slot_is_idle(slot, side, worker->watch.gathered_us);
    gauges->stalled[side] = slot_is_stalled(slot, side, input_of(worker, side), worker->watch.gathered_us);
    if (gauges->state == PARTITION_RUNNING) gather_waits(worker, slot, side, gauges);
}

static void gather_slot(const struct worker *worker, const struct slot *slot,
                        struct partition_gauges *gauges) {
    const struct partition *partition = slot->partition;
    gauges->number = partition_number(partition);
    gauges->state = partition_is_restoring(partition) ? PARTITION_RESTORING : PARTITION_RUNNING;
    gauges->pending = partition_pending(partition);
    gauges->pending_bytes = partition_pending_bytes(partition);
    gauges->touches = partition_held(partition);
    gauges->touch_bytes = partition_store_bytes(partition);
    gauges->idle_decided = partition_idle_decided(partition);
    for (enum consumer_side side = 0; side < 2; side++) gather_side(worker, slot, side, gauges);
}

/* Before a partition is claimed there is nothing to say of it but that it is ours. */
static void gather_partitions(const struct worker *worker, struct worker_gauges *gauges) {
    bool reading = worker->slot_count > 0;
    int count = reading ? worker->slot_count : worker->assigned_count;
    for (int i = 0; i < count; i++) {
        struct partition_gauges *partition = worker_gauges_add(gauges);
        partition->worker = worker->options.number;
        if (reading)
            gather_slot(worker, &worker->slots[i], partition);
        else
            partition->number = worker->assigned[i];
    }
}

/* What was so at this look is taken to have been so since the one before. */
static void add_spans(struct worker_watch *watch, const struct worker_gauges *gauges, int64_t now) {
    int64_t span = watch->gathered_us ? now - watch->gathered_us : 0;
    for (int i = 0; i < gauges->count; i++) {
        const struct partition_gauges *partition = &gauges->partitions[i];
        if (partition->state == PARTITION_RESTORING) watch->restore_us += span;
        for (int side = 0; side < 2; side++)
            for (int reason = 0; reason < WAIT_REASONS; reason++)
                if (partition->waits[side][reason]) watch->wait_us[side][reason] += span;
    }
    watch->gathered_us = now;
}

static void gather(struct worker *worker, int64_t now) {
    struct gauges_board *board = &worker->options.shared->boards[worker->options.number];
    struct worker_gauges *gauges = gauges_board_draft(board);
    struct worker_watch *watch = &worker->watch;
    gather_partitions(worker, gauges);
    add_spans(watch, gauges, now);
    gauges->gathered_us = now;
    gauges->member = worker->member;
    gauges->claiming = worker->acquiring;
    gauges->commits = *commit_gauges(worker->commit);
    for (int i = 0; i < worker->options.shared->plan->lookup_count; i++)
        worker_gauges_add_lookup(gauges, commit_lookup(worker->commit, i));
    gauges->restores = watch->restores;
    gauges->fenced = watch->fenced;
    gauges->restore_us = watch->restore_us;
    memcpy(gauges->wait_us, watch->wait_us, sizeof gauges->wait_us);
    gauges->held = worker->allowance.held;
    gauges->share = allowance_share(&worker->allowance);
    gauges_board_publish(board);
}

void worker_watch_show(struct worker *worker) {
    gather(worker, clock_monotonic_us());
}

void worker_watch_turn(struct worker *worker) {
    int64_t now = clock_monotonic_us();
    atomic_store(&worker->options.shared->boards[worker->options.number].turned_us, now);
    if (now - worker->watch.gathered_us < GATHER_US) return;
    serve_ends(worker, now);
    judge_stalls(worker, now);
    gather(worker, now);
}
