#include "pipeline/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/view.h"
#include "telemetry/http.h"
#include "telemetry/log.h"

struct monitor {
    const struct plan *plan;
    struct http_server *server;
    pthread_mutex_t lock; /* over what follows, down to the next comment */
    struct gauges_board *boards;
    int count;
    const struct budget *budget;
    struct rekey_board *rekey_boards;
    int rekeyer_count;
    bool alone, stopping;
    /* the listener's thread's own: */
    struct worker_gauges *copies;
    struct health_worker *health;
    const struct partition_gauges **partitions;
    int copy_count, partition_capacity;
    struct rekeyer_gauges *rekey_copies;
    struct health_worker *rekey_health;
    const struct rekey_source_gauges **sources;
    int rekey_copy_count, source_capacity;
    struct errors_seen errors;
};

/* --- looking --- */

static void reserve(struct monitor *monitor, int workers) {
    if (workers <= monitor->copy_count) return;
    monitor->copies = memory_zalloc((size_t)workers, sizeof *monitor->copies);
    monitor->health = memory_zalloc((size_t)workers, sizeof *monitor->health);
    monitor->copy_count = workers;
}

static void describe_worker(const struct worker_gauges *worker, int64_t turned_us,
                            struct health_worker *health) {
    *health = (struct health_worker){.turned_us = worker->gathered_us ? turned_us : 0,
                                     .member = worker->member,
                                     .claiming = worker->claiming,
                                     .assigned = worker->count};
    for (int i = 0; i < worker->count; i++) {
        health->reading += worker->partitions[i].state != PARTITION_ASSIGNED;
        health->restoring += worker->partitions[i].state == PARTITION_RESTORING;
    }
}

static void reserve_rekeyers(struct monitor *monitor, int count) {
    if (count <= monitor->rekey_copy_count) return;
    monitor->rekey_copies = memory_zalloc((size_t)count, sizeof *monitor->rekey_copies);
    monitor->rekey_health = memory_zalloc((size_t)count, sizeof *monitor->rekey_health);
    monitor->rekey_copy_count = count;
}

static void describe_rekeyer(const struct rekeyer_gauges *rekeyer, int64_t turned_us,
                             struct health_worker *health) {
    *health = (struct health_worker){.turned_us = rekeyer->gathered_us ? turned_us : 0,
                                     .member = rekeyer->member,
                                     .claiming = rekeyer->count && !rekeyer->begun,
                                     .assigned = rekeyer->count,
                                     .reading = rekeyer->begun ? rekeyer->count : 0};
}

static int compare_partitions(const void *a, const void *b) {
    const struct partition_gauges *x = *(const struct partition_gauges *const *)a;
    const struct partition_gauges *y = *(const struct partition_gauges *const *)b;
    return (x->number > y->number) - (x->number < y->number);
}

/* While one moves from worker to worker both may show it: the one who looked last is right. */
static int drop_doubles(const struct monitor *monitor, const struct partition_gauges **partitions,
                        int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        bool same = kept && partitions[kept - 1]->number == partitions[i]->number;
        if (!same)
            partitions[kept++] = partitions[i];
        else if (monitor->copies[partitions[i]->worker].gathered_us >
                 monitor->copies[partitions[kept - 1]->worker].gathered_us)
            partitions[kept - 1] = partitions[i];
    }
    return kept;
}

static int list_partitions(struct monitor *monitor, int workers) {
    int count = 0, total = 0;
    for (int w = 0; w < workers; w++) total += monitor->copies[w].count;
    if (total > monitor->partition_capacity) {
        monitor->partitions =
            memory_realloc(monitor->partitions, (size_t)total * sizeof(struct partition_gauges *));
        monitor->partition_capacity = total;
    }
    for (int w = 0; w < workers; w++)
        for (int i = 0; i < monitor->copies[w].count; i++)
            monitor->partitions[count++] = &monitor->copies[w].partitions[i];
    if (count) qsort(monitor->partitions, (size_t)count, sizeof *monitor->partitions, compare_partitions);
    return drop_doubles(monitor, monitor->partitions, count);
}

