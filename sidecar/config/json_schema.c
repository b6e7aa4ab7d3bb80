#include "config/json_schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/memory.h"
#include "config/options.h"
#include "config/property.h"
#include "config/quantity.h"

typedef yyjson_mut_val value; /* a JSON value; short, for it is in every line */
typedef yyjson_mut_doc document;

static value *object(document *doc) {
    return yyjson_mut_obj(doc);
}

static void set(document *doc, value *to, const char *key, value *what) {
    yyjson_mut_obj_add_val(doc, to, key, what);
}

static void set_text(document *doc, value *to, const char *key, const char *text) {
    yyjson_mut_obj_add_strcpy(doc, to, key, text);
}

static value *of_type(document *doc, const char *type) {
    value *schema = object(doc);
    set_text(doc, schema, "type", type);
    return schema;
}

/* A text that fits the pattern, or holds a variable, of which nothing is known yet. */
static value *matching(document *doc, const char *pattern) {
    value *schema = of_type(doc, "string");
    char *either = pattern ? memory_printf("%s|\\$\\{", pattern) : memory_strdup("\\$\\{");
    set_text(doc, schema, "pattern", either);
    free(either);
    return schema;
}

static value *text_of_kind(document *doc, enum kind kind) {
    const struct kind_rule *rule = kind_rule(kind);
    if (rule->pattern) return matching(doc, rule->pattern);
    value *schema = of_type(doc, "string");
    yyjson_mut_obj_add_uint(doc, schema, "minLength", 1);
    return schema;
}

/* Copies the members of one schema into another: for shapes made as a whole. */
static void take(document *doc, value *schema, value *from) {
    size_t i, count;
    value *key, *item;
    yyjson_mut_obj_foreach(from, i, count, key, item) {
        set(doc, schema, yyjson_mut_get_str(key), yyjson_mut_val_mut_copy(doc, item));
    }
}

static void set_either(document *doc, value *schema, value *a, value *b) {
    value *both = yyjson_mut_arr(doc);
    yyjson_mut_arr_append(both, a);
    yyjson_mut_arr_append(both, b);
    set(doc, schema, "anyOf", both);
}

static value *list_of(document *doc, value *item) {
    value *schema = of_type(doc, "array");
    set(doc, schema, "items", item);
    yyjson_mut_obj_add_uint(doc, schema, "minItems", 1);
    return schema;
}

/* A map of at least `least` names to items. */
static value *map_of(document *doc, enum kind key, value *item, uint64_t least) {
    value *schema = of_type(doc, "object"), *names = object(doc);
    if (kind_rule(key)->pattern) set_text(doc, names, "pattern", kind_rule(key)->pattern);
    set(doc, schema, "propertyNames", names);
    set(doc, schema, "additionalProperties", item);
    if (least) yyjson_mut_obj_add_uint(doc, schema, "minProperties", least);
    return schema;
}

static value *reference(document *doc, enum section section) {
    value *schema = object(doc);
    char *path = memory_printf("#/definitions/%s", options_section(section)->path);
    set_text(doc, schema, "$ref", path);
    free(path);
    return schema;
}

static void set_section(document *doc, value *schema, enum section section) {
    value *all = yyjson_mut_arr(doc); /* beside "$ref" itself a description would not count */
    yyjson_mut_arr_append(all, reference(doc, section));
    set(doc, schema, "allOf", all);
}

static void set_integer(document *doc, value *schema, const struct option_row *option) {
    value *number = of_type(doc, "integer");
    yyjson_mut_obj_add_sint(doc, number, "minimum", option->min);
    yyjson_mut_obj_add_sint(doc, number, "maximum", option->max);
    set_either(doc, schema, number, text_of_kind(doc, KIND_INTEGER));
}

static void set_decimal(document *doc, value *schema, const struct option_row *option) {
    value *number = of_type(doc, "number");
    yyjson_mut_obj_add_real(doc, number, "minimum", (double)option->min / (double)QUANTITY_ONE);
    yyjson_mut_obj_add_real(doc, number, "maximum", (double)option->max / (double)QUANTITY_ONE);
    set_either(doc, schema, number, text_of_kind(doc, KIND_DECIMAL));
}

static void set_duration(document *doc, value *schema, const struct option_row *option) {
    if (option->min > 0) {
        take(doc, schema, text_of_kind(doc, KIND_DURATION));
        return;
    }
    value *zero = object(doc);
    yyjson_mut_obj_add_uint(doc, zero, "const", 0);
    set_either(doc, schema, zero, text_of_kind(doc, KIND_DURATION));
}

static void set_words(document *doc, value *schema, const struct option_row *option) {
    value *words = yyjson_mut_arr(doc), *either = object(doc);
    for (int i = 0; option->words[i]; i++) yyjson_mut_arr_add_strcpy(doc, words, option->words[i]);
    set(doc, either, "enum", words);
    set_either(doc, schema, either, matching(doc, NULL));
}

static value *fields(document *doc) {
    value *schema = list_of(doc, text_of_kind(doc, KIND_BY));
    yyjson_mut_obj_add_bool(doc, schema, "uniqueItems", true);
    return schema;
}

static value *column(document *doc) {
    value *pair = map_of(doc, KIND_COLUMN, text_of_kind(doc, KIND_SOURCE), 1), *either = object(doc);
    yyjson_mut_obj_add_uint(doc, pair, "maxProperties", 1);
    set_either(doc, either, text_of_kind(doc, KIND_COLUMN), pair);
    return either;
}

