#include "pipeline/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int name_index(const char ***names, int *count, const char *name) {
    for (int i = 0; i < *count; i++)
        if (strcmp((*names)[i], name) == 0) return i;
    *names = memory_realloc(*names, (size_t)(*count + 1) * sizeof **names);
    (*names)[*count] = name;
    return (*count)++;
}

static enum origin origin_of(const char *field) {
    static const char *const own[] = {[ORIGIN_TIME] = "_time",
                                      [ORIGIN_PARTITION] = "_partition",
                                      [ORIGIN_OFFSET] = "_offset",
                                      [ORIGIN_TIMESTAMP] = "_timestamp",
                                      [ORIGIN_KEY] = "_key"};
    for (enum origin origin = ORIGIN_TIME; origin <= ORIGIN_KEY; origin++)
        if (strcmp(field, own[origin]) == 0) return origin;
    return ORIGIN_FIELD;
}

static struct plan_source compile(struct plan *plan, const struct source *source) {
    struct plan_source compiled = {.kind = source->kind, .origin = ORIGIN_FIELD, .lookup = source->lookup};
    switch (source->kind) {
    case SOURCE_LOOKUP: {
        struct plan_lookup *lookup = &plan->lookups[source->lookup];
        compiled.index = name_index(&lookup->columns, &lookup->column_count, source->field);
        break;
    }
    case SOURCE_CONVERSION:
        compiled.origin = origin_of(source->field);
        if (compiled.origin == ORIGIN_FIELD)
            compiled.index =
                name_index(&plan->conversion_fields, &plan->conversion_field_count, source->field);
        break;
    case SOURCE_TOUCH:
        compiled.origin = origin_of(source->field);
        if (compiled.origin == ORIGIN_FIELD)
            compiled.index = name_index(&plan->touch_fields, &plan->touch_field_count, source->field);
        plan->keeps_timestamp |= compiled.origin == ORIGIN_TIMESTAMP;
        plan->keeps_key |= compiled.origin == ORIGIN_KEY;
        break;
    }
    return compiled;
}

static void compile_lookups(struct plan *plan) {
    const struct pipeline *pipeline = plan->pipeline;
    plan->lookup_count = pipeline->lookup_count;
    plan->lookups = memory_zalloc((size_t)plan->lookup_count, sizeof *plan->lookups);
    for (int i = 0; i < plan->lookup_count; i++) {
        struct plan_lookup *lookup = &plan->lookups[i];
        lookup->config = &pipeline->lookups[i];
        lookup->match = memory_zalloc((size_t)lookup->config->match_count, sizeof *lookup->match);
        for (int m = 0; m < lookup->config->match_count; m++)
            lookup->match[m] = compile(plan, &lookup->config->match[m]);
    }
}

static void compile_output(struct plan *plan) {
    const struct output_config *output = plan->output = &plan->pipeline->outputs[0];
    plan->columns = memory_zalloc((size_t)output->column_count, sizeof *plan->columns);
    plan->primary_key = memory_zalloc((size_t)output->primary_key_count, sizeof *plan->primary_key);
    for (int i = 0; i < output->column_count; i++)
        plan->columns[i] = compile(plan, &output->columns[i].source);
    for (int k = 0; k < output->primary_key_count; k++)
        for (int i = 0; i < output->column_count; i++)
            if (strcmp(output->columns[i].name, output->primary_key[k]) == 0) plan->primary_key[k] = i;
}

/* The kept values of a touch are its fields, then its timestamp, then its key, as far as they are wanted. */
static void place_kept(struct plan *plan) {
    int timestamp = plan->touch_field_count, key = timestamp + plan->keeps_timestamp;
    plan->touch_kept_count = key + plan->keeps_key;
    for (int i = 0; i < plan->output->column_count; i++) {
        struct plan_source *column = &plan->columns[i];
        if (column->kind != SOURCE_TOUCH) continue;
        if (column->origin == ORIGIN_TIMESTAMP) column->index = timestamp;
        if (column->origin == ORIGIN_KEY) column->index = key;
    }
}

struct plan *plan_new(const struct pipeline *pipeline) {
    struct plan *plan = memory_zalloc(1, sizeof *plan);
    plan->pipeline = pipeline;
    plan->conversions = &pipeline->inputs[pipeline->attribute.conversions];
    plan->touches = &pipeline->inputs[pipeline->attribute.touches];
    plan->window = window_of(pipeline->attribute.window_us, pipeline->attribute.allowed_lateness_us);
    compile_lookups(plan);
    compile_output(plan);
    place_kept(plan);
    return plan;
}

void plan_free(struct plan *plan) {
    if (!plan) return;
    for (int i = 0; i < plan->lookup_count; i++) {
        free(plan->lookups[i].match);
        free(plan->lookups[i].columns);
    }
    free(plan->lookups);
    free(plan->conversion_fields);
    free(plan->touch_fields);
    free(plan->columns);
    free(plan->primary_key);
    free(plan);
}
