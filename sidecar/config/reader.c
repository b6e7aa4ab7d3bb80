#include "config/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "config/password.h"
#include "config/quantity.h"
#include "config/suggest.h"
#include "config/variables.h"

enum stored { STORED, STORED_NO_UNIT, STORED_NOTHING };

/* A buffer's text in the arena; releases the buffer. */
static const char *keep(struct reader *reader, struct buffer *buffer) {
    buffer_byte(buffer, '\0');
    const char *text = arena_copy(reader->arena, buffer_view(buffer)).data;
    buffer_release(buffer);
    return text;
}

static const char *expected(struct reader *reader, const struct option_row *option) {
    struct buffer text;
    buffer_init(&text);
    options_expected(option, &text);
    return keep(reader, &text);
}

struct place reader_child(struct reader *reader, const struct place *parent, const char *name,
                          const struct node *node) {
    struct position around = parent->node ? parent->node->named : parent->position;
    struct place child = {node, node ? node->position : around, name};
    if (*parent->path) child.path = arena_printf(reader->arena, "%s.%s", parent->path, name).data;
    return child;
}

static void hint_word(struct reader *reader, const struct option_row *option, const struct node *node) {
    int count = 0;
    while (option->words[count]) count++;
    const char *near =
        node->kind == NODE_SCALAR ? suggest_nearest(node->written, option->words, count) : NULL;
    if (near)
        problems_hint(reader->problems, "did you mean \"%s\"?", near);
    else
        problems_hint(reader->problems, "for example: %s: %s", option->name, option->example);
}

void reader_wrong(struct reader *reader, const struct option_row *option, const struct place *place) {
    const char *found = node_describe(place->node, reader->arena);
    problems_add(reader->problems, place->position, "\"%s\" must be %s, not %s", place->path,
                 expected(reader, option), found);
    if (option->words)
        hint_word(reader, option, place->node);
    else
        problems_hint(reader->problems, "for example: %s: %s", option->name, option->example);
}

static void wrong_unit(struct reader *reader, const struct option_row *option, const struct place *place) {
    problems_add(reader->problems, place->position, "\"%s\" needs a unit: %s is just a number", place->path,
                 node_describe(place->node, reader->arena));
    problems_hint(reader->problems, "for example: %s: %s; the units are %s", option->name, option->example,
                  option->kind == KIND_SIZE ? "KiB, MiB, GiB, TiB, KB, MB, GB and TB"
                                            : "d, h, m, s, ms and us");
}

bool reader_expect(struct reader *reader, const struct option_row *option, const struct place *place,
                   enum node_kind kind) {
    const struct node *node = place->node;
    if (node->kind == NODE_SCALAR && !node->text) return false; /* has been reported */
    if (node->kind == kind && !node_is_nothing(node)) return true;
    reader_wrong(reader, option, place);
    return false;
}

bool reader_entry(struct reader *reader, const struct node *node, const char *what, const char *example) {
    if (node->kind == NODE_MAP) return true;
    if (node->kind == NODE_SCALAR && !node->text) return false; /* has been reported */
    problems_add(reader->problems, node->position, "%s must be a map, not %s", what,
                 node_describe(node, reader->arena));
    problems_hint(reader->problems, "for example: %s", example);
    return false;
}

bool reader_filled(struct reader *reader, const struct option_row *option, const struct place *place,
                   enum node_kind kind) {
    if (!reader_expect(reader, option, place, kind)) return false;
    if (place->node->count == 0) reader_wrong(reader, option, place);
    return place->node->count > 0;
}

const char *reader_item(struct reader *reader, const struct node *node, enum kind kind, const char *what) {
    bool text = node->kind == NODE_SCALAR && !node_is_nothing(node);
    if (text && !node->text) return NULL; /* has been reported */
    if (text && kind_matches(kind, node->text)) return node->text;
    problems_add(reader->problems, node->position, "%s must be %s, not %s", what, kind_rule(kind)->expected,
                 node_describe(node, reader->arena));
    return NULL;
}

static const char *listed(struct reader *reader, const char *const *words, int count) {
    struct buffer text;
    buffer_init(&text);
    for (int i = 0; i < count; i++) buffer_printf(&text, "%s%s", i ? ", " : "", words[i]);
    return keep(reader, &text);
}

void reader_unknown(struct reader *reader, struct position position, const char *what, const char *word,
                    const char *const *candidates, int count) {
    const char *shown = node_quote(word, reader->arena);
    const char *near = suggest_nearest(word, candidates, count);
    if (near) {
        problems_add(reader->problems, position, "unknown %s %s; did you mean \"%s\"?", what, shown, near);
        return;
    }
    problems_add(reader->problems, position, "unknown %s %s", what, shown);
    if (count) problems_hint(reader->problems, "known here: %s", listed(reader, candidates, count));
}

