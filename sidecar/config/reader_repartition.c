/* Re-keying. Its names may be those of lookups, which are read after the inputs: what they mean is found at
 * the end. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

void reader_by(struct reader *reader, const struct option_row *option, const struct place *place,
               struct repartition_config *repartition) {
    struct source *by = &repartition->by;
    const struct node *node = place->node;
    free(by->field); /* what an input has inherited */
    *by = (struct source){.position = place->position, .field = NULL};
    if (!reader_expect(reader, option, place, NODE_SCALAR))
        by->field = memory_strdup("");
    else if (kind_matches(KIND_BY, node->text))
        by->field = memory_strdup(node->text);
    else {
        reader_wrong(reader, option, place);
        by->field = memory_strdup(""); /* has been reported */
    }
}

static void refuse_both(struct reader *reader, struct position position) {
    problems_add(reader->problems, position, "\"repartition\" and \"partitioned_by\" are both there");
    problems_hint(reader->problems, "take \"partitioned_by\" out: the copies that \"repartition\" makes are "
                                    "what is joined, and their keys are its own");
}

static void forget(char **text) {
    free(*text);
    *text = NULL;
}

void reader_defaults_repartition(struct reader *reader, const struct place *place) {
    struct input_config *defaults = &reader->defaults;
    const struct node *own = place->node ? node_find(place->node, "repartition") : NULL;
    if (!own) return;
    defaults->repartition.position = own->named;
    if (!defaults->partitioned_by) return;
    refuse_both(reader, own->named);
    forget(&defaults->partitioned_by);
}

/* What an input's own section lacks has been reported, unlike what is lacking in inherited ones. */
static void mark_reported(struct repartition_config *repartition) {
    if (!repartition->by.field) repartition->by.field = memory_strdup("");
    if (!repartition->partitions) repartition->partitions = -1;
}

void reader_input_repartition(struct reader *reader, const struct node *map, struct input_config *input) {
    const struct node *own = node_find(map, "repartition"), *keyed = node_find(map, "partitioned_by");
    if (own) input->repartition.position = own->named;
    if (own && keyed) refuse_both(reader, own->named);
    if (own) {
        forget(&input->partitioned_by);
        mark_reported(&input->repartition);
    } else if (keyed)
        repartition_release(&input->repartition);
}

/* --- at the end --- */

static bool is_known(const struct pipeline *pipeline, const struct input_config *input) {
    int index = (int)(input - pipeline->inputs);
    return index == pipeline->attribute.touches || index == pipeline->attribute.conversions;
}

static enum source_kind kind_of(const struct pipeline *pipeline, const struct input_config *input) {
    return input - pipeline->inputs == pipeline->attribute.touches ? SOURCE_TOUCH : SOURCE_CONVERSION;
}

/* The lookup that the text before the dot names; -1: none. */
static int lookup_of(const struct pipeline *pipeline, const char *text) {
    size_t len = strcspn(text, ".");
    for (int i = 0; i < pipeline->lookup_count; i++) {
        const char *name = pipeline->lookups[i].name;
        if (strlen(name) == len && memcmp(name, text, len) == 0) return i;
    }
    return -1;
}

