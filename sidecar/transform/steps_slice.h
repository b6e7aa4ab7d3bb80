/* steps_slice.h: which of an input's steps some fields come from, found by going through the list from its
 * end. Pure; any thread. */
#ifndef TRIBUTARY_TRANSFORM_STEPS_SLICE_H
#define TRIBUTARY_TRANSFORM_STEPS_SLICE_H

#include <stdbool.h>

#include "config/steps.h"

/* The names of fields, each once. */
struct step_names {
    const char **items;
    int count;
};

/* The index of a name, added if it is not there. The text must outlive the names. */
int step_names_add(struct step_names *names, const char *name);
void step_names_release(struct step_names *names);

/* Calls `take` for each step and field on which one of `fields` depends, from the last to the first; for
 * those of `where` too, and for what they depend on, if `filters`. Step and field are indexes. */
void steps_slice(const struct steps_config *steps, const char *const *fields, int field_count, bool filters,
                 void (*take)(void *context, int step, int field), void *context);

#endif
