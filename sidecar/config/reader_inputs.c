/* The inputs by name, each beginning as a copy of what "defaults" says. */
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

static char *copy_text(const char *text) {
    return text ? memory_strdup(text) : NULL;
}

static void inherit(const struct input_config *defaults, struct input_config *input) {
    input->time = defaults->time;
    input->time.field = copy_text(defaults->time.field);
    input->time.zone = copy_text(defaults->time.zone);
    input->partitioned_by = copy_text(defaults->partitioned_by);
    input->idle_timeout_us = defaults->idle_timeout_us;
    input->repartition = defaults->repartition;
    input->repartition.by.field = copy_text(defaults->repartition.by.field);
    input->repartition.topic = copy_text(defaults->repartition.topic);
}

static void read_input(struct reader *reader, const struct option_row *option, const struct place *place,
                       const struct node *key, struct input_config *input) {
    struct place child = reader_child(reader, place, key->written, key->value);
    const char *what = arena_printf(reader->arena, "the input \"%s\"", key->written).data;
    /* A bad name is known all the same, so that its other mentions are not unknown as well. */
    input->name = memory_strdup(key->written);
    input->position = key->position;
    if (!reader_item(reader, key, KIND_INPUT_NAME, "the name of an input")) return;
    if (!reader_name_is_free(reader, key, "input")) return;
    inherit(&reader->defaults, input);
    if (!reader_entry(reader, key->value, what, "clicks: {kafka: {topic: clicks}}")) return;
    reader->inheriting = true;
    reader_section(reader, option->child, &child, true, input);
    reader->inheriting = false;
    reader_input_repartition(reader, key->value, input);
}

void reader_inputs(struct reader *reader, const struct option_row *option, const struct place *place) {
    struct pipeline *pipeline = reader->pipeline;
    if (!reader_filled(reader, option, place, NODE_MAP)) return;
    pipeline->inputs = memory_zalloc((size_t)place->node->count, sizeof *pipeline->inputs);
    for (const struct node *key = place->node->first; key; key = key->next)
        read_input(reader, option, place, key, &pipeline->inputs[pipeline->input_count++]);
}

int reader_input(struct reader *reader, const struct node *node) {
    const struct pipeline *pipeline = reader->pipeline;
    const char **names = arena_alloc(reader->arena, ((size_t)pipeline->input_count + 1) * sizeof *names);
    for (int i = 0; i < pipeline->input_count; i++) {
        names[i] = pipeline->inputs[i].name;
        if (strcmp(names[i], node->text) == 0) return i;
    }
    /* Without any inputs that is the problem, and it has been reported. */
    if (pipeline->input_count)
        reader_unknown(reader, node->position, "input", node->written, names, pipeline->input_count);
    return -1;
}