/* What is not a lookup's column may hold a variable's value, so it is not shown. */
static void unknown_lookup(struct reader *reader, struct position position, const char *what) {
    const struct pipeline *pipeline = reader->pipeline;
    struct buffer names;
    buffer_init(&names);
    for (int i = 0; i < pipeline->lookup_count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", pipeline->lookups[i].name);
    problems_add(reader->problems, position, "%s names a lookup that is not there", what);
    if (pipeline->lookup_count)
        problems_hint(reader->problems, "a field has no dot; the lookups here: %s", buffer_string(&names));
    else
        problems_hint(reader->problems, "a field has no dot, and there are no lookups here");
    buffer_release(&names);
}

/* Is the lookup matched by fields of this input, perhaps by way of other lookups, and by nothing else? */
static bool check_matches(struct reader *reader, const struct lookup_config *lookup,
                          const struct input_config *input, struct position position, int depth) {
    const struct pipeline *pipeline = reader->pipeline;
    enum source_kind kind = kind_of(pipeline, input);
    for (int i = 0; i < lookup->match_count; i++) {
        const struct source *match = &lookup->match[i];
        if (match->kind == SOURCE_LOOKUP && depth < pipeline->lookup_count) { /* a circle has been reported */
            if (check_matches(reader, &pipeline->lookups[match->lookup], input, position, depth + 1))
                continue;
            return false;
        }
        if (match->kind == SOURCE_LOOKUP || (match->kind == kind && *match->field != '_')) continue;
        problems_add(
            reader->problems, position,
            "the lookup \"%s\" is needed for the key of the input \"%s\", but its column \"%s\" is not "
            "matched by a field of that input",
            lookup->name, input->name, lookup->match_columns[i]);
        problems_hint(
            reader->problems,
            "a key can be looked up by the event's own fields only; for another use of the table give it "
            "a second lookup");
        return false;
    }
    return true;
}

static void mark_of_touches(struct pipeline *pipeline, int index, int depth) {
    struct lookup_config *lookup = &pipeline->lookups[index];
    lookup->of_touches = true;
    for (int i = 0; i < lookup->match_count && depth < pipeline->lookup_count; i++)
        if (lookup->match[i].kind == SOURCE_LOOKUP)
            mark_of_touches(pipeline, lookup->match[i].lookup, depth + 1);
}

static void add_derived(struct reader *reader, struct input_config *input, const struct source *source) {
    struct repartition_config *repartition = &input->repartition;
    const struct lookup_config *lookup = &reader->pipeline->lookups[source->lookup];
    for (int i = 0; i < repartition->derived_count; i++)
        if (repartition->derived[i].lookup == source->lookup &&
            strcmp(repartition->derived[i].field, source->field) == 0)
            return;
    if (!check_matches(reader, lookup, input, source->position, 0)) return;
    if (kind_of(reader->pipeline, input) == SOURCE_TOUCH)
        mark_of_touches(reader->pipeline, source->lookup, 0);
    struct source *derived = &repartition->derived[repartition->derived_count++];
    *derived = *source;
    derived->field = memory_strdup(source->field);
}

static void resolve_by(struct reader *reader, struct input_config *input) {
    struct source *by = &input->repartition.by;
    char *dot = by->field ? strchr(by->field, '.') : NULL;
    by->kind = kind_of(reader->pipeline, input);
    if (!dot) return;
    by->lookup = lookup_of(reader->pipeline, by->field);
    if (by->lookup < 0) {
        by->lookup = 0;
        unknown_lookup(reader, by->position, "\"repartition.by\"");
        return;
    }
    by->kind = SOURCE_LOOKUP;
    memmove(by->field, dot + 1, strlen(dot));
    add_derived(reader, input, by);
}

static void not_rekeyed(struct reader *reader, const struct node *item, const struct input_config *input) {
    problems_add(reader->problems, item->position,
                 "a column of a lookup in the key, but the input \"%s\" has no \"repartition\"", input->name);
    problems_hint(reader->problems,
                  "only an input that is copied can have looked-up values in its key: "
                  "inputs.%s.repartition: {by: users.id, partitions: 4}",
                  input->name);
}

static void resolve_key_item(struct reader *reader, struct input_config *input, const struct node *item) {
    const char *dot = item->kind == NODE_SCALAR && item->text ? strchr(item->text, '.') : NULL;
    if (!dot || !kind_matches(KIND_BY, item->text)) return;
    struct source source = {.kind = SOURCE_LOOKUP,
                            .lookup = lookup_of(reader->pipeline, item->text),
                            .field = memory_strdup(dot + 1),
                            .position = item->position};
    if (source.lookup < 0)
        unknown_lookup(reader, item->position, "the key");
    else if (!input->repartition.present)
        not_rekeyed(reader, item, input);
    else
        add_derived(reader, input, &source);
    free(source.field);
}

/* The list of this input in "attribute.key". */
static const struct node *key_of(const struct node *root, const struct input_config *input) {
    const struct node *attribute = node_find(root, "attribute");
    const struct node *key = attribute && attribute->kind == NODE_MAP ? node_find(attribute, "key") : NULL;
    if (key && key->kind == NODE_MAP) key = node_find(key, input->name);
    return key && key->kind == NODE_LIST ? key : NULL;
}

static void check_needed(struct reader *reader, const struct input_config *input) {
    static const char *const names[] = {"by", "partitions"};
    const struct repartition_config *repartition = &input->repartition;
    const bool missing[] = {!repartition->by.field, repartition->partitions == 0};
    for (int i = 0; i < 2; i++) {
        char *path = memory_printf("inputs.%s.repartition.%s", input->name, names[i]);
        struct place place = {NULL, repartition->position, path};
        if (missing[i]) reader_absent(reader, options_find(SECTION_REPARTITION, names[i]), &place);
        free(path);
    }
}

static void name_topic(struct reader *reader, struct input_config *input) {
    struct repartition_config *repartition = &input->repartition;
    const char *pipeline = reader->pipeline->name;
    if (repartition->topic || !pipeline || !*pipeline) return;
    repartition->topic = memory_printf("%s.%s.rekeyed", pipeline, input->name);
    if (kind_matches(KIND_TOPIC, repartition->topic)) return;
    problems_add(reader->problems, repartition->position,
                 "the name of the topic that \"%s\" is copied into is "
                 "too long",
                 input->name);
    problems_hint(reader->problems, "choose one: inputs.%s.repartition.topic", input->name);
}

static void resolve(struct reader *reader, struct input_config *input, const struct node *root) {
    struct repartition_config *repartition = &input->repartition;
    const struct node *key = key_of(root, input);
    if (repartition->present) {
        repartition->derived =
            memory_zalloc((size_t)(key ? key->count : 0) + 1, sizeof *repartition->derived);
        name_topic(reader, input);
        resolve_by(reader, input);
    }
    for (const struct node *item = key ? key->first : NULL; item; item = item->next)
        resolve_key_item(reader, input, item);
}

static void join_topic(struct input_config *input) {
    const char *topic = input->repartition.present ? input->repartition.topic : input->source_topic;
    input->topic = topic ? memory_strdup(topic) : NULL;
}

static void check_partitions(struct reader *reader) {
    const struct pipeline *pipeline = reader->pipeline;
    const struct input_config *touches = &pipeline->inputs[pipeline->attribute.touches];
    const struct input_config *conversions = &pipeline->inputs[pipeline->attribute.conversions];
    const struct repartition_config *a = &touches->repartition, *b = &conversions->repartition;
    if (a->partitions <= 0 || b->partitions <= 0 || a->partitions == b->partitions) return;
    problems_add(
        reader->problems, b->position,
        "the input \"%s\" is copied into %d partitions and the input \"%s\" into %d: a conversion would "
        "not find its touches",
        touches->name, a->partitions, conversions->name, b->partitions);
    problems_hint(reader->problems, "give both the same number, for instance under \"defaults.repartition\"");
}

/* What the file says a lookup is matched by, for a message. */
static const char *written_match(struct reader *reader, const struct node *root,
                                 const struct lookup_config *lookup, int match) {
    const struct node *map = node_find(node_find(root, "lookups"), lookup->name);
    const struct node *node = node_find(node_find(map, "match"), lookup->match_columns[match]);
    return node_describe(node, reader->arena);
}

/* A row is written for a conversion, so a lookup knows the conversion's fields only, unless it is for the key
 * of the touches. */
static void check_lookup(struct reader *reader, const struct node *root, const struct lookup_config *lookup) {
    for (int i = 0; i < lookup->match_count && !lookup->of_touches; i++) {
        if (lookup->match[i].kind != SOURCE_TOUCH) continue;
        problems_add(
            reader->problems, lookup->match[i].position,
            "a lookup can only be matched by fields of the conversion or columns of other lookups, not by %s",
            written_match(reader, root, lookup, i));
    }
}

static void check_columns(struct reader *reader, const struct output_config *output) {
    const struct pipeline *pipeline = reader->pipeline;
    for (int i = 0; i < output->column_count; i++) {
        const struct source *source = &output->columns[i].source;
        if (!source->field || source->kind != SOURCE_LOOKUP || !pipeline->lookups[source->lookup].of_touches)
            continue;
        const char *name = pipeline->lookups[source->lookup].name;
        problems_add(reader->problems, source->position,
                     "the lookup \"%s\" is matched by fields of the touch: it gives keys, not columns", name);
        problems_hint(reader->problems,
                      "for columns give the table a second lookup, matched by fields of the "
                      "conversion");
    }
}

void reader_repartitions(struct reader *reader, const struct node *root) {
    struct pipeline *pipeline = reader->pipeline;
    const struct attribute_config *attribute = &pipeline->attribute;
    bool roles = attribute->conversions >= 0 && attribute->touches >= 0;
    for (int i = 0; i < pipeline->input_count; i++) {
        struct input_config *input = &pipeline->inputs[i];
        if (input->repartition.present) check_needed(reader, input);
        if (roles && is_known(pipeline, input)) resolve(reader, input, root);
        join_topic(input);
    }
    if (roles) check_partitions(reader);
    for (int i = 0; i < pipeline->lookup_count; i++) check_lookup(reader, root, &pipeline->lookups[i]);
    for (int i = 0; i < pipeline->output_count; i++) check_columns(reader, &pipeline->outputs[i]);
}
