/* Rows of conversions that are not decided yet, and taking them back. */
#include "base/hash.h"
#include "output/postgres.h"
#include "pipeline/batch_internal.h"
#include "telemetry/log.h"

size_t batch_early_count(const struct batch *batch) {
    size_t count = 0;
    for (int i = 0; i < batch->part_count; i++) count += (size_t)batch->parts[i].cut.early_count;
    return count;
}

static size_t count_owned(const struct batch *batch) {
    size_t count = 0;
    for (int i = 0; i < batch->part_count; i++) {
        const struct batch_part *part = &batch->parts[i];
        for (uint64_t n = part->cut.from; n < part->cut.to; n++)
            count += partition_pending_at(part->partition, n)->provisional.owned;
    }
    return count;
}

void batch_reserve_early(struct batch *batch, size_t rows) {
    size_t owned = count_owned(batch);
    batch->shown = batch->gone = (struct batch_rows){0};
    if (!owned) return;
    batch->shown.items = arena_alloc(&batch->arena, rows * sizeof *batch->rows);
    batch->gone.items = arena_alloc(&batch->arena, owned * sizeof *batch->rows);
}

/* What a lookup says may have changed since, and `attribution.final` has. */
bool batch_row_is_shown(const struct batch *batch, const struct pending *pending) {
    const struct plan *plan = batch->plan;
    bool repeats = plan->pipeline->attribute.emit == EMIT_EARLY && !plan->lookup_count && !plan->tells_final;
    return repeats && partition_early_is_shown(pending);
}

void batch_set_aside(struct batch *batch, int from) {
    for (int r = from; r < batch->row_count; r++) batch->shown.items[batch->shown.count++] = batch->rows[r];
    batch->row_count = from;
}

/* --- primary keys --- */

/* A row with what says which conversion it is alone; false when it has none that the table could hold. */
static bool fill_key(struct batch *batch, const struct batch_part *part, const struct pending *pending,
                     struct row *row) {
    const struct plan *plan = batch->plan;
    size_t columns = (size_t)plan->output->column_count;
    int partition = partition_number(part->partition);
    *row = (struct row){arena_alloc(&batch->arena, columns * sizeof *row->values), partition,
                        pending->record.offset, 1, 1};
    for (size_t c = 0; c < columns; c++) row->values[c] = (struct value){VALUE_NULL, {0}};
    if (!pending->fields) return false;
    for (int k = 0; k < plan->conversion_key_count; k++) {
        int column = plan->conversion_key[k];
        struct value *value = &row->values[column];
        *value = batch_conversion_value(&batch->arena, &plan->columns[column], partition, pending);
        if (value->type == VALUE_NULL) return false;
    }
    return !batch->check.accept_key || batch->check.accept_key(batch->check.context, row, &batch->arena);
}

/* Not 0. */
static uint64_t hash_of_key(const struct plan *plan, const struct row *row) {
    uint64_t hash = 1;
    for (int k = 0; k < plan->conversion_key_count; k++) {
        struct span text = row->values[plan->conversion_key[k]].text;
        uint64_t both[2] = {hash, hash_bytes(text.data, text.len)};
        hash = hash_bytes(both, sizeof both);
    }
    return hash ? hash : 1;
}

void batch_begin_row(struct batch *batch, const struct batch_part *part, struct pending *pending,
                     uint64_t number) {
    struct row key;
    if (!pending->provisional.owned || !partition_early_remembers(part->partition)) return;
    if (fill_key(batch, part, pending, &key))
        partition_early_lose(part->partition, pending, hash_of_key(batch->plan, &key), number);
}

void batch_end_row(struct batch *batch, const struct batch_part *part, const struct pending *pending,
                   uint64_t number) {
    struct row key;
    if (!partition_early_remembers(part->partition)) return;
    if (fill_key(batch, part, pending, &key))
        partition_early_released(part->partition, hash_of_key(batch->plan, &key), number);
}

/* --- taking back --- */

static void take_back(struct batch *batch, struct batch_rows *gone, const struct batch_part *part,
                      const struct pending *pending) {
    if (!pending->provisional.owned) return;
    if (fill_key(batch, part, pending, &gone->items[gone->count]))
        gone->count++;
    else
        log_event(LOG_LEVEL_WARN, "early_row_left",
                  "partition=%d offset=%lld hint=\"the conversion makes no row any more, and its primary key "
                  "cannot be read: delete its row by hand\"",
                  partition_number(part->partition), (long long)pending->record.offset);
}

void batch_take_back(struct batch *batch, const struct batch_part *part, const struct pending *pending) {
    if (batch->withdrawn) return; /* it goes anyway */
    take_back(batch, &batch->gone, part, pending);
}

struct batch_rows batch_owned(struct batch *batch) {
    struct batch_rows owned = {0};
    uint64_t count = 0;
    for (int i = 0; i < batch->part_count; i++) count += partition_pending(batch->parts[i].partition);
    owned.items = arena_alloc(&batch->arena, count * sizeof *owned.items);
    for (int i = 0; i < batch->part_count; i++) {
        const struct batch_part *part = &batch->parts[i];
        uint64_t end = part->arrived ? part->cut.from : partition_pending_end(part->partition);
        for (uint64_t n = part->cut.from; n < end; n++)
            take_back(batch, &owned, part, partition_pending_at(part->partition, n));
    }
    return owned;
}

