#include "pipeline/changelog_writer.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kafka/producer.h"

enum { OFFSET_UNKNOWN = -1 };

struct changelog_writer {
    const char *topic;
    struct producer *producer;
    struct batch *batch;
    int part, change; /* the next to send */
    int64_t *offsets; /* of all changes, part by part, as the brokers gave them */
    size_t count, sent, capacity;
};

static void on_delivery(void *context, uintptr_t tag, int32_t partition, int64_t offset) {
    struct changelog_writer *writer = context;
    (void)partition;
    if (tag < writer->count) writer->offsets[tag] = offset < 0 ? OFFSET_UNKNOWN : offset;
}

struct changelog_writer *changelog_writer_new(const struct pipeline *pipeline, struct error *error) {
    struct producer *producer = producer_new(&pipeline->kafka, "changelog", 0, error);
    if (!producer) return NULL;
    struct changelog_writer *writer = memory_zalloc(1, sizeof *writer);
    writer->topic = pipeline->changelog_topic;
    writer->producer = producer;
    producer_set_on_delivery(producer, on_delivery, writer);
    return writer;
}

void changelog_writer_free(struct changelog_writer *writer) {
    if (!writer) return;
    producer_free(writer->producer);
    free(writer->offsets);
    free(writer);
}

void changelog_writer_start(struct changelog_writer *writer, struct batch *batch) {
    writer->batch = batch;
    writer->part = writer->change = 0;
    writer->count = writer->sent = 0;
    for (int i = 0; i < batch->part_count; i++) writer->count += (size_t)batch->parts[i].cut.changes->count;
    if (writer->count > writer->capacity) {
        writer->capacity = writer->count * 2;
        writer->offsets = memory_realloc(writer->offsets, writer->capacity * sizeof *writer->offsets);
    }
    for (size_t i = 0; i < writer->count; i++) writer->offsets[i] = OFFSET_UNKNOWN;
}

static bool send_one(struct changelog_writer *writer, const struct batch_part *part, struct error *error) {
    struct producer_record record = {.topic = writer->topic,
                                     .key = changes_key(part->cut.changes, writer->change),
                                     .value = changes_value(part->cut.changes, writer->change),
                                     .tag = writer->sent};
    return producer_send_to(writer->producer, &record, partition_number(part->partition), error);
}

/* As many as the client's queue takes. */
static bool send_more(struct changelog_writer *writer, struct error *error) {
    for (; writer->part < writer->batch->part_count; writer->part++, writer->change = 0) {
        const struct batch_part *part = &writer->batch->parts[writer->part];
        for (; writer->change < part->cut.changes->count; writer->change++, writer->sent++)
            if (!send_one(writer, part, error)) return error->class == ERROR_RETRY;
    }
    return true;
}

static bool refuse_other_topic(const struct changelog_writer *writer, int partition, struct error *error) {
    return error_set(
        error, ERROR_CONFIG,
        "changelog \"%s\" [%d] takes records at earlier offsets than before: it was deleted and made "
        "anew, or has lost records\nhint: start again; if it was made anew by the brokers themselves, "
        "delete it before, so that it gets the right settings. The touches it held will be read from "
        "their own topic",
        writer->topic, partition);
}

static bool tell_partitions(struct changelog_writer *writer, struct error *error) {
    const int64_t *offsets = writer->offsets;
    for (int i = 0; i < writer->batch->part_count; i++) {
        struct batch_part *part = &writer->batch->parts[i];
        if (!partition_logged(part->partition, &part->cut, offsets))
            return refuse_other_topic(writer, partition_number(part->partition), error);
        offsets += part->cut.changes->count;
    }
    return true;
}

bool changelog_writer_poll(struct changelog_writer *writer, bool *done, struct error *error) {
    *done = false;
    if (!send_more(writer, error)) return error_prefix(error, "changelog");
    producer_poll(writer->producer, 0);
    const struct error *failure = producer_first_failure(writer->producer);
    if (failure) {
        *error = *failure;
        return error_prefix(error, "changelog");
    }
    if (writer->sent < writer->count || producer_pending(writer->producer)) return true;
    *done = true;
    return tell_partitions(writer, error);
}
