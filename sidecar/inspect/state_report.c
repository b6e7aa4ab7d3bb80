#include "inspect/state_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/uuid.h"
#include "inspect/inspection.h"
#include "inspect/walk.h"
#include "pipeline/fingerprint.h"
#include "state/block.h"
#include "state/offset_set.h"
#include "state/wire.h"
#include "transform/steps.h"

enum { CONVERSIONS_LOOKED_AT = 10000 };

struct survey {
    const struct plan *plan;
    const struct state_options *options;
    struct inspection inspection;
    uint64_t generation; /* under the settings as they are now */
    struct decoder *conversions;
    struct extent *changelog; /* of every partition of that topic */
    int changelog_count;
    struct value *fields; /* plan.touch_kept_count, of one touch */
};

/* One partition's blocks. */
struct tally {
    struct survey *survey;
    const struct progress *progress;
    struct state_partition *result;
    struct block_reader *reader;
    struct offset_set *seen;
};

/* --- touches --- */

static const uint8_t *read_field(const uint8_t *at, const uint8_t *end, struct value *field) {
    uint64_t len;
    if (at == end || *at > VALUE_JSON) return NULL;
    field->type = (enum value_type) * at;
    at = wire_varint(at + 1, end, &len);
    if (!at || len > (uint64_t)(end - at)) return NULL;
    field->text = (struct span){field->type == VALUE_NULL ? NULL : (const char *)at, (size_t)len};
    return at + len;
}

/* The kept fields as they lie in a block: docs/changelog-format.md. */
static bool read_fields(const struct block_touch *touch, struct value *fields, int count, char *uuid) {
    if (touch->packed) {
        uuid_unpack((const uint8_t *)touch->fields.data, uuid);
        fields[0] = (struct value){VALUE_STRING, {uuid, UUID_TEXT}};
        return count == 1;
    }
    const uint8_t *at = (const uint8_t *)touch->fields.data, *end = at + touch->fields.len;
    for (int i = 0; at && i < count; i++) at = read_field(at, end, &fields[i]);
    return at == end;
}

static bool hand_over(const struct tally *tally, const struct block_touch *touch, struct error *error) {
    const struct survey *survey = tally->survey;
    char uuid[UUID_TEXT];
    bool ours = tally->progress->generation == survey->generation &&
                read_fields(touch, survey->fields, survey->plan->touch_kept_count, uuid);
    struct state_touch out = {.partition = tally->result->partition,
                              .offset = touch->offset,
                              .time_us = touch->time_us,
                              .watermark_us = touch->watermark_us,
                              .key = touch->key,
                              .fields = ours ? survey->fields : NULL};
    return survey->options->touch(survey->options->context, &out, error);
}

static bool count_touch(struct tally *tally, const struct block_touch *touch, struct error *error) {
    struct state_partition *result = tally->result;
    const struct progress *progress = tally->progress;
    if (touch->offset >= progress->touch_offset || touch->time_us < progress->held_from_us) return true;
    if (!offset_set_add(tally->seen, touch->offset)) return true;
    result->found_xor ^= hash_offset(touch->offset);
    if (!result->found_count++) result->oldest_us = result->newest_us = touch->time_us;
    if (touch->time_us < result->oldest_us) result->oldest_us = touch->time_us;
    result->newest_us = time_max(result->newest_us, touch->time_us);
    return !tally->survey->options->touch || hand_over(tally, touch, error);
}

/* --- blocks --- */

static bool is_needed(const struct tally *tally, const struct block_info *info) {
    return info->first_offset < tally->progress->touch_offset &&
           info->max_time_us >= tally->progress->held_from_us;
}

