#include "base/line.h"

#include "base/memory.h"

enum { LINE_FIRST = 4096 };

static void grow(char **line, size_t *capacity) {
    *capacity = *capacity ? *capacity * 2 : LINE_FIRST;
    *line = memory_realloc(*line, *capacity);
}

ssize_t line_read(char **line, size_t *capacity, FILE *file) {
    size_t len = 0;
    for (int c = 0; c != '\n'; len++) {
        c = getc_unlocked(file);
        if (c == EOF) return len && !ferror(file) ? (ssize_t)len : -1;
        if (len == LINE_BYTES) return LINE_TOO_LONG;
        if (len == *capacity) grow(line, capacity);
        (*line)[len] = (char)c;
    }
    return (ssize_t)len;
}
