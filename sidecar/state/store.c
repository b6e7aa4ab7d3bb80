#include "state/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/uuid.h"
#include "state/bucket.h"

struct store {
    struct window window;
    int field_count;
    int64_t first_bucket;    /* older touches are refused */
    struct bucket **buckets; /* ascending by id */
    int count, capacity;
    struct bucket *last; /* where the last insert went: mostly the next one goes there too */
};

struct store *store_new(const struct window *window, int field_count) {
    struct store *store = memory_zalloc(1, sizeof *store);
    store->window = *window;
    store->field_count = field_count;
    store->first_bucket = INT64_MIN;
    return store;
}

void store_free(struct store *store) {
    if (!store) return;
    for (int i = 0; i < store->count; i++) bucket_free(store->buckets[i]);
    free(store->buckets);
    free(store);
}

/* The position of the first bucket whose id is at least this. */
static int lower_bound(const struct store *store, int64_t id) {
    int low = 0, high = store->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (store->buckets[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct bucket *add_bucket(struct store *store, int at, int64_t id) {
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 32;
        store->buckets = memory_realloc(store->buckets, (size_t)store->capacity * sizeof(struct bucket *));
    }
    memmove(store->buckets + at + 1, store->buckets + at,
            (size_t)(store->count - at) * sizeof(struct bucket *));
    store->count++;
    return store->buckets[at] = bucket_new(id, id * store->window.bucket_us);
}

static struct bucket *bucket_for(struct store *store, int64_t id) {
    if (store->last && store->last->id == id) return store->last;
    int at = lower_bound(store, id);
    bool found = at < store->count && store->buckets[at]->id == id;
    return store->last = found ? store->buckets[at] : add_bucket(store, at, id);
}

/* --- kept fields: per field a type byte, the length in 7-bit groups, the text ------------------------------
 */

enum { LENGTH_MAX = 10 };

static uint8_t *put_length(uint8_t *at, size_t len) {
    for (; len >= 0x80; len >>= 7) *at++ = (uint8_t)(len | 0x80);
    *at++ = (uint8_t)len;
    return at;
}

static const uint8_t *get_length(const uint8_t *at, size_t *len) {
    *len = 0;
    for (int shift = 0;; shift += 7) {
        *len |= (size_t)(*at & 0x7f) << shift;
        if (!(*at++ & 0x80)) return at;
    }
}

static const uint8_t *encode(struct arena *arena, const struct value *fields, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++) size += 1 + LENGTH_MAX + fields[i].text.len;
    uint8_t *start = (uint8_t *)arena_bytes(arena, size), *at = start;
    for (int i = 0; i < count; i++) {
        *at++ = (uint8_t)fields[i].type;
        at = put_length(at, fields[i].text.len);
        if (fields[i].text.len) memcpy(at, fields[i].text.data, fields[i].text.len);
        at += fields[i].text.len;
    }
    arena_give_back(arena, size - (size_t)(at - start));
    return start;
}

static void decode(const uint8_t *at, struct value *fields, int count) {
    for (int i = 0; i < count; i++) {
        size_t len;
        enum value_type type = (enum value_type) * at++;
        at = get_length(at, &len);
        fields[i] = (struct value){type, {type == VALUE_NULL ? NULL : (const char *)at, len}};
        at += len;
    }
}

/* ------------------------------------------------------------------------------------------------------------
 */

bool store_insert(struct store *store, struct hash128 key, int64_t time_us, int64_t offset,
                  int64_t watermark_us, const struct value *fields) {
    int64_t id = window_bucket(&store->window, time_us);
    if (id < store->first_bucket) return false;
    struct bucket *bucket = bucket_for(store, id);
    struct entry *entry = bucket_insert(bucket, key, time_us, offset, watermark_us);
    uint8_t uuid[UUID_BYTES];
    if (store->field_count == 1 && fields[0].type == VALUE_STRING && uuid_pack(fields[0].text, uuid)) {
        memcpy(entry->body.uuid, uuid, sizeof uuid);
        entry->packed = 1;
    } else {
        int count = store->field_count;
        entry->body.bytes = count ? encode(&bucket->fields, fields, count) : NULL;
    }
    return true;
}

static bool earliest(const struct bucket *bucket, struct hash128 key, const struct window_range *range,
                     struct touch *touch) {
    bool found = false;
    for (uint32_t link = bucket_find(bucket, key); link;) {
        const struct entry *entry = bucket_entry(bucket, link);
        struct touch this = {entry_time(bucket, entry), entry_offset(entry), entry};
        bool counts = this.time_us >= range->from_us && this.time_us <= range->to_us &&
                      (!entry->behind || bucket_watermark(bucket, link) <= range->read_by_us);
        bool before = !found || this.time_us < touch->time_us ||
                      (this.time_us == touch->time_us && this.offset < touch->offset);
        if (counts && before) *touch = this;
        found = found || counts;
        link = entry->next;
    }
    return found;
}

bool store_first(const struct store *store, struct hash128 key, const struct window_range *range,
                 struct touch *touch) {
    int64_t last = window_bucket(&store->window, range->to_us);
    for (int i = lower_bound(store, window_bucket(&store->window, range->from_us));
         i < store->count && store->buckets[i]->id <= last; i++)
        if (earliest(store->buckets[i], key, range, touch)) return true;
    return false;
}

void store_fields(const struct store *store, const struct touch *touch, struct arena *arena,
                  struct value *fields) {
    const struct entry *entry = touch->entry;
    if (!entry->packed) {
        decode(entry->body.bytes, fields, store->field_count);
        return;
    }
    char *text = arena_bytes(arena, UUID_TEXT);
    uuid_unpack(entry->body.uuid, text);
    fields[0] = (struct value){VALUE_STRING, {text, UUID_TEXT}};
}

void store_expire(struct store *store, int64_t first_bucket) {
    if (first_bucket <= store->first_bucket) return;
    store->first_bucket = first_bucket;
    int gone = lower_bound(store, first_bucket);
    if (!gone) return;
    for (int i = 0; i < gone; i++) {
        if (store->buckets[i] == store->last) store->last = NULL;
        bucket_free(store->buckets[i]);
    }
    store->count -= gone;
    memmove(store->buckets, store->buckets + gone, (size_t)store->count * sizeof(struct bucket *));
}

struct store_held store_held(const struct store *store, int64_t first_bucket) {
    struct store_held held = {0, 0};
    for (int i = lower_bound(store, first_bucket); i < store->count; i++) {
        held.count += store->buckets[i]->count;
        held.xor ^= store->buckets[i]->xor ;
    }
    return held;
}

size_t store_bytes(const struct store *store) {
    size_t bytes = sizeof *store + (size_t)store->capacity * sizeof(struct bucket *);
    for (int i = 0; i < store->count; i++) bytes += bucket_bytes(store->buckets[i]);
    return bytes;
}
