/* steps.h: the cleaning steps of an input as the file has them: what is done to each event's fields before
 * its time, its key and its columns are taken, in the order of the list. Plain data, immutable once read; any
 * thread. What each step does is defined in docs/steps.md. */
#ifndef TRIBUTARY_CONFIG_STEPS_H
#define TRIBUTARY_CONFIG_STEPS_H

#include "base/buffer.h"
#include "config/position.h"

/* In the order of the options in options.c. */
enum step_kind {
    STEP_WHERE,
    STEP_STRIP_NON_ASCII,
    STEP_REMOVE,
    STEP_REPLACE,
    STEP_TRIM,
    STEP_LOWER,
    STEP_UPPER,
    STEP_COUNT_SUFFIX,
    STEP_CAST,
    STEP_NULL_IF,
    STEP_DEFAULT,
    STEP_RENAME,
    STEP_COALESCE,
    STEP_DROP,
    STEP_HASH,
    STEP_COUNT,
};

enum cast_type {
    CAST_INT,
    CAST_DECIMAL,
    CAST_TEXT,
    CAST_BOOL,
    CAST_TIMESTAMP,
    CAST_EPOCH_S,
    CAST_EPOCH_MS,
    CAST_EPOCH_US,
};

enum flag { FLAG_UNSET, FLAG_TRUE, FLAG_FALSE };

/* A value that the file gives. */
enum literal_type { LITERAL_NONE, LITERAL_TEXT, LITERAL_NUMBER, LITERAL_BOOL };

struct literal {
    enum literal_type type;
    char *text; /* of a number: as JSON has it; of a boolean: "true" or "false" */
};

struct literals {
    struct literal *items;
    int count;
};

/* What a field must be like. All that is given must hold. */
struct condition {
    struct literals values, others; /* one of these, none of those; count 0: not given */
    struct literal min, max;        /* both included */
    enum flag present;
};

/* One field that a step is about, and what is done with it, as far as that differs from field to field. */
struct step_field {
    char *name;
    struct position position;
    struct condition condition; /* where; for null_if its `values` */
    struct literal value;       /* default */
    enum cast_type cast;
    char **others; /* rename: the new name; coalesce: where the field's value comes from */
    int other_count;
};

struct step_config {
    enum step_kind kind;
    struct position position;
    struct step_field *fields;
    int field_count;
    char *text, *characters, *with; /* of remove and replace; NULL: not given */
    struct literal otherwise;       /* of count_suffix */
    char *key;                      /* of hash: a secret; NULL: none */
};

struct steps_config {
    struct step_config *items;
    int count;
};

/* "strip_non_ascii". */
const char *step_name(enum step_kind kind);
/* The step of this name, or STEP_COUNT. */
enum step_kind step_of_name(const char *name);
/* "epoch_ms". */
const char *cast_name(enum cast_type type);
/* Whether two different values of the field may become the same by it: not so where it only gets another
 * name, another form or another type that keeps what it says. */
bool step_merges(const struct step_config *step, const struct step_field *field);

/* Appends the step as one item of a YAML list, without its dash: `cast: {index: int}`. A secret is ***. */
void step_write(const struct step_config *step, struct buffer *out);

void steps_config_release(struct steps_config *steps);

#endif
