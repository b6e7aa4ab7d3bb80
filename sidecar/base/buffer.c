#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

void buffer_init(struct buffer *buffer) {
    *buffer = (struct buffer){0};
}

void buffer_release(struct buffer *buffer) {
    free(buffer->data);
    buffer_init(buffer);
}

char *buffer_reserve(struct buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->len < more) {
        size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
        while (capacity - buffer->len < more) capacity *= 2;
        buffer->data = memory_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

void buffer_append(struct buffer *buffer, const void *data, size_t len) {
    if (!len) return;
    memcpy(buffer_reserve(buffer, len), data, len);
    buffer->len += len;
}

void buffer_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void buffer_span(struct buffer *buffer, struct span text) {
    buffer_append(buffer, text.data, text.len);
}

void buffer_byte(struct buffer *buffer, char byte) {
    *buffer_reserve(buffer, 1) = byte;
    buffer->len++;
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t len = n > 0 ? (size_t)n : 0;
    vsnprintf(buffer_reserve(buffer, len + 1), len + 1, format, again);
    va_end(again);
    buffer->len += len;
}

void buffer_be32(struct buffer *buffer, uint32_t value) {
    unsigned char *at = (unsigned char *)buffer_reserve(buffer, 4);
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
    buffer->len += 4;
}

void buffer_json(struct buffer *buffer, struct span text) {
    buffer_byte(buffer, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        switch (c) {
        case '"': buffer_text(buffer, "\\\""); break;
        case '\\': buffer_text(buffer, "\\\\"); break;
        case '\n': buffer_text(buffer, "\\n"); break;
        case '\r': buffer_text(buffer, "\\r"); break;
        case '\t': buffer_text(buffer, "\\t"); break;
        default:
            if (c < 0x20 || c == 0x7f)
                buffer_printf(buffer, "\\u%04x", c);
            else
                buffer_byte(buffer, (char)c);
        }
    }
    buffer_byte(buffer, '"');
}

const char *buffer_string(struct buffer *buffer) {
    *buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}
