#include <stdio.h>

#include "base/time.h"
#include "pipeline/view.h"
#include "telemetry/metrics.h"

enum { NUMBER_MAX = 16 };

/* A number as a label's value. */
#define TEXT(number) text_of((number), (char[NUMBER_MAX]){0})

static const char *text_of(int number, char *text) {
    snprintf(text, NUMBER_MAX, "%d", number);
    return text;
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void add_one(struct buffer *out, enum metric metric, int64_t value) {
    metrics_begin(out, metric);
    metrics_integer(out, metric, NULL, value);
}

static void add_about(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_BUILD_INFO);
    metrics_integer(out, METRIC_BUILD_INFO, LABELS(TRIBUTARY_VERSION), 1);
    metrics_begin(out, METRIC_PIPELINE_INFO);
    metrics_integer(out, METRIC_PIPELINE_INFO, LABELS(view->pipeline), 1);
    struct buffer why;
    buffer_init(&why);
    add_one(out, METRIC_READY, health_is_ready(&view->health, view->now_us, &why));
    buffer_release(&why);
}

/* --- workers --- */

static void add_states(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_PARTITIONS);
    for (int w = 0; w < view->worker_count; w++)
        for (enum partition_state state = 0; state < PARTITION_STATES; state++) {
            int64_t count = 0;
            for (int i = 0; i < view->partition_count; i++)
                count += view->partitions[i]->worker == w && view->partitions[i]->state == state;
            metrics_integer(out, METRIC_PARTITIONS, LABELS(TEXT(w), view_state_name(state)), count);
        }
}

static void add_worker(const struct view *view, enum metric metric, int number, struct buffer *out) {
    const struct worker_gauges *worker = &view->workers[number];
    const char *const *labels = LABELS(TEXT(number));
    int64_t turned = view->health.workers[number].turned_us;
    switch (metric) {
    case METRIC_WORKER_TURN_AGE:
        if (turned) metrics_seconds(out, metric, labels, time_max(view->now_us - turned, 0));
        return;
    case METRIC_LAST_COMMIT:
        if (worker->commits.last_us) metrics_seconds(out, metric, labels, worker->commits.last_us);
        return;
    case METRIC_MEMORY_SHARE: metrics_integer(out, metric, labels, worker->share); return;
    case METRIC_MEMORY_HELD: metrics_integer(out, metric, labels, worker->held); return;
    default: return;
    }
}

static void add_workers(const struct view *view, struct buffer *out) {
    static const enum metric metrics[] = {METRIC_WORKER_TURN_AGE, METRIC_LAST_COMMIT, METRIC_MEMORY_SHARE,
                                          METRIC_MEMORY_HELD};
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        metrics_begin(out, metrics[m]);
        for (int w = 0; w < view->worker_count; w++) add_worker(view, metrics[m], w, out);
    }
    add_states(view, out);
}

/* --- partitions --- */

static void add_records(const struct view *view, const struct partition_gauges *partition, int side,
                        struct buffer *out) {
    const char *number = TEXT(partition->number);
    for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        uint64_t count = partition->ledgers[side].count[outcome];
        if (count)
            metrics_integer(out, METRIC_RECORDS, LABELS(view->inputs[side], number, outcome_name(outcome)),
                            (int64_t)count);
    }
}

static void add_waits(const struct view *view, const struct partition_gauges *partition, int side,
                      struct buffer *out) {
    const char *number = TEXT(partition->number);
    for (enum wait_reason reason = 0; reason < WAIT_REASONS; reason++)
        metrics_integer(out, METRIC_INPUT_WAITING, LABELS(view->inputs[side], number, view_wait_name(reason)),
                        partition->waits[side][reason]);
}

static void add_log(const struct view *view, enum metric metric, const struct partition_gauges *partition,
                    int side, struct buffer *out) {
    const char *const *labels = LABELS(view->inputs[side], TEXT(partition->number));
    int64_t watermark = partition->watermark_us[side];
    switch (metric) {
    case METRIC_RECORDS: add_records(view, partition, side, out); return;
    case METRIC_INPUT_WAITING: add_waits(view, partition, side, out); return;
    case METRIC_NEXT_OFFSET: metrics_integer(out, metric, labels, partition->next[side]); return;
    case METRIC_COMMITTED_OFFSET: metrics_integer(out, metric, labels, partition->committed[side]); return;
    case METRIC_HIGH_OFFSET:
        if (partition->high[side] >= 0) metrics_integer(out, metric, labels, partition->high[side]);
        return;
    case METRIC_LAG:
        if (partition->high[side] >= 0) metrics_integer(out, metric, labels, view_lag(partition, side));
        return;
    case METRIC_WATERMARK:
        if (watermark != TIME_NONE) metrics_seconds(out, metric, labels, watermark);
        return;
    case METRIC_WATERMARK_DELAY:
        if (watermark != TIME_NONE) metrics_seconds(out, metric, labels, view->wall_us - watermark);
        return;
    default: return;
    }
}