void batch_drop_early(struct batch *batch) {
    batch->corrections.count = batch->news.count = 0;
    for (int i = 0; i < batch->part_count; i++)
        for (int e = 0; e < batch->parts[i].cut.early_count; e++)
            if (!batch->parts[i].arrived) batch->parts[i].cut.early[e].written = false;
}

struct batch_rows batch_all_rows(struct batch *batch) {
    const struct batch_rows parts[] = {
        {batch->rows, batch->row_count}, batch->shown, batch->corrections, batch->news};
    struct batch_rows all = {0};
    for (int p = 0; p < 4; p++) all.count += parts[p].count;
    all.items = arena_alloc(&batch->arena, (size_t)all.count * sizeof *all.items);
    all.count = 0;
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < parts[p].count; i++) all.items[all.count++] = parts[p].items[i];
    return all;
}

bool batch_withdraw(struct batch *batch) {
    struct batch_rows owned = batch_owned(batch);
    bool any = owned.count || batch->corrections.count || batch->news.count;
    if (batch->withdrawn || !any) return false;
    batch->withdrawn = true;
    batch_drop_early(batch);
    struct batch_rows decided = batch_all_rows(batch);
    postgres_output_arrange_by_offset(decided.items, decided.count);
    batch->rows = decided.items;
    batch->row_count = decided.count;
    batch->shown.count = 0;
    batch->gone = owned;
    for (int i = 0; i < batch->part_count; i++) {
        struct batch_part *part = &batch->parts[i];
        if (!part->arrived) part->cut.withdrawn_to = partition_pending_end(part->partition);
    }
    return true;
}

/* --- building --- */

/* A copy of the conversion as it would be decided now: what becomes of it is nobody's business. */
static struct pending as_it_looks(const struct batch_part *part, const struct early_row *early) {
    struct pending pending = *partition_pending_at(part->partition, early->number);
    pending.outcome = OUTCOME_OPEN;
    pending.touch_count = early->touch_count;
    pending.touch = early->touch;
    pending.touches = early->touches;
    return pending;
}

static bool may_be_written(struct batch *batch, const struct batch_part *part, const struct early_row *early,
                           const struct pending *pending) {
    struct row key;
    bool first = fill_key(batch, part, pending, &key) &&
                 partition_early_claim(part->partition, early->number, hash_of_key(batch->plan, &key));
    return first || pending->provisional.owned;
}

/* Either those that the table has, or the others. */
static void build_some(struct batch *batch, bool owned) {
    const int *event = batch->early_events;
    for (int i = 0; i < batch->part_count; i++) {
        const struct batch_part *part = &batch->parts[i];
        for (int e = 0; e < part->cut.early_count; e++) {
            struct early_row *early = &part->cut.early[e];
            batch_begin_row(batch, part, partition_pending_at(part->partition, early->number), early->number);
            struct pending pending = as_it_looks(part, early);
            int before = batch->row_count, number = batch->plan->lookup_count ? *event++ : -1;
            if (pending.provisional.owned != owned) continue;
            if (may_be_written(batch, part, early, &pending)) batch_build_rows(batch, part, &pending, number);
            early->written = batch->row_count > before;
        }
    }
}

static size_t count_rows(const struct batch *batch) {
    size_t count = 0;
    for (int i = 0; i < batch->part_count; i++)
        for (int e = 0; e < batch->parts[i].cut.early_count; e++) {
            int touches = batch->parts[i].cut.early[e].touch_count;
            count += touches ? (size_t)touches : 1;
        }
    return count;
}

static struct batch_rows build(struct batch *batch, bool owned) {
    struct row *rows = batch->rows;
    int count = batch->row_count;
    batch->rows = arena_alloc(&batch->arena, count_rows(batch) * sizeof *batch->rows);
    batch->row_count = 0;
    build_some(batch, owned);
    struct batch_rows built = {batch->rows, batch->row_count};
    batch->rows = rows;
    batch->row_count = count;
    return built;
}

void batch_build_early(struct batch *batch) {
    if (!batch_early_count(batch)) return;
    batch->corrections = build(batch, true);
    batch->news = build(batch, false);
}

/* --- afterwards --- */

static struct early_row *early_at(const struct batch *batch, int partition, int64_t offset) {
    const struct batch_part *part = batch_part_of(batch, partition);
    int low = 0, high = part ? part->cut.early_count : 0;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct early_row *early = &part->cut.early[middle];
        int64_t at = partition_pending_at(part->partition, early->number)->record.offset;
        if (at == offset) return &part->cut.early[middle];
        if (at < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void batch_early_written(struct batch *batch, int partition, int64_t offset, bool written) {
    struct early_row *early = early_at(batch, partition, offset);
    if (early) early->written = written;
}

bool batch_refuse_early(struct batch *batch, int partition, int64_t offset) {
    struct early_row *early = early_at(batch, partition, offset);
    if (!early) return false;
    early->written = false;
    batch_remove_rows(batch->corrections.items, &batch->corrections.count, partition, offset);
    batch_remove_rows(batch->news.items, &batch->news.count, partition, offset);
    return true;
}
