#include "pipeline/rekeyer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/derive.h"
#include "pipeline/rekey_offsets.h"
#include "pipeline/rekeyer_internal.h"
#include "telemetry/log.h"
#include "transform/marker.h"

enum { POLL_MS = 10, COMMITTED_MS = 500, REWIND_US = 500 * 1000, FINISHED_US = 200 * 1000 };

/* --- the group --- */

static void drop_held(struct rekeyer *rekeyer) {
    while (rekeyer->held_at < rekeyer->held_count)
        rd_kafka_message_destroy(rekeyer->held[rekeyer->held_at++]);
    rekeyer->held_at = rekeyer->held_count = 0;
    for (int i = 0; i < REKEYER_INPUTS; i++)
        if (rekeyer->lookups[i]) rekey_lookups_forget(rekeyer->lookups[i]);
}

/* What was not committed will be read again, by whoever has the sources then. */
static void stop_reading(struct rekeyer *rekeyer) {
    drop_held(rekeyer);
    rekey_writer_abort(rekeyer->writer);
    prober_withdraw(rekeyer->prober, PROBE_START);
    prober_withdraw(rekeyer->prober, PROBE_IDLE);
    rekeyer->asked = false;
    rekeyer->phase = PHASE_NONE;
}

static void on_revoked(void *context) {
    struct rekeyer *rekeyer = context;
    stop_reading(rekeyer);
    rekeyer->source_count = 0;
    rekeyer->member = false;
}

static void on_assigned(void *context, const struct consumer_partition *partitions, int count) {
    struct rekeyer *rekeyer = context;
    stop_reading(rekeyer);
    size_t size = (size_t)count;
    rekeyer->assigned = memory_realloc(rekeyer->assigned, size * sizeof *rekeyer->assigned);
    rekeyer->sources = memory_realloc(rekeyer->sources, size * sizeof *rekeyer->sources);
    rekeyer->source_count = count;
    for (int i = 0; i < count; i++) {
        int input = rekeyer->inputs[partitions[i].topic], least = partitions[i].partition + 1;
        rekeyer->assigned[i] = partitions[i];
        rekeyer->sources[i] = (struct rekey_source){.input = input, .partition = partitions[i].partition};
        if (rekeyer->counts[input] < least) rekeyer->counts[input] = least;
    }
    rekeyer->phase = count ? PHASE_FETCH : PHASE_NONE;
    rekeyer->member = true;
    rekeyer->not_before_us = 0;
    log_event(LOG_LEVEL_INFO, "rekey_assigned", "worker=%d sources=%d", rekeyer->number, count);
}

/* A transaction has failed: from what is committed on once more, when the fetchers have stopped. */
static void rewind_sources(struct rekeyer *rekeyer, const struct error *why) {
    log_repeated(LOG_LEVEL_WARN, "rekey_again", "worker=%d error=%s", rekeyer->number,
                 LOG_QUOTE(why->message));
    bool reading = rekeyer->phase == PHASE_RUNNING;
    stop_reading(rekeyer);
    if (reading) consumer_unassign(rekeyer->consumer);
    rekeyer->phase = rekeyer->source_count ? PHASE_FETCH : PHASE_NONE;
    rekeyer->not_before_us = clock_monotonic_us() + REWIND_US;
}

/* --- life --- */

static bool new_consumer(struct rekeyer *rekeyer, struct error *error) {
    struct consumer_topic topics[REKEYER_INPUTS];
    for (int i = 0; i < rekeyer->topic_count; i++)
        topics[i] =
            (struct consumer_topic){rekeyer_pipeline(rekeyer)->inputs[rekeyer->inputs[i]].source_topic, true};
    struct consumer_options options = {.config = &rekeyer_pipeline(rekeyer)->kafka,
                                       .group = rekeyer->group,
                                       .role = "repartition",
                                       .member = "rekey-",
                                       .worker = rekeyer->number,
                                       .topics = topics,
                                       .topic_count = rekeyer->topic_count,
                                       .fetch = rekeyer->shared->fetch,
                                       .on_assigned = on_assigned,
                                       .on_revoked = on_revoked,
                                       .context = rekeyer};
    rekeyer->consumer = consumer_new(&options, error);
    return rekeyer->consumer != NULL;
}

static bool new_decoders(struct rekeyer *rekeyer, struct error *error) {
    const struct pipeline *pipeline = rekeyer_pipeline(rekeyer);
    for (int i = 0; i < pipeline->input_count; i++) {
        const struct input_config *input = &pipeline->inputs[i];
        if (!input->repartition.present) continue;
        bool ok;
        rekeyer->inputs[rekeyer->topic_count++] = i;
        rekeyer->decoders[i] = derive_key_decoder(pipeline, input, error);
        rekeyer->lookups[i] = rekey_lookups_new(pipeline, input, rekeyer->shared->tables, &ok, error);
        if (!rekeyer->decoders[i] || !ok) return false;
    }
    return true;
}

