#include "transform/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/memory.h"
#include "event/excerpt.h"
#include "transform/step_text.h"
#include "transform/step_value.h"
#include "transform/steps_slice.h"

/* What all steps together may make of one event; one value more at most comes on top. */
enum { MADE_MAX = 4 * DECODER_RECORD_MAX };

struct compiled_condition {
    struct step_values values, others;
    struct value min, max; /* VALUE_NULL: not given */
    enum flag present;
};

/* One field of one step. */
struct operation {
    enum step_kind kind;
    int step; /* from 1 */
    bool for_time;
    const struct step_config *config;
    const struct step_field *about;
    int field;   /* index among the program's names */
    int *others; /* rename: the new name; coalesce: its choices */
    struct compiled_condition condition;
    struct value value;    /* default, otherwise */
    struct digest *digest; /* of this step's first field; shared by the others */
};

struct program {
    struct operation *operations;
    int count;
    bool thorough;
    struct step_names names;
    struct zone *zone;     /* of times that name none; NULL unless there is such a cast */
    struct arena constant; /* what compiling made */
    struct arena arena;    /* what the present event's values lie in */
    struct buffer scratch;
};

/* The event in hand. */
struct run {
    struct program *program;
    struct value *values;
    const int *slots;
    char *detail;
    size_t detail_size;
};

enum verdict { DONE, FILTERED, FAILED };

/* --- running --- */

static struct value *value_of(const struct run *run, int name) {
    return &run->values[run->slots[name]];
}

/* `step 3, cast: field "index": …` */
static __attribute__((format(printf, 3, 4))) enum verdict
fail(struct run *run, const struct operation *operation, const char *format, ...) {
    char name[EXCERPT_MAX];
    va_list args;
    int len = snprintf(run->detail, run->detail_size, "step %d, %s: field %s", operation->step,
                       step_name(operation->kind), excerpt_quoted(span_of(operation->about->name), name));
    va_start(args, format);
    if (len > 0 && (size_t)len < run->detail_size)
        vsnprintf(run->detail + len, run->detail_size - (size_t)len, format, args);
    va_end(args);
    return FAILED;
}

static const char *shown(struct value value, char *out) {
    return value.type == VALUE_STRING ? excerpt_quoted(value.text, out) : excerpt_plain(value.text, out);
}

static enum verdict fail_value(struct run *run, const struct operation *operation, struct value value,
                               const char *wanted) {
    char text[EXCERPT_MAX];
    if (value.type == VALUE_JSON) return fail(run, operation, " is %s, not %s", value_kind(value), wanted);
    return fail(run, operation, ": %s is not %s", shown(value, text), wanted);
}

/* 1: holds; 0: does not; -1: cannot be told. */
static int holds_bound(struct value value, struct value bound, enum step_order beyond) {
    if (bound.type == VALUE_NULL) return 1;
    if (value.type == VALUE_NULL) return 0;
    enum step_order order = step_value_compare(value, bound);
    return order == STEP_INCOMPARABLE ? -1 : order != beyond;
}

static bool holds_rest(const struct compiled_condition *condition, struct value value,
                       struct buffer *scratch) {
    bool is_null = value.type == VALUE_NULL;
    if (condition->present != FLAG_UNSET && is_null == (condition->present == FLAG_TRUE)) return false;
    if (condition->values.count && !step_values_have(&condition->values, value, scratch)) return false;
    return !condition->others.count || !step_values_have(&condition->others, value, scratch);
}

static enum verdict run_where(struct run *run, const struct operation *operation) {
    const struct compiled_condition *condition = &operation->condition;
    struct value value = *value_of(run, operation->field);
    char text[EXCERPT_MAX], bound[EXCERPT_MAX];
    if (!holds_rest(condition, value, &run->program->scratch)) return FILTERED;
    int min = holds_bound(value, condition->min, STEP_LESS),
        max = holds_bound(value, condition->max, STEP_GREATER);
    if (min >= 0 && max >= 0) return min && max ? DONE : FILTERED;
    return fail(run, operation, ": %s cannot be compared with %s", shown(value, text),
                shown(min < 0 ? condition->min : condition->max, bound));
}

