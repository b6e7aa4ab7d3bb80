/* What can be said of steps by going through them in their order: which fields are there, and who needs one
 * that is not. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

/* A field that an earlier step has taken away. */
struct gone {
    const char *name;
    int step; /* from 1 */
    const struct step_config *config;
    const struct step_field *by;
};

struct flow {
    struct reader *reader;
    const struct steps_config *steps;
    struct gone *gone;
    int gone_count;
};

static const struct gone *find_gone(const struct flow *flow, const char *name) {
    for (int i = 0; i < flow->gone_count; i++)
        if (strcmp(flow->gone[i].name, name) == 0) return &flow->gone[i];
    return NULL;
}

static void take_away(struct flow *flow, const char *name, int step, const struct step_config *config,
                      const struct step_field *by) {
    flow->gone[flow->gone_count++] = (struct gone){name, step, config, by};
}

static void bring_back(struct flow *flow, const char *name) {
    const struct gone *found = find_gone(flow, name);
    if (found) flow->gone[found - flow->gone] = flow->gone[--flow->gone_count];
}

static void hint_new_name(struct flow *flow, const struct gone *gone) {
    if (gone->config->kind == STEP_RENAME && gone->by->other_count)
        problems_hint(flow->reader->problems, "its new name is %s",
                      node_quote(gone->by->others[0], flow->reader->arena));
}

static void need(struct flow *flow, const struct step_field *field, const char *name) {
    const struct gone *gone = find_gone(flow, name);
    if (!gone) return;
    problems_add(flow->reader->problems, field->position,
                 "the field %s is not there any more: step %d (%s) has taken it away",
                 node_quote(name, flow->reader->arena), gone->step, step_name(gone->config->kind));
    hint_new_name(flow, gone);
}

static bool is_a_new_name(const struct step_config *step, const char *name, const struct step_field *but) {
    for (int i = 0; i < step->field_count; i++)
        if (&step->fields[i] != but && step->fields[i].other_count &&
            strcmp(step->fields[i].others[0], name) == 0)
            return true;
    return false;
}

static void check_rename(struct flow *flow, const struct step_config *step, const struct step_field *field) {
    struct reader *reader = flow->reader;
    if (!field->other_count) return; /* has been reported */
    const char *shown = node_quote(field->others[0], reader->arena);
    if (strcmp(field->others[0], field->name) == 0)
        problems_add(reader->problems, field->position, "the field %s gets the name that it has", shown);
    else if (is_a_new_name(step, field->others[0], field))
        problems_add(reader->problems, field->position, "two fields get the name %s", shown);
    else if (is_a_new_name(step, field->name, field)) {
        problems_add(reader->problems, field->position, "%s is an old and a new name in one step",
                     node_quote(field->name, reader->arena));
        problems_hint(reader->problems, "make it two steps, so that their order is plain");
    }
}

static void check_bounds(struct flow *flow, const struct step_field *field) {
    const struct literal *min = &field->condition.min, *max = &field->condition.max;
    const struct literal *bad = min->type == LITERAL_BOOL ? min : max->type == LITERAL_BOOL ? max : NULL;
    if (bad)
        problems_add(flow->reader->problems, field->position, "a bound must be a number or a text, not %s",
                     bad->text);
    else if (min->type && max->type && min->type != max->type)
        problems_add(flow->reader->problems, field->position,
                     "\"min\" and \"max\" must both be numbers or both be texts");
}

static void follow_field(struct flow *flow, int number, const struct step_config *step,
                         const struct step_field *field) {
    if (step->kind == STEP_COALESCE) {
        for (int i = 0; i < field->other_count; i++) need(flow, field, field->others[i]);
        bring_back(flow, field->name);
        return;
    }
    need(flow, field, field->name);
    if (step->kind == STEP_WHERE) check_bounds(flow, field);
    if (step->kind == STEP_RENAME) check_rename(flow, step, field);
    if (step->kind != STEP_RENAME && step->kind != STEP_DROP) return;
    if (!find_gone(flow, field->name)) take_away(flow, field->name, number, step, field);
    if (field->other_count) bring_back(flow, field->others[0]);
}

static struct flow follow(struct reader *reader, struct reader *silent, const struct steps_config *steps) {
    int fields = 0;
    for (int i = 0; i < steps->count; i++) fields += steps->items[i].field_count;
    struct flow flow = {silent ? silent : reader, steps, memory_zalloc((size_t)fields, sizeof *flow.gone), 0};
    for (int i = 0; i < steps->count; i++)
        for (int k = 0; k < steps->items[i].field_count; k++)
            follow_field(&flow, i + 1, &steps->items[i], &steps->items[i].fields[k]);
    return flow;
}

/* --- who needs what is left --- */

static void need_after(struct flow *flow, const struct input_config *input, const char *name,
                       const char *what) {
    const struct gone *gone = name ? find_gone(flow, name) : NULL;
    if (!gone) return;
    problems_add(flow->reader->problems, gone->by->position,
                 "step %d (%s) takes the field %s away, but %s of the input \"%s\" needs it", gone->step,
                 step_name(gone->config->kind), node_quote(name, flow->reader->arena), what, input->name);
    hint_new_name(flow, gone);
}

