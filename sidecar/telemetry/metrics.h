/* metrics.h: the one table of all metrics, and their text format, which Prometheus and its kin read. The page
 * docs/metrics.md comes from the same table: a new metric is a new row. Pure; any thread.
 *
 *   metrics_begin(&out, METRIC_LAG);
 *   metrics_integer(&out, METRIC_LAG, (const char *[]){"clicks", "0"}, lag);
 */
#ifndef TRIBUTARY_TELEMETRY_METRICS_H
#define TRIBUTARY_TELEMETRY_METRICS_H

#include <stdint.h>

#include "base/buffer.h"
#include "telemetry/histogram.h"

enum metric {
    METRIC_BUILD_INFO,
    METRIC_PIPELINE_INFO,
    METRIC_READY,
    METRIC_WORKER_TURN_AGE,
    METRIC_PARTITIONS,
    METRIC_RECORDS,
    METRIC_NEXT_OFFSET,
    METRIC_COMMITTED_OFFSET,
    METRIC_HIGH_OFFSET,
    METRIC_LAG,
    METRIC_WATERMARK,
    METRIC_WATERMARK_DELAY,
    METRIC_INPUT_WAITING,
    METRIC_INPUT_WAIT,
    METRIC_PENDING,
    METRIC_PENDING_BYTES,
    METRIC_TOUCHES_HELD,
    METRIC_TOUCHES_HELD_BYTES,
    METRIC_IDLE_DECIDED,
    METRIC_COMMITS,
    METRIC_COMMIT_DURATION,
    METRIC_LAST_COMMIT,
    METRIC_ROWS_WRITTEN,
    METRIC_EARLY_ROWS,
    METRIC_DEAD_LETTERS,
    METRIC_LOOKUP_QUESTIONS,
    METRIC_LOOKUP_CACHE_BYTES,
    METRIC_REKEY_TURN_AGE,
    METRIC_REKEY_SOURCES,
    METRIC_REKEY_RECORDS,
    METRIC_REKEY_LAG,
    METRIC_REKEY_WATERMARK,
    METRIC_REKEY_IDLE,
    METRIC_REKEY_TRANSACTIONS,
    METRIC_REKEY_TRANSACTION_DURATION,
    METRIC_REKEY_STALLED,
    METRIC_FENCED,
    METRIC_RESTORES,
    METRIC_RESTORE_DURATION,
    METRIC_POSTGRES_ERRORS,
    METRIC_KAFKA_ERRORS,
    METRIC_MEMORY_LIMIT,
    METRIC_MEMORY_BUDGET,
    METRIC_MEMORY_SHARE,
    METRIC_MEMORY_HELD,
    METRIC_PROCESS_START,
    METRIC_PROCESS_CPU,
    METRIC_PROCESS_RESIDENT,
    METRIC_PROCESS_OPEN_FDS,
    METRIC_PROCESS_MAX_FDS,
    METRIC_COUNT
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_LABELS = 3 };

struct metric_row {
    const char *name;
    enum metric_type type;
    const char *labels[METRIC_LABELS]; /* NULL behind the last */
    const char *help;                  /* one line; plain text, a full sentence */
};

const struct metric_row *metrics_row(enum metric metric);

/* The lines HELP and TYPE; then come the samples, one call each, with the labels' values in the row's order
 * (NULL where it has none). */
void metrics_begin(struct buffer *out, enum metric metric);
void metrics_integer(struct buffer *out, enum metric metric, const char *const *labels, int64_t value);
void metrics_real(struct buffer *out, enum metric metric, const char *const *labels, double value);
/* Microseconds, written as seconds to the last digit. */
void metrics_seconds(struct buffer *out, enum metric metric, const char *const *labels, int64_t span_us);
/* All series of a histogram without labels. */
void metrics_histogram(struct buffer *out, enum metric metric, const struct histogram *histogram);

/* Appends the page as Markdown: docs/metrics.md. */
void metrics_markdown(struct buffer *out);

#endif