/* A block that cannot be read is counted; only what the caller refuses is an error. */
static bool count_block(struct tally *tally, struct span bytes, struct error *error) {
    struct state_partition *result = tally->result;
    struct block_info info;
    struct block_touch touch;
    struct error damage;
    if (!block_peek(bytes, &info, &damage)) {
        result->damaged++;
        return true;
    }
    if (info.generation != tally->progress->generation) {
        result->foreign++;
        return true;
    }
    if (!is_needed(tally, &info)) return true;
    if (!block_reader_open(tally->reader, bytes, &info, &damage)) {
        result->damaged++;
        return true;
    }
    result->blocks++;
    result->bytes += bytes.len;
    bool ok = true;
    while (ok && block_reader_next(tally->reader, &touch)) ok = count_touch(tally, &touch, error);
    return ok;
}

static bool count_blocks(struct tally *tally, struct error *error) {
    const struct survey *survey = tally->survey;
    int partition = tally->result->partition;
    if (!tally->progress->changelog_next || partition >= survey->changelog_count) return true;
    const struct extent *extent = &survey->changelog[partition];
    int64_t from = tally->progress->changelog_from;
    struct scan *scan =
        inspection_scan(&survey->inspection, survey->plan->pipeline->changelog_topic, partition,
                        from > extent->low ? from : extent->low, extent->high, error);
    const rd_kafka_message_t *message;
    enum scan_result read = SCAN_FAILED;
    bool ok = scan != NULL;
    while (ok && (read = scan_next(scan, &message, error)) == SCAN_RECORD) {
        tally->result->records++;
        if (message->payload) ok = count_block(tally, (struct span){message->payload, message->len}, error);
    }
    scan_free(scan);
    return ok && read == SCAN_END;
}

static bool count_held(struct survey *survey, const struct progress *progress, struct state_partition *result,
                       struct error *error) {
    struct tally tally = {.survey = survey,
                          .progress = progress,
                          .result = result,
                          .reader = block_reader_new(),
                          .seen = offset_set_new()};
    bool ok = count_blocks(&tally, error);
    bool same = result->found_count == result->held_count && result->found_xor == result->held_xor;
    result->verdict = !same ? STATE_MISSING : result->held_count ? STATE_WHOLE : STATE_NOTHING;
    block_reader_free(tally.reader);
    offset_set_free(tally.seen);
    return ok;
}

/* --- positions --- */

static int64_t stored_watermark(const struct input_config *input, int64_t max_time_us, int64_t offset,
                                const struct advances *advances) {
    struct watermark watermark = {max_time_us, TIME_NONE};
    for (int i = 0; i < advances->count && advances->items[i].next_offset <= offset; i++)
        watermark_advance(&watermark, advances->items[i].watermark_us);
    return watermark_value(&watermark, input->time.out_of_order_us);
}

/* Looks at the first conversions that are not in the table: those that could be by the touches read, but for
 * the commit to come, and those that cannot yet. */
static bool count_waiting(const struct survey *survey, const struct inspected *partition,
                          struct state_partition *result, struct error *error) {
    struct walk_options options = {.inspection = &survey->inspection,
                                   .input = survey->plan->conversions,
                                   .decoder = survey->conversions,
                                   .partition = result->partition,
                                   .from = time_max(result->conversion_offset, partition->conversions.low),
                                   .end = partition->conversions.high,
                                   .advances = &partition->stored.conversion_advances};
    if (options.end > options.from + CONVERSIONS_LOOKED_AT)
        options.end = options.from + CONVERSIONS_LOOKED_AT;
    struct walk walk;
    struct walked walked;
    enum scan_result read = SCAN_FAILED;
    if (walk_open(&walk, &options, error))
        while ((read = walk_next(&walk, &walked, error)) == SCAN_RECORD) {
            result->looked_at++;
            result->waiting +=
                walked.readable && !walked.event.filtered_by &&
                !window_is_final(&survey->plan->window, walked.event.time_us, result->touch_watermark_us);
        }
    walk_close(&walk);
    return read == SCAN_END;
}

static int64_t lag(int64_t high, int64_t next) {
    return high > next ? high - next : 0;
}

