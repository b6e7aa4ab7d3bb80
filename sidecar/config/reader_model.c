/* What the model, its options and the columns need of each other. */
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

bool reader_name_is_free(struct reader *reader, const struct node *key, const char *what) {
    if (strcmp(key->written, ATTRIBUTION_NAME) != 0) return true;
    problems_add(reader->problems, key->position, "no %s can be called \"%s\"", what, ATTRIBUTION_NAME);
    problems_hint(reader->problems, "\"%s.credit\" is what the model says of a row: take another name",
                  ATTRIBUTION_NAME);
    return false;
}

static const char *model_name(enum model model) {
    return options_find(SECTION_ATTRIBUTE, "model")->words[model];
}

/* An option of one model that stands beside another. */
static void check_use(struct reader *reader, const struct node *map, const char *name, enum model user) {
    const struct node *node = map ? node_find(map, name) : NULL;
    enum model model = reader->pipeline->attribute.model;
    if (!node || model == user) return;
    problems_add(reader->problems, node->named, "\"attribute.%s\" has no use with \"model: %s\"", name,
                 model_name(model));
    problems_hint(reader->problems, "take it out, or write model: %s", model_name(user));
}

static void check_weights(struct reader *reader, const struct node *map) {
    const struct node *node = map ? node_find(map, "weights") : NULL;
    const struct weights_config *weights = &reader->pipeline->attribute.weights;
    if (!node || weights->first + weights->last <= WEIGHT_ONE) return;
    problems_add(reader->problems, node->named,
                 "\"attribute.weights\": first and last are more than 1 together");
    problems_hint(reader->problems, "the touches between get what remains: for example: weights: %s",
                  options_find(SECTION_ATTRIBUTE, "weights")->example);
}

/* Whether some column of the output shows it. */
static bool is_shown(const struct pipeline *pipeline, enum attribution_field field) {
    for (int o = 0; o < pipeline->output_count; o++)
        for (int i = 0; i < pipeline->outputs[o].column_count; i++) {
            const struct source *source = &pipeline->outputs[o].columns[i].source;
            if (source->field && source->kind == SOURCE_ATTRIBUTION && source->attribution == field)
                return true;
        }
    return false;
}

static const struct column_config *amount_column(const struct output_config *output) {
    for (int i = 0; i < output->column_count; i++) {
        const struct source *source = &output->columns[i].source;
        if (source->field && source->kind == SOURCE_ATTRIBUTION && source->attribution == ATTRIBUTION_AMOUNT)
            return &output->columns[i];
    }
    return NULL;
}

static void check_amount(struct reader *reader, const struct node *map) {
    const struct pipeline *pipeline = reader->pipeline;
    const struct node *node = map ? node_find(map, "credit_of") : NULL;
    for (int o = 0; !node && o < pipeline->output_count; o++) {
        const struct column_config *column = amount_column(&pipeline->outputs[o]);
        if (!column) continue;
        problems_add(reader->problems, column->source.position,
                     "\"attribution.amount\" is a part of nothing: \"attribute.credit_of\" is missing");
        problems_hint(reader->problems, "for example: credit_of: %s",
                      options_find(SECTION_ATTRIBUTE, "credit_of")->example);
    }
    const char *amount = pipeline->attribute.credit_of;
    if (!node || !amount || !*amount || !pipeline->output_count || is_shown(pipeline, ATTRIBUTION_AMOUNT))
        return;
    problems_add(reader->problems, node->named,
                 "\"attribute.credit_of\" has no use: no column is filled from attribution.amount");
    problems_hint(reader->problems, "add one, for example: - amount: attribution.amount; or take it out");
}

/* --- the primary key --- */

static const struct source *key_source(const struct output_config *output, int key) {
    for (int i = 0; i < output->column_count; i++)
        if (strcmp(output->columns[i].name, output->primary_key[key]) == 0) return &output->columns[i].source;
    return NULL;
}

static const struct node *key_node(const struct node *root, int output) {
    const struct node *list = node_find(root, "outputs");
    const struct node *item = list && list->kind == NODE_LIST ? list->first : NULL;
    while (item && output--) item = item->next;
    const struct node *table = item && item->kind == NODE_MAP ? node_find(item, "postgres") : NULL;
    return table && table->kind == NODE_MAP ? node_find(table, "primary_key") : NULL;
}

/* A conversion has several rows: the key must tell them apart, and say which of them belong together. */
static void check_key(struct reader *reader, const struct output_config *output, const struct node *node) {
    bool number = false, conversion = false;
    for (int k = 0; k < output->primary_key_count; k++) {
        const struct source *source = key_source(output, k);
        if (!source || !source->field) return; /* has been reported */
        number |= source->kind == SOURCE_ATTRIBUTION;
        conversion |= source->kind == SOURCE_CONVERSION;
    }
    if (number && conversion) return;
    problems_add(reader->problems, node->named,
                 number ? "with \"model: %s\" the primary key needs a field of the conversion as well"
                        : "with \"model: %s\" a conversion has a row for each touch: the primary key must "
                          "have attribution.touch_number",
                 model_name(reader->pipeline->attribute.model));
    problems_hint(reader->problems, "for example: primary_key: [checkout_id, touch_number], with the column "
                                    "- touch_number: attribution.touch_number");
}

static void check_keys(struct reader *reader, const struct node *root) {
    const struct pipeline *pipeline = reader->pipeline;
    if (!model_shares(pipeline->attribute.model)) return;
    for (int o = 0; o < pipeline->output_count; o++) {
        const struct node *node = key_node(root, o);
        const struct output_config *output = &pipeline->outputs[o];
        if (node && output->write == WRITE_UPSERT && output->primary_key_count)
            check_key(reader, output, node);
    }
}

/* --- early rows --- */

static void check_emit(struct reader *reader, const struct node *map) {
    struct pipeline *pipeline = reader->pipeline;
    const struct node *node = map ? node_find(map, "emit") : NULL;
    bool early = pipeline->attribute.emit == EMIT_EARLY;
    for (int o = 0; o < pipeline->output_count; o++) {
        struct output_config *output = &pipeline->outputs[o];
        output->early = early && output->write == WRITE_UPSERT;
        if (!early || !node || output->write == WRITE_UPSERT) continue;
        problems_add(reader->problems, node->named,
                     "\"emit: early\" corrects rows, and \"write: append\" cannot");
        problems_hint(reader->problems, "write: upsert, with a primary key; or emit: final");
    }
}

void reader_model(struct reader *reader, const struct node *root) {
    struct attribute_config *attribute = &reader->pipeline->attribute;
    const struct node *map = node_find(root, "attribute");
    if (map && map->kind != NODE_MAP) map = NULL;
    check_use(reader, map, "weights", MODEL_POSITION);
    check_use(reader, map, "half_life", MODEL_TIME_DECAY);
    check_weights(reader, map);
    check_amount(reader, map);
    check_keys(reader, root);
    check_emit(reader, map);
    for (int o = 0; o < reader->pipeline->output_count; o++)
        reader->pipeline->outputs[o].several = model_shares(attribute->model);
    if (attribute->model == MODEL_POSITION) attribute->weights.present = true;
    if (attribute->model == MODEL_TIME_DECAY && !attribute->half_life_us)
        attribute->half_life_us = attribute->window_us / 2 > 0 ? attribute->window_us / 2 : 1;
}