/* Whether it has been claimed, so that there is something to say of it. */
static bool is_known(const struct partition_gauges *partition) {
    return partition->state != PARTITION_ASSIGNED;
}

static void add_logs(const struct view *view, struct buffer *out) {
    static const enum metric metrics[] = {
        METRIC_RECORDS, METRIC_NEXT_OFFSET, METRIC_COMMITTED_OFFSET, METRIC_HIGH_OFFSET,
        METRIC_LAG,     METRIC_WATERMARK,   METRIC_WATERMARK_DELAY,  METRIC_INPUT_WAITING};
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        metrics_begin(out, metrics[m]);
        for (int side = 0; side < 2; side++)
            for (int i = 0; i < view->partition_count; i++)
                if (is_known(view->partitions[i])) add_log(view, metrics[m], view->partitions[i], side, out);
    }
}

static uint64_t value_of(enum metric metric, const struct partition_gauges *partition) {
    switch (metric) {
    case METRIC_PENDING: return partition->pending;
    case METRIC_PENDING_BYTES: return partition->pending_bytes;
    case METRIC_TOUCHES_HELD: return partition->touches;
    case METRIC_TOUCHES_HELD_BYTES: return partition->touch_bytes;
    case METRIC_IDLE_DECIDED: return partition->idle_decided;
    default: return 0;
    }
}

static void add_partitions(const struct view *view, struct buffer *out) {
    static const enum metric metrics[] = {METRIC_PENDING, METRIC_PENDING_BYTES, METRIC_TOUCHES_HELD,
                                          METRIC_TOUCHES_HELD_BYTES, METRIC_IDLE_DECIDED};
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        metrics_begin(out, metrics[m]);
        for (int i = 0; i < view->partition_count; i++)
            if (is_known(view->partitions[i]))
                metrics_integer(out, metrics[m], LABELS(TEXT(view->partitions[i]->number)),
                                (int64_t)value_of(metrics[m], view->partitions[i]));
    }
}

/* --- what the process has done --- */

static struct worker_gauges sum_of(const struct view *view) {
    struct worker_gauges sum = {0};
    for (int w = 0; w < view->worker_count; w++) {
        const struct worker_gauges *worker = &view->workers[w];
        sum.commits.commits += worker->commits.commits;
        sum.commits.rows += worker->commits.rows;
        for (int k = 0; k < EARLY_KINDS; k++) sum.commits.early[k] += worker->commits.early[k];
        histogram_add(&sum.commits.duration, &worker->commits.duration);
        for (int i = 0; i < OUTCOME_COUNT; i++)
            sum.commits.dead_letters[i] += worker->commits.dead_letters[i];
        sum.restores += worker->restores;
        sum.fenced += worker->fenced;
        sum.restore_us += worker->restore_us;
        for (int i = 0; i < 2 * WAIT_REASONS; i++)
            sum.wait_us[i / WAIT_REASONS][i % WAIT_REASONS] +=
                worker->wait_us[i / WAIT_REASONS][i % WAIT_REASONS];
    }
    return sum;
}

static void add_dead_letters(const struct commit_gauges *commits, struct buffer *out) {
    metrics_begin(out, METRIC_DEAD_LETTERS);
    for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        if (outcome_is_dead_letter(outcome))
            metrics_integer(out, METRIC_DEAD_LETTERS, LABELS(outcome_name(outcome)),
                            (int64_t)commits->dead_letters[outcome]);
}

static void add_wait_seconds(const struct view *view, const struct worker_gauges *sum, struct buffer *out) {
    metrics_begin(out, METRIC_INPUT_WAIT);
    for (int side = 0; side < 2; side++)
        for (enum wait_reason reason = 0; reason < WAIT_REASONS; reason++)
            metrics_seconds(out, METRIC_INPUT_WAIT, LABELS(view->inputs[side], view_wait_name(reason)),
                            sum->wait_us[side][reason]);
}

static struct enquiry_counts lookup_of(const struct view *view, int lookup) {
    struct enquiry_counts sum = {0};
    for (int w = 0; w < view->worker_count; w++) {
        if (lookup >= view->workers[w].lookup_count) continue;
        const struct enquiry_counts *counts = &view->workers[w].lookups[lookup];
        sum.found += counts->found;
        sum.missing += counts->missing;
        sum.cached += counts->cached;
        sum.cache_bytes += counts->cache_bytes;
    }
    return sum;
}

