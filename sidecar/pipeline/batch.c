#include "pipeline/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/timestamp.h"
#include "pipeline/batch_internal.h"
#include "pipeline/credits.h"

void batch_init(struct batch *batch, const struct plan *plan) {
    *batch = (struct batch){.plan = plan};
    arena_init(&batch->arena);
    lookups_init(&batch->lookups, plan->asking, &batch->arena);
}

void batch_release(struct batch *batch) {
    lookups_release(&batch->lookups);
    free(batch->parts);
    arena_release(&batch->arena);
    *batch = (struct batch){0};
}

void batch_reset(struct batch *batch) {
    batch->part_count = batch->row_count = batch->dead_count = 0;
    batch->rows = NULL;
    batch->dead = NULL;
    batch->shown = batch->corrections = batch->news = batch->gone = (struct batch_rows){0};
    batch->withdrawn = false;
    lookups_reset(&batch->lookups);
    arena_reset(&batch->arena);
}

/* --- values --- */

static const struct value null_value = {VALUE_NULL, {0}};

static struct value time_value(struct arena *arena, int64_t time_us) {
    if (time_us == TIME_NONE) return null_value;
    char *text = arena_bytes(arena, TIMESTAMP_TEXT_MAX);
    return (struct value){VALUE_STRING, {text, timestamp_format(time_us, text)}};
}

static struct value number_value(struct arena *arena, int64_t number) {
    return (struct value){VALUE_NUMBER, arena_printf(arena, "%lld", (long long)number)};
}

struct value batch_conversion_value(struct arena *arena, const struct plan_source *source, int partition,
                                    const struct pending *pending) {
    const struct record *record = &pending->record;
    switch (source->origin) {
    case ORIGIN_FIELD: return pending->fields[source->index];
    case ORIGIN_TIME: return time_value(arena, pending->time_us);
    case ORIGIN_PARTITION: return number_value(arena, record->rekeyed ? record->source_partition : partition);
    case ORIGIN_OFFSET: return number_value(arena, record->rekeyed ? record->source_offset : record->offset);
    case ORIGIN_TIMESTAMP: return time_value(arena, record->timestamp_us);
    case ORIGIN_KEY: return (struct value){record->key.data ? VALUE_STRING : VALUE_NULL, record->key};
    }
    return null_value;
}

/* Of a re-keyed touch, where it comes from; of others, where it is. */
static struct value touch_place(struct arena *arena, const struct plan *plan, bool offset, int partition,
                                const struct touch *touch, const struct value *kept) {
    int32_t source_partition;
    int64_t source_offset;
    bool rekeyed = plan->touch_source >= 0 && kept[plan->touch_source].type == VALUE_STRING &&
                   marker_source_parse(kept[plan->touch_source].text, &source_partition, &source_offset);
    if (rekeyed) return number_value(arena, offset ? source_offset : source_partition);
    return number_value(arena, offset ? touch->offset : partition);
}

static struct value touch_value(struct arena *arena, const struct plan *plan,
                                const struct plan_source *source, int partition, const struct touch *touch,
                                const struct value *kept) {
    if (!touch) return null_value;
    switch (source->origin) {
    case ORIGIN_FIELD:
    case ORIGIN_TIMESTAMP:
    case ORIGIN_KEY: return kept[source->index];
    case ORIGIN_TIME: return time_value(arena, touch->time_us);
    case ORIGIN_PARTITION:
    case ORIGIN_OFFSET:
        return touch_place(arena, plan, source->origin == ORIGIN_OFFSET, partition, touch, kept);
    }
    return null_value;
}

/* --- taking --- */

static bool makes_row(const struct pending *pending) {
    return pending->outcome == OUTCOME_ATTRIBUTED || pending->outcome == OUTCOME_UNATTRIBUTED;
}

static size_t conversions_in(const struct batch *batch) {
    size_t count = 0;
    for (int i = 0; i < batch->part_count; i++) count += batch->parts[i].cut.to - batch->parts[i].cut.from;
    return count;
}

static int add_event(struct batch *batch, const struct batch_part *part, const struct pending *pending,
                     struct value *values) {
    const struct plan *plan = batch->plan;
    for (int v = 0; v < plan->asking->value_count; v++)
        values[v] = batch_conversion_value(&batch->arena, &plan->asked[v], partition_number(part->partition),
                                           pending);
    return lookups_add(&batch->lookups, values);
}

