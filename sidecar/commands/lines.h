/* lines.h: the lines of several files, one after the other, with their places for messages. "-" is standard
 * input. One thread. */
#ifndef TRIBUTARY_COMMANDS_LINES_H
#define TRIBUTARY_COMMANDS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/span.h"

struct lines {
    char *const *names;
    int count;
    int index;       /* of the file being read; `count` at the end */
    uint64_t number; /* of the line read last, from 1 */
    uint64_t bytes;  /* read so far, line ends included */
    FILE *file;
    char *line;
    size_t capacity;
};

/* `names` must outlive it. Opens nothing yet. */
void lines_init(struct lines *lines, char *const *names, int count);
void lines_release(struct lines *lines);

/* Checks that every file can be opened, and adds up their sizes: 0 when that is not known, as for a pipe. */
bool lines_measure(const struct lines *lines, uint64_t *bytes, struct error *error) MUST_CHECK;

enum lines_result { LINES_READ, LINES_END, LINES_INTERRUPTED, LINES_FAILED };
/* The next line without its end, valid until the next call. LINES_INTERRUPTED when a signal came while it
 * waited for input. */
enum lines_result lines_next(struct lines *lines, struct span *line, struct error *error);

/* The name of a file, as messages have it. */
const char *lines_name(const struct lines *lines, int index);

#endif