static enum verdict run_replace(struct run *run, const struct operation *operation, struct value *value) {
    const struct step_config *config = operation->config;
    if (step_text_replace(value->text, span_of(config->text), span_of(config->with), DECODER_RECORD_MAX,
                          &run->program->arena, &value->text))
        return DONE;
    return fail(run, operation, " would become longer than %d bytes", DECODER_RECORD_MAX);
}

/* Numbers and booleans have nothing in them to clean. */
static enum verdict run_text(struct run *run, const struct operation *operation, struct value *value) {
    struct arena *arena = &run->program->arena;
    const struct step_config *config = operation->config;
    if (value->type == VALUE_JSON) return fail_value(run, operation, *value, "a text");
    if (value->type != VALUE_STRING) return DONE;
    switch (operation->kind) {
    case STEP_STRIP_NON_ASCII: value->text = step_text_strip(value->text, arena); return DONE;
    case STEP_REMOVE:
        value->text = config->text ? step_text_remove(value->text, span_of(config->text), arena)
                                   : step_text_remove_any(value->text, span_of(config->characters), arena);
        return DONE;
    case STEP_REPLACE: return run_replace(run, operation, value);
    case STEP_TRIM: value->text = step_text_trim(value->text); return DONE;
    default: value->text = step_text_letters(value->text, operation->kind == STEP_UPPER, arena); return DONE;
    }
}

static enum verdict run_count(struct run *run, const struct operation *operation, struct value *value) {
    struct program *program = run->program;
    if (value->type == VALUE_NULL || step_value_count(value, &program->arena, &program->scratch)) return DONE;
    if (operation->value.type == VALUE_NULL) return fail_value(run, operation, *value, "a count such as 12k");
    *value = operation->value;
    return DONE;
}

static enum verdict run_cast(struct run *run, const struct operation *operation, struct value *value) {
    struct program *program = run->program;
    enum cast_type type = operation->about->cast;
    if (step_value_cast(value, type, program->zone, &program->arena, &program->scratch)) return DONE;
    return fail_value(run, operation, *value, step_value_wanted(type));
}

static enum verdict run_rename(struct run *run, const struct operation *operation, struct value *value) {
    if (value->type == VALUE_NULL) return DONE;
    *value_of(run, operation->others[0]) = *value;
    *value = (struct value){.type = VALUE_NULL};
    return DONE;
}

static enum verdict run_coalesce(struct run *run, const struct operation *operation, struct value *value) {
    struct value first = {.type = VALUE_NULL};
    for (int i = 0; i < operation->about->other_count && first.type == VALUE_NULL; i++)
        first = *value_of(run, operation->others[i]);
    *value = first;
    return DONE;
}

/* Equal numbers have one hash, that of their shortest text. */
static enum verdict run_hash(struct run *run, const struct operation *operation, struct value *value) {
    struct program *program = run->program;
    struct value number = *value;
    if (value->type == VALUE_NULL) return DONE;
    if (value->type == VALUE_JSON)
        return fail(run, operation, " is %s, not a text, a number or a boolean", value_kind(*value));
    if (value->type == VALUE_NUMBER) number.text = step_value_canonical(value->text, &program->scratch);
    char *text = arena_bytes(&program->arena, DIGEST_TEXT);
    digest_text(operation->digest, number.text, text);
    *value = (struct value){VALUE_STRING, {text, DIGEST_TEXT}};
    return DONE;
}

