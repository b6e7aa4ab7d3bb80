#include "config/steps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_text.h"

static const char *const names[STEP_COUNT] = {
    [STEP_WHERE] = "where",       [STEP_STRIP_NON_ASCII] = "strip_non_ascii",
    [STEP_REMOVE] = "remove",     [STEP_REPLACE] = "replace",
    [STEP_TRIM] = "trim",         [STEP_LOWER] = "lower",
    [STEP_UPPER] = "upper",       [STEP_COUNT_SUFFIX] = "count_suffix",
    [STEP_CAST] = "cast",         [STEP_NULL_IF] = "null_if",
    [STEP_DEFAULT] = "default",   [STEP_RENAME] = "rename",
    [STEP_COALESCE] = "coalesce", [STEP_DROP] = "drop",
    [STEP_HASH] = "hash",
};

const char *step_name(enum step_kind kind) {
    return kind < STEP_COUNT ? names[kind] : "unknown";
}

enum step_kind step_of_name(const char *name) {
    enum step_kind kind = 0;
    while (kind < STEP_COUNT && strcmp(names[kind], name) != 0) kind++;
    return kind;
}

const char *cast_name(enum cast_type type) {
    static const char *const casts[] = {
        [CAST_INT] = "int",           [CAST_DECIMAL] = "decimal",     [CAST_TEXT] = "text",
        [CAST_BOOL] = "bool",         [CAST_TIMESTAMP] = "timestamp", [CAST_EPOCH_S] = "epoch_s",
        [CAST_EPOCH_MS] = "epoch_ms", [CAST_EPOCH_US] = "epoch_us",
    };
    return casts[type];
}

bool step_merges(const struct step_config *step, const struct step_field *field) {
    switch (step->kind) {
    case STEP_WHERE:
    case STEP_RENAME:
    case STEP_DROP:
    case STEP_HASH: return false;
    case STEP_CAST: return field->cast != CAST_TEXT;
    case STEP_STRIP_NON_ASCII:
    case STEP_REMOVE:
    case STEP_REPLACE:
    case STEP_TRIM:
    case STEP_LOWER:
    case STEP_UPPER:
    case STEP_COUNT_SUFFIX:
    case STEP_NULL_IF:
    case STEP_DEFAULT:
    case STEP_COALESCE:
    case STEP_COUNT: break;
    }
    return true;
}

/* --- as text --- */

static void write_literal(const struct literal *literal, struct buffer *out) {
    if (literal->type != LITERAL_TEXT)
        buffer_text(out, literal->text);
    else
        yaml_text(literal->text, out);
}

static void write_literals(const struct literals *literals, struct buffer *out) {
    buffer_byte(out, '[');
    for (int i = 0; i < literals->count; i++) {
        if (i) buffer_text(out, ", ");
        write_literal(&literals->items[i], out);
    }
    buffer_byte(out, ']');
}

static void write_texts(char *const *texts, int count, struct buffer *out) {
    buffer_byte(out, '[');
    for (int i = 0; i < count; i++) {
        if (i) buffer_text(out, ", ");
        yaml_text(texts[i], out);
    }
    buffer_byte(out, ']');
}

/* The name of a member, behind a comma where it is not the first. */
static void write_name(const char *name, struct buffer *out) {
    buffer_text(out, out->data[out->len - 1] == '{' ? "" : ", ");
    buffer_printf(out, "%s: ", name);
}

static void write_bound(const char *name, const struct literal *bound, struct buffer *out) {
    if (bound->type == LITERAL_NONE) return;
    write_name(name, out);
    write_literal(bound, out);
}

static void write_condition(const struct condition *condition, struct buffer *out) {
    if (condition->values.count) {
        write_literals(&condition->values, out);
        return;
    }
    buffer_byte(out, '{');
    if (condition->others.count) {
        write_name("not", out);
        write_literals(&condition->others, out);
    }
    write_bound("min", &condition->min, out);
    write_bound("max", &condition->max, out);
    if (condition->present != FLAG_UNSET) {
        write_name("present", out);
        buffer_text(out, condition->present == FLAG_TRUE ? "true" : "false");
    }
    buffer_byte(out, '}');
}

/* What stands behind the name of a field, in steps that are maps. */
static void write_field(enum step_kind kind, const struct step_field *field, struct buffer *out) {
    switch (kind) {
    case STEP_WHERE: write_condition(&field->condition, out); return;
    case STEP_CAST: buffer_text(out, cast_name(field->cast)); return;
    case STEP_NULL_IF: write_literals(&field->condition.values, out); return;
    case STEP_DEFAULT: write_literal(&field->value, out); return;
    case STEP_RENAME: yaml_text(field->others[0], out); return;
    default: write_texts(field->others, field->other_count, out); return;
    }
}

static void write_map(const struct step_config *step, struct buffer *out) {
    buffer_byte(out, '{');
    for (int i = 0; i < step->field_count; i++) {
        if (i) buffer_text(out, ", ");
        yaml_text(step->fields[i].name, out);
        buffer_text(out, ": ");
        write_field(step->kind, &step->fields[i], out);
    }
    buffer_byte(out, '}');
}

static void write_list(const struct step_config *step, struct buffer *out) {
    buffer_byte(out, '[');
    for (int i = 0; i < step->field_count; i++) {
        if (i) buffer_text(out, ", ");
        yaml_text(step->fields[i].name, out);
    }
    buffer_byte(out, ']');
}

static void write_text(const char *name, const char *text, struct buffer *out) {
    if (!text) return;
    write_name(name, out);
    yaml_text(text, out);
}

static void write_options(const struct step_config *step, struct buffer *out) {
    buffer_text(out, "{fields: ");
    write_list(step, out);
    write_text("text", step->text, out);
    write_text("characters", step->characters, out);
    write_text("with", step->with, out);
    write_bound("otherwise", &step->otherwise, out);
    if (step->key) write_text("key", "***", out);
    buffer_byte(out, '}');
}

void step_write(const struct step_config *step, struct buffer *out) {
    buffer_printf(out, "%s: ", step_name(step->kind));
    switch (step->kind) {
    case STEP_WHERE:
    case STEP_CAST:
    case STEP_NULL_IF:
    case STEP_DEFAULT:
    case STEP_RENAME:
    case STEP_COALESCE: write_map(step, out); return;
    case STEP_STRIP_NON_ASCII:
    case STEP_TRIM:
    case STEP_LOWER:
    case STEP_UPPER:
    case STEP_DROP: write_list(step, out); return;
    case STEP_REMOVE:
    case STEP_REPLACE:
    case STEP_COUNT_SUFFIX:
    case STEP_HASH: write_options(step, out); return;
    case STEP_COUNT: return;
    }
}

/* --- the end --- */

static void release_literals(struct literals *literals) {
    for (int i = 0; i < literals->count; i++) free(literals->items[i].text);
    free(literals->items);
}

static void release_field(struct step_field *field) {
    release_literals(&field->condition.values);
    release_literals(&field->condition.others);
    free(field->condition.min.text);
    free(field->condition.max.text);
    free(field->value.text);
    for (int i = 0; i < field->other_count; i++) free(field->others[i]);
    free(field->others);
    free(field->name);
}

void steps_config_release(struct steps_config *steps) {
    for (int i = 0; i < steps->count; i++) {
        struct step_config *step = &steps->items[i];
        for (int k = 0; k < step->field_count; k++) release_field(&step->fields[k]);
        free(step->fields);
        free(step->text);
        free(step->characters);
        free(step->with);
        free(step->otherwise.text);
        free(step->key);
    }
    free(steps->items);
    *steps = (struct steps_config){0};
}
