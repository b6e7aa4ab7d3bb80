/* The cleaning steps: a list of which each item is a map with one key, the step's name. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

/* --- values --- */

/* A number as JSON has it, so that 007 and 1_000 stay texts. */
static bool is_number(const char *text) {
    if (*text == '-') text++;
    size_t digits = strspn(text, "0123456789");
    if (!digits || (*text == '0' && digits > 1)) return false;
    text += digits;
    if (*text == '.') {
        digits = strspn(++text, "0123456789");
        if (!digits) return false;
        text += digits;
    }
    if (*text != 'e' && *text != 'E') return !*text;
    text++;
    if (*text == '+' || *text == '-') text++;
    digits = strspn(text, "0123456789");
    return digits && digits < 10 && !text[digits];
}

static enum literal_type type_of(const struct node *node) {
    if (!node->plain) return LITERAL_TEXT;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) return LITERAL_BOOL;
    return is_number(node->text) ? LITERAL_NUMBER : LITERAL_TEXT;
}

/* False with a problem when the node is no single value. */
static bool store_literal(struct reader *reader, const struct node *node, const char *what,
                          struct literal *literal) {
    if (node->kind == NODE_SCALAR && !node->text) return false; /* has been reported */
    if (node->kind == NODE_SCALAR && !node_is_nothing(node)) {
        *literal = (struct literal){type_of(node), memory_strdup(node->text)};
        return true;
    }
    problems_add(reader->problems, node->position, "%s must be %s, not %s", what,
                 kind_rule(KIND_LITERAL)->expected, node_describe(node, reader->arena));
    if (node_is_nothing(node))
        problems_hint(reader->problems, "an empty text is written \"\"; for null there is "
                                        "\"null_if\", or \"present\" in \"where\"");
    return false;
}

static void store_literals(struct reader *reader, const struct node *node, const char *what,
                           struct literals *literals) {
    const struct node *first = node->kind == NODE_LIST ? node->first : node;
    literals->items =
        memory_zalloc((size_t)(node->kind == NODE_LIST ? node->count : 1), sizeof *literals->items);
    for (const struct node *item = first; item; item = node->kind == NODE_LIST ? item->next : NULL)
        literals->count += store_literal(reader, item, what, &literals->items[literals->count]);
}

void reader_literal(struct reader *reader, const struct option_row *option, const struct place *place,
                    struct literal *literal) {
    const char *what = arena_printf(reader->arena, "\"%s\"", option->name).data;
    store_literal(reader, place->node, what, literal);
}

void reader_literals(struct reader *reader, const struct option_row *option, const struct place *place,
                     struct literals *literals) {
    if (place->node->kind != NODE_SCALAR && !reader_filled(reader, option, place, NODE_LIST)) return;
    store_literals(reader, place->node, arena_printf(reader->arena, "\"%s\"", option->name).data, literals);
}

void reader_flag(struct reader *reader, const struct option_row *option, const struct place *place,
                 enum flag *flag) {
    if (!reader_expect(reader, option, place, NODE_SCALAR)) return;
    if (strcmp(place->node->text, "true") == 0)
        *flag = FLAG_TRUE;
    else if (strcmp(place->node->text, "false") == 0)
        *flag = FLAG_FALSE;
    else
        reader_wrong(reader, option, place);
}

/* --- fields --- */

static void make_room(struct step_config *step, int count) {
    step->fields = memory_zalloc((size_t)count, sizeof *step->fields);
}

/* The next field of the step; NULL with a problem for a bad name, or one that it has already. */
static struct step_field *add_field(struct reader *reader, const struct node *node,
                                    struct step_config *step) {
    const char *name = reader_item(reader, node, KIND_FIELD, "a field of a step");
    if (!name) return NULL;
    for (int i = 0; i < step->field_count; i++) {
        if (strcmp(step->fields[i].name, name) != 0) continue;
        problems_add(reader->problems, node->position, "the field %s is given twice",
                     node_describe(node, reader->arena));
        return NULL;
    }
    struct step_field *field = &step->fields[step->field_count++];
    field->name = memory_strdup(name);
    field->position = node->position;
    return field;
}

void reader_fields(struct reader *reader, const struct option_row *option, const struct place *place,
                   struct step_config *step) {
    if (option->child && place->node->kind == NODE_MAP) {
        reader_section(reader, option->child, place, true, step);
        return;
    }
    if (!reader_filled(reader, option, place, NODE_LIST)) return;
    make_room(step, place->node->count);
    for (const struct node *item = place->node->first; item; item = item->next) add_field(reader, item, step);
}

static void read_condition(struct reader *reader, const struct option_row *option, const struct place *place,
                           const struct node *key, struct step_field *field) {
    const char *what = arena_printf(reader->arena, "a value of %s", node_describe(key, reader->arena)).data;
    struct place child = reader_child(reader, place, key->written, key->value);
    if (key->value->kind != NODE_SCALAR && !key->value->count) {
        problems_add(reader->problems, child.position, "\"where\" asks nothing of %s",
                     node_describe(key, reader->arena));
        problems_hint(reader->problems, "for example: where: %s", option->example);
    } else if (key->value->kind != NODE_MAP) {
        store_literals(reader, key->value, what, &field->condition.values);
    } else {
        reader_section(reader, option->child, &child, true, &field->condition);
    }
}

