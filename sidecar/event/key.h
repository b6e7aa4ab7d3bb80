/* key.h: the join key of an event as a 128-bit hash. Keys compare by value: numbers as numbers (7, 7.0 and
 * 7e0 are one key; 9007199254740993 and 9007199254740992 are two; only those with an exponent beyond
 * +-1,000,000,000 as text), strings byte by byte, true and false as themselves; a number never equals a
 * string. Pure; any thread. */
#ifndef TRIBUTARY_EVENT_KEY_H
#define TRIBUTARY_EVENT_KEY_H

#include "base/buffer.h"
#include "base/hash.h"
#include "event/value.h"

enum key_result {
    KEY_OK,
    KEY_NULL,    /* at least one field is null or missing, and none is an array or object */
    KEY_INVALID, /* at least one field is an array or object */
};

/* The hash of `count` fields in order. `scratch` is emptied and holds the encoded key afterwards (with
 * KEY_OK); the encoding keeps ("ab", "c") apart from ("a", "bc"). `*bad` is the index of the first field at
 * fault: the first null, or the first array or object. The encoding is part of what is stored: changing it
 * changes every key's hash. */
enum key_result key_hash(const struct value *fields, int count, uint64_t seed, struct buffer *scratch,
                         struct hash128 *hash, int *bad);

#endif