static void add_events(struct batch *batch) {
    size_t count = (size_t)batch->plan->asking->value_count;
    struct value *values = arena_alloc(&batch->arena, count * sizeof *values);
    int *event = batch->events = arena_alloc(&batch->arena, conversions_in(batch) * sizeof *batch->events);
    int *early = batch->early_events = arena_alloc(&batch->arena, batch_early_count(batch) * sizeof *early);
    for (int i = 0; i < batch->part_count; i++) {
        const struct batch_part *part = &batch->parts[i];
        for (uint64_t n = part->cut.from; n < part->cut.to; n++, event++) {
            const struct pending *pending = partition_pending_at(part->partition, n);
            if (makes_row(pending)) *event = add_event(batch, part, pending, values);
        }
        for (int e = 0; e < part->cut.early_count; e++)
            *early++ = add_event(batch, part,
                                 partition_pending_at(part->partition, part->cut.early[e].number), values);
    }
}

static struct batch_part *next_part(struct batch *batch) {
    if (batch->part_count == batch->part_capacity) {
        batch->part_capacity = batch->part_capacity ? batch->part_capacity * 2 : 8;
        batch->parts = memory_realloc(batch->parts, (size_t)batch->part_capacity * sizeof *batch->parts);
    }
    return &batch->parts[batch->part_count];
}

/* How many of its rows a partition may give. One conversion can have so many that they are a batch by
 * themselves; without such, each partition gives all that it has ready, and its share at least. */
static uint64_t rows_from(const struct batch *batch, struct partition *partition, uint64_t max_rows,
                          uint64_t share) {
    uint64_t ready = partition_ready(partition, share), taken = 0;
    if (!batch->plan->shares) return ready > share ? ready : share;
    for (int i = 0; i < batch->part_count; i++) taken += batch->parts[i].cut.rows;
    return taken < max_rows ? max_rows - taken : 0;
}

bool batch_take(struct batch *batch, struct partition *const *partitions, int count, uint64_t max_rows) {
    uint64_t share = max_rows / (uint64_t)(count ? count : 1) + 1;
    unsigned first = batch->plan->shares ? batch->turn++ : 0;
    for (int i = 0; i < count; i++) {
        struct batch_part *part = next_part(batch);
        part->arrived = false;
        part->partition = partitions[(first + (unsigned)i) % (unsigned)count];
        uint64_t rows = rows_from(batch, part->partition, max_rows, share);
        if (partition_cut(part->partition, rows, &part->cut)) batch->part_count++;
    }
    if (batch->part_count && batch->plan->lookup_count) add_events(batch);
    return batch->part_count > 0;
}

/* --- building --- */

static void refuse(struct pending *pending, struct arena *arena, enum outcome outcome, const char *why) {
    pending->outcome = outcome;
    pending->detail = arena_printf(arena, "%s", why).data;
}

/* Whether every lookup has its row, or does without. */
static bool apply_missing(struct batch *batch, struct pending *pending, int event) {
    int lookup = lookups_missing(&batch->lookups, event);
    if (lookup < 0) return true;
    const struct lookup_config *config = batch->plan->lookups[lookup].config;
    if (config->missing == MISSING_DROP) {
        pending->outcome = OUTCOME_FILTERED;
        return false;
    }
    char why[200];
    snprintf(why, sizeof why, "lookup \"%s\" has no row for it in \"%s\"", config->name, config->table);
    refuse(pending, &batch->arena, OUTCOME_LOOKUP_MISSING, why);
    return false;
}

/* The values that all rows of a conversion share. */
static void fill_common(struct batch *batch, int partition, const struct pending *pending, int event,
                        struct value *values) {
    const struct plan *plan = batch->plan;
    for (int c = 0; c < plan->output->column_count; c++) {
        const struct plan_source *source = &plan->columns[c];
        const struct value *answer;
        switch (source->kind) {
        case SOURCE_CONVERSION:
            values[c] = batch_conversion_value(&batch->arena, source, partition, pending);
            break;
        case SOURCE_LOOKUP:
            answer = lookups_result(&batch->lookups, event, source->lookup);
            values[c] = answer ? answer[source->index] : null_value;
            break;
        case SOURCE_TOUCH:
        case SOURCE_ATTRIBUTION: break;
        }
    }
}

