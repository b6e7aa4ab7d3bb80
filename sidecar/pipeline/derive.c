#include "pipeline/derive.h"

#include <stdlib.h>

#include "base/memory.h"
#include "transform/rekey.h"
#include "transform/steps.h"

struct derive {
    const struct repartition_config *config;
    struct lookups_plan *plan;
    struct decoder *decoder; /* of the plan's values */
    char **names;            /* of the fields, config->derived_count of them */
    int *columns;            /* of each, in its lookup */
    struct arena arena;
    struct lookups lookups;
    struct value *values, *found; /* scratch */
};

/* Copies are keyed as if no step filtered, so that filters may change while they are kept; but nothing is
 * looked up for events that are filtered, and so they have no key where it comes from a lookup. */
static enum steps_scope derive_scope(const struct input_config *input) {
    return input->repartition.derived_count ? STEPS_FIELDS_FILTERED : STEPS_FIELDS;
}

struct decoder *derive_key_decoder(const struct pipeline *pipeline, const struct input_config *input,
                                   struct error *error) {
    const struct source *by = &input->repartition.by;
    bool looked_up = by->kind == SOURCE_LOOKUP;
    char *name = looked_up ? memory_printf("%s.%s", pipeline->lookups[by->lookup].name, by->field)
                           : memory_strdup(by->field);
    const char *fields[] = {name};
    struct decoder_options options = {.fields = fields, .field_count = 1, .time = &input->time};
    struct decoder *decoder = steps_decoder_new(&options, input, derive_scope(input), error);
    free(name);
    return decoder;
}

static void want(struct derive *derive, const struct pipeline *pipeline) {
    int count = derive->config->derived_count;
    derive->plan = lookups_plan_new(pipeline);
    derive->names = memory_zalloc((size_t)count, sizeof *derive->names);
    derive->columns = memory_zalloc((size_t)count, sizeof *derive->columns);
    for (int i = 0; i < count; i++) {
        const struct source *source = &derive->config->derived[i];
        lookups_plan_want(derive->plan, source->lookup);
        derive->columns[i] = lookups_plan_column(derive->plan, source->lookup, source->field);
        derive->names[i] = memory_printf("%s.%s", pipeline->lookups[source->lookup].name, source->field);
    }
}

static struct decoder *decoder_of_values(const struct lookups_plan *plan, const struct input_config *input,
                                         struct error *error) {
    const char **fields = memory_alloc((size_t)plan->value_count * sizeof *fields);
    for (int i = 0; i < plan->value_count; i++) fields[i] = plan->values[i]->field;
    struct decoder_options options = {
        .fields = fields, .field_count = plan->value_count, .time = &input->time};
    struct decoder *decoder = steps_decoder_new(&options, input, derive_scope(input), error);
    free(fields);
    return decoder;
}

struct derive *derive_new(const struct pipeline *pipeline, const struct input_config *input,
                          struct error *error) {
    struct derive *derive = memory_zalloc(1, sizeof *derive);
    derive->config = &input->repartition;
    want(derive, pipeline);
    arena_init(&derive->arena);
    lookups_init(&derive->lookups, derive->plan, &derive->arena);
    derive->values = memory_zalloc((size_t)derive->plan->value_count, sizeof *derive->values);
    derive->found = memory_zalloc((size_t)derive->config->derived_count, sizeof *derive->found);
    derive->decoder = decoder_of_values(derive->plan, input, error);
    if (derive->decoder) return derive;
    derive_free(derive);
    return NULL;
}

void derive_free(struct derive *derive) {
    if (!derive) return;
    for (int i = 0; i < derive->config->derived_count; i++) free(derive->names[i]);
    lookups_release(&derive->lookups);
    arena_release(&derive->arena);
    decoder_free(derive->decoder);
    lookups_plan_free(derive->plan);
    free(derive->names);
    free(derive->columns);
    free(derive->values);
    free(derive->found);
    free(derive);
}

const struct lookups_plan *derive_plan(const struct derive *derive) {
    return derive->plan;
}

int derive_add(struct derive *derive, const struct record *record) {
    struct event event;
    enum outcome refused;
    if (!decoder_read(derive->decoder, record, &event, &refused) || event.filtered_by) return -1;
    for (int i = 0; i < derive->plan->value_count; i++)
        derive->values[i] =
            (struct value){event.fields[i].type, arena_copy(&derive->arena, event.fields[i].text)};
    return lookups_add(&derive->lookups, derive->values);
}

struct lookups *derive_lookups(struct derive *derive) {
    return &derive->lookups;
}

void derive_reset(struct derive *derive) {
    lookups_reset(&derive->lookups);
    arena_reset(&derive->arena);
}

const struct lookup_config *derive_missing(const struct derive *derive, int number) {
    int lookup = lookups_missing(&derive->lookups, number);
    return lookup < 0 ? NULL : derive->plan->items[lookup].config;
}

void derive_apply(const struct derive *derive, int number, struct span value, struct buffer *out) {
    int count = derive->config->derived_count;
    for (int i = 0; i < count; i++) {
        const struct value *row = lookups_result(&derive->lookups, number, derive->config->derived[i].lookup);
        derive->found[i] = row ? row[derive->columns[i]] : (struct value){VALUE_NULL, {0}};
    }
    rekey_extend(value, (const char *const *)derive->names, derive->found, count, out);
}
