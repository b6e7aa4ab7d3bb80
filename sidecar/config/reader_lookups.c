/* The lookup tables by name. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "config/reader.h"

static bool check_name(struct reader *reader, const struct node *key) {
    const struct pipeline *pipeline = reader->pipeline;
    if (!reader_item(reader, key, KIND_INPUT_NAME, "the name of a lookup")) return false;
    if (!reader_name_is_free(reader, key, "lookup")) return false;
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

/* --- their order --- */

/* The first of its sources that is a column of a lookup which has no place in the order yet. */
static const struct source *unplaced(const struct lookup_config *lookup, const bool *placed) {
    for (int i = 0; i < lookup->match_count; i++)
        if (lookup->match[i].kind == SOURCE_LOOKUP && !placed[lookup->match[i].lookup])
            return &lookup->match[i];
    return NULL;
}

/* Places those whose predecessors have their places; whether there were any. */
static bool place_some(struct pipeline *pipeline, bool *placed, int *count) {
    int before = *count;
    for (int i = 0; i < pipeline->lookup_count; i++) {
        if (placed[i] || unplaced(&pipeline->lookups[i], placed)) continue;
        placed[i] = true;
        pipeline->lookup_order[(*count)++] = i;
    }
    return *count > before;
}

/* Each lookup without a place waits for another one: so whoever follows them comes round. */
static void report_circle(struct reader *reader, const bool *placed) {
    const struct pipeline *pipeline = reader->pipeline;
    const struct source *source = NULL;
    struct buffer chain;
    int at = 0;
    while (placed[at]) at++;
    for (int i = 0; i < pipeline->lookup_count; i++) at = unplaced(&pipeline->lookups[at], placed)->lookup;
    buffer_init(&chain);
    buffer_text(&chain, pipeline->lookups[at].name);
    int first = at;
    do {
        source = unplaced(&pipeline->lookups[at], placed);
        at = source->lookup;
        buffer_printf(&chain, " -> %s", pipeline->lookups[at].name);
    } while (at != first);
    problems_add(reader->problems, source->position, "lookups are matched by each other in a circle: %s",
                 buffer_string(&chain));
    problems_hint(reader->problems, "the first of a chain is matched by fields of the conversion alone");
    buffer_release(&chain);
}

static void arrange(struct reader *reader) {
    struct pipeline *pipeline = reader->pipeline;
    size_t size = (size_t)pipeline->lookup_count;
    bool *placed = memory_zalloc(size, sizeof *placed);
    int count = 0;
    pipeline->lookup_order = memory_zalloc(size, sizeof *pipeline->lookup_order);
    while (place_some(pipeline, placed, &count)) continue;
    if (count < pipeline->lookup_count) report_circle(reader, placed);
    free(placed);
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
    arrange(reader);
}

static bool read_pair(struct reader *reader, const struct node *key, struct source *source) {
    if (!reader_item(reader, key, KIND_COLUMN, "a column of the lookup")) return false;
    if (!reader_source(reader, key->value, source)) return false; /* reader_repartitions looks at touches' */
    if (source->kind != SOURCE_ATTRIBUTION) return true;
    problems_add(reader->problems, key->value->position,
                 "a lookup cannot be matched by %s: it is asked before",
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
