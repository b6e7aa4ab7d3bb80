#include "pipeline/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/timestamp.h"
#include "pipeline/fingerprint.h"
#include "pipeline/partition_internal.h"
#include "transform/steps.h"

/* --- the join --- */

static struct decoder *decoder_for(const struct input_config *input, const char *const *fields, int count,
                                   char *const *key, int key_count, uint64_t seed, struct error *error) {
    struct decoder_options options = {.fields = fields,
                                      .field_count = count,
                                      .key_fields = (const char *const *)key,
                                      .key_count = key_count,
                                      .time = &input->time,
                                      .key_seed = seed};
    return steps_decoder_new(&options, input, STEPS_ALL, error);
}

bool join_init(struct join *join, const struct plan *plan, uint64_t key_seed, struct error *error) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    *join = (struct join){.plan = plan, .generation = fingerprint_generation(plan, key_seed)};
    join->rekeyed[true] = plan->touches->repartition.present;
    join->rekeyed[false] = plan->conversions->repartition.present;
    join->touches = decoder_for(plan->touches, plan->touch_fields, plan->touch_field_count,
                                attribute->touch_key, attribute->key_count, key_seed, error);
    if (!join->touches) return false;
    join->conversions = decoder_for(plan->conversions, plan->conversion_fields, plan->conversion_field_count,
                                    attribute->conversion_key, attribute->key_count, key_seed, error);
    return join->conversions != NULL;
}

void join_release(struct join *join) {
    decoder_free(join->touches);
    decoder_free(join->conversions);
    *join = (struct join){0};
}

/* --- life --- */

static int64_t touch_watermark(const struct partition *partition) {
    return watermark_value(&partition->touches.watermark,
                           partition->join->plan->touches->time.out_of_order_us);
}

int64_t partition_watermark_of(const struct partition *partition, const struct watermark *watermark) {
    return watermark_value(watermark, partition->join->plan->conversions->time.out_of_order_us);
}

static int64_t conversion_watermark(const struct partition *partition) {
    return partition_watermark_of(partition, &partition->conversions.watermark);
}

/* Touches at the same time: the one whose source partition and offset there come first. Others than the
 * re-keyer's come before. */
static int compare_sources(const struct value *a, const struct value *b) {
    int32_t partitions[2] = {-1, -1};
    int64_t offsets[2] = {-1, -1};
    if (a->type == VALUE_STRING) marker_source_parse(a->text, &partitions[0], &offsets[0]);
    if (b->type == VALUE_STRING) marker_source_parse(b->text, &partitions[1], &offsets[1]);
    if (partitions[0] != partitions[1]) return partitions[0] < partitions[1] ? -1 : 1;
    return (offsets[0] > offsets[1]) - (offsets[0] < offsets[1]);
}

struct store *partition_new_store(const struct plan *plan) {
    struct store *store = store_new(&plan->window, plan->touch_kept_count);
    store_cap(store, plan->pipeline->attribute.touch_cap);
    if (plan->touch_source >= 0) store_order_by(store, plan->touch_source, compare_sources);
    return store;
}

struct partition *partition_new(const struct join *join, int number, const struct progress *progress,
                                const struct advances *touch_advances,
                                const struct advances *conversion_advances) {
    struct partition *partition = memory_zalloc(1, sizeof *partition);
    const struct plan *plan = join->plan;
    partition->join = join;
    partition->number = number;
    position_init(&partition->touches, progress->touch_offset, progress->touch_max_time_us, touch_advances);
    position_init(&partition->conversions, progress->conversion_offset, progress->conversion_max_time_us,
                  conversion_advances);
    partition->touches.rekeyed = join->rekeyed[true];
    partition->conversions.rekeyed = join->rekeyed[false];
    partition->committed = *progress;
    partition->touches.anchor = progress->touch_anchor;
    partition->conversions.anchor = progress->conversion_anchor;
    partition->store = partition_new_store(plan);
    changelog_init(&partition->changelog, progress->changelog_next);
    changes_init(&partition->changes);
    partition->expired_before_us = TIME_NONE;
    queue_init(&partition->queue);
    partition->latest_conversion_us = TIME_NONE;
    partition->early.stored_last = -1;
    partition->touch_ledger = progress->touch_ledger;
    store_expire(partition->store, window_first_bucket(&plan->window, conversion_watermark(partition)));
    partition->restoring =
        progress->held.count > 0 || progress->changelog_next > 0 || partition_needs_touches(partition);
    partition->kept = memory_zalloc((size_t)plan->touch_kept_count, sizeof *partition->kept);
    return partition;
}