/* One word of the option's, or a problem with the nearest. */
static void read_cast(struct reader *reader, const struct option_row *option, const struct node *node,
                      struct step_field *field) {
    int count = 0;
    if (node->kind == NODE_SCALAR && !node->text) return; /* has been reported */
    while (option->words[count]) count++;
    for (int i = 0; node->kind == NODE_SCALAR && i < count; i++) {
        if (strcmp(option->words[i], node->text) != 0) continue;
        field->cast = (enum cast_type)i;
        return;
    }
    if (node->kind == NODE_SCALAR && !node_is_nothing(node)) {
        reader_unknown(reader, node->position, "type", node->written, option->words, count);
        return;
    }
    problems_add(reader->problems, node->position, "a type must be a word, not %s",
                 node_describe(node, reader->arena));
    problems_hint(reader->problems, "for example: cast: %s", option->example);
}

static void add_other(struct reader *reader, const struct node *node, const char *what,
                      struct step_field *field) {
    const char *name = reader_item(reader, node, KIND_FIELD, what);
    if (name) field->others[field->other_count++] = memory_strdup(name);
}

static void read_choices(struct reader *reader, const struct option_row *option, const struct node *node,
                         struct step_field *field) {
    if (node->kind == NODE_SCALAR && !node->text) return; /* has been reported */
    if (node->kind != NODE_LIST || !node->count) {
        problems_add(reader->problems, node->position,
                     "a value of \"coalesce\" must be a list of fields, not %s",
                     node_describe(node, reader->arena));
        problems_hint(reader->problems, "for example: coalesce: %s", option->example);
        return;
    }
    field->others = memory_zalloc((size_t)node->count, sizeof *field->others);
    for (const struct node *item = node->first; item; item = item->next)
        add_other(reader, item, "a field of a step", field);
}

static void read_entry(struct reader *reader, const struct option_row *option, const struct place *place,
                       const struct node *key, struct step_field *field) {
    const char *what = arena_printf(reader->arena, "a value of \"%s\"", option->name).data;
    switch (option->kind) {
    case KIND_CONDITIONS: read_condition(reader, option, place, key, field); return;
    case KIND_CASTS: read_cast(reader, option, key->value, field); return;
    case KIND_NULLS: store_literals(reader, key->value, what, &field->condition.values); return;
    case KIND_DEFAULT_VALUES: store_literal(reader, key->value, what, &field->value); return;
    case KIND_CHOICES: read_choices(reader, option, key->value, field); return;
    default:
        field->others = memory_zalloc(1, sizeof *field->others);
        add_other(reader, key->value, "the new name of a field", field);
        return;
    }
}

void reader_step_map(struct reader *reader, const struct option_row *option, const struct place *place,
                     struct step_config *step) {
    if (!reader_filled(reader, option, place, NODE_MAP)) return;
    make_room(step, place->node->count);
    for (const struct node *key = place->node->first; key; key = key->next) {
        struct step_field *field = add_field(reader, key, step);
        if (field) read_entry(reader, option, place, key, field);
    }
}

/* --- steps --- */

static void check_remove(struct reader *reader, const struct node *map, const struct step_config *step,
                         const struct place *place) {
    if (step->kind != STEP_REMOVE || map->kind != NODE_MAP) return;
    bool text = node_find(map, "text"), characters = node_find(map, "characters");
    if (text != characters) return;
    problems_add(reader->problems, place->position,
                 text ? "\"%s\" has both \"text\" and \"characters\"" : "\"%s\" does not say what to remove",
                 place->path);
    problems_hint(reader->problems,
                  "text: \"...\" is a text as a whole; characters: \",;\" is each of these");
}

static void unknown_step(struct reader *reader, const struct node *node) {
    const char *known[STEP_COUNT];
    for (int i = 0; i < STEP_COUNT; i++) known[i] = step_name((enum step_kind)i);
    reader_unknown(reader, node->position, "step", node->written, known, STEP_COUNT);
}

/* The one key of a step's map. */
static const struct node *step_key(struct reader *reader, const struct node *item) {
    if (item->kind == NODE_MAP && item->count == 1) return item->first;
    if (item->kind == NODE_SCALAR && !item->text) return NULL; /* has been reported */
    problems_add(reader->problems, item->position, "a step must be a map with one key, its name, not %s",
                 item->kind == NODE_MAP && item->count ? "several of them"
                                                       : node_describe(item, reader->arena));
    problems_hint(reader->problems, "one step an item: - trim: [name]");
    return NULL;
}

static void read_step(struct reader *reader, const struct option_row *list, const struct place *place,
                      const struct node *item, struct steps_config *steps) {
    const struct node *key = step_key(reader, item);
    if (!key) return;
    enum step_kind kind = step_of_name(key->written);
    if (kind == STEP_COUNT) {
        unknown_step(reader, key);
        return;
    }
    struct place child = reader_child(reader, place, key->written, key->value);
    struct step_config *step = &steps->items[steps->count++];
    step->kind = kind;
    step->position = key->position;
    reader_option(reader, options_find(list->child, key->written), &child, step);
    check_remove(reader, key->value, step, &child);
}

void reader_steps(struct reader *reader, const struct option_row *option, const struct place *place,
                  struct input_config *input) {
    struct pipeline *pipeline = reader->pipeline;
    input->steps = NULL; /* those of the defaults */
    if (!reader_expect(reader, option, place, NODE_LIST)) return;
    struct steps_config *steps = memory_zalloc(1, sizeof *steps);
    pipeline->step_lists = memory_realloc(pipeline->step_lists, (size_t)(pipeline->step_list_count + 1) *
                                                                    sizeof *pipeline->step_lists);
    pipeline->step_lists[pipeline->step_list_count++] = steps;
    input->steps = steps;
    steps->items = memory_zalloc((size_t)place->node->count, sizeof *steps->items);
    for (const struct node *item = place->node->first; item; item = item->next)
        read_step(reader, option, place, item, steps);
}