static value *properties(document *doc) {
    value *item = object(doc), *types = yyjson_mut_arr(doc), *names = object(doc);
    value *refused = object(doc), *refused_names = yyjson_mut_arr(doc), *schema = of_type(doc, "object");
    yyjson_mut_arr_add_str(doc, types, "string");
    yyjson_mut_arr_add_str(doc, types, "number");
    yyjson_mut_arr_add_str(doc, types, "boolean");
    set(doc, item, "type", types);
    for (const struct property_rule *rule = property_rules; rule->name; rule++)
        yyjson_mut_arr_add_str(doc, refused_names, rule->name);
    set(doc, refused, "enum", refused_names);
    set(doc, names, "not", refused);
    set(doc, schema, "propertyNames", names);
    set(doc, schema, "additionalProperties", item);
    return schema;
}

static void set_value(document *doc, value *schema, const struct option_row *option) {
    switch (option->kind) {
    case KIND_INTEGER: set_integer(doc, schema, option); return;
    case KIND_DECIMAL: set_decimal(doc, schema, option); return;
    case KIND_DURATION: set_duration(doc, schema, option); return;
    case KIND_WORD: set_words(doc, schema, option); return;
    case KIND_KEY: set_either(doc, schema, fields(doc), map_of(doc, KIND_INPUT_NAME, fields(doc), 2)); return;
    case KIND_MATCH: take(doc, schema, map_of(doc, KIND_COLUMN, text_of_kind(doc, KIND_SOURCE), 1)); return;
    case KIND_PRIMARY_KEY: take(doc, schema, list_of(doc, text_of_kind(doc, KIND_COLUMN))); return;
    case KIND_COLUMNS: take(doc, schema, list_of(doc, column(doc))); return;
    case KIND_PROPERTIES: take(doc, schema, properties(doc)); return;
    case KIND_COMMAND: take(doc, schema, list_of(doc, text_of_kind(doc, KIND_TEXT))); return;
    case KIND_SECTION:
    case KIND_DEFAULTS: set_section(doc, schema, option->child); return;
    case KIND_INPUTS:
    case KIND_LOOKUPS:
        take(doc, schema,
             map_of(doc, KIND_INPUT_NAME, reference(doc, option->child), option->kind == KIND_INPUTS));
        return;
    case KIND_OUTPUTS:
        take(doc, schema, list_of(doc, reference(doc, option->child)));
        yyjson_mut_obj_add_uint(doc, schema, "maxItems", 1);
        return;
    default: take(doc, schema, text_of_kind(doc, option->kind)); return;
    }
}

/* The line of documentation without Markdown's quotes, and behind it the range. */
static void set_description(document *doc, value *schema, const struct option_row *option) {
    struct buffer text;
    buffer_init(&text);
    for (const char *c = option->doc; *c; c++)
        if (*c != '`') buffer_byte(&text, *c);
    if (option->max > option->min) {
        buffer_byte(&text, ' ');
        size_t start = text.len;
        options_expected(option, &text);
        text.data[start] = (char)toupper((unsigned char)text.data[start]);
        buffer_byte(&text, '.');
    }
    set_text(doc, schema, "description", buffer_string(&text));
    buffer_release(&text);
}

static value *option_schema(document *doc, const struct option_row *option) {
    value *schema = object(doc);
    set_description(doc, schema, option);
    set_value(doc, schema, option);
    if (!option->fallback || strchr(option->fallback, '{')) return schema;
    if (option->kind == KIND_INTEGER)
        yyjson_mut_obj_add_sint(doc, schema, "default", atoll(option->fallback));
    else
        set_text(doc, schema, "default", option->fallback);
    return schema;
}

/* Fills the schema of a map with fixed keys. */
static void set_options(document *doc, value *schema, enum section section) {
    value *all = object(doc), *required = yyjson_mut_arr(doc);
    const struct option_row *option = NULL;
    set_text(doc, schema, "type", "object");
    while ((option = options_next(section, option))) {
        set(doc, all, option->name, option_schema(doc, option));
        if (option->need == NEED_ALWAYS) yyjson_mut_arr_add_str(doc, required, option->name);
    }
    set(doc, schema, "properties", all);
    if (yyjson_mut_arr_size(required)) set(doc, schema, "required", required);
    yyjson_mut_obj_add_bool(doc, schema, "additionalProperties", false);
}

static value *definitions(document *doc) {
    value *all = object(doc);
    for (int section = SECTION_PIPELINE + 1; section < SECTION_COUNT; section++) {
        value *schema = object(doc);
        set_options(doc, schema, (enum section)section);
        set(doc, all, options_section((enum section)section)->path, schema);
    }
    return all;
}

void json_schema_write(struct buffer *out) {
    document *doc = yyjson_mut_doc_new(NULL);
    value *root = object(doc);
    yyjson_mut_doc_set_root(doc, root);
    set_text(doc, root, "$schema", "http://json-schema.org/draft-07/schema#");
    set_text(doc, root, "title", "Tributary pipeline");
    set_options(doc, root, SECTION_PIPELINE);
    set(doc, root, "definitions", definitions(doc));
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    if (text) buffer_printf(out, "%s\n", text);
    free(text);
    yyjson_mut_doc_free(doc);
}