static int compare_sources(const void *a, const void *b) {
    const struct rekey_source_gauges *x = *(const struct rekey_source_gauges *const *)a;
    const struct rekey_source_gauges *y = *(const struct rekey_source_gauges *const *)b;
    if (x->side != y->side) return x->side - y->side;
    return (x->partition > y->partition) - (x->partition < y->partition);
}

static int drop_double_sources(const struct monitor *monitor, const struct rekey_source_gauges **sources,
                               int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        bool same = kept && compare_sources(&sources[kept - 1], &sources[i]) == 0;
        if (!same)
            sources[kept++] = sources[i];
        else if (monitor->rekey_copies[sources[i]->worker].gathered_us >
                 monitor->rekey_copies[sources[kept - 1]->worker].gathered_us)
            sources[kept - 1] = sources[i];
    }
    return kept;
}

static int list_sources(struct monitor *monitor, int rekeyers) {
    int count = 0, total = 0;
    for (int r = 0; r < rekeyers; r++) total += monitor->rekey_copies[r].count;
    if (total > monitor->source_capacity) {
        monitor->sources =
            memory_realloc(monitor->sources, (size_t)total * sizeof(struct rekey_source_gauges *));
        monitor->source_capacity = total;
    }
    for (int r = 0; r < rekeyers; r++)
        for (int i = 0; i < monitor->rekey_copies[r].count; i++)
            monitor->sources[count++] = &monitor->rekey_copies[r].sources[i];
    if (count) qsort(monitor->sources, (size_t)count, sizeof *monitor->sources, compare_sources);
    return drop_double_sources(monitor, monitor->sources, count);
}

/* As below, under the same lock. */
static void look_at_rekeyers(struct monitor *monitor, struct view *view) {
    int count = monitor->rekeyer_count;
    reserve_rekeyers(monitor, count);
    for (int r = 0; r < count; r++) {
        rekey_board_copy(&monitor->rekey_boards[r], &monitor->rekey_copies[r]);
        describe_rekeyer(&monitor->rekey_copies[r], atomic_load(&monitor->rekey_boards[r].turned_us),
                         &monitor->rekey_health[r]);
    }
    view->rekeyers = monitor->rekey_copies;
    view->rekeyer_count = count;
}

/* The lock is held while the boards are looked at, so that they do not go away meanwhile. */
static struct view look(struct monitor *monitor) {
    const struct plan *plan = monitor->plan;
    struct view view = {
        .pipeline = plan->pipeline->name,
        .inputs = {plan->touches->name, plan->conversions->name},
        .rekeyed = {plan->touches->repartition.present, plan->conversions->repartition.present}};
    pthread_mutex_lock(&monitor->lock);
    reserve(monitor, monitor->count);
    for (int w = 0; w < monitor->count; w++) {
        gauges_board_copy(&monitor->boards[w], &monitor->copies[w]);
        describe_worker(&monitor->copies[w], atomic_load(&monitor->boards[w].turned_us), &monitor->health[w]);
    }
    view.lookups = plan->pipeline->lookups;
    view.lookup_count = plan->pipeline->lookup_count;
    view.worker_count = monitor->count;
    view.budget = monitor->budget;
    look_at_rekeyers(monitor, &view);
    view.health = (struct health){.stopping = monitor->stopping,
                                  .workers = monitor->health,
                                  .count = monitor->count,
                                  .rekeyers = monitor->rekey_health,
                                  .rekeyer_count = monitor->rekeyer_count,
                                  .rekeys_only = monitor->alone};
    pthread_mutex_unlock(&monitor->lock);
    view.workers = monitor->copies;
    view.partition_count = list_partitions(monitor, view.worker_count);
    view.partitions = monitor->partitions;
    view.source_count = list_sources(monitor, view.rekeyer_count);
    view.sources = monitor->sources;
    view.now_us = clock_monotonic_us();
    view.wall_us = clock_wall_us();
    errors_look(&monitor->errors);
    view.errors = &monitor->errors;
    view.health.refused = errors_refusal(view.errors, view.now_us);
    return view;
}