/* And those of row `number`. */
static void fill_own(struct batch *batch, const struct batch_part *part, const struct credits *credits,
                     int number, struct value *values) {
    const struct plan *plan = batch->plan;
    const struct touch *touch = credits->touches ? &credits->touches[number] : NULL;
    struct value *kept = arena_alloc(&batch->arena, (size_t)plan->touch_kept_count * sizeof *kept);
    int partition = partition_number(part->partition);
    if (touch) partition_touch_values(part->partition, touch, &batch->arena, kept);
    for (int c = 0; c < plan->output->column_count; c++) {
        const struct plan_source *source = &plan->columns[c];
        if (source->kind == SOURCE_TOUCH)
            values[c] = touch_value(&batch->arena, plan, source, partition, touch, kept);
        else if (source->kind == SOURCE_ATTRIBUTION)
            values[c] = credits_value(credits, (enum attribution_field)source->index, number, &batch->arena);
    }
}

static void fill_rows(struct batch *batch, const struct batch_part *part, const struct pending *pending,
                      int event, const struct credits *credits, struct row *rows) {
    size_t size = (size_t)batch->plan->output->column_count * sizeof *rows->values;
    int partition = partition_number(part->partition);
    for (int i = 0; i < credits->rows; i++) {
        rows[i] = (struct row){arena_alloc(&batch->arena, size), partition, pending->record.offset, i + 1,
                               credits->rows};
        if (i == 0)
            fill_common(batch, partition, pending, event, rows[0].values);
        else
            memcpy(rows[i].values, rows[0].values, size);
        fill_own(batch, part, credits, i, rows[i].values);
    }
}

static bool primary_key_is_whole(const struct plan *plan, const struct row *row, char *why, size_t why_size) {
    for (int k = 0; k < plan->output->primary_key_count; k++) {
        if (row->values[plan->primary_key[k]].type != VALUE_NULL) continue;
        snprintf(why, why_size, "column \"%s\": the primary key is null or missing",
                 plan->output->primary_key[k]);
        return false;
    }
    return true;
}

/* All of a conversion's rows, or none. */
static bool accept_rows(struct batch *batch, struct row *rows, int count, char *why, size_t why_size) {
    const struct row_check *check = &batch->check;
    for (int i = 0; i < count; i++) {
        if (!primary_key_is_whole(batch->plan, &rows[i], why, why_size)) return false;
        if (check->accept && !check->accept(check->context, &rows[i], &batch->arena, why, why_size))
            return false;
    }
    return true;
}

void batch_build_rows(struct batch *batch, const struct batch_part *part, struct pending *pending,
                      int event) {
    if (batch->plan->lookup_count && !apply_missing(batch, pending, event)) return;
    struct row *rows = &batch->rows[batch->row_count];
    struct credits credits;
    char why[600];
    bool ok = credits_of(batch->plan, pending, &batch->arena, &credits, why, sizeof why);
    if (ok) {
        fill_rows(batch, part, pending, event, &credits, rows);
        ok = accept_rows(batch, rows, credits.rows, why, sizeof why);
    }
    if (ok)
        batch->row_count += credits.rows;
    else
        refuse(pending, &batch->arena, OUTCOME_VALUE_REFUSED, why);
}

static void bury(struct batch *batch, const struct input_config *input, int partition,
                 const struct record *record, enum outcome outcome, struct span detail) {
    batch->dead[batch->dead_count++] = (struct dead_letter){input, partition, record, outcome, detail};
}

/* `number` counts the conversions of the batch. */
static void build_part(struct batch *batch, struct batch_part *part, uint64_t number) {
    int partition = partition_number(part->partition);
    bool asks = batch->plan->lookup_count > 0;
    for (int i = 0; i < part->cut.dead_touch_count; i++) {
        const struct dead_touch *dead = &part->cut.dead_touches[i];
        bury(batch, batch->plan->touches, partition, &dead->record, dead->outcome, dead->detail);
    }
    for (uint64_t n = part->cut.from; n < part->cut.to; n++, number++) {
        struct pending *pending = partition_pending_at(part->partition, n);
        int before = batch->row_count;
        batch_begin_row(batch, part, pending, n);
        if (makes_row(pending)) batch_build_rows(batch, part, pending, asks ? batch->events[number] : -1);
        if (!makes_row(pending)) batch_take_back(batch, part, pending);
        if (makes_row(pending)) batch_end_row(batch, part, pending, n);
        if (batch_row_is_shown(batch, pending)) batch_set_aside(batch, before);
        if (outcome_is_dead_letter(pending->outcome))
            bury(batch, batch->plan->conversions, partition, &pending->record, pending->outcome,
                 span_of(pending->detail));
    }
    partition_cut_ledger(part->partition, &part->cut);
}

