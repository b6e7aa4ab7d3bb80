#include "pipeline/partition_internal.h"

/* Of a model that picks one: whether there is any. */
static bool pick(const struct partition *partition, struct hash128 key, const struct window_range *range,
                 struct touch *one) {
    const struct attribute_config *attribute = &partition->join->plan->pipeline->attribute;
    int count;
    if (attribute->model == MODEL_LAST) return store_last(partition->store, key, range, one);
    if (!attribute->reach) return store_first(partition->store, key, range, one);
    const struct touch *touches = store_collect(partition->store, key, range, attribute->reach, &count);
    if (count) *one = touches[0];
    return count > 0;
}

const struct touch *partition_choose(const struct partition *partition, const struct pending *pending,
                                     struct touch *one, int *count) {
    const struct plan *plan = partition->join->plan;
    struct window_range range =
        window_range(&plan->window, pending->time_us, partition_watermark_of(partition, &pending->before));
    range.before_offset = position_advanced_beyond(&partition->touches, range.read_by_us);
    *count = 0;
    if (!pending->has_key) return one;
    if (plan->shares)
        return store_collect(partition->store, pending->key, &range, plan->pipeline->attribute.reach, count);
    *count = pick(partition, pending->key, &range, one);
    return one;
}

static void attribute(struct partition *partition, uint64_t number, struct pending *pending) {
    int count;
    const struct touch *touches = partition_choose(partition, pending, &pending->touch, &count);
    pending->touch_count = count;
    pending->touches = &pending->touch;
    if (partition->join->plan->shares) queue_keep_touches(&partition->queue, number, touches, count);
    pending->outcome = count ? OUTCOME_ATTRIBUTED : OUTCOME_UNATTRIBUTED;
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
