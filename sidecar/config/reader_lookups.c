/* The lookup tables by name. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

static bool check_name(struct reader *reader, const struct node *key) {
    const struct pipeline *pipeline = reader->pipeline;
    if (!reader_item(reader, key, KIND_INPUT_NAME, "the name of a lookup")) return false;
    for (int i = 0; i < pipeline->input_count; i++) {
        if (strcmp(pipeline->inputs[i].name, key->written) != 0) continue;
        problems_add(reader->problems, key->position, "the lookup \"%s\" has the name of an input",
                     key->written);
        problems_hint(reader->problems, "\"%s.column\" could mean either: rename one", key->written);
        return false;
    }
    return true;
}

static void read_lookup(struct reader *reader, const struct option_row *option, const struct place *place,
                        const struct node *key, struct lookup_config *lookup) {
    struct place child = reader_child(reader, place, key->written, key->value);
    const char *what = arena_printf(reader->arena, "the lookup \"%s\"", key->written).data;
    if (!check_name(reader, key)) return;
    if (reader_entry(reader, key->value, what, "users: {table: commerce.users, match: {id: user_id}}"))
        reader_section(reader, option->child, &child, true, lookup);
}

void reader_lookups(struct reader *reader, const struct option_row *option, const struct place *place) {
    struct pipeline *pipeline = reader->pipeline;
    if (!reader_expect(reader, option, place, NODE_MAP)) return;
    pipeline->lookups = memory_zalloc((size_t)place->node->count, sizeof *pipeline->lookups);
    for (const struct node *key = place->node->first; key; key = key->next) {
        struct lookup_config *lookup = &pipeline->lookups[pipeline->lookup_count++];
        lookup->name = memory_strdup(key->written);
        lookup->position = key->position;
    }
    /* Only now, with all names known, can it be said what a name in one of them means. */
    int i = 0;
    for (const struct node *key = place->node->first; key; key = key->next)
        read_lookup(reader, option, place, key, &pipeline->lookups[i++]);
}

static bool read_pair(struct reader *reader, const struct node *key, struct source *source) {
    if (!reader_item(reader, key, KIND_COLUMN, "a column of the lookup")) return false;
    if (!reader_source(reader, key->value, source)) return false;
    if (source->kind == SOURCE_CONVERSION) return true;
    problems_add(reader->problems, source->position,
                 "a lookup can only be matched by fields of the conversion, not by %s",
                 node_describe(key->value, reader->arena));
    free(source->field);
    return false;
}

void reader_match(struct reader *reader, const struct option_row *option, const struct place *place,
                  struct lookup_config *lookup) {
    if (!reader_filled(reader, option, place, NODE_MAP)) return;
    lookup->match_columns = memory_zalloc((size_t)place->node->count, sizeof *lookup->match_columns);
    lookup->match = memory_zalloc((size_t)place->node->count, sizeof *lookup->match);
    for (const struct node *key = place->node->first; key; key = key->next) {
        struct source source;
        if (!read_pair(reader, key, &source)) continue;
        lookup->match_columns[lookup->match_count] = memory_strdup(key->written);
        lookup->match[lookup->match_count++] = source;
    }
}
