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
    bool stopping;
    /* the listener's thread's own: */
    struct worker_gauges *copies;
    struct health_worker *health;
    const struct partition_gauges **partitions;
    int copy_count, partition_capacity;
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

/* The lock is held while the boards are looked at, so that they do not go away meanwhile. */
static struct view look(struct monitor *monitor) {
    const struct plan *plan = monitor->plan;
    struct view view = {.pipeline = plan->pipeline->name,
                        .inputs = {plan->touches->name, plan->conversions->name}};
    pthread_mutex_lock(&monitor->lock);
    reserve(monitor, monitor->count);
    for (int w = 0; w < monitor->count; w++) {
        gauges_board_copy(&monitor->boards[w], &monitor->copies[w]);
        describe_worker(&monitor->copies[w], atomic_load(&monitor->boards[w].turned_us), &monitor->health[w]);
    }
    view.worker_count = monitor->count;
    view.budget = monitor->budget;
    view.health = (struct health){monitor->stopping, monitor->health, monitor->count};
    pthread_mutex_unlock(&monitor->lock);
    view.workers = monitor->copies;
    view.partition_count = list_partitions(monitor, view.worker_count);
    view.partitions = monitor->partitions;
    view.now_us = clock_monotonic_us();
    view.wall_us = clock_wall_us();
    return view;
}

/* --- the pages --- */

enum { OK = 200, UNAVAILABLE = 503 };

static int write_metrics(void *context, struct buffer *out) {
    struct view view = look(context);
    process_look(&view.process);
    errors_look(&view.errors);
    view_metrics(&view, out);
    return OK;
}

static int write_status(void *context, struct buffer *out) {
    struct view view = look(context);
    process_look(&view.process);
    errors_look(&view.errors);
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

#define DEFAULT_ADDRESS "127.0.0.1:9469"
#define ANY_PORT        "127.0.0.1:0"

static struct http_server *serve(struct monitor *monitor, const char *address, bool *taken,
                                 struct error *error) {
    return http_server_new(address, pages, sizeof pages / sizeof *pages, monitor, taken, error);
}

/* Where nobody has said an address, several processes on one machine must not be in each other's way. */
static bool open_server(struct monitor *monitor, struct error *error) {
    const char *address = monitor->plan->pipeline->telemetry_listen;
    bool taken = false;
    if (address && strcmp(address, "none") == 0) return true;
    monitor->server = serve(monitor, address ? address : DEFAULT_ADDRESS, &taken, error);
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

void monitor_stopping(struct monitor *monitor) {
    pthread_mutex_lock(&monitor->lock);
    monitor->stopping = true;
    pthread_mutex_unlock(&monitor->lock);
}

void monitor_detach(struct monitor *monitor) {
    monitor_attach(monitor, NULL, 0, NULL);
}