enum { NAMES_MAX = 64 };

static int section_names(enum section section, const char **names) {
    const struct option_row *option = NULL;
    int count = 0;
    while ((option = options_next(section, option)) && count < NAMES_MAX) names[count++] = option->name;
    return count;
}

static void unknown_key(struct reader *reader, enum section section, const struct node *key) {
    const char *names[NAMES_MAX], *elsewhere = options_elsewhere(key->written);
    int count = section_names(section, names);
    if (!elsewhere) {
        reader_unknown(reader, key->position, "key", key->written, names, count);
        return;
    }
    const char *where =
        *elsewhere ? arena_printf(reader->arena, "under \"%s\"", elsewhere).data : "at the left margin";
    problems_add(reader->problems, key->position, "unknown key %s", node_quote(key->written, reader->arena));
    problems_hint(reader->problems, "it belongs %s; known here: %s", where, listed(reader, names, count));
}

/* Is there an unknown key that this option was probably meant by? One mistake should be one message. */
static bool is_misspelt(enum section section, const struct node *map, const struct option_row *option) {
    const char *names[NAMES_MAX];
    int count = section_names(section, names);
    for (const struct node *key = map ? map->first : NULL; key; key = key->next)
        if (!options_elsewhere(key->written) && suggest_nearest(key->written, names, count) == option->name)
            return true;
    return false;
}

static void store_text(void *at, const char *text) {
    char *copy = memory_strdup(text);
    memcpy(at, &copy, sizeof copy);
}

static void store_number(const struct option_row *option, void *at, int64_t number) {
    int small = (int)number;
    if (option->size == sizeof small)
        memcpy(at, &small, sizeof small);
    else if (option->size == sizeof number)
        memcpy(at, &number, sizeof number);
}

static enum stored store_quantity(const struct option_row *option, void *at, const char *text) {
    int64_t number = 0;
    enum quantity result = option->kind == KIND_DURATION  ? quantity_duration(text, &number)
                           : option->kind == KIND_DECIMAL ? quantity_decimal(text, &number)
                           : option->kind == KIND_SIZE    ? quantity_size(text, &number)
                                                          : quantity_integer(text, &number);
    if (result == QUANTITY_NO_UNIT) return STORED_NO_UNIT;
    if (result != QUANTITY_OK || number < option->min || number > option->max) return STORED_NOTHING;
    store_number(option, at, number);
    return STORED;
}

static enum stored store_word(const struct option_row *option, void *at, const char *text) {
    for (int i = 0; option->words[i]; i++) {
        if (strcmp(option->words[i], text) != 0) continue;
        store_number(option, at, i);
        return STORED;
    }
    return STORED_NOTHING;
}

static enum stored store_start(struct pipeline *pipeline, const char *text) {
    pipeline->start_us = 0;
    pipeline->start = strcmp(text, "earliest") == 0 ? START_EARLIEST
                      : strcmp(text, "latest") == 0 ? START_LATEST
                                                    : START_TIME;
    if (pipeline->start != START_TIME) return STORED;
    return quantity_instant(text, &pipeline->start_us) == QUANTITY_OK ? STORED : STORED_NOTHING;
}

/* Stores a plain value, from the file or a fallback. */
static enum stored store(struct reader *reader, const struct option_row *option, void *target,
                         const char *text) {
    void *at = (char *)target + option->offset;
    switch (option->kind) {
    case KIND_SIZE:
        if (strcmp(text, "auto") != 0) return store_quantity(option, at, text);
        store_number(option, at, 0);
        return STORED;
    case KIND_INTEGER:
    case KIND_DECIMAL:
    case KIND_DURATION: return store_quantity(option, at, text);
    case KIND_WORD: return store_word(option, at, text);
    case KIND_START: return store_start(reader->pipeline, text);
    default:
        if (!kind_matches(option->kind, text)) return STORED_NOTHING;
        store_text(at, text);
        return STORED;
    }
}

bool reader_written(const struct node *value) {
    struct buffer literal;
    buffer_init(&literal);
    variables_literal(value->written, &literal);
    bool written = password_written(buffer_view(&literal));
    buffer_release(&literal);
    return written;
}

static void check_written_secret(struct reader *reader, const struct option_row *option,
                                 const struct place *place) {
    if (!reader_written(place->node)) return;
    problems_add(reader->problems, place->position, "\"%s\" is a secret written in the file", place->path);
    /* The example is a variable in quotes. */
    problems_hint(reader->problems,
                  "take it from the environment, %.*s, or from a file, ${file:/run/secrets/password}",
                  (int)strlen(option->example) - 2, option->example + 1);
}

