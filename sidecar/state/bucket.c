#include "state/bucket.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"

enum { FIRST_ENTRIES = 8, CHUNK_ENTRIES = 256, FIRST_SLOTS = 16, FIRST_LINKS = 0xffffff };

struct bucket *bucket_new(int64_t id, int64_t start_us, bool ranked) {
    struct bucket *bucket = memory_zalloc(1, sizeof *bucket);
    bucket->id = id;
    bucket->start_us = start_us;
    bucket->ranked = ranked;
    bucket->slots = FIRST_SLOTS;
    bucket->index = memory_zalloc(bucket->slots, sizeof *bucket->index);
    bucket->links = FIRST_LINKS;
    arena_init(&bucket->fields);
    return bucket;
}

/* The first chunk is a small one: many buckets hold no more. */
static uint32_t chunk_of(uint32_t number) {
    return number < FIRST_ENTRIES ? 0 : (number - FIRST_ENTRIES) / CHUNK_ENTRIES + 1;
}

static uint32_t chunk_count(const struct bucket *bucket) {
    return bucket->count ? chunk_of(bucket->count - 1) + 1 : 0;
}

void bucket_free(struct bucket *bucket) {
    if (!bucket) return;
    for (uint32_t i = 0; i < chunk_count(bucket); i++) free(bucket->chunks[i]);
    free(bucket->chunks);
    free(bucket->index);
    free(bucket->behind);
    free(bucket->ranks);
    arena_release(&bucket->fields);
    free(bucket);
}

static struct entry *entry_at(const struct bucket *bucket, uint32_t link) {
    uint32_t number = link - 1;
    uint32_t chunk = chunk_of(number);
    return &bucket->chunks[chunk][chunk ? (number - FIRST_ENTRIES) % CHUNK_ENTRIES : number];
}

const struct entry *bucket_entry(const struct bucket *bucket, uint32_t link) {
    return entry_at(bucket, link);
}

static bool same_key(struct hash128 a, struct hash128 b) {
    return a.low == b.low && a.high == b.high;
}

/* The bits above a slot's link tell most other keys apart without their entries, which are a cache miss each.
 * They are of the key's upper half: the lower one has led to the slot. */
static bool holds(const struct bucket *bucket, uint32_t slot, struct hash128 key) {
    uint32_t links = bucket->links;
    return !((slot ^ (uint32_t)key.high) & ~links) && same_key(entry_at(bucket, slot & links)->key, key);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *slot_of(const struct bucket *bucket, struct hash128 key) {
    uint32_t mask = bucket->slots - 1, at = (uint32_t)key.low & mask;
    while (bucket->index[at] && !holds(bucket, bucket->index[at], key)) at = (at + 1) & mask;
    return &bucket->index[at];
}

static void grow_index(struct bucket *bucket) {
    uint32_t *old = bucket->index, old_slots = bucket->slots;
    bucket->slots *= 2;
    bucket->index = memory_zalloc(bucket->slots, sizeof *bucket->index);
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i]) *slot_of(bucket, entry_at(bucket, old[i] & bucket->links)->key) = old[i];
    free(old);
}

/* One more bit of every slot is the link's. */
static void grow_links(struct bucket *bucket) {
    uint32_t bit = bucket->links + 1;
    for (uint32_t i = 0; i < bucket->slots; i++) bucket->index[i] &= ~bit;
    bucket->links |= bit;
}

static struct entry *append(struct bucket *bucket) {
    uint32_t chunks = chunk_count(bucket);
    if (chunk_of(bucket->count) == chunks) {
        if ((chunks & (chunks - 1)) == 0) /* the table doubles at every power of two */
            bucket->chunks =
                memory_realloc(bucket->chunks, (chunks ? chunks * (size_t)2 : 1) * sizeof *bucket->chunks);
        uint32_t entries = chunks ? CHUNK_ENTRIES : FIRST_ENTRIES;
        bucket->chunks[chunks] = memory_alloc(entries * sizeof(struct entry));
    }
    bucket->count++;
    return entry_at(bucket, bucket->count);
}

