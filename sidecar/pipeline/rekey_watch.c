#include "pipeline/rekey_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define GATHER_US   (INT64_C(100) * 1000)
#define ASK_US      (INT64_C(5) * 1000000)
#define PATIENCE_US INT64_C(1000000)

void rekey_watch_release(struct rekey_watch *watch) {
    rekeyer_gauges_release(&watch->gauges);
}

/* --- the ends of the sources ---
 *
 * As in worker_gauges.c: a source that waits for others is not fetched, so the brokers are asked, too; no
 * answer is no reason to stop. */

static const char *topic_of(const struct rekey_watched *rekeyer, const struct rekey_source *source) {
    return rekeyer->plan->pipeline->inputs[source->input].source_topic;
}

static void ask_ends(struct rekey_watch *watch, const struct rekey_watched *rekeyer, int64_t now) {
    if (!rekeyer->count || rekeyer->phase != PHASE_RUNNING || now - watch->asked_us < ASK_US) return;
    struct probe *probes = memory_zalloc((size_t)rekeyer->count, sizeof *probes);
    for (int i = 0; i < rekeyer->count; i++)
        probes[i] = (struct probe){.topic = topic_of(rekeyer, &rekeyer->sources[i]),
                                   .partition = rekeyer->sources[i].partition,
                                   .kind = PROBE_HIGH,
                                   .context = (uint64_t)i};
    prober_ask(rekeyer->prober, PROBER_ENDS, probes, rekeyer->count);
    watch->asked_us = now;
    free(probes);
}

/* The group may have assigned others since the question. */
static void take_end(const struct rekey_watched *rekeyer, const struct probe *probe) {
    if (probe->context >= (uint64_t)rekeyer->count) return;
    struct rekey_source *source = &rekeyer->sources[probe->context];
    bool same = source->partition == probe->partition && strcmp(topic_of(rekeyer, source), probe->topic) == 0;
    if (same && probe->offset > source->high) source->high = probe->offset;
}

static void serve_ends(struct rekey_watch *watch, const struct rekey_watched *rekeyer, int64_t now) {
    const struct probe *probes;
    struct error error;
    int count;
    switch (prober_poll(rekeyer->prober, PROBER_ENDS, &probes, &count, &error)) {
    case PROBER_WAITING:
        if (now - watch->asked_us > PATIENCE_US) prober_withdraw(rekeyer->prober, PROBER_ENDS);
        return;
    case PROBER_ANSWERED:
        for (int i = 0; i < count; i++) take_end(rekeyer, &probes[i]);
        return;
    case PROBER_FAILED:
    case PROBER_NOTHING: ask_ends(watch, rekeyer, now); return;
    }
}

/* --- a snapshot --- */

static void gather_source(const struct rekey_watched *rekeyer, int i, struct rekey_source_gauges *gauges) {
    const struct rekey_source *source = &rekeyer->sources[i];
    gauges->side = source->input == rekeyer->plan->pipeline->attribute.touches ? 0 : 1;
    gauges->partition = source->partition;
    gauges->worker = rekeyer->number;
    gauges->phase = rekeyer->phase;
    if (rekeyer->phase != PHASE_RUNNING) return;
    int64_t fetched = consumer_high(rekeyer->consumer, rekeyer->assigned[i].topic, source->partition);
    gauges->idle = source->time.idle;
    gauges->next = source->next;
    gauges->committed = source->stored_next;
    gauges->high = fetched > source->high ? fetched : source->high;
    gauges->max_time_us = source->time.max_time_us;
    gauges->records = source->stored;
}

static void gather(struct rekey_watch *watch, const struct rekey_watched *rekeyer, int64_t now) {
    struct rekeyer_gauges *gauges = &watch->gauges;
    gauges->gathered_us = now;
    gauges->member = rekeyer->member;
    gauges->begun = rekeyer->begun;
    gauges->transactions = *rekeyer->transactions;
    gauges->count = 0;
    for (int i = 0; i < rekeyer->count; i++) gather_source(rekeyer, i, rekeyer_gauges_add(gauges));
    rekey_board_publish(watch->board, gauges);
}

void rekey_watch_turn(struct rekey_watch *watch, const struct rekey_watched *rekeyer, int64_t now_us) {
    atomic_store(&watch->board->turned_us, now_us);
    if (now_us - watch->gauges.gathered_us < GATHER_US) return;
    serve_ends(watch, rekeyer, now_us);
    gather(watch, rekeyer, now_us);
}
