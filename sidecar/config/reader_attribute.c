/* The two inputs that are joined, and the key that joins them. */
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

void reader_role(struct reader *reader, const struct option_row *option, const struct place *place,
                 struct attribute_config *attribute) {
    if (!reader_expect(reader, option, place, NODE_SCALAR)) return;
    int index = reader_input(reader, place->node);
    if (index >= 0 && !kind_matches(KIND_INPUT_NAME, place->node->text)) return; /* has been reported */
    if (index >= 0 && (index == attribute->conversions || index == attribute->touches)) {
        problems_add(reader->problems, place->position,
                     "the conversions and the touches must be two different inputs");
        return;
    }
    memcpy((char *)attribute + option->offset, &index, sizeof index);
}

static bool repeated(char *const *texts, int count, const char *text) {
    for (int i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0) return true;
    return false;
}

/* What has a dot is a column of a lookup, or else reader_repartitions finds out. */
static const char *key_item(struct reader *reader, const struct node *item) {
    bool dotted = item->kind == NODE_SCALAR && item->text && strchr(item->text, '.');
    return reader_item(reader, item, dotted ? KIND_BY : KIND_FIELD, "a field of the key");
}

/* Stores the fields of a list, each once, into `fields`, which has room for them. */
static void read_fields(struct reader *reader, const struct node *list, char **fields) {
    int count = 0;
    for (const struct node *item = list->first; item; item = item->next) {
        const char *field = key_item(reader, item);
        if (!field) continue;
        if (repeated(fields, count, field))
            problems_add(reader->problems, item->position, "the field %s is given twice",
                         node_describe(item, reader->arena));
        else
            fields[count++] = memory_strdup(field);
    }
}

/* Room for `count` fields of each input, freed with the pipeline even if not all of it gets filled. */
static void make_room(struct attribute_config *attribute, int count) {
    attribute->key_count = count;
    attribute->conversion_key = memory_zalloc((size_t)count, sizeof *attribute->conversion_key);
    attribute->touch_key = memory_zalloc((size_t)count, sizeof *attribute->touch_key);
}

static void key_for_both(struct reader *reader, const struct node *list, struct attribute_config *attribute) {
    make_room(attribute, list->count);
    read_fields(reader, list, attribute->conversion_key);
    for (int i = 0; i < list->count && attribute->conversion_key[i]; i++)
        attribute->touch_key[i] = memory_strdup(attribute->conversion_key[i]);
}

/* The list that the map has for one input; NULL with a problem when it has none. */
static const struct node *key_of_input(struct reader *reader, const struct place *place, int index) {
    const char *name = reader->pipeline->inputs[index].name;
    const struct node *list = node_find(place->node, name);
    struct place child = reader_child(reader, place, name, list);
    if (!list) {
        problems_add(reader->problems, child.position, "\"%s\" has no list for the input \"%s\"", place->path,
                     name);
        problems_hint(reader->problems, "give one for each input, or one list for both");
        return NULL;
    }
    if (list->kind == NODE_LIST && list->count) return list;
    if (list->kind == NODE_SCALAR && !list->text) return NULL; /* has been reported */
    problems_add(reader->problems, child.position, "\"%s\" must be a list of fields, not %s", child.path,
                 node_describe(list, reader->arena));
    return NULL;
}

static void key_for_each(struct reader *reader, const struct place *place,
                         struct attribute_config *attribute) {
    for (const struct node *key = place->node->first; key; key = key->next) reader_input(reader, key);
    if (attribute->conversions < 0 || attribute->touches < 0) return; /* has been reported */
    const struct node *touches = key_of_input(reader, place, attribute->touches);
    const struct node *conversions = key_of_input(reader, place, attribute->conversions);
    if (!touches || !conversions) return;
    make_room(attribute, touches->count > conversions->count ? touches->count : conversions->count);
    read_fields(reader, touches, attribute->touch_key);
    read_fields(reader, conversions, attribute->conversion_key);
    if (touches->count == conversions->count) return;
    problems_add(reader->problems, place->position,
                 "\"%s\" has lists of different lengths: %d for \"%s\", %d for \"%s\"", place->path,
                 touches->count, reader->pipeline->inputs[attribute->touches].name, conversions->count,
                 reader->pipeline->inputs[attribute->conversions].name);
    problems_hint(reader->problems,
                  "the first of the one is compared with the first of the other, and so on");
}

void reader_key(struct reader *reader, const struct option_row *option, const struct place *place,
                struct attribute_config *attribute) {
    enum node_kind kind = place->node->kind == NODE_MAP ? NODE_MAP : NODE_LIST;
    if (!reader_filled(reader, option, place, kind)) return;
    if (kind == NODE_LIST)
        key_for_both(reader, place->node, attribute);
    else
        key_for_each(reader, place, attribute);
}
