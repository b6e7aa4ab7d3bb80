/* Each topic of a pipeline has one purpose. */
#include <string.h>

#include "config/reader.h"

static bool is_same_topic(const char *a, const char *b) {
    return a && b && *a && strcmp(a, b) == 0; /* an empty one has been reported */
}

/* Where the topic of a section is written; NULL: nowhere, it is the default. */
static const struct node *written_topic(const struct node *root, const char *section) {
    const struct node *map = node_find(root, section);
    return map && map->kind == NODE_MAP ? node_find(map, "topic") : NULL;
}

/* A pipeline must not feed on what it writes itself. */
static void check_written_topic(struct reader *reader, const struct node *root, const char *section,
                                const char *name, const char *what) {
    const struct node *topic = written_topic(root, section);
    for (int i = 0; i < reader->pipeline->input_count; i++) {
        const struct input_config *input = &reader->pipeline->inputs[i];
        bool copy = is_same_topic(input->repartition.topic, name);
        if (!copy && !is_same_topic(input->source_topic, name)) continue;
        problems_add(reader->problems, topic ? topic->position : input->position,
                     "%s the topic that the input \"%s\" %s", what, input->name,
                     copy ? "is copied into" : "reads");
        problems_hint(reader->problems, "choose another \"%s.topic\"", section);
    }
}

static void same_source(struct reader *reader, const struct input_config *a, const struct input_config *b) {
    if (is_same_topic(a->source_topic, b->source_topic))
        problems_add(reader->problems, b->position, "the inputs \"%s\" and \"%s\" read the same topic",
                     a->name, b->name);
}

static void check_copy(struct reader *reader, const struct input_config *copied,
                       const struct input_config *other) {
    const char *topic = copied->repartition.topic, *why = NULL;
    if (is_same_topic(topic, other->source_topic)) why = "reads";
    if (copied > other && is_same_topic(topic, other->repartition.topic)) why = "is copied into as well";
    if (!why) return;
    problems_add(reader->problems, copied->repartition.position,
                 "the input \"%s\" is copied into the topic that the input \"%s\" %s", copied->name,
                 other->name, why);
    problems_hint(reader->problems, "choose another \"inputs.%s.repartition.topic\"", copied->name);
}

static void check_inputs(struct reader *reader) {
    const struct pipeline *pipeline = reader->pipeline;
    for (int i = 0; i < pipeline->input_count; i++)
        for (int j = 0; j < pipeline->input_count; j++) {
            if (j < i) same_source(reader, &pipeline->inputs[j], &pipeline->inputs[i]);
            check_copy(reader, &pipeline->inputs[i], &pipeline->inputs[j]);
        }
}

void reader_topics(struct reader *reader, const struct node *root) {
    const struct pipeline *pipeline = reader->pipeline;
    check_inputs(reader);
    check_written_topic(reader, root, "dead_letters", pipeline->dead_letter_topic, "the dead letters go to");
    check_written_topic(reader, root, "changelog", pipeline->changelog_topic, "the changelog is");
    if (!is_same_topic(pipeline->changelog_topic, pipeline->dead_letter_topic)) return;
    const struct node *topic = written_topic(root, "changelog");
    if (!topic) topic = written_topic(root, "dead_letters");
    problems_add(reader->problems, topic ? topic->position : root->position,
                 "the changelog is the topic that the dead letters go to");
    problems_hint(reader->problems, "choose another \"changelog.topic\"");
}
