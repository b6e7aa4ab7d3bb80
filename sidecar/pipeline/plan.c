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
    case SOURCE_LOOKUP:
        compiled.index = lookups_plan_column(plan->asking, source->lookup, source->field);
        break;
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
    case SOURCE_ATTRIBUTION:
        compiled.index = (int)source->attribution;
        plan->tells_final |= source->attribution == ATTRIBUTION_FINAL;
        plan->shows_credit |= source->attribution == ATTRIBUTION_CREDIT;
        break;
    }
    return compiled;
}

static bool gives_a_column(const struct pipeline *pipeline, int lookup) {
    for (int i = 0; i < pipeline->outputs[0].column_count; i++) {
        const struct source *source = &pipeline->outputs[0].columns[i].source;
        if (source->kind == SOURCE_LOOKUP && source->lookup == lookup) return true;
    }
    return false;
}

/* What the re-keyer has looked up is in the event, and was judged by `missing` there: it is asked for a row
 * only if the row needs more of it. */
static bool is_for_keys_only(const struct plan *plan, int lookup) {
    const struct repartition_config *repartition = &plan->conversions->repartition;
    if (plan->pipeline->lookups[lookup].of_touches) return true;
    bool derived = false;
    for (int i = 0; i < repartition->derived_count; i++) derived |= repartition->derived[i].lookup == lookup;
    return derived && !gives_a_column(plan->pipeline, lookup);
}

static void compile_lookups(struct plan *plan) {
    struct lookups_plan *asking = plan->asking = lookups_plan_new(plan->pipeline);
    plan->lookups = asking->items;
    plan->lookup_count = asking->count;
    for (int i = 0; i < asking->count; i++)
        if (!is_for_keys_only(plan, i)) lookups_plan_want(asking, i);
    plan->asked = memory_zalloc((size_t)asking->value_count, sizeof *plan->asked);
    for (int i = 0; i < asking->value_count; i++) plan->asked[i] = compile(plan, asking->values[i]);
}

static void compile_output(struct plan *plan) {
    const struct output_config *output = plan->output = &plan->pipeline->outputs[0];
    plan->columns = memory_zalloc((size_t)output->column_count, sizeof *plan->columns);
    plan->primary_key = memory_zalloc((size_t)output->primary_key_count, sizeof *plan->primary_key);
    for (int i = 0; i < output->column_count; i++)
        plan->columns[i] = compile(plan, &output->columns[i].source);
    plan->conversion_key = memory_zalloc((size_t)output->primary_key_count, sizeof *plan->conversion_key);
    for (int k = 0; k < output->primary_key_count; k++) {
        for (int i = 0; i < output->column_count; i++)
            if (strcmp(output->columns[i].name, output->primary_key[k]) == 0) plan->primary_key[k] = i;
        if (plan->columns[plan->primary_key[k]].kind != SOURCE_ATTRIBUTION)
            plan->conversion_key[plan->conversion_key_count++] = plan->primary_key[k];
    }
}

static void compile_model(struct plan *plan) {
    const char *amount = plan->pipeline->attribute.credit_of;
    plan->shares = model_shares(plan->pipeline->attribute.model);
    plan->amount = -1;
    if (amount) plan->amount = name_index(&plan->conversion_fields, &plan->conversion_field_count, amount);
}

/* The kept values of a touch are its fields, then its timestamp, its key and its source, as far as they are
 * wanted. */
static void place_kept(struct plan *plan) {
    int timestamp = plan->touch_field_count, key = timestamp + plan->keeps_timestamp;
    int source = key + plan->keeps_key;
    plan->touch_source = plan->touches->repartition.present ? source : -1;
    plan->touch_kept_count = source + (plan->touch_source >= 0);
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
    compile_model(plan);
    place_kept(plan);
    return plan;
}

void plan_free(struct plan *plan) {
    if (!plan) return;
    lookups_plan_free(plan->asking);
    free(plan->asked);
    free(plan->conversion_fields);
    free(plan->touch_fields);
    free(plan->columns);
    free(plan->primary_key);
    free(plan->conversion_key);
    free(plan);
}
