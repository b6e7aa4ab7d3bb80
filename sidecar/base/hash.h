/* hash.h: the hashes of the project, all of the XXH3 family (libxxhash). Pure; any thread. */
#ifndef TRIBUTARY_BASE_HASH_H
#define TRIBUTARY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t low, high;
};

/* 128 bits, so that two different keys of one pipeline never meet in practice; `seed` is the pipeline's own,
 * so that nobody outside can construct keys that collide. */
struct hash128 hash_key(const void *data, size_t len, uint64_t seed);
/* 64 bits of some bytes. */
uint64_t hash_bytes(const void *data, size_t len);
/* 64 bits of a number: the term of one touch's offset in the XOR over the touches held. */
uint64_t hash_offset(int64_t offset);

#endif
