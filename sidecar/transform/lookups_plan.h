/* lookups_plan.h: the lookups of a pipeline compiled for asking: which values of an event they need, which
 * columns are wanted of each, and in which order they are asked, since one may be matched by columns of
 * another. Built by one thread, immutable afterwards; then any thread. The pipeline must outlive it. */
#ifndef TRIBUTARY_TRANSFORM_LOOKUPS_PLAN_H
#define TRIBUTARY_TRANSFORM_LOOKUPS_PLAN_H

#include "config/pipeline.h"

/* Where a part of a question comes from. */
struct lookup_part {
    int lookup; /* -1: the event itself */
    int index;  /* into the plan's values, or into the columns of that lookup */
};

struct lookup_plan {
    const struct lookup_config *config;
    bool wanted;
    struct lookup_part *match; /* config->match_count of them, once it is wanted */
    const char **columns;      /* to fetch */
    int column_count;
};

struct lookups_plan {
    const struct pipeline *pipeline;
    struct lookup_plan *items; /* in the pipeline's order */
    int count;
    const struct source **values; /* what an event must give: fields of it, each once */
    int value_count;
    int *order; /* those that are wanted, each behind those that it is matched by */
    int order_count;
};

/* Nothing is wanted yet. */
struct lookups_plan *lookups_plan_new(const struct pipeline *pipeline);
void lookups_plan_free(struct lookups_plan *plan);

/* Wants a lookup, and with it all those that it is matched by. */
void lookups_plan_want(struct lookups_plan *plan, int lookup);
/* Wants a column too. Returns its index among those of the lookup. */
int lookups_plan_column(struct lookups_plan *plan, int lookup, const char *column);

#endif
