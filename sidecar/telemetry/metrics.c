#include "telemetry/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/time.h"

static const struct metric_row rows[METRIC_COUNT] = {
    [METRIC_BUILD_INFO] = {"tributary_build_info",
                           METRIC_GAUGE,
                           {"version"},
                           "Always 1; the version is in the label."},
    [METRIC_PIPELINE_INFO] = {"tributary_pipeline_info",
                              METRIC_GAUGE,
                              {"pipeline"},
                              "Always 1; the pipeline's name is in the label."},
    [METRIC_READY] = {"tributary_ready", METRIC_GAUGE, {NULL}, "1 while /readyz answers 200, otherwise 0."},
    [METRIC_WORKER_TURN_AGE] = {"tributary_worker_turn_age_seconds",
                                METRIC_GAUGE,
                                {"worker"},
                                "Seconds since the worker's loop made its last turn. It stays far below a "
                                "second; at 30 /healthz answers 503."},
    [METRIC_PARTITIONS] = {"tributary_partitions",
                           METRIC_GAUGE,
                           {"worker", "state"},
                           "Partitions that the group has assigned to this process: assigned (being "
                           "claimed), restoring (their touches are being loaded) or running."},
    [METRIC_RECORDS] = {"tributary_records_total",
                        METRIC_COUNTER,
                        {"input", "partition", "outcome"},
                        "Records by outcome, as committed to the database since the pipeline's very first "
                        "run, whoever read them. It belongs to the partition, not to the process: it moves "
                        "with the partition and never starts again."},
    [METRIC_NEXT_OFFSET] = {"tributary_next_offset",
                            METRIC_GAUGE,
                            {"input", "partition"},
                            "Offset of the next record to be read."},
    [METRIC_COMMITTED_OFFSET] =
        {"tributary_committed_offset",
         METRIC_GAUGE,
         {"input", "partition"},
         "Offset from which another process would go on: everything before it is committed to the database."},
    [METRIC_HIGH_OFFSET] = {"tributary_high_watermark_offset",
                            METRIC_GAUGE,
                            {"input", "partition"},
                            "End of the partition's log as the brokers last said, at most some seconds ago. "
                            "Absent until they have."},
    [METRIC_LAG] = {"tributary_lag_records",
                    METRIC_GAUGE,
                    {"input", "partition"},
                    "Records between the next to be read and the end of the log, transaction markers "
                    "included. Absent until the end is known."},
    [METRIC_WATERMARK] =
        {"tributary_watermark_timestamp_seconds",
         METRIC_GAUGE,
         {"input", "partition"},
         "How far the input has come in event time, as seconds since 1970. Absent before the first event."},
    [METRIC_WATERMARK_DELAY] = {"tributary_watermark_delay_seconds",
                                METRIC_GAUGE,
                                {"input", "partition"},
                                "How far that is behind the clock. It grows while nothing is produced, too."},
    [METRIC_INPUT_WAITING] = {"tributary_input_waiting",
                              METRIC_GAUGE,
                              {"input", "partition", "reason"},
                              "1 while the input is not read on: because it is too far ahead of the other "
                              "one (drift) or because of memory_limit (memory)."},
    [METRIC_INPUT_WAIT] = {"tributary_input_wait_seconds_total",
                           METRIC_COUNTER,
                           {"input", "reason"},
                           "Seconds that partitions of the input were not read on, all partitions added up, "
                           "looked at ten times a second."},
    [METRIC_PENDING] = {"tributary_conversions_pending",
                        METRIC_GAUGE,
                        {"partition"},
                        "Conversions read and not yet committed; most wait until no touch can come any more "
                        "that would count."},
    [METRIC_PENDING_BYTES] = {"tributary_conversions_pending_bytes",
                              METRIC_GAUGE,
                              {"partition"},
                              "The memory that these take."},
    [METRIC_TOUCHES_HELD] = {"tributary_touches_held",
                             METRIC_GAUGE,
                             {"partition"},
                             "Touches in memory because a conversion to come may need them."},
    [METRIC_TOUCHES_HELD_BYTES] = {"tributary_touches_held_bytes",
                                   METRIC_GAUGE,
                                   {"partition"},
                                   "The memory that these take."},
    [METRIC_IDLE_DECIDED] = {"tributary_idle_decided_conversions_total",
                             METRIC_COUNTER,
                             {"partition"},
                             "Conversions that became final because the touches had been silent for "
                             "idle_timeout. Counted since the partition was assigned to this process."},
    [METRIC_COMMITS] = {"tributary_commits_total",
                        METRIC_COUNTER,
                        {NULL},
                        "Commits to the database by this process."},
    [METRIC_COMMIT_DURATION] =
        {"tributary_commit_duration_seconds",
         METRIC_HISTOGRAM,
         {NULL},
         "How long a commit of this process took, from its first step to the database's answer: look-ups, "
         "changelog, dead letters, transaction, and all attempts."},
    [METRIC_LAST_COMMIT] = {"tributary_last_commit_timestamp_seconds",
                            METRIC_GAUGE,
                            {"worker"},
                            "When the worker last committed, as seconds since 1970. Absent before its first "
                            "commit; a worker with nothing to commit does not."},
    [METRIC_ROWS_WRITTEN] = {"tributary_rows_written_total",
                             METRIC_COUNTER,
                             {NULL},
                             "Rows that this process has committed to the output table."},
    [METRIC_EARLY_ROWS] = {"tributary_early_rows_total",
                           METRIC_COUNTER,
                           {"change"},
                           "With `emit: early`, rows of conversions that were not final: written; corrected, "
                           "because a touch changed them; taken back, because the conversion makes no row in "
                           "the end. They are not counted in tributary_rows_written_total, which has the "
                           "final ones, without those that needed no writing."},
    [METRIC_DEAD_LETTERS] = {"tributary_dead_letters_total",
                             METRIC_COUNTER,
                             {"reason"},
                             "Records that this process has sent to the dead-letter topic and committed, by "
                             "reason. All reasons are there from the start."},
    [METRIC_LOOKUP_QUESTIONS] =
        {"tributary_lookup_questions_total",
         METRIC_COUNTER,
         {"lookup", "answer"},
         "Questions of this process to a lookup, each distinct key of a batch once, by who answered: the "
         "table "
         "with a row (found) or without one (missing), or the cache with either (cached)."},
    [METRIC_LOOKUP_CACHE_BYTES] = {"tributary_lookup_cache_bytes",
                                   METRIC_GAUGE,
                                   {"lookup"},
                                   "The memory that the cache of a lookup takes, all workers together."},
    [METRIC_REKEY_TURN_AGE] =
        {"tributary_rekey_turn_age_seconds",
         METRIC_GAUGE,
         {"worker"},
         "Seconds since the re-keyer's loop made its last turn. It waits for brokers while it commits; "
         "at 30 /healthz answers 503."},
    [METRIC_REKEY_SOURCES] = {"tributary_rekey_sources",
                              METRIC_GAUGE,
                              {"worker", "phase"},
                              "Partitions of source topics that the group of the re-keyers has assigned to "
                              "this process: fetching_offsets (what is committed is asked for), locating "
                              "(where the topic begins and ends) or running."},
    [METRIC_REKEY_RECORDS] =
        {"tributary_rekey_records_total",
         METRIC_COUNTER,
         {"input", "partition", "outcome"},
         "Records of a partition of the source topic by what became of them, as committed with the "
         "group's offsets since it first read them, whoever did. It moves with the partition and starts "
         "again "
         "only when the group's offsets are deleted."},
    [METRIC_REKEY_LAG] = {"tributary_rekey_lag_records",
                          METRIC_GAUGE,
                          {"input", "partition"},
                          "Records of a partition of the source topic between the next to be re-keyed and "
                          "the end of the log as the brokers last said, at most some seconds ago."},
    [METRIC_REKEY_WATERMARK] =
        {"tributary_rekey_watermark_timestamp_seconds",
         METRIC_GAUGE,
         {"input", "partition"},
         "The greatest event time read from the partition of the source topic, as seconds since 1970. Absent "
         "before the first event."},
    [METRIC_REKEY_IDLE] = {"tributary_rekey_source_idle",
                           METRIC_GAUGE,
                           {"input", "partition"},
                           "1 while the partition of the source topic has been silent at its end for "
                           "idle_timeout, so that the join does not wait for it."},
    [METRIC_REKEY_TRANSACTIONS] = {"tributary_rekey_transactions_total",
                                   METRIC_COUNTER,
                                   {"result"},
                                   "Kafka transactions of this process's re-keyers that were committed or "
                                   "aborted. Those that a rebalance ends are among the aborted; their "
                                   "records are read again."},
    [METRIC_REKEY_TRANSACTION_DURATION] =
        {"tributary_rekey_transaction_duration_seconds",
         METRIC_HISTOGRAM,
         {NULL},
         "How long a committed transaction of a re-keyer was open, from its first record to the brokers' "
         "answer. At 10 s brokers abort it."},
    [METRIC_REKEY_STALLED] =
        {"tributary_rekey_stalled",
         METRIC_GAUGE,
         {"input", "partition"},
         "1 while the join has read a partition of a re-keyed topic to its end and no marker has come for "
         "more than 30 s (and commit_interval), ten times what a re-keyer leaves between two: its "
         "watermark "
         "stands still. 0 "
         "otherwise, also while the join has more to read than it may. Here the partition is the re-keyed "
         "topic's. Absent for inputs that are not re-keyed."},
    [METRIC_FENCED] = {"tributary_fenced_total",
                       METRIC_COUNTER,
                       {NULL},
                       "Partitions that another process had claimed when this one wanted to commit."},
    [METRIC_RESTORES] = {"tributary_restores_total",
                         METRIC_COUNTER,
                         {NULL},
                         "Restores of partitions that this process has finished."},
    [METRIC_RESTORE_DURATION] = {"tributary_restore_seconds_total",
                                 METRIC_COUNTER,
                                 {NULL},
                                 "Seconds that partitions of this process were restoring, all partitions "
                                 "added up, looked at ten times a second."},
    [METRIC_POSTGRES_ERRORS] =
        {"tributary_postgres_errors_total",
         METRIC_COUNTER,
         {"class"},
         "Statements that failed and connections that were lost or refused in this process, by the first two "
         "characters of the SQLSTATE; connection where there is none."},
    [METRIC_KAFKA_ERRORS] =
        {"tributary_kafka_errors_total",
         METRIC_COUNTER,
         {"name"},
         "Errors that brokers or the client library reported to this process, by their name."},
    [METRIC_MEMORY_LIMIT] = {"tributary_memory_limit_bytes",
                             METRIC_GAUGE,
                             {NULL},
                             "The memory limit in force, for the whole process."},
    [METRIC_MEMORY_BUDGET] = {"tributary_memory_budget_bytes",
                              METRIC_GAUGE,
                              {"part"},
                              "How the limit is divided."},
    [METRIC_MEMORY_SHARE] = {"tributary_memory_share_bytes",
                             METRIC_GAUGE,
                             {"worker"},
                             "What the worker's touches and pending conversions may take: its partitions' "
                             "share of the parts state and pending."},
    [METRIC_MEMORY_HELD] = {"tributary_memory_held_bytes",
                            METRIC_GAUGE,
                            {"worker"},
                            "What they take. From 95 % of the share on touches are not read."},
    [METRIC_PROCESS_START] = {"process_start_time_seconds",
                              METRIC_GAUGE,
                              {NULL},
                              "When the process started, as seconds since 1970."},
    [METRIC_PROCESS_CPU] = {"process_cpu_seconds_total",
                            METRIC_COUNTER,
                            {NULL},
                            "Processor time that the process has used, in user and kernel mode."},
    [METRIC_PROCESS_RESIDENT] = {"process_resident_memory_bytes",
                                 METRIC_GAUGE,
                                 {NULL},
                                 "Memory that the process has now."},
    [METRIC_PROCESS_OPEN_FDS] = {"process_open_fds", METRIC_GAUGE, {NULL}, "Open file descriptors."},
    [METRIC_PROCESS_MAX_FDS] = {"process_max_fds",
                                METRIC_GAUGE,
                                {NULL},
                                "How many file descriptors may be open."},
};