static void need_by_key(struct flow *flow, const struct input_config *input) {
    const struct attribute_config *attribute = &flow->reader->pipeline->attribute;
    bool touches = input - flow->reader->pipeline->inputs == attribute->touches;
    char *const *key = touches ? attribute->touch_key : attribute->conversion_key;
    for (int i = 0; key && i < attribute->key_count; i++)
        need_after(flow, input, key[i], "\"attribute.key\"");
}

static bool is_of(const struct flow *flow, const struct input_config *input, const struct source *source) {
    bool touches = input - flow->reader->pipeline->inputs == flow->reader->pipeline->attribute.touches;
    return source->field && source->kind == (touches ? SOURCE_TOUCH : SOURCE_CONVERSION);
}

static void need_by_rows(struct flow *flow, const struct input_config *input) {
    const struct pipeline *pipeline = flow->reader->pipeline;
    for (int i = 0; i < pipeline->lookup_count; i++) {
        const struct lookup_config *lookup = &pipeline->lookups[i];
        const char *what = arena_printf(flow->reader->arena, "the lookup \"%s\"", lookup->name).data;
        for (int k = 0; k < lookup->match_count; k++)
            if (is_of(flow, input, &lookup->match[k])) need_after(flow, input, lookup->match[k].field, what);
    }
    for (int i = 0; i < pipeline->output_count; i++) {
        for (int k = 0; k < pipeline->outputs[i].column_count; k++) {
            const struct column_config *column = &pipeline->outputs[i].columns[k];
            const char *what = arena_printf(flow->reader->arena, "the column \"%s\"", column->name).data;
            if (is_of(flow, input, &column->source)) need_after(flow, input, column->source.field, what);
        }
    }
}

/* --- keys and partitions --- */

static bool is_in_key(const struct flow *flow, const struct input_config *input, const char *name) {
    const struct attribute_config *attribute = &flow->reader->pipeline->attribute;
    bool touches = input - flow->reader->pipeline->inputs == attribute->touches;
    char *const *key = touches ? attribute->touch_key : attribute->conversion_key;
    for (int i = 0; key && i < attribute->key_count; i++)
        if (key[i] && strcmp(key[i], name) == 0) return true;
    return false;
}

/* Values that become equal by a step lie where the producer's partitioner put them before. */
static void check_partitioned(struct flow *flow, const struct input_config *input) {
    const char *name = input->partitioned_by;
    if (!name || !is_in_key(flow, input, name)) return;
    for (int i = 0; i < flow->steps->count; i++) {
        const struct step_config *step = &flow->steps->items[i];
        for (int k = 0; k < step->field_count; k++) {
            if (strcmp(step->fields[k].name, name) != 0 || !step_merges(step, &step->fields[k])) continue;
            problems_add(
                flow->reader->problems, step->fields[k].position,
                "step %d (%s) can make different values of %s equal, but the input \"%s\" is partitioned "
                "by it as the producer wrote it: events that then have one key lie in several "
                "partitions",
                i + 1, step_name(step->kind), node_quote(name, flow->reader->arena), input->name);
            problems_hint(flow->reader->problems,
                          "let Tributary key the records after the steps: \"repartition\" in place of "
                          "\"partitioned_by\"; or leave \"partitioned_by\" out if there is one partition");
            return;
        }
    }
}

/* A time that a step has written as text is text. */
static void check_time(struct flow *flow, const struct input_config *input) {
    const struct step_field *cast = NULL;
    const char *name = input->time.field;
    for (int i = 0; name && i < flow->steps->count; i++) {
        const struct step_config *step = &flow->steps->items[i];
        for (int k = 0; k < step->field_count; k++)
            if (step->kind == STEP_CAST && step->fields[k].cast >= CAST_TIMESTAMP &&
                strcmp(step->fields[k].name, name) == 0)
                cast = &step->fields[k];
    }
    if (!cast || input->time.format == TIME_FORMAT_ISO) return;
    problems_add(flow->reader->problems, cast->position,
                 "a step casts %s, the time of the input \"%s\", but \"time.format\" expects a number",
                 node_quote(name, flow->reader->arena), input->name);
    problems_hint(flow->reader->problems, "leave out one of them: what has been cast is read by format: iso");
}

void reader_steps_check(struct reader *reader) {
    const struct pipeline *pipeline = reader->pipeline;
    for (int i = 0; i < pipeline->step_list_count; i++) {
        struct flow flow = follow(reader, NULL, pipeline->step_lists[i]);
        free(flow.gone);
    }
    for (int i = 0; i < pipeline->input_count; i++) {
        const struct input_config *input = &pipeline->inputs[i];
        struct problems ignored;
        struct reader silent = *reader;
        if (!input->steps) continue;
        problems_init(&ignored);
        silent.problems = &ignored; /* has been reported above, once for all that share the list */
        struct flow flow = follow(reader, &silent, input->steps);
        flow.reader = reader;
        need_after(&flow, input, input->time.field, "\"time.field\"");
        need_by_key(&flow, input);
        if (input->repartition.present && input->repartition.by.kind != SOURCE_LOOKUP)
            need_after(&flow, input, input->repartition.by.field, "\"repartition.by\"");
        if (pipeline->attribute.touches >= 0) need_by_rows(&flow, input);
        check_partitioned(&flow, input);
        check_time(&flow, input);
        free(flow.gone);
        problems_release(&ignored);
    }
}
