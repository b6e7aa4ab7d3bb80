/* problem.h: everything that is wrong with one pipeline file, collected while reading it and printed at the
 * end, in the order of the file: "file:line:column: message", and below it "  hint: …" where there is one.
 * Messages never hold the value of a variable. One thread at a time. */
#ifndef TRIBUTARY_CONFIG_PROBLEM_H
#define TRIBUTARY_CONFIG_PROBLEM_H

#include <stdio.h>

#include "base/buffer.h"
#include "config/pipeline.h"

struct problem {
    struct position position;
    int order;            /* the how-manieth it is: keeps problems of one position in order */
    char *message, *hint; /* hint may be NULL */
};

struct problems {
    struct problem *items;
    int count, capacity;
};

void problems_init(struct problems *problems);
void problems_release(struct problems *problems);

void problems_add(struct problems *problems, struct position position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The hint of the problem added last, which must have none yet. */
void problems_hint(struct problems *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends text from the file as it may appear in a message: in quotes, escaped, and cut to a length fit to
 * read. */
void problems_quote(struct span text, struct buffer *out);

/* Sorts them by position and writes one or two lines each; `file` is the name to put in front. */
void problems_print(struct problems *problems, const char *file, FILE *out);

#endif