const struct metric_row *metrics_row(enum metric metric) {
    return &rows[metric];
}

static const char *type_name(enum metric_type type) {
    switch (type) {
    case METRIC_COUNTER: return "counter";
    case METRIC_GAUGE: return "gauge";
    case METRIC_HISTOGRAM: return "histogram";
    }
    return "untyped";
}

/* HELP escapes backslash and line feed, a label's value the double quote too. */
static void add_escaped(struct buffer *out, const char *text, const char *also) {
    for (; *text; text++) {
        if (*text == '\n') {
            buffer_text(out, "\\n");
            continue;
        }
        if (*text == '\\' || *text == *also) buffer_byte(out, '\\');
        buffer_byte(out, *text);
    }
}

void metrics_begin(struct buffer *out, enum metric metric) {
    const struct metric_row *row = &rows[metric];
    buffer_printf(out, "# HELP %s ", row->name);
    add_escaped(out, row->help, "\\");
    buffer_printf(out, "\n# TYPE %s %s\n", row->name, type_name(row->type));
}

static void add_series(struct buffer *out, enum metric metric, const char *const *labels) {
    const struct metric_row *row = &rows[metric];
    buffer_text(out, row->name);
    for (int i = 0; i < METRIC_LABELS && row->labels[i]; i++) {
        buffer_printf(out, "%s%s=\"", i ? "," : "{", row->labels[i]);
        add_escaped(out, labels[i], "\"");
        buffer_byte(out, '"');
    }
    buffer_text(out, row->labels[0] ? "} " : " ");
}

