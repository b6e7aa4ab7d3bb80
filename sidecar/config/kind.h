/* kind.h: the kinds of values that options take: what each is called, what it looks like, and what to say to
 * somebody who wrote something else. One pattern serves the reader of the file and the JSON Schema. */
#ifndef TRIBUTARY_CONFIG_KIND_H
#define TRIBUTARY_CONFIG_KIND_H

#include <stdbool.h>
#include <stddef.h>

enum kind {
    /* one text, copied into a char * */
    KIND_TEXT,
    KIND_LABEL, /* what Kafka calls a group or a member */
    KIND_NAME,  /* of a pipeline */
    KIND_TOPIC,
    KIND_FIELD, /* of an event */
    KIND_ZONE,
    KIND_TABLE,
    KIND_LISTEN, /* an address to listen on */
    KIND_SECRET,
    KIND_URL,
    /* one text with a meaning of its own */
    KIND_INTEGER,  /* int or int64_t */
    KIND_DECIMAL,  /* int64_t, billionths */
    KIND_DURATION, /* int64_t, microseconds */
    KIND_SIZE,     /* int64_t, bytes; 0 for "auto" */
    KIND_WORD,     /* an enum: the index among the option's words */
    KIND_START,    /* enum start_at, and start_us of the pipeline */
    KIND_INPUT,    /* int: the index of the input of this name */
    /* shapes with a reader of their own */
    KIND_BY, /* struct source */
    KIND_KEY,
    KIND_MATCH,
    KIND_PRIMARY_KEY,
    KIND_COLUMNS,
    KIND_PROPERTIES,
    KIND_COMMAND, /* char **, ending with NULL */
    /* groups of options */
    KIND_SECTION,
    KIND_DEFAULTS, /* a section for all inputs */
    KIND_INPUTS,   /* a map of names to sections */
    KIND_LOOKUPS,  /* a map of names to sections */
    KIND_OUTPUTS,  /* a list of sections */
    /* parts of the shapes */
    KIND_INPUT_NAME,
    KIND_COLUMN,
    KIND_SOURCE,
    KIND_COUNT
};

struct kind_rule {
    const char *label;    /* for tables: "duration" */
    const char *expected; /* for messages: "a duration" */
    const char *pattern;  /* a regular expression, both POSIX extended and ECMAScript; NULL: none */
    size_t max;           /* bytes; 0: no bound */
    const char *doc;      /* how to write it, as Markdown; NULL where that is plain */
};

const struct kind_rule *kind_rule(enum kind kind);
/* Is a value of this kind stored as a char *? */
bool kind_is_text(enum kind kind);
/* Does the text fit the pattern and the length, without control characters? Never true for an empty text. */
bool kind_matches(enum kind kind, const char *text);

#endif