static void check_written_password(struct reader *reader, const struct place *place) {
    struct buffer literal;
    struct span password;
    size_t from = 0;
    bool written = false;
    buffer_init(&literal);
    variables_literal(place->node->written, &literal);
    while (!written && password_next(buffer_view(&literal), &from, &password))
        written = password_written(password);
    buffer_release(&literal);
    if (!written) return;
    problems_add(reader->problems, place->position, "\"%s\" has its password written in the file",
                 place->path);
    problems_hint(reader->problems, "take it from the environment, ${PGPASSWORD}, or from a file, "
                                    "${file:/run/secrets/password}");
}

static void free_text(void *at) {
    char *text;
    memcpy(&text, at, sizeof text);
    free(text);
    text = NULL;
    memcpy(at, &text, sizeof text);
}

static bool is_set(const struct option_row *option, const void *target) {
    char *text = NULL;
    int number = 0;
    const char *at = (const char *)target + option->offset;
    if (kind_is_text(option->kind)) memcpy(&text, at, sizeof text);
    if (option->kind == KIND_BY) return ((const struct source *)(const void *)at)->field != NULL;
    if (option->kind == KIND_INTEGER && option->size == sizeof number) memcpy(&number, at, sizeof number);
    return text || number;
}

/* Like reader_wrong, without showing what may be a password in the wrong form. */
static void wrong_secret(struct reader *reader, const struct option_row *option, const struct place *place) {
    problems_add(reader->problems, place->position, "\"%s\" must be %s", place->path,
                 expected(reader, option));
    problems_hint(reader->problems, "for example: %s: %s", option->name, option->example);
}

static void store_value(struct reader *reader, const struct option_row *option, const struct place *place,
                        void *target) {
    switch (store(reader, option, target, place->node->text)) {
    case STORED:
        if (option->kind == KIND_SECRET)
            check_written_secret(reader, option, place);
        else if (option->secret)
            check_written_password(reader, place);
        return;
    case STORED_NO_UNIT: wrong_unit(reader, option, place); return;
    case STORED_NOTHING:
        if (option->secret)
            wrong_secret(reader, option, place);
        else
            reader_wrong(reader, option, place);
        return;
    }
}

static void read_value(struct reader *reader, const struct option_row *option, const struct place *place,
                       void *target) {
    bool text = kind_is_text(option->kind);
    if (text) free_text((char *)target + option->offset); /* what an input has inherited */
    if (reader_expect(reader, option, place, NODE_SCALAR)) store_value(reader, option, place, target);
    /* A bad value is one problem; it must not be reported as missing as well. */
    if (text && !is_set(option, target)) store_text((char *)target + option->offset, "");
    if (option->need == NEED_IN_TOTAL && !is_set(option, target))
        store_number(option, (char *)target + option->offset, -1);
}

static void read_defaults(struct reader *reader, const struct option_row *option, const struct place *place) {
    if (place->node && !reader_expect(reader, option, place, NODE_MAP)) return;
    reader->in_defaults = true;
    reader_section(reader, option->child, place, false, &reader->defaults);
    reader->in_defaults = false;
    reader_defaults_repartition(reader, place);
}

void reader_option(struct reader *reader, const struct option_row *option, const struct place *place,
                   void *target) {
    switch (option->kind) {
    case KIND_SECTION:
        if (option->marked) memcpy((char *)target + option->offset, &(bool){true}, sizeof(bool));
        if (reader_expect(reader, option, place, NODE_MAP))
            reader_section(reader, option->child, place, true, (char *)target + option->offset);
        return;
    case KIND_DEFAULTS: read_defaults(reader, option, place); return;
    case KIND_INPUTS: reader_inputs(reader, option, place); return;
    case KIND_LOOKUPS: reader_lookups(reader, option, place); return;
    case KIND_OUTPUTS: reader_outputs(reader, option, place); return;
    case KIND_INPUT: reader_role(reader, option, place, target); return;
    case KIND_BY: reader_by(reader, option, place, target); return;
    case KIND_KEY: reader_key(reader, option, place, target); return;
    case KIND_MATCH: reader_match(reader, option, place, target); return;
    case KIND_PRIMARY_KEY: reader_primary_key(reader, option, place, target); return;
    case KIND_COLUMNS: reader_columns(reader, option, place, target); return;
    case KIND_PROPERTIES: reader_properties(reader, option, place, target); return;
    case KIND_COMMAND: reader_command(reader, option, place, (char *)target + option->offset); return;
    case KIND_STEPS: reader_steps(reader, option, place, target); return;
    case KIND_FIELDS: reader_fields(reader, option, place, target); return;
    case KIND_CONDITIONS:
    case KIND_CASTS:
    case KIND_NULLS:
    case KIND_DEFAULT_VALUES:
    case KIND_RENAMES:
    case KIND_CHOICES: reader_step_map(reader, option, place, target); return;
    case KIND_LITERAL:
        reader_literal(reader, option, place, (void *)((char *)target + option->offset));
        return;
    case KIND_LITERALS:
        reader_literals(reader, option, place, (void *)((char *)target + option->offset));
        return;
    case KIND_FLAG: reader_flag(reader, option, place, (void *)((char *)target + option->offset)); return;
    case KIND_TEXT:
    case KIND_LABEL:
    case KIND_NAME:
    case KIND_TOPIC:
    case KIND_FIELD:
    case KIND_ZONE:
    case KIND_TABLE:
    case KIND_LISTEN:
    case KIND_SECRET:
    case KIND_URL:
    case KIND_INTEGER:
    case KIND_DECIMAL:
    case KIND_DURATION:
    case KIND_SIZE:
    case KIND_WORD:
    case KIND_START: read_value(reader, option, place, target); return;
    case KIND_INPUT_NAME:
    case KIND_COLUMN:
    case KIND_SOURCE:
    case KIND_COUNT: return; /* no option is of these kinds */
    }
}

