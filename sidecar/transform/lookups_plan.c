#include "transform/lookups_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct lookups_plan *lookups_plan_new(const struct pipeline *pipeline) {
    struct lookups_plan *plan = memory_zalloc(1, sizeof *plan);
    plan->pipeline = pipeline;
    plan->count = pipeline->lookup_count;
    plan->items = memory_zalloc((size_t)plan->count, sizeof *plan->items);
    plan->order = memory_zalloc((size_t)plan->count, sizeof *plan->order);
    for (int i = 0; i < plan->count; i++) plan->items[i].config = &pipeline->lookups[i];
    return plan;
}

void lookups_plan_free(struct lookups_plan *plan) {
    if (!plan) return;
    for (int i = 0; i < plan->count; i++) {
        free(plan->items[i].match);
        free(plan->items[i].columns);
    }
    free(plan->items);
    free(plan->values);
    free(plan->order);
    free(plan);
}

static int value_index(struct lookups_plan *plan, const struct source *source) {
    for (int i = 0; i < plan->value_count; i++)
        if (strcmp(plan->values[i]->field, source->field) == 0) return i;
    size_t size = (size_t)(plan->value_count + 1) * sizeof(const struct source *);
    plan->values = memory_realloc(plan->values, size);
    plan->values[plan->value_count] = source;
    return plan->value_count++;
}

static void compile(struct lookups_plan *plan, struct lookup_plan *lookup) {
    int count = lookup->config->match_count;
    lookup->match = memory_zalloc((size_t)count, sizeof *lookup->match);
    for (int i = 0; i < count; i++) {
        const struct source *source = &lookup->config->match[i];
        bool own = source->kind != SOURCE_LOOKUP;
        int index =
            own ? value_index(plan, source) : lookups_plan_column(plan, source->lookup, source->field);
        lookup->match[i] = (struct lookup_part){own ? -1 : source->lookup, index};
    }
}

static void arrange(struct lookups_plan *plan) {
    plan->order_count = 0;
    for (int i = 0; i < plan->count; i++) {
        int lookup = plan->pipeline->lookup_order[i];
        if (plan->items[lookup].wanted) plan->order[plan->order_count++] = lookup;
    }
}

void lookups_plan_want(struct lookups_plan *plan, int lookup) {
    struct lookup_plan *item = &plan->items[lookup];
    if (item->wanted) return;
    item->wanted = true;
    compile(plan, item);
    arrange(plan);
}

int lookups_plan_column(struct lookups_plan *plan, int lookup, const char *column) {
    struct lookup_plan *item = &plan->items[lookup];
    lookups_plan_want(plan, lookup);
    for (int i = 0; i < item->column_count; i++)
        if (strcmp(item->columns[i], column) == 0) return i;
    item->columns = memory_realloc(item->columns, (size_t)(item->column_count + 1) * sizeof *item->columns);
    item->columns[item->column_count] = column;
    return item->column_count++;
}