void batch_build(struct batch *batch, const struct row_check *check) {
    size_t conversions = conversions_in(batch), dead_touches = 0, rows = 0;
    batch->check = check ? *check : (struct row_check){0};
    for (int i = 0; i < batch->part_count; i++) {
        dead_touches += (size_t)batch->parts[i].cut.dead_touch_count;
        rows += batch->parts[i].cut.rows;
    }
    batch->rows = arena_alloc(&batch->arena, rows * sizeof *batch->rows);
    batch_reserve_early(batch, rows);
    batch->dead = arena_alloc(&batch->arena, (conversions + dead_touches) * sizeof *batch->dead);
    batch->row_count = batch->dead_count = 0;
    uint64_t number = 0;
    for (int i = 0; i < batch->part_count; i++) {
        struct batch_part *part = &batch->parts[i];
        build_part(batch, part, number);
        number += part->cut.to - part->cut.from;
    }
    batch_build_early(batch);
}

/* --- afterwards --- */

struct batch_part *batch_part_of(const struct batch *batch, int partition) {
    for (int i = 0; i < batch->part_count; i++)
        if (partition_number(batch->parts[i].partition) == partition) return &batch->parts[i];
    return NULL;
}

/* Entries are in offset order. */
static struct pending *conversion_at(const struct batch_part *part, int64_t offset) {
    uint64_t low = part->cut.from, high = part->cut.to;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (partition_pending_at(part->partition, middle)->record.offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < part->cut.to ? partition_pending_at(part->partition, low) : NULL;
}

/* All rows of a partition, or with an offset those of one conversion. */
void batch_remove_rows(struct row *rows, int *count, int partition, int64_t offset) {
    int kept = 0;
    for (int i = 0; i < *count; i++)
        if (rows[i].partition != partition || (offset >= 0 && rows[i].offset != offset))
            rows[kept++] = rows[i];
    *count = kept;
}

void batch_refuse(struct batch *batch, int partition, int64_t offset, const char *why) {
    if (batch_refuse_early(batch, partition, offset)) return;
    struct batch_part *part = batch_part_of(batch, partition);
    struct pending *pending = part ? conversion_at(part, offset) : NULL;
    if (!pending || pending->record.offset != offset || !makes_row(pending)) return;
    uint64_t *count = part->cut.progress.conversion_ledger.count;
    count[pending->outcome]--;
    count[OUTCOME_ROW_REFUSED]++;
    refuse(pending, &batch->arena, OUTCOME_ROW_REFUSED, why);
    batch_remove_rows(batch->rows, &batch->row_count, partition, offset);
    batch_remove_rows(batch->shown.items, &batch->shown.count, partition, offset);
    batch_take_back(batch, part, pending);
    bury(batch, batch->plan->conversions, partition, &pending->record, pending->outcome,
         span_of(pending->detail));
}

static void add_growth(struct ledger *sum, const struct ledger *from, const struct ledger *to) {
    for (int i = 0; i < OUTCOME_COUNT; i++) sum->count[i] += to->count[i] - from->count[i];
}

struct ledger batch_outcomes(const struct batch *batch) {
    struct ledger sum = {{0}};
    for (int i = 0; i < batch->part_count; i++) {
        const struct progress *before = partition_progress(batch->parts[i].partition);
        const struct progress *after = &batch->parts[i].cut.progress;
        add_growth(&sum, &before->touch_ledger, &after->touch_ledger);
        add_growth(&sum, &before->conversion_ledger, &after->conversion_ledger);
    }
    return sum;
}

void batch_drop_rows(struct batch *batch, int partition) {
    batch_part_of(batch, partition)->arrived = true;
    batch_remove_rows(batch->rows, &batch->row_count, partition, -1);
    batch_remove_rows(batch->shown.items, &batch->shown.count, partition, -1);
    batch_remove_rows(batch->corrections.items, &batch->corrections.count, partition, -1);
    batch_remove_rows(batch->news.items, &batch->news.count, partition, -1);
    batch_remove_rows(batch->gone.items, &batch->gone.count, partition, -1);
}

void batch_drop(struct batch *batch, const struct partition *partition) {
    int number = partition_number(partition), dead = 0, parts = 0;
    batch_drop_rows(batch, number);
    for (int i = 0; i < batch->dead_count; i++)
        if (batch->dead[i].partition != number) batch->dead[dead++] = batch->dead[i];
    for (int i = 0; i < batch->part_count; i++)
        if (batch->parts[i].partition != partition) batch->parts[parts++] = batch->parts[i];
    batch->dead_count = dead;
    batch->part_count = parts;
}

void batch_commit(struct batch *batch) {
    for (int i = 0; i < batch->part_count; i++)
        partition_committed(batch->parts[i].partition, &batch->parts[i].cut);
}
