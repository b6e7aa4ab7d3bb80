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
#include "pipeline/deadline.h"
#include "pipeline/identity.h"
#include "pipeline/monitor.h"
#include "pipeline/rekeying.h"
#include "pipeline/summary.h"
#include "pipeline/surroundings.h"
#include "pipeline/worker.h"
#include "postgres/schema.h"
#include "telemetry/log.h"
#include "transform/lookup_cache.h"

enum { WATCH_MS = 20, SUMMARY_TIMEOUT_MS = 5000, EVICTION_MARGIN_MS = 5000 };
enum { MMAP_BYTES = 2 * 1024 * 1024, TRIM_BYTES = 8 * 1024 * 1024 };

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

static bool prepare_rekeyed(const struct plan *plan, struct error *error) {
    bool created[2];
    if (!surroundings_rekeyed_topics(plan->pipeline, created, error)) return false;
    report_topic(plan->touches->topic, created[CONSUMER_TOUCHES]);
    report_topic(plan->conversions->topic, created[CONSUMER_CONVERSIONS]);
    return true;
}

static bool prepare_topics(const struct plan *plan, int *partitions, struct error *error) {
    const struct pipeline *pipeline = plan->pipeline;
    bool created, rekeyed[2];
    if (!surroundings_rekeyed_topics(pipeline, rekeyed, error)) return false;
    report_topic(plan->touches->topic, rekeyed[CONSUMER_TOUCHES]);
    report_topic(plan->conversions->topic, rekeyed[CONSUMER_CONVERSIONS]);
    if (!surroundings_topics(plan, partitions, error) || !prepare_rekeyed(plan, error) ||
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
    options->join.early = plan->pipeline->attribute.emit == EMIT_EARLY;
    for (int i = 0; ok && i < plan->lookup_count; i++) {
        const struct lookup_plan *lookup = &plan->lookups[i];
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

/* Whether a signal says so; waits a moment first. */
static bool asked_to_stop(const struct run_options *options) {
    const struct timespec pause = {0, WATCH_MS * 1000000L};
    nanosleep(&pause, NULL);
    bool stop = options->stop_requested && options->stop_requested();
    if (stop) {
        log_event(LOG_LEVEL_INFO, "stopping", "reason=signal");
        deadline_begin();
    }
    if (options->hung_up && options->hung_up())
        log_event(LOG_LEVEL_WARN, "reload_refused", "reason=sighup hint=\"restart instead\"");
    return stop;
}

static void watch(struct run_shared *shared, const struct rekeying *rekeying) {
    while (!atomic_load(&shared->stopping))
        if (asked_to_stop(shared->options) || (shared->options->once && all_finished(shared)) ||
            (rekeying && rekeying_has_failed(rekeying)))
            atomic_store(&shared->stopping, true);
}

static bool employ(struct run_shared *shared, struct hand *hands, struct rekeying *rekeying,
                   struct monitor *monitor, struct error *error) {
    int workers = shared->plan->pipeline->workers;
    bool ok = !rekeying || rekeying_start(rekeying, error);
    for (int i = 0; i < workers && ok; i++) {
        ok = pthread_create(&hands[i].thread, NULL, work, &hands[i]) == 0;
        hands[i].started = ok;
        if (!ok) error_set(error, ERROR_FATAL, "cannot start a thread");
    }
    if (ok) watch(shared, rekeying);
    atomic_store(&shared->stopping, true);
    monitor_stopping(monitor);
    if (rekeying && !rekeying_stop(rekeying, ok ? error : NULL)) ok = false;
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

static bool run_workers(struct run_shared *shared, uint64_t key_seed, struct rekeying *rekeying,
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
    ok = ok && employ(shared, hands, rekeying, monitor, error);
    monitor_detach(monitor);
    for (int i = 0; i < workers; i++) dismiss(&hands[i]);
    free(hands);
    return ok;
}

/* How memory goes back: a fetch's buffers are used again by the next ones, which costs far fewer page faults
 * than giving them back each time; a full bucket's large arrays, and what is idle beyond some megabytes, are
 * returned at once. Threads share few heaps, so that one does not keep what another could use. */
static void tune_allocator(int workers) {
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
    mallopt(M_ARENA_MAX, workers + 1);
}

static int64_t caches_of(const struct pipeline *pipeline) {
    int64_t bytes = 0;
    for (int i = 0; i < pipeline->lookup_count; i++) bytes += lookup_cache_most(&pipeline->lookups[i].cache);
    return bytes;
}

static bool prepare_memory(struct run_shared *shared, struct budget_demand *demand, struct budget *budget,
                           struct error *error) {
    const struct pipeline *pipeline = shared->plan->pipeline;
    int64_t group = pipeline->memory_limit ? 0 : cgroup_memory_limit("");
    const char *source = pipeline->memory_limit ? "file" : group ? "cgroup" : "machine";
    *demand = (struct budget_demand){.limit = pipeline->memory_limit ? pipeline->memory_limit : group,
                                     .workers = pipeline->workers,
                                     .partitions = shared->partition_count,
                                     .sources = shared->source_count,
                                     .restores = worker_restores,
                                     .batch_rows = pipeline->batch_rows,
                                     .caches = caches_of(pipeline)};
    if (!demand->limit) demand->limit = machine_memory() / 4 * 3;
    if (!budget_split(demand, budget, error)) return false;
    tune_allocator(pipeline->workers);
    budget_log(budget, source);
    shared->demand = demand;
    shared->budget = budget;
    return true;
}

/* --- re-keying --- */

static bool count_sources(struct run_shared *shared, struct error *error) {
    const struct run_options *options = shared->options;
    bool needed = rekeying_is_needed(shared->plan), here = needed && !options->only_attribute;
    if (!needed && (options->only_repartition || options->only_attribute))
        return error_set(
            error, ERROR_CONFIG,
            "--only: pipeline \"%s\" has one stage, it re-keys no input\nhint: see `repartition` in "
            "docs/configuration.md",
            shared->plan->pipeline->name);
    return !here || rekeying_count(shared->plan, &shared->source_count, error);
}

/* NULL without an error when there is nothing for this process to re-key. */
static bool prepare_rekeying(const struct run_shared *shared, const struct surroundings_tables *tables,
                             struct rekeying **rekeying, struct error *error) {
    struct rekeying_options options = {.plan = shared->plan,
                                       .tables = tables,
                                       .fetch = shared->budget->fetch,
                                       .once = shared->options->once};
    *rekeying = shared->source_count ? rekeying_new(&options, error) : NULL;
    return *rekeying || !shared->source_count;
}

/* Re-keys alone: until it is stopped, or with --once until what is there now is done. `*stopped`: by a
 * signal. */
static bool rekey_alone(const struct run_shared *shared, struct rekeying *rekeying, struct monitor *monitor,
                        bool *stopped, struct error *error) {
    *stopped = false;
    if (shared->options->on_begin) shared->options->on_begin();
    bool ok = rekeying_start(rekeying, error);
    while (ok && !*stopped && !rekeying_has_failed(rekeying) && !rekeying_is_finished(rekeying))
        *stopped = asked_to_stop(shared->options);
    if (*stopped || shared->options->only_repartition) monitor_stopping(monitor);
    return rekeying_stop(rekeying, error) && ok;
}

static void show_rekeying(const struct run_shared *shared, struct rekeying *rekeying,
                          struct monitor *monitor) {
    int count;
    if (!rekeying) return;
    struct rekey_board *boards = rekeying_boards(rekeying, &count);
    monitor_attach(monitor, NULL, 0, shared->budget); /* the workers come later, or never */
    monitor_attach_rekeyers(monitor, boards, count, shared->options->only_repartition);
}

static void end_rekeying(struct rekeying *rekeying, struct monitor *monitor) {
    monitor_detach_rekeyers(monitor);
    monitor_detach(monitor);
    if (rekeying) rekeying_print_summary(rekeying);
    rekeying_free(rekeying);
}

/* The stages of this process: first what is re-keyed, then what is joined; without --once both at a time. */
static bool run_stages(struct run_shared *shared, uint64_t key_seed, struct ends *ends,
                       const struct surroundings_tables *tables, struct monitor *monitor,
                       struct error *error) {
    const struct run_options *options = shared->options;
    struct rekeying *rekeying = NULL;
    bool stopped = false;
    bool ok = prepare_rekeying(shared, tables, &rekeying, error);
    if (ok) show_rekeying(shared, rekeying, monitor);
    if (ok && rekeying && (options->once || options->only_repartition)) {
        ok = rekey_alone(shared, rekeying, monitor, &stopped, error);
        end_rekeying(rekeying, monitor);
        rekeying = NULL;
    }
    if (ok && !stopped && !options->only_repartition)
        ok = (!options->once || find_ends(shared->plan, shared->partition_count, ends, error)) &&
             run_workers(shared, key_seed, rekeying, tables, monitor, error);
    end_rekeying(rekeying, monitor);
    return ok;
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
    bool ok = prepare_topics(plan, &shared.partition_count, error) && count_sources(&shared, error) &&
              prepare_memory(&shared, &demand, &budget, error) &&
              identity_load(&identity, plan, shared.partition_count, connection, error) &&
              prepare_changelog(plan->pipeline, shared.partition_count, error);
    if (options->once) shared.ends = &ends;
    shared.fingerprint = identity.fingerprint.data;
    shared.finished = memory_zalloc((size_t)workers, sizeof *shared.finished);
    shared.boards = memory_zalloc((size_t)workers, sizeof *shared.boards);
    for (int i = 0; i < workers; i++) gauges_board_init(&shared.boards[i]);
    shared.read = memory_zalloc((size_t)shared.partition_count, sizeof *shared.read);
    if (ok) {
        ok = run_stages(&shared, identity.key_seed, &ends, tables, monitor, error);
        if (!options->only_repartition) print_summary(plan, connection);
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
