#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/worker_internal.h"

#define GATHER_US   (INT64_C(100) * 1000)
#define ASK_US      (INT64_C(5) * 1000000)
#define PATIENCE_US INT64_C(1000000)

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
    struct probe *probes = memory_zalloc((size_t)worker->slot_count * 2, sizeof *probes);
    for (int i = 0; i < worker->slot_count * 2; i++)
        probes[i] = (struct probe){.topic = i % 2 == CONSUMER_TOUCHES ? plan->touches->topic
                                                                      : plan->conversions->topic,
                                   .partition = partition_number(worker->slots[i / 2].partition),
                                   .kind = PROBE_HIGH,
                                   .context = (uint64_t)(i % 2)};
    prober_ask(worker->prober, PROBER_ENDS, probes, worker->slot_count * 2);
    worker->watch.asked_us = now;
    free(probes);
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
        for (int i = 0; i < count; i++)
            worker->watch.highs[probes[i].context][probes[i].partition] = probes[i].offset;
        return;
    case PROBER_FAILED:
    case PROBER_NOTHING: ask_ends(worker, now); return;
    }
}

static int64_t end_of_log(const struct worker *worker, enum consumer_side side, int partition) {
    int64_t fetched = consumer_high(worker->consumer, side, partition);
    int64_t asked = worker->watch.highs[side][partition];
    return fetched > asked ? fetched : asked;
}

/* --- a snapshot --- */

static void gather_waits(const struct worker *worker, const struct slot *slot, enum consumer_side side,
                         struct partition_gauges *gauges) {
    if (slot_is_read(slot, side)) return;
    bool wants = slot_wants(slot, side);
    bool room = side == CONSUMER_TOUCHES
                    ? allowance_touches(&worker->allowance)
                    : allowance_conversions(&worker->allowance, gauges->pending_bytes, READ_MESSAGES) > 0;
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
    gauges->idle[side] = slot->flows[side].idle;
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
    gather(worker, now);
}
