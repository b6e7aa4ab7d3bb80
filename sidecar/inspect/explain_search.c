#include "inspect/explain_search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "event/postgres_column.h"
#include "event/timestamp.h"
#include "inspect/walk.h"

enum { CONVERSIONS_MAX = 1000, TOUCHES_FIRST = 16 };

/* --- what is wanted --- */

static const struct catalogue_column *key_column(const struct plan *plan, const struct catalogue_table *table,
                                                 int part) {
    return catalogue_column(table, plan->output->columns[plan->conversion_key[part]].name);
}

/* The value as the column would hold it, in one spelling; absent when it cannot. */
static struct span spelling(const struct catalogue_column *column, struct value value, struct arena *arena) {
    struct column_type type = {column->type, column->typmod, column->not_null};
    struct span text;
    char why[8];
    if (!column_accept(&type, value, arena, &text, why, sizeof why) || !text.data) return (struct span){0};
    return column_key(&type, text, arena);
}

static int count_parts(const char *id) {
    int count = 1;
    for (; *id; id++) count += *id == ',';
    return count;
}

static bool wrong_parts(const struct plan *plan, const char *id, struct error *error) {
    char names[300] = "";
    for (int k = 0; k < plan->conversion_key_count; k++) {
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", k ? "," : "",
                 plan->output->columns[plan->conversion_key[k]].name);
    }
    return error_set(error, ERROR_CONFIG,
                     "\"%s\" has %d values, the primary key of a conversion has %d\nhint: give them in this "
                     "order, with commas "
                     "between them: %s",
                     id, count_parts(id), plan->conversion_key_count, names);
}

bool wanted_parse(struct wanted *wanted, const struct plan *plan, const struct catalogue_table *table,
                  const struct explain_options *options, struct arena *arena, struct error *error) {
    int count = plan->conversion_key_count;
    *wanted = (struct wanted){.offset = options->offset};
    if (!options->id) return true;
    if (!count)
        return error_set(
            error, ERROR_CONFIG,
            "the rows of an append table have no primary key to find a conversion by\nhint: name it by "
            "where it lies: --partition P --offset O");
    if (count > 1 && count_parts(options->id) != count) return wrong_parts(plan, options->id, error);
    wanted->count = count;
    wanted->parts = arena_alloc(arena, (size_t)count * sizeof *wanted->parts);
    wanted->keys = arena_alloc(arena, (size_t)count * sizeof *wanted->keys);
    const char *at = arena_printf(arena, "%s", options->id).data;
    for (int k = 0; k < count; k++) {
        size_t len = k + 1 < count ? strcspn(at, ",") : strlen(at);
        wanted->parts[k] = (struct span){at, len};
        wanted->keys[k] =
            spelling(key_column(plan, table, k), (struct value){VALUE_STRING, wanted->parts[k]}, arena);
        at += len + 1;
    }
    return true;
}

bool wanted_in_bytes(const struct wanted *wanted, struct span bytes) {
    for (int k = 0; k < wanted->count; k++)
        if (!bytes.data || !memmem(bytes.data, bytes.len, wanted->parts[k].data, wanted->parts[k].len))
            return false;
    return wanted->count > 0;
}

/* --- conversions --- */

struct search {
    const struct inspection *inspection;
    const struct wanted *wanted;
    const struct catalogue_table *table;
    struct decoder *decoder; /* the plan's fields, then the parts of the join key */
    struct arena scratch;
    struct explain_result *result;
};

static struct decoder *search_decoder(const struct plan *plan, uint64_t key_seed, struct arena *arena,
                                      int **key_at, struct error *error) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    int count = plan->conversion_field_count;
    const char **fields = arena_alloc(arena, (size_t)(count + attribute->key_count) * sizeof *fields);
    *key_at = arena_alloc(arena, (size_t)attribute->key_count * sizeof **key_at);
    for (int i = 0; i < count; i++) fields[i] = plan->conversion_fields[i];
    for (int k = 0; k < attribute->key_count; k++) {
        int at = 0;
        while (at < count && strcmp(fields[at], attribute->conversion_key[k]) != 0) at++;
        if (at == count) fields[count++] = attribute->conversion_key[k];
        (*key_at)[k] = at;
    }
    struct decoder_options options = {.fields = fields,
                                      .field_count = count,
                                      .key_fields = (const char *const *)attribute->conversion_key,
                                      .key_count = attribute->key_count,
                                      .time = &plan->conversions->time,
                                      .key_seed = key_seed};
    return decoder_new(&options, error);
}

