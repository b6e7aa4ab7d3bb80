#include "state/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/uuid.h"
#include "state/bucket.h"
#include "state/wire.h"

struct store {
    struct window window;
    int field_count;
    int order_field; /* with `compare`, which may be NULL: what comes between time and offset */
    store_compare *compare;
    int64_t cap;             /* touches of a key and bucket; 0: no bound */
    int64_t first_bucket;    /* older touches are refused */
    struct bucket **buckets; /* ascending by id */
    int count, capacity;
    struct bucket *last; /* where the last insert went: mostly the next one goes there too */
    struct source *heap; /* for store_pack: room for as many as there are buckets */
    struct touch *found; /* by store_collect: the last `found_count` of `found_capacity` */
    int found_count, found_capacity;
};

/* A bucket with touches still to be packed, and the offset of the first of them. */
struct source {
    int64_t offset;
    struct bucket *bucket;
};

struct store *store_new(const struct window *window, int field_count) {
    struct store *store = memory_zalloc(1, sizeof *store);
    store->window = *window;
    store->field_count = field_count;
    store->first_bucket = INT64_MIN;
    return store;
}

void store_order_by(struct store *store, int field, store_compare *compare) {
    store->order_field = field;
    store->compare = compare;
}

void store_cap(struct store *store, int64_t cap) {
    store->cap = cap;
}

void store_free(struct store *store) {
    if (!store) return;
    for (int i = 0; i < store->count; i++) bucket_free(store->buckets[i]);
    free(store->buckets);
    free(store->heap);
    free(store->found);
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
        store->heap = memory_realloc(store->heap, (size_t)store->capacity * sizeof *store->heap);
    }
    memmove(store->buckets + at + 1, store->buckets + at,
            (size_t)(store->count - at) * sizeof(struct bucket *));
    store->count++;
    return store->buckets[at] = bucket_new(id, id * store->window.bucket_us, store->cap > 0);
}

static struct bucket *bucket_for(struct store *store, int64_t id) {
    if (store->last && store->last->id == id) return store->last;
    int at = lower_bound(store, id);
    bool found = at < store->count && store->buckets[at]->id == id;
    return store->last = found ? store->buckets[at] : add_bucket(store, at, id);
}

/* --- kept fields: per field a type byte, the length as a varint, the text ----------------------------------
 */

static const uint8_t *encode(struct arena *arena, const struct value *fields, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++) size += 1 + WIRE_VARINT_MAX + fields[i].text.len;
    uint8_t *start = (uint8_t *)arena_bytes(arena, size), *at = start;
    for (int i = 0; i < count; i++) {
        *at++ = (uint8_t)fields[i].type;
        at = wire_put_varint(at, fields[i].text.len);
        if (fields[i].text.len) memcpy(at, fields[i].text.data, fields[i].text.len);
        at += fields[i].text.len;
    }
    arena_give_back(arena, size - (size_t)(at - start));
    return start;
}

/* The place behind the field, or NULL if there is none before `end`; without an `end` there must be one. */
static const uint8_t *decode_field(const uint8_t *at, const uint8_t *end, struct value *field) {
    uint64_t len;
    if (at == end) return NULL;
    uint8_t type = *at++;
    at = wire_varint(at, end, &len);
    if (!at || type > VALUE_JSON || (type == VALUE_NULL && len)) return NULL;
    if (end && len > (uint64_t)(end - at)) return NULL;
    *field =
        (struct value){(enum value_type)type, {type == VALUE_NULL ? NULL : (const char *)at, (size_t)len}};
    return at + len;
}

/* Of fields that encode has written; the place behind them. */
static const uint8_t *decode(const uint8_t *at, struct value *fields, int count) {
    for (int i = 0; i < count; i++) at = decode_field(at, NULL, &fields[i]);
    return at;
}

static bool are_fields(struct span bytes, int count) {
    if (!count || !bytes.len) return !count && !bytes.len;
    const uint8_t *at = (const uint8_t *)bytes.data, *end = at + bytes.len;
    struct value field;
    for (int i = 0; i < count && at; i++) at = decode_field(at, end, &field);
    return at == end;
}

/* --- keeping and finding ----------------------------------------------------------------------------------
 */

