/* The outputs: columns and primary key of a table. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"
#include "config/variables.h"

static const struct column_config *find_column(const struct output_config *output, const char *name) {
    for (int i = 0; i < output->column_count; i++)
        if (strcmp(output->columns[i].name, name) == 0) return &output->columns[i];
    return NULL;
}

/* The column that an item of the list names: "name" or "name: source". */
static const struct node *column_node(struct reader *reader, const struct node *item) {
    if (item->kind == NODE_SCALAR) return item;
    if (item->kind == NODE_MAP && item->count == 1) return item->first;
    problems_add(reader->problems, item->position, "a column must be \"name\" or \"name: source\", not %s",
                 item->kind == NODE_LIST ? "a list"
                 : item->count           ? "several of them"
                                         : "an empty map");
    problems_hint(reader->problems, "one column an item: - checkout_id, or - click_id: clicks.click_id");
    return NULL;
}

static bool is_source_without_column(const struct node *node) {
    return node->kind == NODE_SCALAR && node->text && !node->value && strchr(node->text, '.') &&
           kind_matches(KIND_SOURCE, node->text);
}

static const char *column_name(struct reader *reader, const struct node *node,
                               const struct output_config *output) {
    if (is_source_without_column(node)) {
        const char *shown = node_describe(node, reader->arena);
        problems_add(reader->problems, node->position, "%s says where a value comes from, but not its column",
                     shown);
        problems_hint(reader->problems, "for example: - click_id: clicks.click_id");
        return NULL;
    }
    const char *name = reader_item(reader, node, KIND_COLUMN, "a column");
    const struct column_config *first = name ? find_column(output, name) : NULL;
    if (!first) return name;
    problems_add(reader->problems, node->position, "the column %s is given twice (first in line %d)",
                 node_describe(node, reader->arena), first->position.line);
    return NULL;
}

static void read_column(struct reader *reader, const struct node *item, struct output_config *output) {
    const struct node *node = column_node(reader, item);
    const char *name = node ? column_name(reader, node, output) : NULL;
    if (!name) return;
    /* Kept even if its source is bad, so that the primary key finds it. */
    struct column_config *column = &output->columns[output->column_count++];
    column->name = memory_strdup(name);
    column->position = node->position;
    if (!reader_source(reader, node->value ? node->value : node, &column->source))
        column->source.field = NULL;
}

void reader_columns(struct reader *reader, const struct option_row *option, const struct place *place,
                    struct output_config *output) {
    if (!reader_filled(reader, option, place, NODE_LIST)) return;
    reader->columns = place->node;
    output->columns = memory_zalloc((size_t)place->node->count, sizeof *output->columns);
    for (const struct node *item = place->node->first; item; item = item->next)
        read_column(reader, item, output);
}

static void unknown_column(struct reader *reader, const struct node *node) {
    int count = 0;
    if (!reader->columns) return; /* they are missing or bad, which has been reported */
    const char **names = arena_alloc(reader->arena, ((size_t)reader->columns->count + 1) * sizeof *names);
    for (const struct node *item = reader->columns->first; item; item = item->next) {
        const struct node *column = item->kind == NODE_MAP && item->first ? item->first : item;
        if (column->kind == NODE_SCALAR && !variables_any(column->written)) names[count++] = column->written;
    }
    reader_unknown(reader, node->position, "column", node->written, names, count);
}

static bool check_key_column(struct reader *reader, const struct node *node,
                             const struct output_config *output) {
    for (int i = 0; i < output->primary_key_count; i++) {
        if (strcmp(output->primary_key[i], node->text) != 0) continue;
        problems_add(reader->problems, node->position, "the column %s is given twice",
                     node_describe(node, reader->arena));
        return false;
    }
    const struct column_config *column = find_column(output, node->text);
    if (!column) {
        unknown_column(reader, node);
        return false;
    }
    const struct source *source = &column->source;
    if (!source->field || source->kind == SOURCE_CONVERSION) return true;
    if (source->kind == SOURCE_ATTRIBUTION && source->attribution == ATTRIBUTION_TOUCH_NUMBER) return true;
    problems_add(reader->problems, node->position,
                 "the column %s of the primary key is not filled from the conversion",
                 node_describe(node, reader->arena));
    problems_hint(reader->problems,
                  "a row must keep its key, whichever touch it gets and whatever a lookup holds");
    return false;
}

void reader_primary_key(struct reader *reader, const struct option_row *option, const struct place *place,
                        struct output_config *output) {
    if (output->write == WRITE_APPEND) {
        problems_add(reader->problems, place->node->named, "\"%s\" has no use with \"write: append\"",
                     place->path);
        problems_hint(reader->problems, "take it out, or write: upsert");
        return;
    }
    if (!reader_filled(reader, option, place, NODE_LIST)) return;
    output->primary_key = memory_zalloc((size_t)place->node->count, sizeof *output->primary_key);
    for (const struct node *item = place->node->first; item; item = item->next) {
        if (!reader_item(reader, item, KIND_COLUMN, "a column of the primary key")) continue;
        if (check_key_column(reader, item, output))
            output->primary_key[output->primary_key_count++] = memory_strdup(item->text);
    }
}

/* Upsert needs a primary key; whether it has one shows only when the whole section has been read. */
static void check_primary_key(struct reader *reader, const struct place *item) {
    const struct node *table = node_find(item->node, "postgres");
    if (!table || table->kind != NODE_MAP || node_find(table, "primary_key")) return;
    const struct node *write = node_find(table, "write");
    if (write && (write->kind != NODE_SCALAR || !write->text || strcmp(write->text, "upsert") != 0)) return;
    const struct option_row *option = options_find(SECTION_OUTPUT_POSTGRES, "primary_key");
    problems_add(reader->problems, table->named,
                 "\"%s.postgres.primary_key\" is missing, and \"write: upsert\" needs it", item->path);
    problems_hint(reader->problems, "for example: %s: %s; or write: append", option->name, option->example);
}

void reader_outputs(struct reader *reader, const struct option_row *option, const struct place *place) {
    struct pipeline *pipeline = reader->pipeline;
    if (!reader_filled(reader, option, place, NODE_LIST)) return;
    pipeline->outputs = memory_zalloc((size_t)place->node->count, sizeof *pipeline->outputs);
    for (const struct node *item = place->node->first; item; item = item->next) {
        struct place child = {item, item->position, place->path};
        struct output_config *output = &pipeline->outputs[pipeline->output_count++];
        output->position = item->position;
        if (pipeline->output_count == 2)
            problems_add(reader->problems, item->position,
                         "more than one output: this version writes to exactly one");
        reader->columns = NULL;
        if (!reader_entry(reader, item, "an output", "- postgres: {table: public.results, …}")) continue;
        reader_section(reader, option->child, &child, true, output);
        check_primary_key(reader, &child);
    }
}
