#include "postgres/array.h"

#include <stdio.h>

enum { TEXT_OID = 25 };

void array_begin(struct buffer *array, int count) {
    buffer_clear(array);
    buffer_be32(array, count ? 1 : 0); /* dimensions */
    buffer_be32(array, 1);             /* may hold nulls */
    buffer_be32(array, TEXT_OID);
    if (!count) return;
    buffer_be32(array, (uint32_t)count);
    buffer_be32(array, 1); /* lower bound */
}

void array_add(struct buffer *array, struct span text) {
    if (!text.data) {
        buffer_be32(array, UINT32_MAX);
        return;
    }
    buffer_be32(array, (uint32_t)text.len);
    buffer_span(array, text);
}

void array_add_int(struct buffer *array, long long number) {
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", number);
    array_add(array, (struct span){text, (size_t)len});
}

struct parameter array_parameter(const struct buffer *array) {
    return (struct parameter){array->data, (int)array->len, true};
}
