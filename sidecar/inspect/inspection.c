#include "inspect/inspection.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kafka/prober.h"
#include "kafka/topics.h"
#include "pipeline/surroundings.h"

enum { STOP_POLL_MS = 200 };

static const struct extent nothing = {0, 0};

/* --- the topics --- */

static struct extent *ask_extents(const struct inspection *inspection, const char *topic, int count,
                                  struct error *error) {
    struct prober *prober = prober_new(&inspection->pipeline->kafka, error);
    if (!prober) return NULL;
    struct probe *probes = memory_zalloc((size_t)count * 2, sizeof *probes);
    for (int i = 0; i < count * 2; i++)
        probes[i] =
            (struct probe){.topic = topic, .partition = i / 2, .kind = i % 2 ? PROBE_HIGH : PROBE_LOW};
    struct extent *extents = NULL;
    if (prober_ask_and_wait(prober, probes, count * 2, SURROUNDINGS_TIMEOUT_MS, error)) {
        extents = memory_alloc((size_t)count * sizeof *extents);
        for (int i = 0; i < count; i++)
            extents[i] = (struct extent){probes[i * 2].offset, probes[i * 2 + 1].offset};
    }
    free(probes);
    prober_free(prober);
    return extents;
}

struct extent *inspection_extents(const struct inspection *inspection, const char *topic, int *count,
                                  struct error *error) {
    struct topics *topics = topics_new(&inspection->pipeline->kafka, error);
    bool ok = topics && topics_partitions(topics, topic, SURROUNDINGS_TIMEOUT_MS, count, error);
    topics_free(topics);
    if (!ok) return NULL;
    return *count ? ask_extents(inspection, topic, *count, error) : memory_zalloc(1, sizeof(struct extent));
}

static struct extent extent_of(const struct extent *extents, int count, int partition) {
    return partition < count ? extents[partition] : nothing;
}

static bool read_extents(struct inspection *inspection, struct error *error) {
    const struct plan *plan = inspection->plan;
    int touches, conversions;
    struct extent *t = inspection_extents(inspection, plan->touches->topic, &touches, error);
    struct extent *c =
        t ? inspection_extents(inspection, plan->conversions->topic, &conversions, error) : NULL;
    for (int i = 0; c && i < inspection->count; i++) {
        struct inspected *partition = &inspection->partitions[i];
        partition->touches = extent_of(t, touches, partition->stored.partition);
        partition->conversions = extent_of(c, conversions, partition->stored.partition);
    }
    free(t);
    free(c);
    return c != NULL;
}

/* --- the progress --- */

