/* options.h: the one table of all options of a pipeline file. The reader, the defaults, the messages with
 * their suggestions, the printed pipeline, docs/configuration.md and docs/pipeline.schema.json all come from
 * it: a new option is a new row. Constant data; any thread. */
#ifndef TRIBUTARY_CONFIG_OPTIONS_H
#define TRIBUTARY_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "config/kind.h"

/* A map with fixed keys. Its options are stored in one struct, named here. */
enum section {
    SECTION_PIPELINE,        /* struct pipeline */
    SECTION_KAFKA,           /* struct kafka_config */
    SECTION_TLS,             /* struct tls_config */
    SECTION_SASL,            /* struct sasl_config */
    SECTION_POSTGRES,        /* struct postgres_config */
    SECTION_DEFAULTS,        /* struct input_config, copied into each input */
    SECTION_INPUT,           /* struct input_config */
    SECTION_INPUT_KAFKA,     /* struct input_config */
    SECTION_TIME,            /* struct time_config */
    SECTION_REPARTITION,     /* struct repartition_config */
    SECTION_ATTRIBUTE,       /* struct attribute_config */
    SECTION_WEIGHTS,         /* struct weights_config */
    SECTION_LOOKUP,          /* struct lookup_config */
    SECTION_LOOKUP_CACHE,    /* struct lookup_cache_config */
    SECTION_OUTPUT,          /* struct output_config */
    SECTION_OUTPUT_POSTGRES, /* struct output_config */
    SECTION_DEAD_LETTERS,    /* struct pipeline */
    SECTION_CHANGELOG,       /* struct pipeline */
    SECTION_TELEMETRY,       /* struct pipeline */
    SECTION_LOG,             /* struct pipeline */
    SECTION_COUNT
};

enum need {
    NEED_NONE,
    NEED_ALWAYS,   /* wherever its section is there */
    NEED_IN_TOTAL, /* here or in "defaults" */
};

struct option_row {
    unsigned sections; /* a bit for each section that has it */
    const char *name;
    enum kind kind;
    enum need need;
    bool secret;              /* a password in it is refused when it stands in the file, and printed as *** */
    bool marked;              /* the section's struct begins with a bool: is it in the file? */
    enum section child;       /* for the kinds that are groups of options */
    size_t offset, size;      /* the field in the section's struct; size 0: nowhere */
    const char *fallback;     /* the default, as one would write it; "{pipeline}" is the pipeline's name,
                                 "{input}" the input's */
    const char *otherwise;    /* what holds without it, where that is not a value: "no database" */
    int64_t min, max;         /* of a number, duration or size, both included */
    const char *unit;         /* of a number */
    const char *const *words; /* of a KIND_WORD, in the order of its enum, ending with NULL */
    const char *example;      /* a value, as one would write it on the same line */
    const char *doc;          /* one line of Markdown */
};

struct section_row {
    const char *path; /* "inputs.NAME.kafka"; "" for the file itself */
    const char *doc;  /* Markdown */
};

const struct section_row *options_section(enum section section);
/* The options of a section, one after the other, in the order in which they must be read: start with NULL. */
const struct option_row *options_next(enum section section, const struct option_row *previous);
const struct option_row *options_find(enum section section, const char *name);
/* A section that has an option of this name: its path, or NULL. */
const char *options_elsewhere(const char *name);

/* Appends what its value must be, with range and words: "a duration from 10ms to 5m". */
void options_expected(const struct option_row *option, struct buffer *out);
/* Appends the range of a number, duration or size: "from 1 to 256". */
void options_range(const struct option_row *option, struct buffer *out);

#endif
