#include "pipeline/partition_internal.h"

/* Of a model that picks one: whether there is any. */
static bool pick(struct partition *partition, struct pending *pending, const struct window_range *range) {
    const struct attribute_config *attribute = &partition->join->plan->pipeline->attribute;
    int count;
    if (attribute->model == MODEL_LAST)
        return store_last(partition->store, pending->key, range, &pending->touch);
    if (!attribute->reach) return store_first(partition->store, pending->key, range, &pending->touch);
    const struct touch *touches =
        store_collect(partition->store, pending->key, range, attribute->reach, &count);
    if (count) pending->touch = touches[0];
    return count > 0;
}

static void choose(struct partition *partition, uint64_t number, struct pending *pending,
                   const struct window_range *range) {
    const struct plan *plan = partition->join->plan;
    int count;
    if (plan->shares) {
        const struct touch *touches =
            store_collect(partition->store, pending->key, range, plan->pipeline->attribute.reach, &count);
        queue_keep_touches(&partition->queue, number, touches, count);
    } else {
        pending->touch_count = pick(partition, pending, range);
        pending->touches = &pending->touch;
    }
}

static void attribute(struct partition *partition, uint64_t number, struct pending *pending) {
    struct window_range range = window_range(&partition->join->plan->window, pending->time_us,
                                             partition_watermark_of(partition, &pending->before));
    range.before_offset = position_advanced_beyond(&partition->touches, range.read_by_us);
    if (pending->has_key) choose(partition, number, pending, &range);
    pending->outcome = pending->touch_count ? OUTCOME_ATTRIBUTED : OUTCOME_UNATTRIBUTED;
}

/* What a conversion counts for when a batch is filled: its rows, of which a dead letter has none. */
static uint64_t weight_of(const struct pending *pending) {
    return pending->touch_count > 1 ? (uint64_t)pending->touch_count : 1;
}

/* Only the first undecided conversion is looked at: results leave in offset order, and what counts for a
 * conversion does not depend on when it is asked. */
uint64_t partition_ready(struct partition *partition, uint64_t limit) {
    const struct window *window = &partition->join->plan->window;
    int64_t watermark = partition_touch_watermark(partition);
    int64_t own = partition_own_watermark(partition, &partition->touches);
    while (partition->decided < partition->queue.next && partition->decided_rows < limit) {
        struct pending *pending = queue_at(&partition->queue, partition->decided);
        if (pending->outcome == OUTCOME_OPEN) {
            if (!window_is_final(window, pending->time_us, watermark)) break;
            attribute(partition, partition->decided, pending);
            partition->idle_decided += !window_is_final(window, pending->time_us, own);
        }
        partition->decided_rows += weight_of(pending);
        partition->decided++;
    }
    return partition->decided_rows;
}

uint64_t partition_cut_end(struct partition *partition, uint64_t max_rows, uint64_t *rows) {
    uint64_t end = partition->cut;
    *rows = 0;
    if (partition_ready(partition, max_rows) <= max_rows) {
        *rows = partition->decided_rows;
        return partition->decided;
    }
    while (end < partition->decided && *rows < max_rows)
        *rows += weight_of(queue_at(&partition->queue, end++));
    return end;
}