void partition_set_sources(struct partition *partition, bool touches, const struct sources *stored) {
    struct log_position *log = touches ? &partition->touches : &partition->conversions;
    source_log_release(&log->sources);
    source_log_init(&log->sources, stored);
}

void partition_free(struct partition *partition) {
    if (!partition) return;
    position_release(&partition->touches);
    position_release(&partition->conversions);
    position_release(&partition->restored);
    refill_free(partition->refill);
    changelog_release(&partition->changelog);
    changes_release(&partition->changes);
    store_free(partition->store);
    queue_release(&partition->queue);
    partition_early_release(partition);
    for (int i = 0; i < 2; i++) {
        arena_release(&partition->dead_arena[i]);
        free(partition->dead[i]);
    }
    free(partition->kept);
    free(partition);
}

int partition_number(const struct partition *partition) {
    return partition->number;
}

struct ownership *partition_ownership(struct partition *partition) {
    return &partition->ownership;
}

int64_t partition_touch_next(const struct partition *partition) {
    return partition->touches.next;
}

int64_t partition_conversion_next(const struct partition *partition) {
    return partition->conversions.next;
}

/* --- reading --- */

static void bury_touch(struct partition *partition, const struct record *record, enum outcome outcome,
                       const char *detail) {
    int i = partition->dead_current;
    if (partition->dead_count[i] == partition->dead_capacity[i]) {
        partition->dead_capacity[i] = partition->dead_capacity[i] ? partition->dead_capacity[i] * 2 : 16;
        partition->dead[i] = memory_realloc(partition->dead[i],
                                            (size_t)partition->dead_capacity[i] * sizeof *partition->dead[i]);
    }
    struct arena *arena = &partition->dead_arena[i];
    struct dead_touch *dead = &partition->dead[i][partition->dead_count[i]++];
    *dead = (struct dead_touch){*record, outcome, arena_printf(arena, "%s", detail)};
    dead->record.key = arena_copy(arena, record->key);
    dead->record.value = arena_copy(arena, record->value);
}

static struct value timestamp_value(int64_t time_us, char *text) {
    if (time_us == TIME_NONE) return (struct value){VALUE_NULL, {0}};
    return (struct value){VALUE_STRING, {text, timestamp_format(time_us, text)}};
}

static struct value key_value(struct span key) {
    return (struct value){key.data ? VALUE_STRING : VALUE_NULL, key};
}

static struct value source_value(const struct record *record, char *text) {
    if (!record->rekeyed) return (struct value){VALUE_NULL, {0}};
    size_t len = marker_source_format(record->source_partition, record->source_offset, text);
    return (struct value){VALUE_STRING, {text, len}};
}

const struct value *partition_kept_values(struct partition *partition, const struct record *record,
                                          const struct event *event) {
    const struct plan *plan = partition->join->plan;
    if (plan->touch_kept_count == plan->touch_field_count) return event->fields;
    struct value *at = partition->kept;
    for (int i = 0; i < plan->touch_field_count; i++) *at++ = event->fields[i];
    if (plan->keeps_timestamp) *at++ = timestamp_value(record->timestamp_us, partition->kept_time);
    if (plan->keeps_key) *at++ = key_value(record->key);
    if (plan->touch_source >= 0) *at++ = source_value(record, partition->kept_source);
    return partition->kept;
}

/* Without idle advances: what everybody who reads this log agrees on. */
int64_t partition_own_watermark(const struct partition *partition, const struct log_position *touches) {
    return time_add(touches->watermark.max_time_us, -partition->join->plan->touches->time.out_of_order_us);
}

static enum outcome keep_touch(struct partition *partition, const struct record *record,
                               const struct event *event) {
    if (event->filtered_by) return OUTCOME_FILTERED;
    if (!event->has_key) return OUTCOME_KEY_NULL;
    bool kept = store_insert(partition->store, event->key, event->time_us, record->offset,
                             partition_own_watermark(partition, &partition->touches),
                             partition_kept_values(partition, record, event));
    if (kept) partition_early_touch(partition, event->key, event->time_us);
    if (kept) return OUTCOME_TOUCH_KEPT;
    return store_is_past(partition->store, event->time_us) ? OUTCOME_TOUCH_TOO_OLD : OUTCOME_CAPPED;
}

static void count_touch(struct partition *partition, const struct record *record, enum outcome outcome,
                        const char *detail) {
    partition->touch_ledger.count[outcome]++;
    if (outcome_is_dead_letter(outcome)) bury_touch(partition, record, outcome, detail);
}