static enum verdict run_operation(struct run *run, const struct operation *operation) {
    struct value *value = value_of(run, operation->field);
    switch (operation->kind) {
    case STEP_WHERE: return run_where(run, operation);
    case STEP_STRIP_NON_ASCII:
    case STEP_REMOVE:
    case STEP_REPLACE:
    case STEP_TRIM:
    case STEP_LOWER:
    case STEP_UPPER: return run_text(run, operation, value);
    case STEP_COUNT_SUFFIX: return run_count(run, operation, value);
    case STEP_CAST: return run_cast(run, operation, value);
    case STEP_NULL_IF:
        if (step_values_have(&operation->condition.values, *value, &run->program->scratch))
            *value = (struct value){.type = VALUE_NULL};
        return DONE;
    case STEP_DEFAULT:
        if (value->type == VALUE_NULL) *value = operation->value;
        return DONE;
    case STEP_RENAME: return run_rename(run, operation, value);
    case STEP_COALESCE: return run_coalesce(run, operation, value);
    case STEP_DROP: *value = (struct value){.type = VALUE_NULL}; return DONE;
    case STEP_HASH: return run_hash(run, operation, value);
    case STEP_COUNT: break;
    }
    return DONE;
}

static enum verdict run_bounded(struct run *run, const struct operation *operation) {
    if (run->program->arena.used <= MADE_MAX) return run_operation(run, operation);
    return fail(run, operation, ": the steps before have made more than %d bytes of this event", MADE_MAX);
}

static enum outcome apply(void *context, struct value *values, const int *slots, int *filtered_by,
                          char *detail, size_t detail_size) {
    struct program *program = context;
    struct run run = {program, values, slots, detail, detail_size};
    if (program->arena.used) arena_reset(&program->arena);
    for (int i = 0; i < program->count; i++) {
        const struct operation *operation = &program->operations[i];
        bool optional = *filtered_by && !operation->for_time;
        if (optional && !program->thorough) continue;
        switch (run_bounded(&run, operation)) {
        case DONE: break;
        case FILTERED:
            if (!*filtered_by) *filtered_by = operation->step;
            break;
        case FAILED:
            if (!optional) return OUTCOME_STEP_FAILED;
            detail[0] = '\0';
            break;
        }
    }
    return *filtered_by ? OUTCOME_FILTERED : OUTCOME_COUNT;
}

/* --- compiling --- */

static void program_free(void *context) {
    struct program *program = context;
    for (int i = 0; i < program->count; i++)
        if (i == 0 || program->operations[i].digest != program->operations[i - 1].digest)
            digest_free(program->operations[i].digest);
    free(program->operations);
    step_names_release(&program->names);
    zone_free(program->zone);
    arena_release(&program->constant);
    arena_release(&program->arena);
    buffer_release(&program->scratch);
    free(program);
}

/* For each step and field of an input: whether it is wanted. */
struct marks {
    const struct steps_config *steps;
    int *first; /* of each step: the index of its first field */
    bool *marks;
    int count;
};

static struct marks marks_new(const struct steps_config *steps) {
    struct marks marks = {steps, memory_zalloc((size_t)steps->count, sizeof *marks.first), NULL, 0};
    for (int i = 0; i < steps->count; i++) {
        marks.first[i] = marks.count;
        marks.count += steps->items[i].field_count;
    }
    marks.marks = memory_zalloc((size_t)marks.count, sizeof *marks.marks);
    return marks;
}

static void marks_release(struct marks *marks) {
    free(marks->first);
    free(marks->marks);
}

static void mark(void *context, int step, int field) {
    struct marks *marks = context;
    marks->marks[marks->first[step] + field] = true;
}

static struct compiled_condition compile_condition(struct program *program,
                                                   const struct condition *condition) {
    return (struct compiled_condition){
        .values = step_values_of(&condition->values, &program->constant),
        .others = step_values_of(&condition->others, &program->constant),
        .min = step_value_of(&condition->min),
        .max = step_value_of(&condition->max),
        .present = condition->present,
    };
}

/* The fields of one step follow each other and share what is computed with its key. */
static struct digest *digest_of(const struct program *program, const struct step_config *config) {
    const struct operation *last = program->count ? &program->operations[program->count - 1] : NULL;
    if (config->kind != STEP_HASH) return NULL;
    return last && last->config == config ? last->digest : digest_new(config->key);
}

