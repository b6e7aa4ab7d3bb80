#include "transform/lookups.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_EVENTS = 64 };

void lookups_init(struct lookups *lookups, const struct lookups_plan *plan, struct arena *arena) {
    *lookups = (struct lookups){.plan = plan, .arena = arena};
    lookups->batches = memory_zalloc((size_t)plan->count, sizeof *lookups->batches);
    for (int i = 0; i < plan->count; i++)
        lookup_batch_init(&lookups->batches[i], plan->items[i].config->match_count,
                          plan->items[i].column_count);
}

void lookups_release(struct lookups *lookups) {
    for (int i = 0; lookups->batches && i < lookups->plan->count; i++)
        lookup_batch_release(&lookups->batches[i]);
    free(lookups->batches);
    free(lookups->values);
    free(lookups->questions);
    *lookups = (struct lookups){0};
}

void lookups_reset(struct lookups *lookups) {
    for (int i = 0; i < lookups->plan->count; i++) lookup_batch_reset(&lookups->batches[i]);
    lookups->count = 0;
}

static struct value *values_of(const struct lookups *lookups, int event) {
    return lookups->values + event * (ptrdiff_t)lookups->plan->value_count;
}

static int *question_of(const struct lookups *lookups, int event, int lookup) {
    return lookups->questions + event * (ptrdiff_t)lookups->plan->count + lookup;
}

static void grow(struct lookups *lookups) {
    const struct lookups_plan *plan = lookups->plan;
    lookups->capacity = lookups->capacity ? lookups->capacity * 2 : FIRST_EVENTS;
    size_t n = (size_t)lookups->capacity;
    lookups->values = memory_realloc(lookups->values, n * (size_t)plan->value_count * sizeof(struct value));
    lookups->questions = memory_realloc(lookups->questions, n * (size_t)plan->count * sizeof(int));
}

int lookups_add(struct lookups *lookups, const struct value *values) {
    const struct lookups_plan *plan = lookups->plan;
    if (lookups->count == lookups->capacity) grow(lookups);
    int event = lookups->count++;
    if (plan->value_count)
        memcpy(values_of(lookups, event), values, (size_t)plan->value_count * sizeof *values);
    for (int i = 0; i < plan->count; i++) *question_of(lookups, event, i) = -1;
    return event;
}

static struct value part_of(const struct lookups *lookups, int event, const struct lookup_part *part) {
    if (part->lookup < 0) return values_of(lookups, event)[part->index];
    const struct value *row = lookups_result(lookups, event, part->lookup);
    return row ? row[part->index] : (struct value){VALUE_NULL, {0}};
}

struct lookup_batch *lookups_ask(struct lookups *lookups, int lookup) {
    const struct lookup_plan *plan = &lookups->plan->items[lookup];
    struct lookup_batch *batch = &lookups->batches[lookup];
    struct value *key = arena_alloc(lookups->arena, (size_t)plan->config->match_count * sizeof *key);
    for (int event = 0; event < lookups->count; event++) {
        for (int i = 0; i < plan->config->match_count; i++) key[i] = part_of(lookups, event, &plan->match[i]);
        *question_of(lookups, event, lookup) = lookup_batch_ask(batch, key);
    }
    return batch;
}

const struct value *lookups_result(const struct lookups *lookups, int event, int lookup) {
    return lookup_batch_result(&lookups->batches[lookup], *question_of(lookups, event, lookup));
}

int lookups_missing(const struct lookups *lookups, int event) {
    const struct lookups_plan *plan = lookups->plan;
    for (int i = 0; i < plan->order_count; i++) {
        int lookup = plan->order[i];
        if (plan->items[lookup].config->missing == MISSING_KEEP) continue;
        if (!lookups_result(lookups, event, lookup)) return lookup;
    }
    return -1;
}