void partition_touch(struct partition *partition, const struct record *record) {
    if (record->offset < partition->touches.next) return;
    position_pass(&partition->touches, record->offset);
    if (position_take_marker(&partition->touches, record)) return;
    struct event event;
    enum outcome outcome;
    const char *detail = "the touch has no key: a field of the join key is null or missing";
    if (decoder_read(partition->join->touches, record, &event, &outcome)) {
        outcome = keep_touch(partition, record, &event);
        position_observe(&partition->touches, event.time_us);
    } else {
        detail = decoder_detail(partition->join->touches);
    }
    count_touch(partition, record, outcome, detail);
    position_pass(&partition->touches, record->offset + 1);
}

static void copy_fields(struct partition *partition, struct pending *pending, const struct event *event) {
    int count = partition->join->plan->conversion_field_count;
    struct arena *arena = queue_arena(&partition->queue, partition->queue.next - 1);
    pending->fields = arena_alloc(arena, (size_t)count * sizeof *pending->fields);
    for (int i = 0; i < count; i++)
        pending->fields[i] = (struct value){event->fields[i].type, arena_copy(arena, event->fields[i].text)};
}

static void judge_late(struct partition *partition, struct pending *pending, int64_t watermark) {
    const struct plan *plan = partition->join->plan;
    if (plan->pipeline->attribute.late == LATE_ATTRIBUTE ||
        !window_is_late(&plan->window, pending->time_us, watermark)) {
        partition->latest_conversion_us = time_max(partition->latest_conversion_us, pending->time_us);
        return;
    }
    pending->outcome = OUTCOME_LATE;
    struct arena *arena = queue_arena(&partition->queue, partition->queue.next - 1);
    int64_t late_us = time_add(watermark, -plan->window.lateness_us) - pending->time_us;
    pending->detail = arena_printf(arena, "the conversion is %.3f s behind its partition's watermark",
                                   (double)late_us / (double)TIME_SECOND)
                          .data;
}

void partition_conversion(struct partition *partition, const struct record *record) {
    struct log_position *log = &partition->conversions;
    if (record->offset < log->next) return;
    position_pass(log, record->offset);
    if (position_take_marker(log, record)) return;
    struct pending *pending = queue_push(&partition->queue, record);
    pending->before = log->watermark;
    pending->outcome = OUTCOME_OPEN;
    partition_early_read(partition, pending);
    struct event event;
    if (decoder_read(partition->join->conversions, record, &event, &pending->outcome)) {
        pending->outcome = OUTCOME_OPEN;
        pending->time_us = event.time_us;
        pending->has_key = event.has_key;
        pending->key = event.key;
        if (event.filtered_by) {
            pending->outcome = OUTCOME_FILTERED;
        } else {
            copy_fields(partition, pending, &event);
            judge_late(partition, pending, conversion_watermark(partition));
        }
        position_observe(log, event.time_us);
    } else {
        struct arena *arena = queue_arena(&partition->queue, partition->queue.next - 1);
        pending->detail = arena_printf(arena, "%s", decoder_detail(partition->join->conversions)).data;
    }
    position_pass(log, record->offset + 1);
}

static void refuse_conversion(struct partition *partition, const struct record *record, int64_t time_us,
                              enum outcome outcome, const char *why) {
    struct pending *pending = queue_push(&partition->queue, record);
    pending->before = partition->conversions.watermark;
    pending->outcome = outcome;
    partition_early_read(partition, pending);
    pending->time_us = time_us;
    struct arena *arena = queue_arena(&partition->queue, partition->queue.next - 1);
    if (why) pending->detail = arena_printf(arena, "%s", why).data;
}

void partition_refuse(struct partition *partition, bool touch, const struct record *record, int64_t time_us,
                      enum outcome outcome, const char *why) {
    struct log_position *log = touch ? &partition->touches : &partition->conversions;
    if (record->offset < log->next) return;
    position_pass(log, record->offset);
    if (touch)
        count_touch(partition, record, outcome, why);
    else
        refuse_conversion(partition, record, time_us, outcome, why);
    position_observe(log, time_us);
    position_pass(log, record->offset + 1);
}

struct anchor partition_anchor(const struct partition *partition, bool touches) {
    return touches ? partition->touches.anchor : partition->conversions.anchor;
}

void partition_set_anchor(struct partition *partition, bool touches, const struct record *record) {
    (touches ? &partition->touches : &partition->conversions)->anchor = anchor_of(record);
}