static void compile(struct program *program, int step, const struct step_config *config,
                    const struct step_field *about, bool for_time) {
    const struct literal *value = config->kind == STEP_DEFAULT ? &about->value : &config->otherwise;
    struct operation operation = {
        .kind = config->kind,
        .step = step,
        .for_time = for_time,
        .config = config,
        .about = about,
        .field = step_names_add(&program->names, about->name),
        .others = arena_alloc(&program->constant, (size_t)about->other_count * sizeof(int)),
        .condition = compile_condition(program, &about->condition),
        .value = step_value_of(value),
        .digest = digest_of(program, config),
    };
    for (int i = 0; i < about->other_count; i++)
        operation.others[i] = step_names_add(&program->names, about->others[i]);
    program->operations[program->count++] = operation;
}

static bool needs_zone(const struct program *program) {
    for (int i = 0; i < program->count; i++)
        if (program->operations[i].kind == STEP_CAST && program->operations[i].about->cast == CAST_TIMESTAMP)
            return true;
    return false;
}

/* The fields that the decoder was asked for. */
static struct step_names wanted_by(const struct decoder_options *options) {
    struct step_names wanted = {0};
    for (int i = 0; i < options->field_count; i++) step_names_add(&wanted, options->fields[i]);
    for (int i = 0; i < options->key_count; i++) step_names_add(&wanted, options->key_fields[i]);
    step_names_add(&wanted, options->time->field);
    return wanted;
}

static struct program *program_new(const struct decoder_options *options, const struct steps_config *steps,
                                   enum steps_scope scope) {
    struct program *program = memory_zalloc(1, sizeof *program);
    struct marks used = marks_new(steps), for_time = marks_new(steps);
    struct step_names wanted = wanted_by(options);
    const char *time_field = options->time->field;
    program->operations = memory_zalloc((size_t)used.count, sizeof *program->operations);
    program->thorough = scope == STEPS_THOROUGH;
    arena_init(&program->constant);
    arena_init(&program->arena);
    buffer_init(&program->scratch);
    steps_slice(steps, &time_field, 1, false, mark, &for_time);
    steps_slice(steps, wanted.items, wanted.count, scope == STEPS_FIELDS_FILTERED, mark, &used);
    bool all = scope == STEPS_ALL || scope == STEPS_THOROUGH;
    for (int i = 0; i < steps->count; i++)
        for (int k = 0; k < steps->items[i].field_count; k++)
            if (all || used.marks[used.first[i] + k])
                compile(program, i + 1, &steps->items[i], &steps->items[i].fields[k],
                        for_time.marks[for_time.first[i] + k]);
    marks_release(&used);
    marks_release(&for_time);
    step_names_release(&wanted);
    return program;
}

struct decoder *steps_decoder_new(const struct decoder_options *options, const struct input_config *input,
                                  enum steps_scope scope, struct error *error) {
    struct decoder_options hooked = *options;
    if (!input->steps || !input->steps->count) return decoder_new(options, error);
    struct program *program = program_new(options, input->steps, scope);
    if (needs_zone(program) && !(program->zone = zone_load(input->time.zone, error))) {
        program_free(program);
        return NULL;
    }
    hooked.hook = (struct decoder_hook){.fields = program->names.items,
                                        .field_count = program->names.count,
                                        .apply = apply,
                                        .free = program_free,
                                        .context = program};
    if (program->count) return decoder_new(&hooked, error);
    program_free(program);
    return decoder_new(options, error);
}

void steps_mark(const struct input_config *input, const char *const *fields, int field_count, bool filters,
                bool *used) {
    struct marks marks = marks_new(input->steps);
    steps_slice(input->steps, fields, field_count, filters, mark, &marks);
    for (int i = 0; i < input->steps->count; i++)
        for (int k = 0; k < input->steps->items[i].field_count; k++)
            used[i] |= marks.marks[marks.first[i] + k];
    marks_release(&marks);
}
