#include "pipeline/rekey_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "kafka/partitioner.h"
#include "kafka/transactions.h"
#include "pipeline/dead_letter_record.h"
#include "pipeline/message.h"
#include "telemetry/log.h"
#include "transform/marker.h"

enum { HEADERS_MAX = 32, TRANSACTION_MS = 10000, QUEUE_BYTES = 16 << 20 };

struct rekey_writer {
    struct rekey_writer_options options;
    struct transactions *transactions;
    char *id; /* transactional */
    bool open;
    int64_t begun_us; /* monotonic */
    struct rekey_transactions counts;
    struct marker marker;
    struct buffer json, metadata;
};

/* With an instance id the next process of that name ends at once what this one leaves open; without one it is
 * the brokers' time-out that does, and two processes must not have the same. */
static char *transactional_id(const struct rekey_writer_options *options) {
    const char *instance = options->pipeline->kafka.instance_id;
    if (instance) return memory_printf("%s.%s-%d", options->group, instance, options->worker);
    return memory_printf("%s.%" PRIx64 "-%d-%d", options->group, (uint64_t)clock_wall_us(), (int)getpid(),
                         options->worker);
}

struct rekey_writer *rekey_writer_new(const struct rekey_writer_options *options) {
    struct rekey_writer *writer = memory_zalloc(1, sizeof *writer);
    writer->options = *options;
    writer->id = transactional_id(options);
    buffer_init(&writer->json);
    buffer_init(&writer->metadata);
    return writer;
}

static void disconnect(struct rekey_writer *writer) {
    transactions_free(writer->transactions);
    writer->transactions = NULL;
    writer->open = false;
}

void rekey_writer_free(struct rekey_writer *writer) {
    if (!writer) return;
    rekey_writer_abort(writer);
    disconnect(writer);
    marker_release(&writer->marker);
    buffer_release(&writer->json);
    buffer_release(&writer->metadata);
    free(writer->id);
    free(writer);
}

bool rekey_writer_connect(struct rekey_writer *writer, struct error *error) {
    if (writer->transactions) return true;
    struct transactions_options options = {.config = &writer->options.pipeline->kafka,
                                           .role = "repartition",
                                           .id = writer->id,
                                           .timeout_ms = TRANSACTION_MS,
                                           .queue_bytes = QUEUE_BYTES,
                                           .bulk = true,
                                           .stopping = writer->options.stopping};
    writer->transactions = transactions_new_limited(&options, error);
    return writer->transactions != NULL;
}

/* A client whose id was taken, or whose transaction the brokers have ended, is of no more use: a new one goes
 * on. */
static bool failed(struct rekey_writer *writer, struct error *error) {
    if (error->class == ERROR_FENCED) {
        writer->counts.aborted += writer->open;
        disconnect(writer);
        error->class = ERROR_RETRY;
    }
    return false;
}

static bool begin(struct rekey_writer *writer, struct error *error) {
    if (writer->open) return true;
    writer->open = transactions_begin(writer->transactions, error);
    writer->begun_us = clock_monotonic_us();
    return writer->open || failed(writer, error);
}

/* --- records --- */

static const struct input_config *input_of(const struct rekey_writer *writer, int input) {
    return &writer->options.pipeline->inputs[input];
}

static bool is_ours(const char *header) {
    return strcmp(header, MARKER_HEADER) == 0 || strcmp(header, MARKER_SOURCE_HEADER) == 0;
}

/* The producer's own headers, behind ours; none that would pass for ours. */
static int copy_headers(const rd_kafka_message_t *message, struct producer_header *headers, int count) {
    rd_kafka_headers_t *theirs;
    if (rd_kafka_message_headers(message, &theirs)) return count;
    const char *name;
    const void *value;
    size_t len;
    for (size_t i = 0; count < HEADERS_MAX && !rd_kafka_header_get_all(theirs, i, &name, &value, &len); i++)
        if (!is_ours(name)) headers[count++] = (struct producer_header){name, {value, len}};
    return count;
}

/* A record without a key goes where its source's other ones without a key go, so that they stay in order. */
static int32_t target_of(const struct input_config *input, const struct rekey_source *source,
                         struct span key) {
    int32_t count = input->repartition.partitions;
    return key.data ? partitioner_murmur2(key, count) : source->partition % count;
}

/* *full: no room at the moment. */
static bool send_now(struct rekey_writer *writer, const struct producer_record *record, int32_t partition,
                     bool *full, struct error *error) {
    bool sent = transactions_send_now(writer->transactions, record, partition, error);
    *full = !sent && transactions_is_full(writer->transactions);
    return sent || *full || failed(writer, error);
}

bool rekey_writer_send(struct rekey_writer *writer, const struct rekey_source *source,
                       const rd_kafka_message_t *message, struct span key, struct span value, bool *full,
                       struct error *error) {
    if (!begin(writer, error)) return false;
    const struct input_config *input = input_of(writer, source->input);
    struct record record = record_of_source(message);
    char text[MARKER_SOURCE_MAX];
    size_t len = marker_source_format(source->partition, record.offset, text);
    struct producer_header headers[HEADERS_MAX] = {{MARKER_SOURCE_HEADER, {text, len}}};
    struct producer_record out = {
        .topic = input->topic,
        .key = key,
        .value = value.data ? value : record.value,
        .timestamp_ms = record.timestamp_us == TIME_NONE ? 0 : record.timestamp_us / 1000,
        .headers = headers,
        .header_count = copy_headers(message, headers, 1),
    };
    return send_now(writer, &out, target_of(input, source, key), full, error);
}

