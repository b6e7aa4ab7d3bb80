/* lookups.h: the lookups of one batch of events: what each event asks, and what it was answered. It asks
 * nobody itself: for each lookup in the plan's order, lookups_ask puts the events' questions into a
 * lookup_batch, which somebody answers (enquiry.h from Postgres, lookup_table.h from memory). A lookup that
 * is matched by a column of another has no question for an event whose row of that one is missing or null
 * there. One thread at a time.
 *
 *   lookups_add      each event
 *   lookups_ask      each lookup of plan->order; its questions are answered before the next is asked
 *   lookups_result   as often as one likes, until
 *   lookups_reset    forgets everything but the memory */
#ifndef TRIBUTARY_TRANSFORM_LOOKUPS_H
#define TRIBUTARY_TRANSFORM_LOOKUPS_H

#include "transform/lookup.h"
#include "transform/lookups_plan.h"

struct lookups {
    const struct lookups_plan *plan;
    struct arena *arena;
    struct lookup_batch *batches; /* plan->count of them */
    struct value *values;         /* plan->value_count an event */
    int *questions;               /* plan->count an event: its question, or -1 */
    int count, capacity;          /* of events */
};

/* Answers are copied to the arena, which must be reset when this is. */
void lookups_init(struct lookups *lookups, const struct lookups_plan *plan, struct arena *arena);
void lookups_release(struct lookups *lookups);
void lookups_reset(struct lookups *lookups);

/* Adds an event with the plan's values; returns its number, from 0. The texts must live until the reset. */
int lookups_add(struct lookups *lookups, const struct value *values);
/* The questions to one lookup. To ask again changes nothing. */
struct lookup_batch *lookups_ask(struct lookups *lookups, int lookup);

/* The columns of the event's row, in the plan's order, or NULL when there is none. */
const struct value *lookups_result(const struct lookups *lookups, int event, int lookup);
/* The lookup whose `missing` decides about an event: in the order in which they are asked, the first that has
 * no row and does not say keep; -1: none. */
int lookups_missing(const struct lookups *lookups, int event);

#endif
