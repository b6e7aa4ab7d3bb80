#include "transform/steps_slice.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int find_name(const struct step_names *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0) return i;
    return -1;
}

int step_names_add(struct step_names *names, const char *name) {
    int index = find_name(names, name);
    if (index >= 0) return index;
    names->items = memory_realloc(names->items, (size_t)(names->count + 1) * sizeof *names->items);
    names->items[names->count] = name;
    return names->count++;
}

void step_names_release(struct step_names *names) {
    free(names->items);
    *names = (struct step_names){0};
}

static void remove_name(struct step_names *names, const char *name) {
    int index = find_name(names, name);
    if (index >= 0) names->items[index] = names->items[--names->count];
}

/* `needed` are the fields whose values behind the step count; afterwards those whose values before it do. */
static bool step_back(const struct step_config *step, const struct step_field *field, bool filters,
                      struct step_names *needed) {
    bool is_needed = find_name(needed, field->name) >= 0;
    switch (step->kind) {
    case STEP_WHERE:
        if (filters) step_names_add(needed, field->name);
        return filters;
    case STEP_RENAME:
        /* Where the old field is null the new one stays as it is. */
        if (find_name(needed, field->others[0]) < 0) return is_needed;
        step_names_add(needed, field->name);
        return true;
    case STEP_COALESCE:
        if (!is_needed) return false;
        remove_name(needed, field->name);
        for (int i = 0; i < field->other_count; i++) step_names_add(needed, field->others[i]);
        return true;
    case STEP_DROP: remove_name(needed, field->name); return is_needed;
    default: return is_needed;
    }
}

void steps_slice(const struct steps_config *steps, const char *const *fields, int field_count, bool filters,
                 void (*take)(void *context, int step, int field), void *context) {
    struct step_names needed = {0};
    for (int i = 0; i < field_count; i++) step_names_add(&needed, fields[i]);
    for (int s = steps->count - 1; s >= 0; s--)
        for (int f = steps->items[s].field_count - 1; f >= 0; f--)
            if (step_back(&steps->items[s], &steps->items[s].fields[f], filters, &needed))
                take(context, s, f);
    step_names_release(&needed);
}