static struct state_partition describe(const struct survey *survey, const struct inspected *partition,
                                       struct arena *arena) {
    const struct claim *stored = &partition->stored;
    const struct progress *progress = &stored->progress;
    return (struct state_partition){
        .partition = stored->partition,
        .epoch = stored->ownership.epoch,
        .commit_seq = stored->ownership.commit_seq,
        .updated_at = arena_printf(arena, "%s", partition->updated_at).data,
        .age_us = partition->age_us,
        .touch_offset = progress->touch_offset,
        .conversion_offset = progress->conversion_offset,
        .touch_lag = lag(partition->touches.high, progress->touch_offset),
        .conversion_lag = lag(partition->conversions.high, progress->conversion_offset),
        .touch_max_time_us = progress->touch_max_time_us,
        .conversion_max_time_us = progress->conversion_max_time_us,
        .touch_watermark_us = stored_watermark(survey->plan->touches, progress->touch_max_time_us,
                                               progress->touch_offset, &stored->touch_advances),
        .conversion_watermark_us =
            stored_watermark(survey->plan->conversions, progress->conversion_max_time_us,
                             progress->conversion_offset, &stored->conversion_advances),
        .held_count = progress->held.count,
        .held_xor = progress->held.xor
        , .oldest_us = TIME_NONE, .newest_us = TIME_NONE};
}

/* --- the whole --- */

/* What the hash of the join key was seeded with. */
static bool read_seed(const struct survey *survey, uint64_t *seed, struct error *error) {
    struct parameter name = parameter_text(survey->plan->pipeline->name);
    PGresult *result = inspection_query(
        &survey->inspection, "SELECT key_seed FROM tributary.pipelines WHERE pipeline = $1", &name, 1, error);
    if (!result) return false;
    *seed = PQntuples(result) ? (uint64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return true;
}

static bool prepare(struct survey *survey, struct error *error) {
    const struct plan *plan = survey->plan;
    struct decoder_options decoding = {.time = &plan->conversions->time};
    uint64_t seed;
    if (!read_seed(survey, &seed, error)) return false;
    survey->generation = fingerprint_generation(plan, seed);
    survey->fields = memory_zalloc((size_t)plan->touch_kept_count, sizeof *survey->fields);
    survey->conversions = steps_decoder_new(&decoding, plan->conversions, STEPS_FIELDS_FILTERED, error);
    if (!survey->conversions) return false;
    survey->changelog = inspection_extents(&survey->inspection, plan->pipeline->changelog_topic,
                                           &survey->changelog_count, error);
    return survey->changelog != NULL;
}

static bool survey_all(struct survey *survey, struct state_report *report, struct error *error) {
    const struct inspection *inspection = &survey->inspection;
    report->partitions = arena_alloc(&report->arena, (size_t)inspection->count * sizeof *report->partitions);
    for (int i = 0; i < inspection->count; i++) {
        const struct inspected *partition = &inspection->partitions[i];
        if (!partition->stored.located) continue;
        if (survey->options->partition >= 0 && survey->options->partition != partition->stored.partition)
            continue;
        struct state_partition *result = &report->partitions[report->count++];
        *result = describe(survey, partition, &report->arena);
        if (!count_waiting(survey, partition, result, error) ||
            !count_held(survey, &partition->stored.progress, result, error))
            return false;
    }
    return true;
}

static bool check_partition(const struct survey *survey, struct error *error) {
    int partition = survey->options->partition;
    return partition < 0 || inspection_partition(&survey->inspection, partition, error) != NULL;
}

bool state_report_run(const struct plan *plan, const struct state_options *options,
                      struct state_report *report, struct error *error) {
    struct survey survey = {.plan = plan, .options = options};
    struct inspection_options inspection = {
        .pipeline = plan->pipeline, .plan = plan, .command = "state", .stop = options->stop};
    *report = (struct state_report){0};
    arena_init(&report->arena);
    bool ok = inspection_open(&survey.inspection, &inspection, error) && check_partition(&survey, error) &&
              prepare(&survey, error) && survey_all(&survey, report, error);
    free(survey.fields);
    free(survey.changelog);
    decoder_free(survey.conversions);
    inspection_close(&survey.inspection);
    return ok;
}

void state_report_release(struct state_report *report) {
    arena_release(&report->arena);
    *report = (struct state_report){0};
}
