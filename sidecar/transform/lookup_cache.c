#include "transform/lookup_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "transform/lookup.h"

enum {
    ENTRY_BYTES = 512,  /* on average */
    MALLOC_BYTES = 16,  /* what the allocator adds */
    FIRST_BUCKETS = 64, /* a power of two */
};

/* One allocation: the values, then their texts. */
struct entry {
    struct entry *next;          /* in the bucket */
    struct entry *older, *newer; /* in the order in which they were put in */
    uint64_t hash;
    int64_t until_us;
    size_t bytes;
    bool found;
    struct value values[]; /* the key, and the columns where a row was found */
};

struct lookup_cache {
    struct lookup_cache_config config;
    int match_count, column_count;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    struct entry *oldest, *newest;
    int count;
    size_t bytes; /* of the entries */
};

struct lookup_cache *lookup_cache_new(const struct lookup_cache_config *config, int match_count,
                                      int column_count) {
    if (config->ttl_us == 0) return NULL;
    struct lookup_cache *cache = memory_zalloc(1, sizeof *cache);
    cache->config = *config;
    cache->match_count = match_count;
    cache->column_count = column_count;
    cache->bucket_count = FIRST_BUCKETS;
    cache->buckets = memory_zalloc(cache->bucket_count, sizeof *cache->buckets);
    return cache;
}

static struct entry **link_to(struct lookup_cache *cache, const struct entry *entry) {
    struct entry **link = &cache->buckets[entry->hash & (cache->bucket_count - 1)];
    while (*link != entry) link = &(*link)->next;
    return link;
}

static void drop(struct lookup_cache *cache, struct entry *entry) {
    *link_to(cache, entry) = entry->next;
    if (cache->oldest == entry) cache->oldest = entry->newer;
    if (cache->newest == entry) cache->newest = entry->older;
    if (entry->older) entry->older->newer = entry->newer;
    if (entry->newer) entry->newer->older = entry->older;
    cache->count--;
    cache->bytes -= entry->bytes;
    free(entry);
}

void lookup_cache_free(struct lookup_cache *cache) {
    if (!cache) return;
    while (cache->oldest) drop(cache, cache->oldest);
    free(cache->buckets);
    free(cache);
}

static struct entry *find(const struct lookup_cache *cache, const struct value *key, uint64_t hash) {
    struct entry *entry = cache->buckets[hash & (cache->bucket_count - 1)];
    while (entry && (entry->hash != hash || !lookup_key_equal(entry->values, key, cache->match_count)))
        entry = entry->next;
    return entry;
}

enum lookup_cache_answer lookup_cache_find(struct lookup_cache *cache, const struct value *key,
                                           int64_t now_us, const struct value **columns) {
    struct entry *entry = find(cache, key, lookup_key_hash(key, cache->match_count));
    *columns = NULL;
    if (entry && now_us >= entry->until_us) {
        drop(cache, entry);
        entry = NULL;
    }
    if (!entry) return LOOKUP_CACHE_UNKNOWN;
    if (!entry->found) return LOOKUP_CACHE_NO_ROW;
    *columns = entry->values + cache->match_count;
    return LOOKUP_CACHE_ROW;
}

/* --- putting in --- */

static size_t text_bytes(const struct value *values, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += values[i].text.len;
    return bytes;
}

static char *copy_values(struct value *to, const struct value *from, int count, char *texts) {
    for (int i = 0; i < count; i++) {
        to[i] = from[i];
        if (!from[i].text.data) continue;
        if (from[i].text.len) memcpy(texts, from[i].text.data, from[i].text.len);
        to[i].text.data = texts;
        texts += from[i].text.len;
    }
    return texts;
}

static struct entry *make(const struct lookup_cache *cache, const struct value *key,
                          const struct value *columns) {
    int values = cache->match_count + (columns ? cache->column_count : 0);
    size_t size = sizeof(struct entry) + (size_t)values * sizeof *key + text_bytes(key, cache->match_count);
    if (columns) size += text_bytes(columns, cache->column_count);
    if (size > LOOKUP_CACHE_ROW_BYTES) return NULL;
    struct entry *entry = memory_alloc(size);
    *entry = (struct entry){.bytes = size + MALLOC_BYTES, .found = columns != NULL};
    char *texts = copy_values(entry->values, key, cache->match_count, (char *)(entry->values + values));
    if (columns) copy_values(entry->values + cache->match_count, columns, cache->column_count, texts);
    return entry;
}

static void grow(struct lookup_cache *cache) {
    cache->bucket_count *= 2;
    free(cache->buckets);
    cache->buckets = memory_zalloc(cache->bucket_count, sizeof *cache->buckets);
    for (struct entry *entry = cache->oldest; entry; entry = entry->newer) {
        struct entry **bucket = &cache->buckets[entry->hash & (cache->bucket_count - 1)];
        entry->next = *bucket;
        *bucket = entry;
    }
}

static void add(struct lookup_cache *cache, struct entry *entry) {
    if ((size_t)cache->count >= cache->bucket_count) grow(cache);
    struct entry **bucket = &cache->buckets[entry->hash & (cache->bucket_count - 1)];
    entry->next = *bucket;
    *bucket = entry;
    entry->older = cache->newest;
    if (cache->newest) cache->newest->newer = entry;
    if (!cache->oldest) cache->oldest = entry;
    cache->newest = entry;
    cache->count++;
    cache->bytes += entry->bytes;
}

/* One row of the largest always has. */
static bool has_room(const struct lookup_cache *cache, size_t bytes) {
    size_t most = (size_t)cache->config.entries * ENTRY_BYTES + LOOKUP_CACHE_ROW_BYTES;
    return cache->count < cache->config.entries && cache->bytes + bytes <= most;
}

static int64_t time_to_live(const struct lookup_cache_config *config, bool found) {
    bool shorter = !found && config->missing_ttl_us < config->ttl_us;
    return shorter ? config->missing_ttl_us : config->ttl_us;
}

void lookup_cache_put(struct lookup_cache *cache, const struct value *key, const struct value *columns,
                      int64_t then_us) {
    int64_t ttl = time_to_live(&cache->config, columns != NULL);
    uint64_t hash = lookup_key_hash(key, cache->match_count);
    struct entry *known = find(cache, key, hash), *entry = ttl ? make(cache, key, columns) : NULL;
    if (known) drop(cache, known);
    if (!entry) return;
    entry->hash = hash;
    entry->until_us = then_us + ttl;
    while (cache->oldest && !has_room(cache, entry->bytes)) drop(cache, cache->oldest);
    add(cache, entry);
}

/* --- its size --- */

int lookup_cache_count(const struct lookup_cache *cache) {
    return cache ? cache->count : 0;
}

int64_t lookup_cache_bytes(const struct lookup_cache *cache) {
    return cache ? (int64_t)(cache->bytes + cache->bucket_count * sizeof *cache->buckets) : 0;
}

int64_t lookup_cache_most(const struct lookup_cache_config *config) {
    int64_t buckets = FIRST_BUCKETS;
    if (config->ttl_us == 0) return 0;
    while (buckets < config->entries) buckets *= 2;
    return config->entries * ENTRY_BYTES + LOOKUP_CACHE_ROW_BYTES + buckets * (int64_t)sizeof(struct entry *);
}