void metrics_integer(struct buffer *out, enum metric metric, const char *const *labels, int64_t value) {
    add_series(out, metric, labels);
    buffer_printf(out, "%" PRId64 "\n", value);
}

void metrics_real(struct buffer *out, enum metric metric, const char *const *labels, double value) {
    add_series(out, metric, labels);
    buffer_printf(out, "%.17g\n", value);
}

/* "-0.25", "1.5", "3": no digit is made up, none is lost. */
static void add_seconds(struct buffer *out, int64_t span_us) {
    uint64_t size = span_us < 0 ? 0 - (uint64_t)span_us : (uint64_t)span_us;
    uint64_t rest = size % TIME_SECOND;
    buffer_printf(out, "%s%" PRIu64, span_us < 0 ? "-" : "", size / TIME_SECOND);
    if (!rest) return;
    buffer_printf(out, ".%06" PRIu64, rest);
    while (out->data[out->len - 1] == '0') out->len--;
}

void metrics_seconds(struct buffer *out, enum metric metric, const char *const *labels, int64_t span_us) {
    add_series(out, metric, labels);
    add_seconds(out, span_us);
    buffer_byte(out, '\n');
}

void metrics_histogram(struct buffer *out, enum metric metric, const struct histogram *histogram) {
    const char *name = rows[metric].name;
    uint64_t count = 0;
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += histogram->counts[i];
        buffer_printf(out, "%s_bucket{le=\"", name);
        add_seconds(out, histogram_bounds_us[i]);
        buffer_printf(out, "\"} %" PRIu64 "\n", count);
    }
    count += histogram->counts[HISTOGRAM_BOUNDS];
    buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, count, name);
    add_seconds(out, histogram->sum_us);
    buffer_printf(out, "\n%s_count %" PRIu64 "\n", name, count);
}

/* --- the page --- */

static const char intro[] =
    "<!-- Made by \"tributary reference --metrics\"; do not edit. -->\n\n"
    "# Metrics\n\n"
    "`GET /metrics` answers in the Prometheus text format, version 0.0.4. "
    "[operations.md](operations.md#health-and-"
    "metrics) says where it listens, and which alerts make sense.\n\n"
    "Counters count what this process has done since it started, but for "
    "`tributary_records_total`, which is the "
    "ledger in the database, and `tributary_rekey_records_total`, which is the one "
    "in the offsets of the re-keyers' group. Partitions appear in the metrics of the process that "
    "they are assigned to; over all "
    "processes each is there once.\n\n"
    "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n";

void metrics_markdown(struct buffer *out) {
    buffer_text(out, intro);
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &rows[i];
        buffer_printf(out, "| `%s` | %s | ", row->name, type_name(row->type));
        for (int l = 0; l < METRIC_LABELS && row->labels[l]; l++)
            buffer_printf(out, "%s`%s`", l ? ", " : "", row->labels[l]);
        buffer_printf(out, "%s | %s |\n", row->labels[0] ? "" : "–", row->help);
    }
}
