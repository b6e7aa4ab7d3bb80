/* step_value.h: values that the pipeline file gives, and how those of events compare with them; and other
 * types for them. Numbers compare as numbers, of any size and to the last digit, texts byte by byte; values
 * of different types are never equal. Pure; one thread at a time. */
#ifndef TRIBUTARY_TRANSFORM_STEP_VALUE_H
#define TRIBUTARY_TRANSFORM_STEP_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "config/steps.h"
#include "event/value.h"
#include "event/zone.h"

/* A value that points into the literal; VALUE_NULL for none. */
struct value step_value_of(const struct literal *literal);

/* The same text for equal numbers, a view that may be into `scratch`; a number that nobody reads (its
 * exponent is too large) stays as it is. */
struct span step_value_canonical(struct span number, struct buffer *scratch);

/* A set of values, in order. */
struct step_values {
    struct value *items; /* numbers in their canonical form */
    int count;
};

/* Everything in the arena. */
struct step_values step_values_of(const struct literals *literals, struct arena *arena);
/* Null is in no set. `scratch` is overwritten. */
bool step_values_have(const struct step_values *values, struct value value, struct buffer *scratch);

enum step_order { STEP_LESS, STEP_EQUAL, STEP_GREATER, STEP_INCOMPARABLE };
/* A number with a number, a text with a text. */
enum step_order step_value_compare(struct value a, struct value b);

/* The value in another type, in the arena where it is new; false when it has none. Null stays null. `zone` is
 * that of times that name none. */
bool step_value_cast(struct value *value, enum cast_type type, const struct zone *zone, struct arena *arena,
                     struct buffer *scratch);
/* "a whole number": what step_value_cast could not make of it. */
const char *step_value_wanted(enum cast_type type);

/* "1.2k" as the number 1200; false for what is no count, which null is not asked about. */
bool step_value_count(struct value *value, struct arena *arena, struct buffer *scratch);

#endif