void partition_touch_skip(struct partition *partition, int64_t next_offset) {
    position_pass(&partition->touches, next_offset);
}

void partition_conversion_skip(struct partition *partition, int64_t next_offset) {
    position_pass(&partition->conversions, next_offset);
}

/* --- drift and idleness --- */

/* The greatest time of a conversion that is not yet final, plus the lateness; TIME_NONE when all are final. A
 * conversion decided earlier lies before every one that is not, so the greatest time ever read will do. */
static int64_t undecided_until(const struct partition *partition) {
    const struct window *window = &partition->join->plan->window;
    int64_t latest = partition->latest_conversion_us;
    if (latest == TIME_NONE || window_is_final(window, latest, touch_watermark(partition))) return TIME_NONE;
    return time_add(latest, window->lateness_us);
}

bool partition_wants_touch(const struct partition *partition) {
    int64_t near = time_max(conversion_watermark(partition), undecided_until(partition));
    int64_t drift = partition->join->plan->pipeline->attribute.max_drift_us;
    return touch_watermark(partition) <= time_add(near, drift);
}

bool partition_wants_conversion(const struct partition *partition) {
    int64_t drift = partition->join->plan->pipeline->attribute.max_drift_us;
    return conversion_watermark(partition) <= time_add(touch_watermark(partition), drift);
}

bool partition_touch_lags(const struct partition *partition) {
    return touch_watermark(partition) <= conversion_watermark(partition);
}

bool partition_waits_for_touches(const struct partition *partition) {
    return undecided_until(partition) != TIME_NONE;
}

bool partition_sources_are_idle(const struct partition *partition, bool touches) {
    return sources_are_idle(&(touches ? &partition->touches : &partition->conversions)->sources.now);
}

bool partition_advance_touches(struct partition *partition) {
    int64_t undecided = undecided_until(partition);
    if (undecided == TIME_NONE) return false;
    int64_t to = time_max(touch_watermark(partition), time_max(conversion_watermark(partition), undecided));
    position_advance(&partition->touches, time_add(to, 1));
    return true;
}

void partition_advance_conversions(struct partition *partition) {
    int64_t to =
        time_add(touch_watermark(partition), -partition->join->plan->pipeline->attribute.max_drift_us);
    if (to > conversion_watermark(partition)) position_advance(&partition->conversions, to);
}

int64_t partition_touch_watermark(const struct partition *partition) {
    return touch_watermark(partition);
}

uint64_t partition_idle_decided(const struct partition *partition) {
    return partition->idle_decided;
}

int64_t partition_conversion_watermark(const struct partition *partition) {
    return conversion_watermark(partition);
}

/* --- deciding and committing --- */

static struct progress progress_at(const struct partition *partition, uint64_t to, int64_t *watermark) {
    const struct pending *first = to < partition->queue.next ? queue_at(&partition->queue, to) : NULL;
    const struct watermark *before = first ? &first->before : &partition->conversions.watermark;
    *watermark = partition_watermark_of(partition, before);
    const struct window *window = &partition->join->plan->window;
    struct progress progress = partition->committed;
    progress.touch_offset = partition->touches.next;
    progress.conversion_offset = first ? first->record.offset : partition->conversions.next;
    progress.touch_max_time_us = partition->touches.watermark.max_time_us;
    progress.conversion_max_time_us = before->max_time_us;
    progress.touch_ledger = partition->touch_ledger;
    progress.held = store_held(partition->store, window_first_bucket(window, *watermark));
    progress.held_from_us = window_held_from(window, *watermark);
    progress.generation = partition->join->generation;
    progress.touch_anchor = partition->touches.anchor;
    if (to > partition->cut)
        progress.conversion_anchor = anchor_of(&queue_at(&partition->queue, to - 1)->record);
    return progress;
}

/* Blocks of touches that no restore from a backup within the grace can need any more. Only looked for when
 * the committed progress has passed another bucket. */
static void expire_blocks(struct partition *partition) {
    int64_t before =
        time_add(partition->committed.held_from_us, -partition->join->plan->pipeline->tombstone_grace_us);
    if (before <= partition->expired_before_us) return;
    partition->expired_before_us = before;
    changes_expire(&partition->changes, partition->number, &partition->changelog, before);
}

static void make_changes(struct partition *partition) {
    changes_clear(&partition->changes);
    if (!partition->join->logged) return;
    expire_blocks(partition);
    changes_pack(&partition->changes, partition->number, partition->store, partition->join->generation);
}