struct rekeyer *rekeyer_new(struct rekeyer_shared *shared, int number, struct error *error) {
    struct rekeyer *rekeyer = memory_zalloc(1, sizeof *rekeyer);
    rekeyer->shared = shared;
    rekeyer->number = number;
    rekeyer->watch.board = &shared->boards[number];
    memcpy(rekeyer->counts, shared->counts, sizeof rekeyer->counts);
    buffer_init(&rekeyer->key);
    rekeyer->group = memory_printf("%s.repartition", rekeyer_pipeline(rekeyer)->kafka.group);
    struct rekey_writer_options writer = {.pipeline = rekeyer_pipeline(rekeyer),
                                          .source_counts = rekeyer->counts,
                                          .group = rekeyer->group,
                                          .worker = number,
                                          .stopping = &shared->stopping};
    rekeyer->writer = rekey_writer_new(&writer);
    if (new_decoders(rekeyer, error)) return rekeyer;
    rekeyer_free(rekeyer);
    return NULL;
}

void rekeyer_free(struct rekeyer *rekeyer) {
    if (!rekeyer) return;
    consumer_free(rekeyer->consumer); /* stops what is still being read */
    drop_held(rekeyer);
    rekey_writer_free(rekeyer->writer);
    prober_free(rekeyer->prober);
    for (int i = 0; i < REKEYER_INPUTS; i++) {
        decoder_free(rekeyer->decoders[i]);
        rekey_lookups_free(rekeyer->lookups[i]);
    }
    buffer_release(&rekeyer->key);
    rekey_watch_release(&rekeyer->watch);
    free(rekeyer->assigned);
    free(rekeyer->sources);
    free(rekeyer->group);
    free(rekeyer);
}

/* --- committing --- */

static int64_t commit_interval_us(const struct rekeyer *rekeyer) {
    int64_t least = INT64_MAX;
    for (int i = 0; i < rekeyer->topic_count; i++) {
        int64_t each = rekeyer_pipeline(rekeyer)->inputs[rekeyer->inputs[i]].repartition.commit_interval_us;
        if (each < least) least = each;
    }
    return least;
}

/* Which inputs need markers: those with news, and all of them now and then. Whether any does. */
static bool choose_markers(const struct rekeyer *rekeyer, int64_t now, bool *markers) {
    bool heartbeat = now - rekeyer->told_at_us >= (int64_t)MARKER_HEARTBEAT_MS * 1000, any = false;
    for (int i = 0; i < rekeyer->source_count; i++) {
        const struct rekey_source *source = &rekeyer->sources[i];
        markers[source->input] |= heartbeat || rekey_source_has_news(source);
        any |= markers[source->input];
    }
    return any;
}

static bool anything_stored(const struct rekeyer *rekeyer) {
    for (int i = 0; i < rekeyer->source_count; i++)
        if (rekeyer->sources[i].next != rekeyer->sources[i].stored_next) return true;
    return false;
}

static void remember_commit(struct rekeyer *rekeyer, const bool *markers, int64_t now) {
    bool all = true;
    for (int i = 0; i < rekeyer->source_count; i++) {
        struct rekey_source *source = &rekeyer->sources[i];
        source->stored_next = source->next;
        source->stored = source->ledger;
        all &= markers[source->input];
        if (markers[source->input]) source->told = source->time;
    }
    if (all) rekeyer->told_at_us = now;
}

static bool commit(struct rekeyer *rekeyer, int64_t now, struct error *error) {
    bool markers[REKEYER_INPUTS] = {false};
    if (rekeyer->phase != PHASE_RUNNING) return true;
    bool news = choose_markers(rekeyer, now, markers);
    if (!news && !rekey_writer_is_open(rekeyer->writer) && !anything_stored(rekeyer)) return true;
    if (!rekey_writer_commit(rekeyer->writer, rekeyer->consumer, rekeyer->sources, rekeyer->source_count,
                             markers, error))
        return false;
    remember_commit(rekeyer, markers, now);
    return true;
}

static bool commit_if_due(struct rekeyer *rekeyer, int64_t now, struct error *error) {
    if (now - rekeyer->committed_at_us < commit_interval_us(rekeyer)) return true;
    rekeyer->committed_at_us = now;
    return commit(rekeyer, now, error);
}

