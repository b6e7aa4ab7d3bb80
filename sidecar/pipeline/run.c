#include "pipeline/run.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "kafka/consumer.h"
#include "kafka/prober.h"
#include "pipeline/claim.h"
#include "pipeline/identity.h"
#include "pipeline/monitor.h"
#include "pipeline/summary.h"
#include "pipeline/surroundings.h"
#include "pipeline/worker.h"
#include "postgres/schema.h"
#include "telemetry/log.h"

enum { WATCH_MS = 20, SUMMARY_TIMEOUT_MS = 5000, EVICTION_MARGIN_MS = 5000 };
enum { MMAP_BYTES = 256 * 1024, TRIM_BYTES = 1024 * 1024 };

struct hand {
    struct worker_options options; /* until there is a worker */
    struct worker *worker;
    pthread_t thread;
    bool started, ok;
    struct error error;
    struct run_shared *shared;
};

/* --- before --- */

static bool prepare_database(const struct plan *plan, struct connection *connection,
                             struct surroundings_tables *tables, struct error *error) {
    int applied;
    if (!schema_migrate(connection, SURROUNDINGS_TIMEOUT_MS, &applied, error)) return false;
    if (applied)
        log_event(LOG_LEVEL_INFO, "schema_created", "schema=tributary version=%d", schema_migration_count);
    return surroundings_tables(plan, connection, tables, error);
}

static void report_topic(const char *topic, bool created) {
    if (created) log_event(LOG_LEVEL_INFO, "topic_created", "topic=%s", topic);
}

static bool prepare_topics(const struct plan *plan, int *partitions, struct error *error) {
    const struct pipeline *pipeline = plan->pipeline;
    bool created;
    if (!surroundings_topics(plan, partitions, error) ||
        !surroundings_dead_letter_topic(pipeline, &created, error))
        return false;
    report_topic(pipeline->dead_letter_topic, created);
    return true;
}

/* After the settings: where the inputs have got more partitions, that is what there is to say. */
static bool prepare_changelog(const struct pipeline *pipeline, int partitions, struct error *error) {
    bool created;
    if (!surroundings_changelog_topic(pipeline, partitions, &created, error)) return false;
    report_topic(pipeline->changelog_topic, created);
    return true;
}

/* The high watermarks of both logs now: what --once reads to. */
static bool find_ends(const struct plan *plan, int partitions, struct ends *ends, struct error *error) {
    struct prober *prober = prober_new(&plan->pipeline->kafka, error);
    if (!prober) return false;
    struct probe *probes = memory_zalloc((size_t)partitions * 2, sizeof *probes);
    for (int i = 0; i < partitions; i++) {
        probes[i] = (struct probe){.topic = plan->touches->topic, .partition = i, .kind = PROBE_HIGH};
        probes[partitions + i] =
            (struct probe){.topic = plan->conversions->topic, .partition = i, .kind = PROBE_HIGH};
    }
    bool ok = prober_ask_and_wait(prober, probes, partitions * 2, SURROUNDINGS_TIMEOUT_MS, error);
    ends->touches = memory_zalloc((size_t)partitions, sizeof *ends->touches);
    ends->conversions = memory_zalloc((size_t)partitions, sizeof *ends->conversions);
    for (int i = 0; ok && i < partitions; i++) {
        ends->touches[i] = probes[i].offset;
        ends->conversions[i] = probes[partitions + i].offset;
    }
    free(probes);
    prober_free(prober);
    return ok;
}

/* --- the workers --- */

/* What a worker needs; before any worker has a client, whose threads read the environment: decoders change
 * TZ while they learn a zone. */
static bool equip(struct run_shared *shared, int number, uint64_t key_seed,
                  const struct surroundings_tables *tables, struct hand *hand) {
    const struct plan *plan = shared->plan;
    struct worker_options *options = &hand->options;
    *options = (struct worker_options){.shared = shared, .number = number};
    hand->shared = shared;
    options->lookups = memory_zalloc((size_t)plan->lookup_count, sizeof(struct lookup_query *));
    options->output = postgres_output_new(plan->output, tables->output, &hand->error);
    bool ok = options->output && join_init(&options->join, plan, key_seed, &hand->error);
    for (int i = 0; ok && i < plan->lookup_count; i++) {
        const struct plan_lookup *lookup = &plan->lookups[i];
        options->lookups[i] = lookup_query_new(lookup->config, lookup->columns, lookup->column_count,
                                               tables->lookups[i], &hand->error);
        ok = options->lookups[i] != NULL;
    }
    return ok;
}