static int64_t number_at(const PGresult *result, int row, int column, int64_t if_null) {
    return PQgetisnull(result, row, column) ? if_null : strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static const char *text_at(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static struct progress parse_progress(const PGresult *result, int row) {
    struct progress progress = PROGRESS_START(number_at(result, row, 3, 0), number_at(result, row, 4, 0));
    progress.touch_max_time_us = number_at(result, row, 5, TIME_NONE);
    progress.conversion_max_time_us = number_at(result, row, 6, TIME_NONE);
    progress.touch_ledger = ledger_parse(PQgetvalue(result, row, 7));
    progress.conversion_ledger = ledger_parse(PQgetvalue(result, row, 8));
    progress.held.count = (uint64_t)number_at(result, row, 9, 0);
    progress.held.xor = (uint64_t)number_at(result, row, 10, 0);
    progress.held_from_us = number_at(result, row, 11, TIME_NONE);
    progress.generation = (uint64_t)number_at(result, row, 12, 0);
    progress.changelog_from = number_at(result, row, 13, 0);
    progress.changelog_next = number_at(result, row, 14, 0);
    progress.touch_start = number_at(result, row, 15, -1);
    progress.conversion_start = number_at(result, row, 16, -1);
    progress.touch_anchor = anchor_parse(text_at(result, row, 17));
    progress.conversion_anchor = anchor_parse(text_at(result, row, 18));
    return progress;
}

static struct inspected parse_row(const PGresult *result, int row) {
    struct inspected partition = {.updated_at = memory_strdup(PQgetvalue(result, row, 19)),
                                  .age_us = number_at(result, row, 20, 0)};
    partition.stored.partition = (int)number_at(result, row, 0, 0);
    partition.stored.ownership.epoch = number_at(result, row, 1, 0);
    partition.stored.ownership.commit_seq = number_at(result, row, 2, 0);
    partition.stored.located = !PQgetisnull(result, row, 3);
    partition.stored.progress = parse_progress(result, row);
    claim_early_parse(text_at(result, row, 21), &partition.stored);
    return partition;
}

static bool has_run(const struct inspection *inspection, struct error *error) {
    PGresult *result =
        inspection_query(inspection, "SELECT to_regclass('tributary.progress') IS NOT NULL", NULL, 0, error);
    if (!result) return false;
    bool exists = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return exists ||
           error_set(error, ERROR_CONFIG,
                     "this database has no table tributary.progress: no pipeline has ever run with it\n"
                     "hint: is `postgres.url` the one that \"tributary run\" uses?");
}

static bool read_progress(struct inspection *inspection, struct error *error) {
    struct parameter name = parameter_text(inspection->pipeline->name);
    PGresult *result = inspection_query(
        inspection,
        "SELECT partition, epoch, commit_seq, touch_offset, conversion_offset, touch_max_time_us,"
        " conversion_max_time_us, touch_ledger::text, conversion_ledger::text, held_count, held_xor, "
        "held_from_us,"
        " generation, changelog_from, changelog_next, touch_start, conversion_start, touch_anchor,"
        " conversion_anchor, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
        " (extract(epoch FROM now() - updated_at) * 1000000)::bigint, early::text"
        " FROM tributary.progress WHERE pipeline = $1 ORDER BY partition",
        &name, 1, error);
    if (!result)
        return error_prefix(error,
                            "cannot read the progress (\"tributary init\" brings its table up to date)");
    inspection->count = PQntuples(result);
    inspection->partitions = memory_zalloc((size_t)inspection->count, sizeof *inspection->partitions);
    for (int i = 0; i < inspection->count; i++) inspection->partitions[i] = parse_row(result, i);
    PQclear(result);
    return inspection->count > 0 ||
           error_set(error, ERROR_CONFIG,
                     "the pipeline \"%s\" has never run with this database\nhint: the name in the "
                     "file and `postgres.url` must be those that \"tributary run\" uses",
                     inspection->pipeline->name);
}

static bool read_advances(struct inspection *inspection, struct error *error) {
    int count = inspection->count;
    int *numbers = memory_zalloc((size_t)count, sizeof *numbers);
    struct claim *claims = memory_zalloc((size_t)count, sizeof *claims);
    for (int i = 0; i < count; i++) {
        claims[i] = inspection->partitions[i].stored;
        numbers[i] = claims[i].partition;
    }
    struct claim_statement statement = {0};
    claim_advances_format(&statement, inspection->plan, numbers, count);
    PGresult *result =
        inspection_query(inspection, statement.sql, statement.parameters, statement.parameter_count, error);
    if (result) claim_advances_parse(result, claims, count);
    for (int i = 0; i < count; i++) inspection->partitions[i].stored = claims[i];
    claim_statement_release(&statement);
    PQclear(result);
    free(claims);
    free(numbers);
    return result != NULL;
}

/* --- life --- */

static bool begin(const struct inspection *inspection, struct error *error) {
    static const char sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL TimeZone = 'UTC';"
                              " SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
                              " SET LOCAL idle_in_transaction_session_timeout = 0";
    PGresult *result = connection_query(inspection->connection, sql, NULL, 0, SURROUNDINGS_TIMEOUT_MS, error);
    PQclear(result);
    return result != NULL;
}

bool inspection_open(struct inspection *inspection, const struct inspection_options *options,
                     struct error *error) {
    const struct pipeline *pipeline = options->pipeline;
    *inspection = (struct inspection){.pipeline = pipeline, .plan = options->plan, .stop = options->stop};
    if (!pipeline->postgres.url)
        return error_set(error, ERROR_CONFIG, "%s: `postgres: {url: …}` is missing", pipeline->file);
    char name[64];
    snprintf(name, sizeof name, "tributary %s", options->command);
    inspection->connection = connection_new(&pipeline->postgres, name);
    inspection->reader = reader_new(&pipeline->kafka, options->command, error);
    return inspection->reader && begin(inspection, error) && has_run(inspection, error) &&
           read_progress(inspection, error) && read_advances(inspection, error) &&
           read_extents(inspection, error);
}

bool inspection_open_topics(struct inspection *inspection, const struct inspection_options *options,
                            struct error *error) {
    *inspection =
        (struct inspection){.pipeline = options->pipeline, .plan = options->plan, .stop = options->stop};
    inspection->reader = reader_new(&options->pipeline->kafka, options->command, error);
    return inspection->reader != NULL;
}

void inspection_close(struct inspection *inspection) {
    for (int i = 0; i < inspection->count; i++) {
        free(inspection->partitions[i].updated_at);
        offset_ranges_release(&inspection->partitions[i].stored.early);
        free(inspection->partitions[i].stored.early_table);
        free(inspection->partitions[i].stored.touch_advances.items);
        free(inspection->partitions[i].stored.conversion_advances.items);
    }
    free(inspection->partitions);
    connection_free(inspection->connection);
    reader_free(inspection->reader);
    *inspection = (struct inspection){0};
}

/* --- questions --- */

const struct inspected *inspection_partition(const struct inspection *inspection, int partition,
                                             struct error *error) {
    for (int i = 0; i < inspection->count; i++)
        if (inspection->partitions[i].stored.partition == partition) return &inspection->partitions[i];
    error_set(error, ERROR_CONFIG, "the pipeline \"%s\" has no partition %d: it has 0 to %d",
              inspection->pipeline->name, partition,
              inspection->partitions[inspection->count - 1].stored.partition);
    return NULL;
}

static bool lost(struct error *error) {
    return error_set(error, ERROR_RETRY, "the connection to the database was lost, and with it the snapshot");
}

static void wait_socket(const struct connection *connection) {
    bool for_writing;
    struct pollfd socket = {connection_socket(connection, &for_writing), POLLIN, 0};
    if (for_writing) socket.events |= POLLOUT;
    poll(&socket, socket.fd >= 0, STOP_POLL_MS);
}

/* Unlike connection_query it never connects again: the transaction would not be there. */
static PGresult *await_answer(const struct inspection *inspection, struct error *error) {
    for (;;) {
        PGresult *result = NULL;
        switch (connection_poll(inspection->connection, &result, error)) {
        case CONNECTION_RESULT: return result;
        case CONNECTION_FAILED: return NULL;
        case CONNECTION_IDLE: lost(error); return NULL;
        case CONNECTION_BUSY: break;
        }
        if (inspection->stop && inspection->stop()) {
            error_set(error, ERROR_RETRY, "stopped");
            return NULL;
        }
        wait_socket(inspection->connection);
    }
}

PGresult *inspection_query(const struct inspection *inspection, const char *sql,
                           const struct parameter *parameters, int count, struct error *error) {
    PGresult *none = NULL;
    if (connection_poll(inspection->connection, &none, error) != CONNECTION_IDLE) {
        lost(error);
        return NULL;
    }
    return connection_send(inspection->connection, sql, parameters, count, error)
               ? await_answer(inspection, error)
               : NULL;
}

bool inspection_execute(const struct inspection *inspection, const char *sql, struct error *error) {
    PGresult *result = inspection_query(inspection, sql, NULL, 0, error);
    PQclear(result);
    return result != NULL;
}

struct scan *inspection_scan(const struct inspection *inspection, const char *topic, int partition,
                             int64_t from, int64_t end, struct error *error) {
    struct scan_options options = {.reader = inspection->reader,
                                   .topic = topic,
                                   .partition = partition,
                                   .from = from,
                                   .end = end,
                                   .stop = inspection->stop};
    return scan_new(&options, error);
}