/* Where the producer wrote it. */
static int source_partition(const struct record *record, int partition) {
    return record->rekeyed ? record->source_partition : partition;
}

static int64_t source_offset(const struct record *record) {
    return record->rekeyed ? record->source_offset : record->offset;
}

static struct value source_value(const struct plan_source *source, int partition, const struct walked *walked,
                                 struct arena *arena) {
    char *text;
    switch (source->origin) {
    case ORIGIN_FIELD: return walked->event.fields[source->index];
    case ORIGIN_KEY: return (struct value){VALUE_STRING, walked->record.key};
    case ORIGIN_PARTITION:
        return (struct value){VALUE_NUMBER,
                              arena_printf(arena, "%d", source_partition(&walked->record, partition))};
    case ORIGIN_OFFSET:
        return (struct value){VALUE_NUMBER, arena_printf(arena, "%" PRId64, source_offset(&walked->record))};
    case ORIGIN_TIME:
        text = arena_bytes(arena, TIMESTAMP_TEXT_MAX);
        return (struct value){VALUE_STRING, {text, timestamp_format(walked->event.time_us, text)}};
    case ORIGIN_TIMESTAMP:
        text = arena_bytes(arena, TIMESTAMP_TEXT_MAX);
        return (struct value){VALUE_STRING, {text, timestamp_format(walked->record.timestamp_us, text)}};
    }
    return (struct value){VALUE_NULL, {0}};
}

static bool has_the_key(struct search *search, int partition, const struct walked *walked) {
    const struct plan *plan = search->inspection->plan;
    arena_reset(&search->scratch);
    for (int k = 0; k < search->wanted->count; k++) {
        struct value value =
            source_value(&plan->columns[plan->conversion_key[k]], partition, walked, &search->scratch);
        if (value.type == VALUE_NULL) return false;
        struct span key = spelling(key_column(plan, search->table, k), value, &search->scratch);
        bool same = key.data ? search->wanted->keys[k].data && span_equal(key, search->wanted->keys[k])
                             : span_equal(value.text, search->wanted->parts[k]);
        if (!same) return false;
    }
    return true;
}

static bool is_wanted(struct search *search, int partition, const struct walked *walked) {
    if (!search->wanted->parts) return walked->record.offset == search->wanted->offset;
    return walked->readable ? has_the_key(search, partition, walked)
                            : wanted_in_bytes(search->wanted, walked->record.value);
}

static struct value copy_value(struct value value, struct arena *arena) {
    return (struct value){value.type, arena_copy(arena, value.text)};
}

static void fill_readable(const struct plan *plan, const struct walked *walked, const int *key_at,
                          struct explanation *item, struct arena *arena) {
    int parts = plan->pipeline->attribute.key_count;
    item->time_us = walked->event.time_us;
    item->watermark_us = walked->watermark_us;
    item->late = window_is_late(&plan->window, item->time_us, item->watermark_us);
    if (item->late) item->late_us = time_add(item->watermark_us, -plan->window.lateness_us) - item->time_us;
    item->refused_late = item->late && plan->pipeline->attribute.late == LATE_DEAD_LETTER;
    item->has_key = walked->event.has_key;
    item->hash = walked->event.key;
    item->range = window_range(&plan->window, item->time_us, item->watermark_us);
    item->key = arena_alloc(arena, (size_t)parts * sizeof *item->key);
    for (int k = 0; k < parts; k++) item->key[k] = copy_value(walked->event.fields[key_at[k]], arena);
}