static bool hire(struct hand *hand) {
    hand->worker = worker_new(&hand->options, &hand->error);
    hand->options = (struct worker_options){0}; /* the worker's now */
    return hand->worker != NULL;
}

/* Of somebody who was equipped only, too. */
static void dismiss(struct hand *hand) {
    worker_free(hand->worker);
    worker_options_release(&hand->options);
}

static void *work(void *context) {
    struct hand *hand = context;
    hand->ok = worker_run(hand->worker, &hand->error);
    if (!hand->ok) atomic_store(&hand->shared->stopping, true);
    return NULL;
}

static bool all_read(const struct run_shared *shared) {
    for (int i = 0; i < shared->partition_count; i++)
        if (!atomic_load(&shared->read[i])) return false;
    return true;
}

/* How long the group takes to notice that a member has died, and a little more. */
static int64_t eviction_us(const struct kafka_config *kafka) {
    int64_t session_ms = CONSUMER_SESSION_TIMEOUT_MS;
    for (int i = 0; i < kafka->property_count; i++)
        if (strcmp(kafka->properties[i].name, "session.timeout.ms") == 0)
            session_ms = strtoll(kafka->properties[i].value, NULL, 10);
    return (session_ms + EVICTION_MARGIN_MS) * 1000;
}

/* With --once: we have read every partition, or what we have not read belongs to other members, who are
 * alive: had they died, the group would have given us their partitions by now. */
static bool all_finished(const struct run_shared *shared) {
    for (int i = 0; i < shared->plan->pipeline->workers; i++)
        if (!atomic_load(&shared->finished[i])) return false;
    int64_t quiet_us = clock_monotonic_us() - atomic_load(&shared->reassigned_at_us);
    return all_read(shared) || quiet_us > eviction_us(&shared->plan->pipeline->kafka);
}

static void watch(struct run_shared *shared) {
    const struct timespec pause = {0, WATCH_MS * 1000000L};
    while (!atomic_load(&shared->stopping)) {
        bool stop = shared->options->stop_requested && shared->options->stop_requested();
        if (stop) log_event(LOG_LEVEL_INFO, "stopping", "reason=signal");
        if (shared->options->hung_up && shared->options->hung_up())
            log_event(LOG_LEVEL_WARN, "reload_refused", "reason=sighup hint=\"restart instead\"");
        if (stop || (shared->options->once && all_finished(shared))) atomic_store(&shared->stopping, true);
        nanosleep(&pause, NULL);
    }
}

static bool employ(struct run_shared *shared, struct hand *hands, struct monitor *monitor,
                   struct error *error) {
    int workers = shared->plan->pipeline->workers;
    bool ok = true;
    for (int i = 0; i < workers && ok; i++) {
        ok = pthread_create(&hands[i].thread, NULL, work, &hands[i]) == 0;
        hands[i].started = ok;
    }
    if (ok)
        watch(shared);
    else
        error_set(error, ERROR_FATAL, "cannot start a thread");
    atomic_store(&shared->stopping, true);
    monitor_stopping(monitor);
    for (int i = 0; i < workers; i++) {
        if (!hands[i].started) continue;
        pthread_join(hands[i].thread, NULL);
        if (!hands[i].ok && ok) {
            *error = hands[i].error;
            ok = false;
        }
    }
    return ok;
}

/* --- after --- */

/* The ledgers as the database has them: of all partitions, whoever read them, over all restarts. */
static void print_summary(const struct plan *plan, struct connection *connection) {
    struct parameter parameter = parameter_text(plan->pipeline->name);
    struct error error;
    PGresult *result = connection_query(connection,
                                        "SELECT partition, touch_ledger::text, conversion_ledger::text"
                                        " FROM tributary.progress WHERE pipeline = $1 ORDER BY partition",
                                        &parameter, 1, SUMMARY_TIMEOUT_MS, &error);
    if (!result) {
        log_event(LOG_LEVEL_WARN, "no_summary", "error=%s", LOG_QUOTE(error.message));
        return;
    }
    for (int side = 1; side <= 2; side++)
        for (int row = 0; row < PQntuples(result); row++) {
            struct ledger ledger = ledger_parse(PQgetvalue(result, row, side));
            summary_print(side == 1 ? plan->touches->name : plan->conversions->name,
                          (int)strtol(PQgetvalue(result, row, 0), NULL, 10), &ledger);
        }
    PQclear(result);
}