static void add_questions(const char *lookup, const struct enquiry_counts *counts, struct buffer *out) {
    const enum metric metric = METRIC_LOOKUP_QUESTIONS;
    metrics_integer(out, metric, LABELS(lookup, "found"), (int64_t)counts->found);
    metrics_integer(out, metric, LABELS(lookup, "missing"), (int64_t)counts->missing);
    metrics_integer(out, metric, LABELS(lookup, "cached"), (int64_t)counts->cached);
}

static void add_lookups(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_LOOKUP_QUESTIONS);
    for (int i = 0; i < view->lookup_count; i++) {
        struct enquiry_counts counts = lookup_of(view, i);
        add_questions(view->lookups[i].name, &counts, out);
    }
    metrics_begin(out, METRIC_LOOKUP_CACHE_BYTES);
    for (int i = 0; i < view->lookup_count; i++)
        metrics_integer(out, METRIC_LOOKUP_CACHE_BYTES, LABELS(view->lookups[i].name),
                        lookup_of(view, i).cache_bytes);
}

static void add_early(const struct commit_gauges *commits, struct buffer *out) {
    static const char *const changes[EARLY_KINDS] = {
        [EARLY_WRITTEN] = "written", [EARLY_CORRECTED] = "corrected", [EARLY_TAKEN_BACK] = "taken_back"};
    metrics_begin(out, METRIC_EARLY_ROWS);
    for (int k = 0; k < EARLY_KINDS; k++)
        metrics_integer(out, METRIC_EARLY_ROWS, LABELS(changes[k]), (int64_t)commits->early[k]);
}

static void add_sums(const struct view *view, struct buffer *out) {
    struct worker_gauges sum = sum_of(view);
    add_one(out, METRIC_COMMITS, (int64_t)sum.commits.commits);
    metrics_begin(out, METRIC_COMMIT_DURATION);
    metrics_histogram(out, METRIC_COMMIT_DURATION, &sum.commits.duration);
    add_one(out, METRIC_ROWS_WRITTEN, (int64_t)sum.commits.rows);
    add_early(&sum.commits, out);
    add_dead_letters(&sum.commits, out);
    add_lookups(view, out);
    add_wait_seconds(view, &sum, out);
    add_one(out, METRIC_FENCED, (int64_t)sum.fenced);
    add_one(out, METRIC_RESTORES, (int64_t)sum.restores);
    metrics_begin(out, METRIC_RESTORE_DURATION);
    metrics_seconds(out, METRIC_RESTORE_DURATION, NULL, sum.restore_us);
}

/* --- re-keying --- */

static void add_source_records(const struct view *view, const struct rekey_source_gauges *source,
                               struct buffer *out) {
    const char *input = view->inputs[source->side], *number = TEXT(source->partition);
    const enum metric metric = METRIC_REKEY_RECORDS;
    const struct rekey_ledger *records = &source->records;
    metrics_integer(out, metric, LABELS(input, number, "forwarded"), (int64_t)records->forwarded);
    metrics_integer(out, metric, LABELS(input, number, "filtered"), (int64_t)records->filtered);
    metrics_integer(out, metric, LABELS(input, number, "dead_letters"), (int64_t)records->dead_letters);
}

static void add_source(const struct view *view, enum metric metric, const struct rekey_source_gauges *source,
                       struct buffer *out) {
    const char *const *labels = LABELS(view->inputs[source->side], TEXT(source->partition));
    switch (metric) {
    case METRIC_REKEY_RECORDS: add_source_records(view, source, out); return;
    case METRIC_REKEY_LAG:
        if (source->high >= 0) metrics_integer(out, metric, labels, view_source_lag(source));
        return;
    case METRIC_REKEY_WATERMARK:
        if (source->max_time_us != TIME_NONE) metrics_seconds(out, metric, labels, source->max_time_us);
        return;
    case METRIC_REKEY_IDLE: metrics_integer(out, metric, labels, source->idle); return;
    default: return;
    }
}

static void add_sources(const struct view *view, struct buffer *out) {
    static const enum metric metrics[] = {METRIC_REKEY_RECORDS, METRIC_REKEY_LAG, METRIC_REKEY_WATERMARK,
                                          METRIC_REKEY_IDLE};
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        metrics_begin(out, metrics[m]);
        for (int i = 0; i < view->source_count; i++)
            if (view->sources[i]->phase == PHASE_RUNNING) add_source(view, metrics[m], view->sources[i], out);
    }
}

