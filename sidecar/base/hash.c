#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct hash128 hash_key(const void *data, size_t len, uint64_t seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(data, len, seed);
    return (struct hash128){h.low64, h.high64};
}

uint64_t hash_bytes(const void *data, size_t len) {
    return XXH3_64bits(data, len);
}

uint64_t hash_offset(int64_t offset) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)offset >> (8 * i));
    return XXH3_64bits(bytes, sizeof bytes);
}
