#include <stdlib.h>
#include <string.h>

#include "attribution/model.h"
#include "attribution/share.h"
#include "event/decimal.h"
#include "inspect/explain_search.h"

/* Buckets that touches near a conversion can lie in: three windows and the two at the ends. */
enum { NEAR_BUCKETS = 3 * WINDOW_BUCKETS + 3 };

/* Touches are in the order in which they were read. */
static void apply_cap(const struct plan *plan, struct explanation *item) {
    const struct window *window = &plan->window;
    int64_t cap = plan->pipeline->attribute.touch_cap, kept[NEAR_BUCKETS] = {0};
    int64_t first = window_bucket(window, time_add(item->time_us, -2 * window->window_us));
    for (int i = 0; cap && i < item->touch_count; i++) {
        struct explained_touch *touch = &item->touches[i];
        int64_t bucket = window_bucket(window, touch->time_us) - first;
        if (bucket < 0 || bucket >= NEAR_BUCKETS) continue;
        if (kept[bucket] < cap)
            kept[bucket]++;
        else if (touch->verdict == TOUCH_COUNTS)
            touch->verdict = TOUCH_CAPPED;
    }
}

static int compare_times(const void *left, const void *right) {
    const struct explained_touch *a = *(struct explained_touch *const *)left;
    const struct explained_touch *b = *(struct explained_touch *const *)right;
    if (a->time_us != b->time_us) return a->time_us < b->time_us ? -1 : 1;
    if (a->source_partition != b->source_partition) return a->source_partition < b->source_partition ? -1 : 1;
    return (a->source_offset > b->source_offset) - (a->source_offset < b->source_offset);
}

/* By time, and then by where the producer wrote them. */
static struct explained_touch **in_order(const struct explanation *item, struct arena *arena, int *count) {
    struct explained_touch **order = arena_alloc(arena, ((size_t)item->touch_count + 1) * sizeof *order);
    *count = 0;
    for (int i = 0; i < item->touch_count; i++)
        if (item->touches[i].verdict == TOUCH_COUNTS) order[(*count)++] = &item->touches[i];
    if (*count) qsort(order, (size_t)*count, sizeof *order, compare_times);
    return order;
}

static void give_credits(const struct plan *plan, struct explained_touch *const *chosen, int count,
                         struct arena *arena) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    size_t size = (size_t)count;
    int64_t *times = arena_alloc(arena, size * sizeof *times);
    uint64_t *weights = arena_alloc(arena, size * sizeof *weights);
    uint128 *parts = arena_alloc(arena, size * sizeof *parts);
    struct share_rest *rests = arena_alloc(arena, size * sizeof *rests);
    struct decimal part = {.units = 1, .scale = attribute->credit_scale};
    for (int i = 0; i < part.scale; i++) part.units *= 10;
    for (int i = 0; i < count; i++) times[i] = chosen[i]->time_us;
    model_weights(attribute, times, count, weights);
    share_out(part.units, weights, count, parts, rests);
    for (int i = 0; i < count; i++) {
        part.units = parts[i];
        chosen[i]->number = i + 1;
        chosen[i]->credit = decimal_value(&part, arena);
    }
}

void explain_choose(const struct plan *plan, struct explanation *item, struct arena *arena) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    int count, from = 0;
    apply_cap(plan, item);
    struct explained_touch **order = in_order(item, arena, &count);
    if (attribute->reach && count > attribute->reach) from = count - (int)attribute->reach;
    for (int i = 0; i < from; i++) order[i]->verdict = TOUCH_OUT_OF_REACH;
    if (attribute->model == MODEL_LAST && count) from = count - 1;
    item->chosen_count = model_shares(attribute->model) ? count - from : count > 0;
    if (item->chosen_count) give_credits(plan, order + from, item->chosen_count, arena);
}