bool store_insert(struct store *store, struct hash128 key, int64_t time_us, int64_t offset,
                  int64_t watermark_us, const struct value *fields) {
    int64_t id = window_bucket(&store->window, time_us);
    if (id < store->first_bucket) return false;
    struct bucket *bucket = bucket_for(store, id);
    if (store->cap && (int64_t)bucket_rank(bucket, key) >= store->cap) return false;
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

static int compare_order(const struct store *store, const struct entry *a, const struct entry *b) {
    struct value field[2];
    const uint8_t *at[2] = {a->body.bytes, b->body.bytes};
    if (!store->compare || a->packed || b->packed) return 0;
    for (int i = 0; i < 2; i++)
        for (int f = 0; f <= store->order_field; f++) at[i] = decode_field(at[i], NULL, &field[i]);
    return store->compare(&field[0], &field[1]);
}

/* These are inlined: a look-up must cost no more for there being others. */
#define INLINED static inline __attribute__((always_inline))

INLINED bool is_before(const struct store *store, const struct touch *a, const struct touch *b) {
    if (a->time_us != b->time_us) return a->time_us < b->time_us;
    int order = compare_order(store, a->entry, b->entry);
    return order ? order < 0 : a->offset < b->offset;
}

/* Whether the entry, which `link` leads to, counts within the range; then `touch` is it. */
INLINED bool counts(const struct bucket *bucket, uint32_t link, const struct entry *entry,
                    const struct window_range *range, struct touch *touch) {
    *touch = (struct touch){entry_time(bucket, entry), entry_offset(entry), entry};
    return touch->time_us >= range->from_us && touch->time_us <= range->to_us &&
           touch->offset < range->before_offset &&
           (!entry->behind || bucket_watermark(bucket, link) <= range->read_by_us);
}

/* The earliest of a bucket, or the latest. */
INLINED bool outermost(const struct store *store, const struct bucket *bucket, struct hash128 key,
                       const struct window_range *range, bool latest, struct touch *touch) {
    bool found = false;
    for (uint32_t link = bucket_find(bucket, key); link;) {
        const struct entry *entry = bucket_entry(bucket, link);
        struct touch this;
        bool counted = counts(bucket, link, entry, range, &this);
        if (counted && (!found || is_before(store, &this, touch) != latest)) *touch = this;
        found = found || counted;
        link = entry->next;
    }
    return found;
}

/* The buckets of a range: from `first` to before the result. */
INLINED int buckets_of(const struct store *store, struct hash128 key, const struct window_range *range,
                       int *first) {
    int64_t last = window_bucket(&store->window, range->to_us);
    int end = *first = lower_bound(store, window_bucket(&store->window, range->from_us));
    for (; end < store->count && store->buckets[end]->id <= last; end++)
        bucket_prefetch(store->buckets[end], key);
    return end;
}

bool store_first(const struct store *store, struct hash128 key, const struct window_range *range,
                 struct touch *touch) {
    int first, end = buckets_of(store, key, range, &first);
    for (int i = first; i < end; i++)
        if (outermost(store, store->buckets[i], key, range, false, touch)) return true;
    return false;
}

bool store_last(const struct store *store, struct hash128 key, const struct window_range *range,
                struct touch *touch) {
    int first, end = buckets_of(store, key, range, &first);
    for (int i = end - 1; i >= first; i--)
        if (outermost(store, store->buckets[i], key, range, true, touch)) return true;
    return false;
}

/* --- collecting: into the end of an array, from the latest bucket back to the earliest -------------------
 */

static struct touch *found_at_front(struct store *store) {
    return store->found + store->found_capacity - store->found_count;
}

static void put_before(struct store *store, const struct touch *touch) {
    if (store->found_count == store->found_capacity) {
        int capacity = store->found_capacity ? store->found_capacity * 2 : 16;
        struct touch *grown = memory_alloc((size_t)capacity * sizeof *grown);
        size_t kept = (size_t)store->found_count;
        if (kept) memcpy(grown + (size_t)capacity - kept, store->found, kept * sizeof *grown);
        free(store->found);
        store->found = grown;
        store->found_capacity = capacity;
    }
    store->found_count++;
    *found_at_front(store) = *touch;
}

static int compare_touches(const void *a, const void *b, void *context) {
    const struct store *const *store = context;
    return is_before(*store, a, b) ? -1 : is_before(*store, b, a);
}

static bool are_in_order(const struct store *store, const struct touch *touches, int count) {
    for (int i = 1; i < count; i++)
        if (!is_before(store, &touches[i - 1], &touches[i])) return false;
    return true;
}

/* A chain leads from the newest entry to the oldest, so that touches read in order are in order already. */
static void collect_bucket(struct store *store, const struct bucket *bucket, struct hash128 key,
                           const struct window_range *range) {
    int before = store->found_count;
    for (uint32_t link = bucket_find(bucket, key); link;) {
        const struct entry *entry = bucket_entry(bucket, link);
        struct touch this;
        if (counts(bucket, link, entry, range, &this)) put_before(store, &this);
        link = entry->next;
    }
    int count = store->found_count - before;
    if (count == 0) return;
    if (are_in_order(store, found_at_front(store), count)) return;
    qsort_r(found_at_front(store), (size_t)count, sizeof(struct touch), compare_touches, &store);
}

const struct touch *store_collect(struct store *store, struct hash128 key, const struct window_range *range,
                                  int64_t reach, int *count) {
    int first, end = buckets_of(store, key, range, &first);
    store->found_count = 0;
    for (int i = end - 1; i >= first && !(reach && store->found_count >= reach); i--)
        collect_bucket(store, store->buckets[i], key, range);
    *count = reach && store->found_count > reach ? (int)reach : store->found_count;
    return *count ? store->found + store->found_capacity - *count : NULL;
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

bool store_is_past(const struct store *store, int64_t time_us) {
    return window_bucket(&store->window, time_us) < store->first_bucket;
}

struct store_held store_held(const struct store *store, int64_t first_bucket) {
    struct store_held held = {0, 0};
    for (int i = lower_bound(store, first_bucket); i < store->count; i++) {
        held.count += store->buckets[i]->count;
        held.xor ^= store->buckets[i]->xor ;
    }
    return held;
}

/* --- packing: the buckets merged by offset, through a heap ------------------------------------------------
 */

static int64_t offset_to_pack(const struct bucket *bucket) {
    return entry_offset(bucket_entry(bucket, bucket->saved + 1));
}

static void sift_down(struct source *heap, int count, int at) {
    struct source moved = heap[at];
    for (int child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1].offset < heap[child].offset) child++;
        if (moved.offset <= heap[child].offset) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static int build_heap(struct store *store) {
    int count = 0;
    for (int i = 0; i < store->count; i++) {
        struct bucket *bucket = store->buckets[i];
        if (bucket->saved < bucket->count)
            store->heap[count++] = (struct source){offset_to_pack(bucket), bucket};
    }
    for (int i = count / 2 - 1; i >= 0; i--) sift_down(store->heap, count, i);
    return count;
}

/* Behind the first of the heap, whose touch has been packed; the sources left. */
static int advance(struct source *heap, int count) {
    struct bucket *bucket = heap->bucket;
    if (++bucket->saved < bucket->count)
        heap->offset = offset_to_pack(bucket);
    else
        *heap = heap[--count];
    sift_down(heap, count, 0);
    return count;
}

static struct span body_of(const struct store *store, const struct entry *entry) {
    struct value field;
    if (entry->packed) return (struct span){(const char *)entry->body.uuid, sizeof entry->body.uuid};
    if (!store->field_count) return (struct span){NULL, 0};
    const uint8_t *start = entry->body.bytes, *end = start;
    for (int i = 0; i < store->field_count; i++) end = decode_field(end, NULL, &field);
    return (struct span){(const char *)start, (size_t)(end - start)};
}

static struct block_touch touch_to_pack(const struct store *store, const struct bucket *bucket) {
    uint32_t link = bucket->saved + 1;
    const struct entry *entry = bucket_entry(bucket, link);
    return (struct block_touch){
        .offset = entry_offset(entry),
        .time_us = entry_time(bucket, entry),
        .watermark_us = bucket_watermark(bucket, link),
        .key = entry->key,
        .packed = entry->packed,
        .fields = body_of(store, entry),
    };
}

bool store_pack(struct store *store, struct block_writer *writer, size_t bytes) {
    int sources = build_heap(store);
    while (sources) {
        struct block_touch touch = touch_to_pack(store, store->heap->bucket);
        size_t held = block_writer_bytes(writer);
        if (held && held + BLOCK_TOUCH_MAX + touch.fields.len > bytes) return true;
        block_writer_add(writer, &touch);
        sources = advance(store->heap, sources);
    }
    return false;
}

uint64_t store_unpacked(const struct store *store) {
    uint64_t count = 0;
    for (int i = 0; i < store->count; i++) count += store->buckets[i]->count - store->buckets[i]->saved;
    return count;
}

/* --- loading ----------------------------------------------------------------------------------------------
 */

/* Further off than any year of four digits; near the limits of 64 bits buckets could not be reckoned with. */
#define LOADED_TIME_MAX (INT64_MAX / 2)

static bool can_load(const struct store *store, const struct block_touch *touch) {
    if (touch->offset < 0 || touch->offset > ENTRY_OFFSET_MAX) return false;
    if (touch->time_us < -LOADED_TIME_MAX || touch->time_us > LOADED_TIME_MAX) return false;
    if (touch->packed) return store->field_count == 1 && touch->fields.len == UUID_BYTES;
    return are_fields(touch->fields, store->field_count);
}

bool store_load(struct store *store, const struct block_touch *touch) {
    if (!can_load(store, touch)) return false;
    int64_t id = window_bucket(&store->window, touch->time_us);
    if (id < store->first_bucket) return false;
    struct bucket *bucket = bucket_for(store, id);
    struct entry *entry =
        bucket_insert(bucket, touch->key, touch->time_us, touch->offset, touch->watermark_us);
    entry->packed = touch->packed;
    if (touch->packed)
        memcpy(entry->body.uuid, touch->fields.data, sizeof entry->body.uuid);
    else
        entry->body.bytes =
            !touch->fields.len ? NULL : (const uint8_t *)arena_copy(&bucket->fields, touch->fields).data;
    if (bucket->saved == bucket->count - 1) bucket->saved++;
    return true;
}

size_t store_bytes(const struct store *store) {
    size_t bytes = sizeof *store + (size_t)store->capacity * (sizeof(struct bucket *) + sizeof *store->heap) +
                   (size_t)store->found_capacity * sizeof *store->found;
    for (int i = 0; i < store->count; i++) bytes += bucket_bytes(store->buckets[i]);
    return bytes;
}
