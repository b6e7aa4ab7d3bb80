/* array.h: one-dimensional text arrays in Postgres' binary format: what a batch sends for each of its
 * columns. No escaping on either side. Format: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv.
 * Pure. */
#ifndef TRIBUTARY_POSTGRES_ARRAY_H
#define TRIBUTARY_POSTGRES_ARRAY_H

#include "base/buffer.h"
#include "postgres/connection.h"

/* Begins an array of `count` elements; exactly that many array_add follow. */
void array_begin(struct buffer *array, int count);
/* An absent span is null. */
void array_add(struct buffer *array, struct span text);
void array_add_int(struct buffer *array, long long number);
/* The finished array as a parameter; the buffer must live until it is sent. */
struct parameter array_parameter(const struct buffer *array);

#endif
