#include "pipeline/rekey_first.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kafka/scan.h"

enum { TIMEOUT_MS = 5000 };

static bool any_committed(const struct rekey_first *first, bool *any, struct error *error) {
    size_t count = (size_t)first->count;
    struct consumer_partition *partitions = memory_zalloc(count, sizeof *partitions);
    struct consumer_committed *committed = memory_zalloc(count, sizeof *committed);
    for (int i = 0; i < first->count; i++) partitions[i] = (struct consumer_partition){first->topic, i};
    bool ok = consumer_committed(first->consumer, partitions, first->count, TIMEOUT_MS, committed, error);
    *any = false;
    for (int i = 0; ok && i < first->count; i++) {
        *any |= committed[i].offset >= 0;
        free(committed[i].metadata);
    }
    free(committed);
    free(partitions);
    return ok;
}

/* Of a transaction that was never committed there are offsets, but no record. */
static bool has_record(const struct rekey_first *first, const struct probe *high, bool *has,
                       struct error *error) {
    const rd_kafka_message_t *message;
    struct reader *reader = reader_new(first->kafka, "repartition", error);
    struct scan_options options = {
        .reader = reader, .topic = high->topic, .partition = high->partition, .end = high->offset};
    struct scan *scan = reader ? scan_new(&options, error) : NULL;
    enum scan_result result = scan ? scan_next(scan, &message, error) : SCAN_FAILED;
    *has |= result == SCAN_RECORD;
    scan_free(scan);
    reader_free(reader);
    return result != SCAN_FAILED;
}

static bool any_copied(const struct rekey_first *first, bool *any, struct error *error) {
    int count = first->input->repartition.partitions;
    struct probe *probes = memory_zalloc((size_t)count, sizeof *probes);
    for (int i = 0; i < count; i++)
        probes[i] = (struct probe){.topic = first->input->topic, .partition = i, .kind = PROBE_HIGH};
    bool ok = prober_ask_and_wait(first->prober, probes, count, TIMEOUT_MS, error);
    *any = false;
    for (int i = 0; ok && i < count && !*any; i++)
        ok = probes[i].offset == 0 || has_record(first, &probes[i], any, error);
    free(probes);
    return ok;
}

bool rekey_first_may_begin(const struct rekey_first *first, struct error *error) {
    bool any;
    if (!any_committed(first, &any, error)) return false;
    if (any) return true;
    if (!any_copied(first, &any, error)) return false;
    const struct input_config *input = first->input;
    return !any ||
           error_set(
               error, ERROR_CONFIG,
               "group \"%s\" has no offsets of topic \"%s\", but topic \"%s\" has what was copied from it: "
               "the "
               "brokers have forgotten the offsets of a group that was empty too long "
               "(offsets.retention.minutes), or they were deleted\nhint: say from where to copy on, with "
               "kafka-consumer-groups.sh --group %s --topic %s --reset-offsets --execute and --to-datetime "
               "or "
               "--to-earliest; what was copied already comes twice from earlier offsets. Or begin anew: "
               "delete "
               "topic \"%s\", and \"tributary reset\"",
               first->group, input->source_topic, input->topic, first->group, input->source_topic,
               input->topic);
}
