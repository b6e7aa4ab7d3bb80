/* buffer.h: a growing run of bytes, for building messages, rows and blocks. One thread at a time. */
#ifndef TRIBUTARY_BASE_BUFFER_H
#define TRIBUTARY_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buffer {
    char *data;
    size_t len, capacity;
};

void buffer_init(struct buffer *buffer);
void buffer_release(struct buffer *buffer);
/* Empties it and keeps its memory. */
static inline void buffer_clear(struct buffer *buffer) {
    buffer->len = 0;
}

/* Room for `more` further bytes; the place where they go. The caller then adds to len. */
char *buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *data, size_t len);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_span(struct buffer *buffer, struct span text);
void buffer_byte(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Big-endian, as Postgres' binary formats want it. */
void buffer_be32(struct buffer *buffer, uint32_t value);
/* The text as a JSON string with its quotes; control characters escaped. The text must be UTF-8. */
void buffer_json(struct buffer *buffer, struct span text);
/* A terminated view: a NUL is put behind the last byte without counting it. */
const char *buffer_string(struct buffer *buffer);

static inline struct span buffer_view(const struct buffer *buffer) {
    return (struct span){buffer->data, buffer->len};
}

#endif
