/* memory.h: allocation that cannot fail. A process that cannot get the memory it has budgeted for ends with a
 * message; its state is in the topics, so ending is safe. Any thread. */
#ifndef TRIBUTARY_BASE_MEMORY_H
#define TRIBUTARY_BASE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *memory_realloc(void *old, size_t size) __attribute__((returns_nonnull));
char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *memory_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
/* printf into a new string; free() it. */
char *memory_printf(const char *format, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

#endif
