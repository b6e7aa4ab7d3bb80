#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "pipeline/rekey_first.h"
#include "pipeline/rekey_offsets.h"
#include "pipeline/rekeyer_internal.h"
#include "telemetry/log.h"

enum { COMMITTED_MS = 500 };

bool rekeyer_fetch(struct rekeyer *rekeyer, struct error *error) {
    bool ok = rekey_offsets_load(rekeyer->consumer, rekeyer->assigned, rekeyer->sources,
                                 rekeyer->source_count, COMMITTED_MS, error);
    if (ok) rekeyer->phase = PHASE_LOCATE;
    return ok || error->class == ERROR_RETRY;
}

/* Of a source that was never begun, where it begins, which is its first record if the topic got it while we
 * ran; of the others, from where to where it reaches. */
static struct probe start_probe(const struct rekeyer *rekeyer, const struct rekey_source *source) {
    const struct pipeline *pipeline = rekeyer_pipeline(rekeyer);
    const struct input_config *input = rekeyer_input(rekeyer, source);
    bool touches = source->input == pipeline->attribute.touches;
    int64_t before_us = touches ? pipeline->attribute.window_us : 0;
    struct probe probe = {.topic = input->source_topic, .partition = source->partition, .kind = PROBE_LOW};
    bool added = source->partition >= rekeyer->shared->counts[source->input];
    if (source->stored_next >= 0 || added || pipeline->start == START_EARLIEST) return probe;
    bool latest = pipeline->start == START_LATEST;
    probe.kind = latest && !before_us ? PROBE_HIGH : PROBE_TIME;
    probe.time_us = (latest ? clock_wall_us() : pipeline->start_us) - before_us;
    return probe;
}

static void ask_start(struct rekeyer *rekeyer) {
    struct probe *probes = memory_zalloc((size_t)rekeyer->source_count * 2, sizeof *probes);
    for (int i = 0; i < rekeyer->source_count; i++) {
        probes[i * 2] = probes[i * 2 + 1] = start_probe(rekeyer, &rekeyer->sources[i]);
        probes[i * 2 + 1].kind = PROBE_HIGH;
    }
    prober_ask(rekeyer->prober, PROBE_START, probes, rekeyer->source_count * 2);
    rekeyer->asked = true;
    free(probes);
}

static bool judge_extent(const struct rekeyer *rekeyer, const struct probe *low, const struct probe *high,
                         int64_t next, struct error *error) {
    if (low->offset <= next && next <= high->offset) return true;
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" [%d] has offsets %" PRId64 " to %" PRId64 ", but group \"%s\" has read it to %" PRId64
        ": records that were not read are gone, or the topic was made anew\nhint: to go on with what is "
        "there, kafka-consumer-groups.sh --group %s --topic %s --reset-offsets --to-earliest --execute; give "
        "the topic more retention than the longest pause of this pipeline",
        low->topic, low->partition, low->offset, high->offset, rekeyer->group, next, rekeyer->group,
        low->topic);
}

static int64_t end_of(const struct rekeyer *rekeyer, const struct rekey_source *source) {
    const int64_t *ends = rekeyer->shared->ends[source->input];
    bool known = ends && source->partition < rekeyer->shared->counts[source->input];
    return known ? ends[source->partition] : INT64_MAX;
}

static bool begin_reading(struct rekeyer *rekeyer, const struct probe *probes, struct error *error) {
    int count = rekeyer->source_count;
    struct consumer_start *starts = memory_zalloc((size_t)count, sizeof *starts);
    bool ok = true;
    for (int i = 0; ok && i < count; i++) {
        struct rekey_source *source = &rekeyer->sources[i];
        const struct probe *low = &probes[i * 2], *high = &probes[i * 2 + 1];
        if (source->stored_next < 0) source->next = low->offset;
        ok = judge_extent(rekeyer, low, high, source->next, error);
        source->end = end_of(rekeyer, source);
        source->high = high->offset;
        source->active_us = clock_monotonic_us();
        starts[i] = (struct consumer_start){rekeyer->assigned[i].topic, source->partition,
                                            rekey_source_start(source, low->offset)};
    }
    ok = ok && consumer_assign(rekeyer->consumer, starts, count, error);
    free(starts);
    if (!ok) return false;
    rekeyer->phase = PHASE_RUNNING;
    rekeyer->told_at_us = 0; /* those who read on know nothing of us yet */
    log_event(LOG_LEVEL_INFO, "rekeying", "worker=%d sources=%d", rekeyer->number, count);
    FAULT_POINT("rekey_start.begun");
    return true;
}

static bool may_begin(struct rekeyer *rekeyer, struct error *error) {
    for (int t = 0; t < rekeyer->topic_count; t++) {
        bool fresh = false;
        for (int i = 0; i < rekeyer->source_count; i++)
            fresh |= rekeyer->assigned[i].topic == t && rekeyer->sources[i].stored_next < 0;
        int input = rekeyer->inputs[t];
        struct rekey_first first = {&rekeyer_pipeline(rekeyer)->kafka,
                                    rekeyer->consumer,
                                    rekeyer->prober,
                                    &rekeyer_pipeline(rekeyer)->inputs[input],
                                    rekeyer->group,
                                    t,
                                    rekeyer->counts[input]};
        if (fresh && !rekey_first_may_begin(&first, error)) return false;
    }
    return true;
}

bool rekeyer_locate(struct rekeyer *rekeyer, struct error *error) {
    const struct probe *probes;
    int count;
    if (!rekeyer->asked && !may_begin(rekeyer, error)) return false;
    if (!rekeyer->asked) ask_start(rekeyer);
    switch (prober_poll(rekeyer->prober, PROBE_START, &probes, &count, error)) {
    case PROBER_NOTHING:
    case PROBER_WAITING: return true;
    case PROBER_FAILED: return false;
    case PROBER_ANSWERED: break;
    }
    rekeyer->asked = false;
    return begin_reading(rekeyer, probes, error);
}