static void add_found(const struct search *search, const struct inspected *partition,
                      const struct walked *walked, const int *key_at) {
    struct explain_result *result = search->result;
    struct explanation *item = &result->items[result->count++];
    *item = (struct explanation){
        .partition = partition->stored.partition,
        .offset = walked->record.offset,
        .source_partition = source_partition(&walked->record, partition->stored.partition),
        .source_offset = source_offset(&walked->record),
        .timestamp_us = walked->record.timestamp_us,
        .readable = walked->readable,
        .refused = walked->readable ? OUTCOME_COUNT : walked->refused,
        .committed = walked->record.offset < partition->stored.progress.conversion_offset,
    };
    if (walked->readable)
        fill_readable(search->inspection->plan, walked, key_at, item, &result->arena);
    else
        item->detail = arena_printf(&result->arena, "%s", walked->detail).data;
}

/* Where a pipeline that has begun at `start` (-1: not on record) can be read from. */
static int64_t readable_from(int64_t start, const struct extent *extent) {
    return start > extent->low ? start : extent->low;
}

static bool search_partition(struct search *search, const struct inspected *partition, const int *key_at,
                             struct error *error) {
    const struct progress *progress = &partition->stored.progress;
    struct walk_options options = {.inspection = search->inspection,
                                   .input = search->inspection->plan->conversions,
                                   .decoder = search->decoder,
                                   .partition = partition->stored.partition,
                                   .from = readable_from(progress->conversion_start, &partition->conversions),
                                   .end = partition->conversions.high,
                                   .advances = &partition->stored.conversion_advances};
    struct walk walk;
    struct walked walked;
    enum scan_result result = SCAN_FAILED;
    if (walk_open(&walk, &options, error))
        while ((result = walk_next(&walk, &walked, error)) == SCAN_RECORD) {
            search->result->searched++;
            if (search->result->count < CONVERSIONS_MAX && is_wanted(search, options.partition, &walked))
                add_found(search, partition, &walked, key_at);
        }
    walk_close(&walk);
    search->result->conversions_gone |=
        partition->conversions.low > (progress->conversion_start > 0 ? progress->conversion_start : 0);
    search->result->partitions++;
    return result == SCAN_END;
}

bool explain_find(const struct inspection *inspection, const struct wanted *wanted,
                  const struct catalogue_table *table, int partition, uint64_t key_seed,
                  struct explain_result *result, struct error *error) {
    int *key_at;
    struct search search = {.inspection = inspection, .wanted = wanted, .table = table, .result = result};
    search.decoder = search_decoder(inspection->plan, key_seed, &result->arena, &key_at, error);
    bool ok = search.decoder != NULL;
    arena_init(&search.scratch);
    result->items = arena_alloc(&result->arena, CONVERSIONS_MAX * sizeof *result->items);
    for (int i = 0; ok && i < inspection->count; i++)
        if (partition < 0 || partition == inspection->partitions[i].stored.partition)
            ok = search_partition(&search, &inspection->partitions[i], key_at, error);
    arena_release(&search.scratch);
    decoder_free(search.decoder);
    return ok;
}

/* --- touches --- */

static enum touch_verdict judge(const struct plan *plan, const struct explanation *item, int64_t time_us,
                                int64_t watermark_us) {
    if (time_us > item->range.to_us) return TOUCH_AFTER_CONVERSION;
    if (time_us < time_add(item->time_us, -plan->window.window_us)) return TOUCH_BEFORE_WINDOW;
    if (time_us < item->range.from_us) return TOUCH_EXPIRED;
    return watermark_us > item->range.read_by_us ? TOUCH_READ_TOO_LATE : TOUCH_COUNTS;
}

static bool is_near(const struct plan *plan, const struct explanation *item, int64_t time_us) {
    int64_t window = plan->window.window_us;
    return time_us >= time_add(time_add(item->time_us, -window), -window) &&
           time_us <= time_add(item->time_us, window);
}

static struct explained_touch *next_touch(struct explanation *item, struct arena *arena) {
    if (item->touch_count == item->touch_capacity) {
        int capacity = item->touch_capacity ? item->touch_capacity * 2 : TOUCHES_FIRST;
        struct explained_touch *grown = arena_alloc(arena, (size_t)capacity * sizeof *grown);
        if (item->touch_count) memcpy(grown, item->touches, (size_t)item->touch_count * sizeof *grown);
        item->touches = grown;
        item->touch_capacity = capacity;
    }
    return &item->touches[item->touch_count++];
}

