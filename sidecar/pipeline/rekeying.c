#include "pipeline/rekeying.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "kafka/prober.h"
#include "pipeline/rekeyer.h"
#include "pipeline/summary.h"
#include "pipeline/surroundings.h"
#include "telemetry/log.h"

enum { SUMMARY_MS = 2000 };

struct hand {
    struct rekeyer_shared *shared;
    struct rekeyer *rekeyer;
    pthread_t thread;
    bool started, ok;
    struct error error;
};

struct rekeying {
    struct rekeyer_shared shared;
    struct hand *hands;
    int count;
    atomic_bool failed;
};

bool rekeying_is_needed(const struct plan *plan) {
    return plan->touches->repartition.present || plan->conversions->repartition.present;
}

static bool count_sources(const struct plan *plan, int *counts, struct error *error) {
    const struct pipeline *pipeline = plan->pipeline;
    for (int i = 0; i < pipeline->input_count; i++)
        if (pipeline->inputs[i].repartition.present &&
            !surroundings_source(pipeline, &pipeline->inputs[i], &counts[i], error))
            return false;
    return true;
}

bool rekeying_count(const struct plan *plan, int *sources, struct error *error) {
    int counts[REKEYER_INPUTS] = {0};
    bool ok = count_sources(plan, counts, error);
    *sources = 0;
    for (int i = 0; i < REKEYER_INPUTS; i++) *sources += counts[i];
    return ok;
}

static bool find_ends(struct rekeyer_shared *shared, int input, struct prober *prober, struct error *error) {
    int count = shared->counts[input];
    struct probe *probes = memory_zalloc((size_t)count, sizeof *probes);
    for (int i = 0; i < count; i++)
        probes[i] = (struct probe){
            .topic = shared->plan->pipeline->inputs[input].source_topic, .partition = i, .kind = PROBE_HIGH};
    bool ok = prober_ask_and_wait(prober, probes, count, SURROUNDINGS_TIMEOUT_MS, error);
    shared->ends[input] = memory_zalloc((size_t)count, sizeof *shared->ends[input]);
    for (int i = 0; i < count; i++) shared->ends[input][i] = probes[i].offset;
    free(probes);
    return ok;
}

static bool find_all_ends(struct rekeyer_shared *shared, struct error *error) {
    struct prober *prober = prober_new(&shared->plan->pipeline->kafka, error);
    bool ok = prober != NULL;
    for (int i = 0; ok && i < REKEYER_INPUTS; i++)
        ok = shared->counts[i] == 0 || find_ends(shared, i, prober, error);
    prober_free(prober);
    return ok;
}

static bool prepare(struct rekeying *rekeying, bool once, struct error *error) {
    rekeying->count = rekeying->shared.plan->pipeline->workers;
    rekeying->hands = memory_zalloc((size_t)rekeying->count, sizeof *rekeying->hands);
    rekeying->shared.boards = memory_zalloc((size_t)rekeying->count, sizeof *rekeying->shared.boards);
    for (int i = 0; i < rekeying->count; i++) rekey_board_init(&rekeying->shared.boards[i]);
    if (!count_sources(rekeying->shared.plan, rekeying->shared.counts, error)) return false;
    if (once && !find_all_ends(&rekeying->shared, error)) return false;
    for (int i = 0; i < rekeying->count; i++) {
        rekeying->hands[i].shared = &rekeying->shared;
        rekeying->hands[i].rekeyer = rekeyer_new(&rekeying->shared, i, error);
        if (!rekeying->hands[i].rekeyer) return false;
    }
    return true;
}

struct rekeying *rekeying_new(const struct rekeying_options *options, struct error *error) {
    struct rekeying *rekeying = memory_zalloc(1, sizeof *rekeying);
    rekeying->shared.plan = options->plan;
    rekeying->shared.tables = options->tables;
    rekeying->shared.fetch = options->fetch;
    rekeying->shared.failed = &rekeying->failed;
    if (prepare(rekeying, options->once, error)) return rekeying;
    rekeying_free(rekeying);
    return NULL;
}

struct rekey_board *rekeying_boards(struct rekeying *rekeying, int *count) {
    *count = rekeying->count;
    return rekeying->shared.boards;
}

static void *work(void *context) {
    struct hand *hand = context;
    hand->ok = rekeyer_run(hand->rekeyer, &hand->error);
    if (!hand->ok) atomic_store(hand->shared->failed, true);
    return NULL;
}

bool rekeying_start(struct rekeying *rekeying, struct error *error) {
    for (int i = 0; i < rekeying->count; i++) {
        struct hand *hand = &rekeying->hands[i];
        hand->started = pthread_create(&hand->thread, NULL, work, hand) == 0;
        if (!hand->started) return error_set(error, ERROR_FATAL, "cannot start a thread");
    }
    return true;
}

bool rekeying_is_finished(const struct rekeying *rekeying) {
    return atomic_load(&rekeying->shared.finished);
}

bool rekeying_has_failed(const struct rekeying *rekeying) {
    return atomic_load(&rekeying->failed);
}

static bool end_threads(struct rekeying *rekeying, struct error *error) {
    bool ok = true;
    atomic_store(&rekeying->shared.stopping, true);
    for (int i = 0; i < rekeying->count; i++) {
        struct hand *hand = &rekeying->hands[i];
        if (!hand->started) continue;
        pthread_join(hand->thread, NULL);
        hand->started = false;
        if (!hand->ok && ok && error) *error = hand->error;
        ok &= hand->ok;
    }
    return ok;
}

bool rekeying_stop(struct rekeying *rekeying, struct error *error) {
    return end_threads(rekeying, error);
}

static bool print_input(struct rekeying *rekeying, int input) {
    int count = rekeying->shared.counts[input];
    struct rekey_source *sources = memory_zalloc((size_t)count, sizeof *sources);
    struct error error;
    bool known = rekeyer_committed(rekeying->hands[0].rekeyer, input, sources, SUMMARY_MS, &error);
    if (known)
        for (int i = 0; i < count; i++)
            summary_print_source(rekeying->shared.plan->pipeline->inputs[input].name, i, &sources[i].stored);
    else
        log_event(LOG_LEVEL_WARN, "no_summary", "error=%s", LOG_QUOTE(error.message));
    free(sources);
    return known;
}

void rekeying_print_summary(struct rekeying *rekeying) {
    if (!rekeying->hands[0].ok) return; /* it may not have got as far as a client */
    for (int i = 0; i < REKEYER_INPUTS; i++)
        if (rekeying->shared.counts[i] && !print_input(rekeying, i)) return; /* nor the other, as late */
}

void rekeying_free(struct rekeying *rekeying) {
    if (!rekeying) return;
    end_threads(rekeying, NULL);
    for (int i = 0; i < rekeying->count; i++) rekeyer_free(rekeying->hands[i].rekeyer);
    for (int i = 0; i < REKEYER_INPUTS; i++) free(rekeying->shared.ends[i]);
    for (int i = 0; i < rekeying->count; i++) rekey_board_release(&rekeying->shared.boards[i]);
    free(rekeying->shared.boards);
    free(rekeying->hands);
    free(rekeying);
}