static void store_fallback(struct reader *reader, const struct option_row *option, void *target) {
    const char *mark = strstr(option->fallback, "{pipeline}"), *text = option->fallback;
    if (strstr(text, "{input}")) return;         /* reader_repartitions fills it in */
    if (mark && !reader->pipeline->name) return; /* its absence is a problem already */
    if (mark)
        text = arena_printf(reader->arena, "%.*s%s%s", (int)(mark - text), text, reader->pipeline->name,
                            mark + strlen("{pipeline}"))
                   .data;
    store(reader, option, target, text);
}

void reader_absent(struct reader *reader, const struct option_row *option, const struct place *place) {
    problems_add(reader->problems, place->position, "\"%s\" is missing", place->path);
    problems_hint(reader->problems, "for example: %s: %s%s", option->name, option->example,
                  option->need == NEED_IN_TOTAL ? ", here or under \"defaults\"" : "");
}

static void read_absent(struct reader *reader, const struct option_row *option, const struct place *place,
                        bool needed, void *target) {
    needed =
        needed && (option->need == NEED_ALWAYS || (option->need == NEED_IN_TOTAL && !reader->in_defaults));
    bool whole = option->kind == KIND_SECTION && option->need == NEED_ALWAYS;
    if (whole && needed) reader_absent(reader, option, place);
    if (option->kind == KIND_SECTION)
        reader_section(reader, option->child, place, needed && !whole, (char *)target + option->offset);
    else if (option->kind == KIND_DEFAULTS)
        read_defaults(reader, option, place);
    else if (option->fallback && !reader->inheriting)
        store_fallback(reader, option, target);
    else if (needed && !is_set(option, target))
        reader_absent(reader, option, place);
}

static void report_unknown_keys(struct reader *reader, enum section section, const struct node *map) {
    for (const struct node *key = map->first; key; key = key->next)
        if (!options_find(section, key->written)) unknown_key(reader, section, key);
}

void reader_section(struct reader *reader, enum section section, const struct place *place, bool needed,
                    void *target) {
    const struct option_row *option = NULL;
    while ((option = options_next(section, option))) {
        const struct node *node = place->node ? node_find(place->node, option->name) : NULL;
        struct place child = reader_child(reader, place, option->name, node);
        if (node)
            reader_option(reader, option, &child, target);
        else
            read_absent(reader, option, &child, needed && !is_misspelt(section, place->node, option), target);
    }
    if (place->node) report_unknown_keys(reader, section, place->node);
}

static void check_unused_inputs(struct reader *reader) {
    const struct pipeline *pipeline = reader->pipeline;
    const struct attribute_config *attribute = &pipeline->attribute;
    if (attribute->conversions < 0 || attribute->touches < 0) return; /* has been reported */
    for (int i = 0; i < pipeline->input_count; i++) {
        if (i == attribute->conversions || i == attribute->touches) continue;
        problems_add(reader->problems, pipeline->inputs[i].position,
                     "the input %s is not used by \"attribute\"",
                     node_quote(pipeline->inputs[i].name, reader->arena));
        problems_hint(reader->problems, "take it out, or name it as the conversions or the touches");
    }
}

void reader_pipeline(struct reader *reader, const struct node *root) {
    struct attribute_config *attribute = &reader->pipeline->attribute;
    struct place place = {root, root->position, ""};
    attribute->conversions = attribute->touches = -1;
    reader->pipeline->changelog_replication = -1;
    if (root->kind != NODE_MAP) {
        problems_add(reader->problems, root->position, "a pipeline file must be a map of settings, not %s",
                     node_describe(root, reader->arena));
        problems_hint(reader->problems, "it begins like this: version: 1");
        return;
    }
    reader_section(reader, SECTION_PIPELINE, &place, true, reader->pipeline);
    check_unused_inputs(reader);
    reader_repartitions(reader, root);
    reader_model(reader, root);
    reader_topics(reader, root);
    reader_security(reader, root);
    reader_steps_check(reader);
}