static void take_touch(const struct plan *plan, struct explanation *item, const struct walked *walked,
                       struct arena *arena) {
    const struct event *event = &walked->event;
    if (!event->has_key || event->key.low != item->hash.low || event->key.high != item->hash.high) return;
    if (!is_near(plan, item, event->time_us)) {
        item->farther++;
        return;
    }
    struct explained_touch *touch = next_touch(item, arena);
    size_t fields = (size_t)plan->touch_field_count;
    *touch = (struct explained_touch){.offset = walked->record.offset,
                                      .source_partition = source_partition(&walked->record, item->partition),
                                      .source_offset = source_offset(&walked->record),
                                      .time_us = event->time_us,
                                      .timestamp_us = walked->record.timestamp_us,
                                      .watermark_us = walked->watermark_us,
                                      .verdict = judge(plan, item, event->time_us, walked->watermark_us),
                                      .fields = arena_alloc(arena, fields * sizeof *touch->fields)};
    for (size_t i = 0; i < fields; i++) touch->fields[i] = copy_value(event->fields[i], arena);
}

static void note_final(struct explanation *item, enum finality final, int64_t offset, int64_t watermark_us) {
    if (item->final != FINAL_NOT_YET || watermark_us <= item->range.read_by_us) return;
    item->final = final;
    item->final_offset = offset;
    item->final_watermark_us = watermark_us;
}

/* The watermark before a record has been raised by the record before, which has been noted, by an advance or,
 * where it is re-keyed, by a marker. */
static void note_before(struct explanation *item, const struct walk *walk, int64_t watermark_us) {
    const struct advance *advance = walk_last_advance(walk);
    bool marked = walk->marker >= 0 && (!advance || advance->watermark_us <= item->range.read_by_us);
    if (marked)
        note_final(item, FINAL_BY_MARKER, walk->marker, watermark_us);
    else if (advance)
        note_final(item, FINAL_BY_ADVANCE, advance->next_offset, watermark_us);
}

static bool walk_touches(const struct plan *plan, const struct walk_options *options,
                         struct explanation *item, struct arena *arena, struct error *error) {
    struct walk walk;
    struct walked walked;
    enum scan_result result = SCAN_FAILED;
    if (walk_open(&walk, options, error)) {
        while ((result = walk_next(&walk, &walked, error)) == SCAN_RECORD) {
            note_before(item, &walk, walked.watermark_us);
            note_final(item, FINAL_BY_TOUCH, walked.record.offset, walk_watermark(&walk));
            if (walked.readable) take_touch(plan, item, &walked, arena);
        }
        if (result == SCAN_END) note_before(item, &walk, walk_watermark(&walk));
    }
    walk_close(&walk);
    return result == SCAN_END;
}

bool explain_touches(const struct inspection *inspection, uint64_t key_seed, struct explanation *item,
                     struct arena *arena, struct error *error) {
    const struct plan *plan = inspection->plan;
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    const struct inspected *partition = inspection_partition(inspection, item->partition, error);
    struct decoder_options decoding = {.fields = plan->touch_fields,
                                       .field_count = plan->touch_field_count,
                                       .key_fields = (const char *const *)attribute->touch_key,
                                       .key_count = attribute->key_count,
                                       .time = &plan->touches->time,
                                       .key_seed = key_seed};
    struct walk_options options = {.inspection = inspection,
                                   .input = plan->touches,
                                   .decoder = decoder_new(&decoding, error),
                                   .partition = item->partition,
                                   .end = partition->touches.high,
                                   .advances = &partition->stored.touch_advances};
    options.from = item->touches_from =
        readable_from(partition->stored.progress.touch_start, &partition->touches);
    item->touches_gone =
        partition->touches.low >
        (partition->stored.progress.touch_start > 0 ? partition->stored.progress.touch_start : 0);
    bool ok = options.decoder && walk_touches(plan, &options, item, arena, error);
    if (ok) explain_choose(plan, item, arena);
    decoder_free(options.decoder);
    return ok;
}
