/* bucket.h: the touches of one span of event time; the store is a row of these. Used by store.c only. */
#ifndef TRIBUTARY_STATE_BUCKET_H
#define TRIBUTARY_STATE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

enum { ENTRY_TIME_BITS = 46 };
#define ENTRY_OFFSET_MAX ((INT64_C(1) << 48) - 1)

/* One touch. Links are entry numbers plus one, so that zero ends a chain. */
struct entry {
    struct hash128 key;
    union {
        uint8_t uuid[16];     /* packed: the one kept field */
        const uint8_t *bytes; /* otherwise: the kept fields, encoded */
    } body;
    uint64_t time : ENTRY_TIME_BITS; /* us since the bucket's start */
    uint64_t packed : 1;
    uint64_t behind : 1; /* arrived behind its watermark, which is in bucket.behind */
    uint64_t offset_high : 16;
    uint32_t offset_low;
    uint32_t next; /* the entry of the same key inserted before this one */
};

_Static_assert(sizeof(struct entry) == 48, "an entry costs 48 bytes");

struct behind {
    uint32_t number; /* of the entry; ascending */
    int64_t watermark_us;
};

struct bucket {
    int64_t id, start_us;
    struct entry **chunks;
    uint32_t count;  /* entries */
    uint32_t saved;  /* of these, the ones that are in blocks already; in the order of insertion */
    uint32_t *index; /* slots: link to the newest entry of a key, and above it bits of the key; or 0 */
    uint32_t slots;  /* a power of two */
    uint32_t keys;   /* slots in use */
    uint64_t xor ;   /* of hash_offset over the entries */
    uint32_t *ranks; /* of each entry: how many of its key there are up to it; NULL: not counted */
    struct behind *behind;
    uint32_t behind_count;
    uint32_t links; /* the low bits of a slot that are the link: as a mask, which grows with the count */
    bool ranked;
    struct arena fields; /* what the entries' bodies point to */
};

/* `ranked`: counts the entries of each key. */
struct bucket *bucket_new(int64_t id, int64_t start_us, bool ranked);
void bucket_free(struct bucket *bucket);

/* A new entry linked under its key; the caller fills in its body. `watermark_us`, the watermark before the
 * touch, is kept when the touch lies behind it. */
struct entry *bucket_insert(struct bucket *bucket, struct hash128 key, int64_t time_us, int64_t offset,
                            int64_t watermark_us);

/* Has the cache fetch what bucket_find will look at first. */
static inline void bucket_prefetch(const struct bucket *bucket, struct hash128 key) {
    __builtin_prefetch(&bucket->index[(uint32_t)key.low & (bucket->slots - 1)]);
}

/* The link to the newest entry of the key, or 0; older ones follow through entry.next. */
uint32_t bucket_find(const struct bucket *bucket, struct hash128 key);
/* How many entries the key has; of a ranked bucket. */
uint32_t bucket_rank(const struct bucket *bucket, struct hash128 key);
const struct entry *bucket_entry(const struct bucket *bucket, uint32_t link);
/* The watermark that the linked entry carries, or TIME_NONE. */
int64_t bucket_watermark(const struct bucket *bucket, uint32_t link);

static inline int64_t entry_time(const struct bucket *bucket, const struct entry *entry) {
    return bucket->start_us + (int64_t)entry->time;
}

static inline int64_t entry_offset(const struct entry *entry) {
    return (int64_t)((uint64_t)entry->offset_high << 32 | entry->offset_low);
}

/* Memory in use, everything counted. */
size_t bucket_bytes(const struct bucket *bucket);

#endif
