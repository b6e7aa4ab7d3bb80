/* line.h: the lines of a file, of bounded length: getline would take whatever a file without line ends has.
 * Any thread, one at a time for a file. */
#ifndef TRIBUTARY_BASE_LINE_H
#define TRIBUTARY_BASE_LINE_H

#include <stdio.h>
#include <sys/types.h>

enum {
    LINE_BYTES = 16 * 1024 * 1024, /* what a topic takes at most from us, and more than a record may have */
    LINE_TOO_LONG = -2,
};

/* Like getline: *line grows as it must and is to be freed; returns the length with the line's end, -1 at the
 * end of the file or when it cannot be read (ferror); and LINE_TOO_LONG after LINE_BYTES without a line's
 * end. */
ssize_t line_read(char **line, size_t *capacity, FILE *file);

#endif