bool rekey_writer_bury(struct rekey_writer *writer, const struct rekey_source *source,
                       const rd_kafka_message_t *message, enum outcome outcome, const char *detail,
                       bool *full, struct error *error) {
    if (!begin(writer, error)) return false;
    struct record record = record_of_source(message);
    record.rekeyed = true;
    record.source_partition = source->partition;
    record.source_offset = record.offset;
    struct dead_letter letter = {.input = input_of(writer, source->input),
                                 .partition = source->partition,
                                 .record = &record,
                                 .outcome = outcome,
                                 .detail = span_of(detail)};
    struct dead_letter_record composed;
    dead_letter_compose(&composed, writer->options.pipeline, &letter, SIZE_MAX);
    if (send_now(writer, &composed.out, PARTITION_ANY, full, error)) return true;
    if (error->class != ERROR_POISON) return false;
    dead_letter_compose(&composed, writer->options.pipeline, &letter, DEAD_LETTER_TRUNCATED);
    return send_now(writer, &composed.out, PARTITION_ANY, full, error);
}

void rekey_writer_poll(struct rekey_writer *writer, int ms) {
    if (writer->transactions) transactions_poll(writer->transactions, ms);
}

bool rekey_writer_is_connected(const struct rekey_writer *writer) {
    return writer->transactions != NULL;
}

bool rekey_writer_is_open(const struct rekey_writer *writer) {
    return writer->open;
}

/* --- markers --- */

/* Stamped with the clock, but never before an event that it tells of: whoever searches the topic by time
 * relies on every record before a time being about events before it. */
static int64_t marker_timestamp_ms(const struct rekey_source *sources, int count) {
    int64_t us = clock_wall_us();
    for (int i = 0; i < count; i++) us = time_max(us, sources[i].time.max_time_us);
    return us / 1000;
}

static bool send_markers(struct rekey_writer *writer, int index, const struct rekey_source *sources,
                         int count, struct error *error) {
    const struct input_config *input = input_of(writer, index);
    marker_begin(&writer->marker, writer->options.source_counts[index]);
    for (int i = 0; i < count; i++)
        if (sources[i].input == index) marker_add(&writer->marker, sources[i].partition, sources[i].time);
    buffer_clear(&writer->json);
    marker_write(&writer->marker, &writer->json);
    struct producer_header header = {MARKER_HEADER, span_of("1")};
    struct producer_record out = {.topic = input->topic,
                                  .value = buffer_view(&writer->json),
                                  .timestamp_ms = marker_timestamp_ms(sources, count),
                                  .headers = &header,
                                  .header_count = 1};
    for (int p = 0; p < input->repartition.partitions; p++)
        if (!transactions_send(writer->transactions, &out, p, NULL, error)) return false;
    return true;
}

/* --- offsets --- */

/* A transaction with markers alone takes all offsets along: they are what its generation of the group is
 * checked by, or one who has lost its sources could still say that they are idle. */
static bool send_offsets(struct rekey_writer *writer, struct consumer *consumer,
                         const struct rekey_source *sources, int count, struct error *error) {
    bool none = true;
    for (int i = 0; i < count; i++) none &= sources[i].next == sources[i].stored_next;
    struct consumed *consumed = memory_zalloc((size_t)count, sizeof *consumed);
    size_t *starts = memory_zalloc((size_t)count, sizeof *starts);
    int changed = 0;
    buffer_clear(&writer->metadata);
    for (int i = 0; i < count; i++) {
        if (!none && sources[i].next == sources[i].stored_next) continue;
        starts[changed] = writer->metadata.len;
        rekey_source_metadata(&sources[i], &writer->metadata);
        consumed[changed++] = (struct consumed){.topic = input_of(writer, sources[i].input)->source_topic,
                                                .partition = sources[i].partition,
                                                .next_offset = sources[i].next};
    }
    for (int i = 0; i < changed; i++) {
        size_t end = i + 1 < changed ? starts[i + 1] : writer->metadata.len;
        consumed[i].metadata = (struct span){writer->metadata.data + starts[i], end - starts[i]};
    }
    bool ok = transactions_consumed(writer->transactions, consumer, consumed, changed, error);
    free(starts);
    free(consumed);
    return ok;
}

/* --- the transaction --- */

bool rekey_writer_commit(struct rekey_writer *writer, struct consumer *consumer,
                         const struct rekey_source *sources, int count, const bool *markers,
                         struct error *error) {
    if (!begin(writer, error)) return false;
    FAULT_POINT("rekey.records");
    for (int i = 0; i < writer->options.pipeline->input_count; i++)
        if (markers[i] && !send_markers(writer, i, sources, count, error)) return failed(writer, error);
    FAULT_POINT("rekey.markers");
    if (!send_offsets(writer, consumer, sources, count, error)) return failed(writer, error);
    FAULT_POINT("rekey.offsets");
    if (!transactions_commit(writer->transactions, error)) return failed(writer, error);
    FAULT_POINT("rekey.committed");
    writer->open = false;
    writer->counts.committed++;
    histogram_observe(&writer->counts.duration, clock_monotonic_us() - writer->begun_us);
    return true;
}

void rekey_writer_abort(struct rekey_writer *writer) {
    writer->counts.aborted += writer->open;
    if (writer->open && writer->transactions && !transactions_abort(writer->transactions)) disconnect(writer);
    writer->open = false;
}

const struct rekey_transactions *rekey_writer_transactions(const struct rekey_writer *writer) {
    return &writer->counts;
}