static void cut_sources(struct partition *partition, struct cut *cut) {
    source_log_cut(&partition->touches.sources, cut->progress.touch_offset);
    source_log_cut(&partition->conversions.sources, cut->progress.conversion_offset);
    cut->touch_sources = &partition->touches.sources.cut;
    cut->conversion_sources = &partition->conversions.sources.cut;
}

static bool anything_new(const struct partition *partition, const struct cut *cut) {
    return cut->from < cut->to || cut->progress.touch_offset != partition->committed.touch_offset ||
           cut->progress.conversion_offset != partition->committed.conversion_offset || cut->changes->count ||
           cut->early_count || partition->touches.made.count || partition->conversions.made.count;
}

bool partition_cut(struct partition *partition, uint64_t max_rows, struct cut *cut) {
    if (partition->restoring) return false;
    *cut = (struct cut){.from = partition->cut};
    cut->to = partition_cut_end(partition, max_rows, &cut->rows);
    cut->progress = progress_at(partition, cut->to, &cut->conversion_watermark);
    cut->changes = &partition->changes;
    make_changes(partition);
    cut_sources(partition, cut);
    partition_early_take(partition, cut, max_rows > cut->rows ? max_rows - cut->rows : 0);
    if (!anything_new(partition, cut)) return false;
    partition->cut = cut->to;
    partition->decided_rows -= cut->rows;
    position_cut(&partition->touches);
    position_cut(&partition->conversions);
    int dead = partition->dead_current;
    cut->dead_touches = partition->dead[dead];
    cut->dead_touch_count = partition->dead_count[dead];
    partition->dead_current = !dead;
    return true;
}

struct pending *partition_pending_at(const struct partition *partition, uint64_t number) {
    return queue_at(&partition->queue, number);
}

void partition_cut_ledger(const struct partition *partition, struct cut *cut) {
    for (uint64_t i = cut->from; i < cut->to; i++)
        cut->progress.conversion_ledger.count[queue_at(&partition->queue, i)->outcome]++;
}

void partition_touch_values(const struct partition *partition, const struct touch *touch, struct arena *arena,
                            struct value *values) {
    store_fields(partition->store, touch, arena, values);
}

static void log_change(struct changelog *changelog, const struct change *change, int64_t at) {
    if (change->tombstone)
        changelog_remove(changelog, &change->info, at);
    else
        changelog_add(changelog, &change->info, at);
}

bool partition_logged(struct partition *partition, struct cut *cut, const int64_t *offsets) {
    struct changelog *changelog = &partition->changelog;
    for (int i = 0; i < cut->changes->count; i++) {
        bool known = offsets[i] >= 0;
        if (known && offsets[i] < changelog->next) return false;
        log_change(changelog, &cut->changes->items[i], known ? offsets[i] : changelog->next);
    }
    cut->progress.changelog_from = changelog_from(changelog);
    cut->progress.changelog_next = changelog->next;
    return true;
}

uint64_t partition_unlogged(const struct partition *partition) {
    return partition->join->logged ? store_unpacked(partition->store) : 0;
}

uint64_t partition_held(const struct partition *partition) {
    return store_held(partition->store, INT64_MIN).count;
}

size_t partition_store_bytes(const struct partition *partition) {
    return store_bytes(partition->store);
}

struct advances partition_touch_advances(const struct partition *partition) {
    return position_in_cut(&partition->touches);
}

struct advances partition_conversion_advances(const struct partition *partition) {
    return position_in_cut(&partition->conversions);
}

void partition_committed(struct partition *partition, const struct cut *cut) {
    partition->committed = cut->progress;
    partition_early_committed(partition, cut);
    queue_drop(&partition->queue, cut->to);
    store_expire(partition->store,
                 window_first_bucket(&partition->join->plan->window, cut->conversion_watermark));
    position_committed(&partition->touches, true);
    position_committed(&partition->conversions, false);
    partition->dead_count[!partition->dead_current] = 0;
    arena_reset(&partition->dead_arena[!partition->dead_current]);
}

uint64_t partition_pending(const struct partition *partition) {
    return partition->queue.next - partition->queue.first;
}

size_t partition_pending_bytes(const struct partition *partition) {
    return partition->queue.bytes;
}

size_t partition_dead_bytes(const struct partition *partition) {
    return 2 * (partition->dead_arena[0].used + partition->dead_arena[1].used);
}

const struct progress *partition_progress(const struct partition *partition) {
    return &partition->committed;
}
