#include "pipeline/partition_internal.h"

bool partition_is_restoring(const struct partition *partition) {
    return partition->restoring;
}

/* What the progress describes is compared as a whole, even where a smaller window now needs less. */
int64_t partition_needed_from(const struct partition *partition) {
    const struct progress *progress = &partition->committed;
    int64_t needed =
        window_held_from(&partition->join->plan->window, partition_conversion_watermark(partition));
    bool comparable = progress->generation == partition->join->generation;
    return comparable && progress->held_from_us < needed ? progress->held_from_us : needed;
}

bool partition_needs_touches(const struct partition *partition) {
    const struct progress *progress = &partition->committed;
    bool same_meaning = progress->generation == partition->join->generation;
    bool reaches_back = partition_needed_from(partition) >= progress->held_from_us;
    return progress->touch_offset > progress->touch_start && !(same_meaning && reaches_back);
}

static void end(struct partition *partition) {
    refill_free(partition->refill);
    partition->refill = NULL;
    position_release(&partition->restored);
}

/* Where touches are capped, which of them were kept shows only where whole buckets are counted again, also
 * those that are described and no longer needed. */
static int64_t first_bucket(const struct partition *partition) {
    const struct plan *plan = partition->join->plan;
    int64_t needed = partition_needed_from(partition);
    if (plan->pipeline->attribute.touch_cap)
        return needed == TIME_NONE ? INT64_MIN : window_bucket(&plan->window, needed);
    return window_first_bucket(&plan->window, partition_conversion_watermark(partition));
}

static void empty_store(struct partition *partition) {
    const struct plan *plan = partition->join->plan;
    store_free(partition->store);
    partition->store = partition_new_store(plan);
    store_expire(partition->store, first_bucket(partition));
}

/* The watermark before the first touch read is not known and need not be: every event before it lies before
 * the window of every conversion to come. */
void partition_restore_begin(struct partition *partition, enum restore_source source) {
    const struct progress *progress = &partition->committed;
    end(partition);
    empty_store(partition);
    if (source == RESTORE_CHANGELOG) {
        changelog_release(&partition->changelog);
        changelog_init(&partition->changelog, progress->changelog_next);
    }
    struct refill_options options = {.store = partition->store,
                                     .generation = partition->join->generation,
                                     .before_offset = progress->touch_offset,
                                     .held_from_us = progress->held_from_us};
    partition->refill = refill_new(&options);
    position_init(&partition->restored, 0, TIME_NONE, NULL);
    partition->restored.rekeyed = partition->touches.rekeyed;
}

void partition_restore_shorter(struct partition *partition, int64_t end) {
    changelog_release(&partition->changelog);
    changelog_init(&partition->changelog, end);
}

bool partition_restore_block(struct partition *partition, struct span key, struct span value, int64_t at,
                             struct error *error) {
    int number;
    struct block_info named, info;
    bool ours;
    if (!block_key_parse(key, &number, &named) || number != partition->number)
        return error_set(error, ERROR_POISON, "its key \"%.*s\" is not that of a block of partition %d",
                         SPAN_ARGS(key), partition->number);
    if (!value.data) {
        changelog_remove(&partition->changelog, &named, at);
        return true;
    }
    if (refill_block(partition->refill, value, &info, &ours, error)) {
        changelog_add(&partition->changelog, &info, at);
        return true;
    }
    changelog_add(&partition->changelog, &named, at); /* of no use: older than anything, so deleted soon */
    return false;
}

void partition_restore_touch(struct partition *partition, const struct record *record) {
    struct log_position *log = &partition->restored;
    struct event event;
    enum outcome refused;
    if (record->offset < log->next || record->offset >= partition->committed.touch_offset) return;
    position_pass(log, record->offset);
    if (position_take_marker(log, record)) return;
    if (decoder_read(partition->join->touches, record, &event, &refused)) {
        if (event.has_key)
            refill_touch(partition->refill, event.key, event.time_us, record->offset,
                         partition_own_watermark(partition, log),
                         partition_kept_values(partition, record, &event));
        position_observe(log, event.time_us);
    }
    position_pass(log, record->offset + 1);
}

bool partition_restore_end(struct partition *partition, struct store_held *found) {
    const struct progress *progress = &partition->committed;
    bool comparable = progress->generation == partition->join->generation;
    *found = refill_found(partition->refill);
    if (comparable && (found->count != progress->held.count || found->xor != progress->held.xor))
        return false;
    end(partition);
    partition->restoring = false;
    return true;
}
