#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *got, size_t size) {
    if (got) return got;
    fprintf(stderr, "tributary: out of memory asking for %zu bytes\n", size);
    abort();
}

void *memory_alloc(size_t size) {
    return need(malloc(size ? size : 1), size);
}

void *memory_zalloc(size_t count, size_t size) {
    return need(calloc(count ? count : 1, size ? size : 1), count * size);
}

void *memory_realloc(void *old, size_t size) {
    return need(realloc(old, size ? size : 1), size);
}

char *memory_strdup(const char *text) {
    return memory_strndup(text, strlen(text));
}

char *memory_strndup(const char *text, size_t len) {
    char *copy = memory_alloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *memory_printf(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return need(n < 0 ? NULL : text, 0);
}