bool rekeyer_committed(struct rekeyer *rekeyer, int input, struct rekey_source *sources, int timeout_ms,
                       struct error *error) {
    int topic = 0, count = rekeyer->shared->counts[input];
    while (rekeyer->inputs[topic] != input) topic++;
    struct consumer_partition *partitions = memory_zalloc((size_t)count, sizeof *partitions);
    for (int i = 0; i < count; i++) partitions[i] = (struct consumer_partition){topic, i};
    bool ok = rekey_offsets_load(rekeyer->consumer, partitions, sources, count, timeout_ms, error);
    free(partitions);
    return ok;
}

/* --- once --- */

/* Whether the group as a whole has committed every source to its end, whoever of it did. */
static bool all_committed(struct rekeyer *rekeyer, int input, struct error *error) {
    int count = rekeyer->shared->counts[input];
    struct rekey_source *sources = memory_zalloc((size_t)count, sizeof *sources);
    bool all = rekeyer_committed(rekeyer, input, sources, COMMITTED_MS, error);
    for (int i = 0; all && i < count; i++) all = sources[i].stored_next >= rekeyer->shared->ends[input][i];
    free(sources);
    return all;
}

static void look_whether_finished(struct rekeyer *rekeyer, int64_t now) {
    struct error error;
    bool ends = rekeyer->shared->ends[rekeyer->inputs[0]] != NULL;
    if (!ends || rekeyer->number || now - rekeyer->looked_at_us < FINISHED_US) return;
    rekeyer->looked_at_us = now;
    for (int i = 0; i < rekeyer->source_count; i++)
        if (rekeyer->phase != PHASE_RUNNING || rekeyer->sources[i].stored_next < rekeyer->sources[i].end)
            return;
    for (int t = 0; t < rekeyer->topic_count; t++)
        if (!all_committed(rekeyer, rekeyer->inputs[t], &error)) return;
    atomic_store(&rekeyer->shared->finished, true);
}

/* --- the loop --- */

static bool go_on(struct rekeyer *rekeyer, bool *any, int64_t now, struct error *error) {
    if (now < rekeyer->not_before_us) return true;
    switch (rekeyer->phase) {
    case PHASE_NONE: return true;
    case PHASE_FETCH: return rekeyer_fetch(rekeyer, error);
    case PHASE_LOCATE: return rekeyer_locate(rekeyer, error);
    case PHASE_RUNNING: break;
    }
    return rekey_writer_connect(rekeyer->writer, error) && rekeyer_read(rekeyer, any, error) &&
           rekeyer_serve_idle(rekeyer, now, error) && commit_if_due(rekeyer, now, error);
}

static void show(struct rekeyer *rekeyer, int64_t now) {
    const struct rekey_watched watched = {
        .plan = rekeyer->shared->plan,
        .number = rekeyer->number,
        .phase = rekeyer->phase,
        .member = rekeyer->member,
        .begun = rekeyer->phase == PHASE_RUNNING && rekeyer->told_at_us,
        .consumer = rekeyer->consumer,
        .prober = rekeyer->prober,
        .assigned = rekeyer->assigned,
        .sources = rekeyer->sources,
        .count = rekeyer->source_count,
        .transactions = rekey_writer_transactions(rekeyer->writer),
    };
    rekey_watch_turn(&rekeyer->watch, &watched, now);
}

static bool turn(struct rekeyer *rekeyer, struct error *error) {
    bool any = false;
    int64_t now = clock_monotonic_us();
    if (!consumer_poll(rekeyer->consumer, 0, error)) return false;
    if (!go_on(rekeyer, &any, now, error)) {
        if (error->class != ERROR_RETRY) return false;
        rewind_sources(rekeyer, error);
    }
    look_whether_finished(rekeyer, now);
    show(rekeyer, now);
    return any || consumer_poll(rekeyer->consumer, POLL_MS, error);
}

/* What was read is committed; without that its next reader begins a little earlier. */
static void leave(struct rekeyer *rekeyer) {
    struct error error;
    bool full;
    if (rekeyer->phase != PHASE_RUNNING || !rekey_writer_is_connected(rekeyer->writer)) return;
    if (!rekeyer_take_held(rekeyer, &full, &error) || full || !commit(rekeyer, clock_monotonic_us(), &error))
        rekey_writer_abort(rekeyer->writer);
}

static bool connect_clients(struct rekeyer *rekeyer, struct error *error) {
    rekeyer->prober = prober_new(&rekeyer_pipeline(rekeyer)->kafka, error);
    return rekeyer->prober && new_consumer(rekeyer, error);
}

bool rekeyer_run(struct rekeyer *rekeyer, struct error *error) {
    if (!connect_clients(rekeyer, error)) return error_prefix(error, "repartition");
    while (!atomic_load(&rekeyer->shared->stopping))
        if (!turn(rekeyer, error)) return error_prefix(error, "repartition");
    leave(rekeyer);
    return true;
}