static void remember_watermark(struct bucket *bucket, int64_t watermark_us) {
    uint32_t n = bucket->behind_count;
    if ((n & (n - 1)) == 0)
        bucket->behind = memory_realloc(bucket->behind, (n ? n * (size_t)2 : 1) * sizeof *bucket->behind);
    bucket->behind[bucket->behind_count++] = (struct behind){bucket->count - 1, watermark_us};
}

/* The entry appended last, which follows `previous` in its chain. */
static void remember_rank(struct bucket *bucket, uint32_t previous) {
    uint32_t n = bucket->count - 1;
    if ((n & (n - 1)) == 0)
        bucket->ranks = memory_realloc(bucket->ranks, (n ? n * (size_t)2 : 1) * sizeof *bucket->ranks);
    bucket->ranks[n] = previous ? bucket->ranks[previous - 1] + 1 : 1;
}

struct entry *bucket_insert(struct bucket *bucket, struct hash128 key, int64_t time_us, int64_t offset,
                            int64_t watermark_us) {
    if ((uint64_t)(bucket->keys + 1) * 4 > (uint64_t)bucket->slots * 3) grow_index(bucket);
    if (bucket->count == bucket->links) grow_links(bucket);
    uint32_t *slot = slot_of(bucket, key);
    if (!*slot) bucket->keys++;
    struct entry *entry = append(bucket);
    bool behind = time_us < watermark_us;
    entry->key = key;
    entry->time = (uint64_t)(time_us - bucket->start_us) & ((UINT64_C(1) << ENTRY_TIME_BITS) - 1);
    entry->packed = 0;
    entry->behind = behind;
    entry->offset_high = (uint64_t)offset >> 32 & 0xffff;
    entry->offset_low = (uint32_t)offset;
    entry->next = *slot & bucket->links;
    if (bucket->ranked) remember_rank(bucket, entry->next);
    *slot = bucket->count | ((uint32_t)key.high & ~bucket->links);
    bucket->xor ^= hash_offset(offset);
    if (behind) remember_watermark(bucket, watermark_us);
    return entry;
}

uint32_t bucket_find(const struct bucket *bucket, struct hash128 key) {
    return *slot_of(bucket, key) & bucket->links;
}

uint32_t bucket_rank(const struct bucket *bucket, struct hash128 key) {
    uint32_t link = bucket_find(bucket, key);
    return link ? bucket->ranks[link - 1] : 0;
}

static int compare_behind(const void *a, const void *b) {
    uint32_t x = ((const struct behind *)a)->number, y = ((const struct behind *)b)->number;
    return (x > y) - (x < y);
}

int64_t bucket_watermark(const struct bucket *bucket, uint32_t link) {
    if (!entry_at(bucket, link)->behind) return TIME_NONE;
    struct behind wanted = {link - 1, 0};
    const struct behind *found =
        bsearch(&wanted, bucket->behind, bucket->behind_count, sizeof wanted, compare_behind);
    return found ? found->watermark_us : TIME_NONE;
}

static size_t doubled(size_t n) {
    size_t capacity = n ? 1 : 0;
    while (capacity < n) capacity *= 2;
    return capacity;
}

size_t bucket_bytes(const struct bucket *bucket) {
    size_t chunks = chunk_count(bucket);
    size_t entries = chunks ? FIRST_ENTRIES + (chunks - 1) * CHUNK_ENTRIES : 0;
    return sizeof *bucket + entries * sizeof(struct entry) + doubled(chunks) * sizeof *bucket->chunks +
           bucket->slots * sizeof *bucket->index + doubled(bucket->behind_count) * sizeof *bucket->behind +
           (bucket->ranked ? doubled(bucket->count) * sizeof *bucket->ranks : 0) +
           arena_size(&bucket->fields);
}
