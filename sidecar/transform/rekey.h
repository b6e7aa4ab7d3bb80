/* rekey.h: the key that a record is given. Pure; any thread. */
#ifndef TRIBUTARY_TRANSFORM_REKEY_H
#define TRIBUTARY_TRANSFORM_REKEY_H

#include "base/buffer.h"
#include "event/value.h"

/* The record key for this value: what Java's StringSerializer makes of a text, of a number its shortest
 * decimal form, so that equal numbers have one key (7, 7.0, 7e0). Replaces what is in `key`; false when there
 * is none: a null, an array or an object. */
bool rekey_key(const struct value *value, struct buffer *key);

/* The JSON object with further fields behind its own; of two with one name the last one stands. Replaces what
 * is in `out`. `object` is a valid JSON object. */
void rekey_extend(struct span object, const char *const *names, const struct value *values, int count,
                  struct buffer *out);

#endif