/* --- the pages --- */

enum { OK = 200, UNAVAILABLE = 503 };

static int write_metrics(void *context, struct buffer *out) {
    struct view view = look(context);
    process_look(&view.process);
    view_metrics(&view, out);
    return OK;
}

static int write_status(void *context, struct buffer *out) {
    struct view view = look(context);
    process_look(&view.process);
    view_status(&view, out);
    return OK;
}

static int write_alive(void *context, struct buffer *out) {
    struct view view = look(context);
    return health_is_alive(&view.health, view.now_us, out) ? OK : UNAVAILABLE;
}

static int write_ready(void *context, struct buffer *out) {
    struct view view = look(context);
    return health_is_ready(&view.health, view.now_us, out) ? OK : UNAVAILABLE;
}

static const struct http_page pages[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {"/healthz", "text/plain; charset=utf-8", write_alive},
    {"/readyz", "text/plain; charset=utf-8", write_ready},
    {"/status", "application/json", write_status},
};

/* --- life --- */

#define ANY_PORT "127.0.0.1:0"

static struct http_server *serve(struct monitor *monitor, const char *address, bool *taken,
                                 struct error *error) {
    return http_server_new(address, pages, sizeof pages / sizeof *pages, monitor, taken, error);
}

/* Where nobody has said an address, several processes on one machine must not be in each other's way. */
static bool open_server(struct monitor *monitor, struct error *error) {
    const char *address = monitor->plan->pipeline->telemetry_listen;
    bool taken = false;
    if (address && strcmp(address, "none") == 0) return true;
    monitor->server = serve(monitor, address ? address : MONITOR_ADDRESS, &taken, error);
    if (!monitor->server && !address && taken) monitor->server = serve(monitor, ANY_PORT, &taken, error);
    if (!monitor->server) return false;
    log_event(LOG_LEVEL_INFO, "listening", "address=%s", http_server_address(monitor->server));
    return true;
}

struct monitor *monitor_new(const struct plan *plan, struct error *error) {
    struct monitor *monitor = memory_zalloc(1, sizeof *monitor);
    monitor->plan = plan;
    pthread_mutex_init(&monitor->lock, NULL);
    if (open_server(monitor, error)) return monitor;
    monitor_free(monitor);
    return NULL;
}

void monitor_free(struct monitor *monitor) {
    if (!monitor) return;
    http_server_free(monitor->server);
    for (int i = 0; i < monitor->copy_count; i++) worker_gauges_release(&monitor->copies[i]);
    for (int i = 0; i < monitor->rekey_copy_count; i++) rekeyer_gauges_release(&monitor->rekey_copies[i]);
    free(monitor->rekey_copies);
    free(monitor->rekey_health);
    free(monitor->sources);
    free(monitor->copies);
    free(monitor->health);
    free(monitor->partitions);
    pthread_mutex_destroy(&monitor->lock);
    free(monitor);
}

void monitor_attach(struct monitor *monitor, struct gauges_board *boards, int count,
                    const struct budget *budget) {
    pthread_mutex_lock(&monitor->lock);
    monitor->boards = boards;
    monitor->count = count;
    monitor->budget = budget;
    pthread_mutex_unlock(&monitor->lock);
}

void monitor_attach_rekeyers(struct monitor *monitor, struct rekey_board *boards, int count, bool alone) {
    pthread_mutex_lock(&monitor->lock);
    monitor->rekey_boards = boards;
    monitor->rekeyer_count = count;
    monitor->alone = alone;
    pthread_mutex_unlock(&monitor->lock);
}

void monitor_detach_rekeyers(struct monitor *monitor) {
    monitor_attach_rekeyers(monitor, NULL, 0, false);
}

void monitor_stopping(struct monitor *monitor) {
    pthread_mutex_lock(&monitor->lock);
    monitor->stopping = true;
    pthread_mutex_unlock(&monitor->lock);
}

void monitor_detach(struct monitor *monitor) {
    monitor_attach(monitor, NULL, 0, NULL);
}