static void add_phases(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_REKEY_SOURCES);
    for (int r = 0; r < view->rekeyer_count; r++)
        for (enum rekey_phase phase = PHASE_FETCH; phase <= PHASE_RUNNING; phase++) {
            int64_t count = 0;
            for (int i = 0; i < view->source_count; i++)
                count += view->sources[i]->worker == r && view->sources[i]->phase == phase;
            metrics_integer(out, METRIC_REKEY_SOURCES, LABELS(TEXT(r), view_phase_name(phase)), count);
        }
}

static void add_transactions(const struct view *view, struct buffer *out) {
    struct rekey_transactions sum = {0};
    for (int r = 0; r < view->rekeyer_count; r++) {
        const struct rekey_transactions *transactions = &view->rekeyers[r].transactions;
        sum.committed += transactions->committed;
        sum.aborted += transactions->aborted;
        histogram_add(&sum.duration, &transactions->duration);
    }
    const enum metric metric = METRIC_REKEY_TRANSACTIONS;
    metrics_begin(out, metric);
    metrics_integer(out, metric, LABELS("committed"), (int64_t)sum.committed);
    metrics_integer(out, metric, LABELS("aborted"), (int64_t)sum.aborted);
    metrics_begin(out, METRIC_REKEY_TRANSACTION_DURATION);
    metrics_histogram(out, METRIC_REKEY_TRANSACTION_DURATION, &sum.duration);
}

static void add_rekeyers(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_REKEY_TURN_AGE);
    for (int r = 0; r < view->rekeyer_count; r++) {
        int64_t turned = view->health.rekeyers[r].turned_us;
        if (turned)
            metrics_seconds(out, METRIC_REKEY_TURN_AGE, LABELS(TEXT(r)), time_max(view->now_us - turned, 0));
    }
    add_phases(view, out);
    add_sources(view, out);
    add_transactions(view, out);
}

static void add_stalls(const struct view *view, struct buffer *out) {
    metrics_begin(out, METRIC_REKEY_STALLED);
    for (int side = 0; side < 2; side++)
        for (int i = 0; view->rekeyed[side] && i < view->partition_count; i++)
            if (is_known(view->partitions[i]))
                metrics_integer(out, METRIC_REKEY_STALLED,
                                LABELS(view->inputs[side], TEXT(view->partitions[i]->number)),
                                view->partitions[i]->stalled[side]);
}

static void add_errors(const struct view *view, struct buffer *out) {
    static const enum metric metrics[ERRORS_SOURCES] = {METRIC_POSTGRES_ERRORS, METRIC_KAFKA_ERRORS};
    for (int source = 0; source < ERRORS_SOURCES; source++) {
        metrics_begin(out, metrics[source]);
        for (int i = 0; i < view->errors->names[source]; i++) {
            const struct errors_count *error = &view->errors->counts[source][i];
            metrics_integer(out, metrics[source], LABELS(error->name), (int64_t)error->count);
        }
    }
}

static void add_budget(const struct budget *budget, struct buffer *out) {
    const struct {
        const char *name;
        int64_t bytes;
    } parts[] = {{"spare", budget->spare},         {"fixed", budget->fixed},     {"queues", budget->queues},
                 {"restoring", budget->restoring}, {"batches", budget->batches}, {"changes", budget->changes},
                 {"pending", budget->pending},     {"state", budget->state}};
    add_one(out, METRIC_MEMORY_LIMIT, budget->limit);
    metrics_begin(out, METRIC_MEMORY_BUDGET);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        metrics_integer(out, METRIC_MEMORY_BUDGET, LABELS(parts[i].name), parts[i].bytes);
}

static void add_process(const struct process_facts *process, struct buffer *out) {
    metrics_begin(out, METRIC_PROCESS_START);
    if (process->started_us > 0) metrics_seconds(out, METRIC_PROCESS_START, NULL, process->started_us);
    metrics_begin(out, METRIC_PROCESS_CPU);
    if (process->cpu_us >= 0) metrics_seconds(out, METRIC_PROCESS_CPU, NULL, process->cpu_us);
    const struct {
        enum metric metric;
        int64_t value;
    } facts[] = {{METRIC_PROCESS_RESIDENT, process->resident_bytes},
                 {METRIC_PROCESS_OPEN_FDS, process->open_fds},
                 {METRIC_PROCESS_MAX_FDS, process->max_fds}};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (facts[i].value >= 0) add_one(out, facts[i].metric, facts[i].value);
}

void view_metrics(const struct view *view, struct buffer *out) {
    add_about(view, out);
    add_workers(view, out);
    add_logs(view, out);
    add_partitions(view, out);
    if (view->rekeyer_count) add_rekeyers(view, out);
    if (view->rekeyed[0] || view->rekeyed[1]) add_stalls(view, out);
    add_sums(view, out);
    add_errors(view, out);
    if (view->budget) add_budget(view->budget, out);
    add_process(&view->process, out);
}