static bool run_workers(struct run_shared *shared, uint64_t key_seed,
                        const struct surroundings_tables *tables, struct monitor *monitor,
                        struct error *error) {
    int workers = shared->plan->pipeline->workers;
    struct hand *hands = memory_zalloc((size_t)workers, sizeof *hands);
    bool ok = true;
    for (int i = 0; i < workers && ok; i++) {
        ok = equip(shared, i, key_seed, tables, &hands[i]);
        if (!ok) *error = hands[i].error;
    }
    for (int i = 0; i < workers && ok; i++) {
        ok = hire(&hands[i]);
        if (!ok) *error = hands[i].error;
    }
    if (ok && shared->options->on_begin) shared->options->on_begin();
    if (ok) monitor_attach(monitor, shared->boards, workers, shared->budget);
    ok = ok && employ(shared, hands, monitor, error);
    monitor_detach(monitor);
    for (int i = 0; i < workers; i++) dismiss(&hands[i]);
    free(hands);
    return ok;
}

/* How memory goes back: what a full bucket or a fetch took is returned at once, and threads share few heaps,
 * so that one does not keep what another could use. */
static void tune_allocator(int workers) {
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
    mallopt(M_ARENA_MAX, workers + 1);
}

static bool prepare_memory(struct run_shared *shared, struct budget_demand *demand, struct budget *budget,
                           struct error *error) {
    const struct pipeline *pipeline = shared->plan->pipeline;
    int64_t group = pipeline->memory_limit ? 0 : cgroup_memory_limit("");
    const char *source = pipeline->memory_limit ? "file" : group ? "cgroup" : "machine";
    *demand = (struct budget_demand){.limit = pipeline->memory_limit ? pipeline->memory_limit : group,
                                     .workers = pipeline->workers,
                                     .partitions = shared->partition_count,
                                     .restores = worker_restores,
                                     .batch_rows = pipeline->batch_rows};
    if (!demand->limit) demand->limit = machine_memory() / 4 * 3;
    if (!budget_split(demand, budget, error)) return false;
    tune_allocator(pipeline->workers);
    budget_log(budget, source);
    shared->demand = demand;
    shared->budget = budget;
    return true;
}

static bool run_prepared(const struct plan *plan, const struct run_options *options,
                         struct connection *connection, const struct surroundings_tables *tables,
                         struct monitor *monitor, struct error *error) {
    int workers = plan->pipeline->workers;
    struct run_shared shared = {.plan = plan, .options = options};
    struct ends ends = {0};
    struct identity identity = {0};
    struct budget_demand demand;
    struct budget budget;
    bool ok = prepare_topics(plan, &shared.partition_count, error) &&
              prepare_memory(&shared, &demand, &budget, error) &&
              identity_load(&identity, plan, shared.partition_count, connection, error) &&
              prepare_changelog(plan->pipeline, shared.partition_count, error) &&
              (!options->once || find_ends(plan, shared.partition_count, &ends, error));
    if (options->once) shared.ends = &ends;
    shared.fingerprint = identity.fingerprint.data;
    shared.finished = memory_zalloc((size_t)workers, sizeof *shared.finished);
    shared.boards = memory_zalloc((size_t)workers, sizeof *shared.boards);
    for (int i = 0; i < workers; i++) gauges_board_init(&shared.boards[i]);
    shared.read = memory_zalloc((size_t)shared.partition_count, sizeof *shared.read);
    if (ok) {
        ok = run_workers(&shared, identity.key_seed, tables, monitor, error);
        print_summary(plan, connection);
    }
    identity_release(&identity);
    for (int i = 0; i < workers; i++) gauges_board_release(&shared.boards[i]);
    free(shared.boards);
    free(shared.finished);
    free(shared.read);
    free(ends.touches);
    free(ends.conversions);
    return ok;
}

bool run_pipeline(const struct pipeline *pipeline, const struct run_options *options, struct error *error) {
    struct plan *plan = plan_new(pipeline);
    struct connection *connection = connection_new(&pipeline->postgres, "tributary");
    struct surroundings_tables tables = {0};
    log_event(LOG_LEVEL_INFO, "start", "pipeline=%s version=%s workers=%d", pipeline->name, TRIBUTARY_VERSION,
              pipeline->workers);
    struct monitor *monitor = monitor_new(plan, error);
    bool ok = monitor && prepare_database(plan, connection, &tables, error) &&
              run_prepared(plan, options, connection, &tables, monitor, error);
    monitor_free(monitor);
    surroundings_tables_release(plan, &tables);
    connection_free(connection);
    plan_free(plan);
    if (ok) log_event(LOG_LEVEL_INFO, "stopped", "pipeline=%s", pipeline->name);
    return ok;
}
