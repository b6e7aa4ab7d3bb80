/* store.h: the touches of one partition that a conversion may still need, in memory. Every touch of the
 * window is kept, not one per key. One thread at a time; no I/O, no clock.
 *
 * Touches lie in buckets of event time (window.h); each bucket has its entries in chunks that never move, an
 * open-addressing index from key to the newest entry of that key, and a chain from there. An insert touches
 * one bucket, a look-up at most 17, expiry frees whole buckets. An entry takes 48 bytes and about 8 of index;
 * a touch that keeps one canonical uuid keeps it inside the entry, anything else costs its own bytes extra.
 * Pointers to touches stay good until store_expire drops their bucket.
 *
 * For the changelog a bucket counts how many of its entries are in blocks already; packing the others merges
 * the buckets by offset, so that an insert has nothing to do for it. */
#ifndef TRIBUTARY_STATE_STORE_H
#define TRIBUTARY_STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attribution/window.h"
#include "base/arena.h"
#include "base/hash.h"
#include "event/value.h"
#include "state/block.h"

struct store;

struct touch {
    int64_t time_us, offset;
    const void *entry; /* for store_fields */
};

/* `field_count` values are kept of every touch. */
struct store *store_new(const struct window *window, int field_count);
void store_free(struct store *store);
/* Of touches at the same time the first is not the one with the least offset, but the one whose kept field of
 * this index comes first; the offset decides between equal ones. */
typedef int store_compare(const struct value *a, const struct value *b);
void store_order_by(struct store *store, int field, store_compare *compare);

/* Of a key and bucket only the first `cap` touches are kept, in the order of their offsets; 0: all. Before
 * anything is kept. What has been loaded was kept already, and counts. */
void store_cap(struct store *store, int64_t cap);

/* Keeps a touch, with `watermark_us`, the touch watermark before it without idle advances: of these, others
 * than ours may be the ones that are stored, so they have no place in a block. False when it is older than
 * what the last store_expire has dropped (store_is_past), where nothing can need it, or beyond the cap. The
 * fields are copied. */
bool store_insert(struct store *store, struct hash128 key, int64_t time_us, int64_t offset,
                  int64_t watermark_us, const struct value *fields);

/* The earliest touch of the key, by (time, offset) unless store_order_by says otherwise, that counts within
 * the range. */
bool store_first(const struct store *store, struct hash128 key, const struct window_range *range,
                 struct touch *touch);

/* The latest of them, likewise. */
bool store_last(const struct store *store, struct hash128 key, const struct window_range *range,
                struct touch *touch);

/* All of them, the earliest first; with `reach` > 0 only that many of the latest. Good until the next call.
 * Takes k log k for the k touches of the key in the buckets that are looked at. */
const struct touch *store_collect(struct store *store, struct hash128 key, const struct window_range *range,
                                  int64_t reach, int *count);

/* The fields kept of a touch; texts that were packed are unpacked into the arena, others point into the
 * store. */
void store_fields(const struct store *store, const struct touch *touch, struct arena *arena,
                  struct value *fields);

/* Drops every bucket before `first_bucket` and refuses touches that old from now on. Never goes back. */
void store_expire(struct store *store, int64_t first_bucket);
/* Whether a touch of this time is that old. */
bool store_is_past(const struct store *store, int64_t time_us);

/* What the buckets from `first_bucket` on hold: their number and the XOR of hash_offset over their offsets.
 */
struct store_held {
    uint64_t count, xor;
};
struct store_held store_held(const struct store *store, int64_t first_bucket);

/* --- saving and loading: every touch held is either in a block already or still to be packed --- */

/* Adds touches still to be packed to the writer, in ascending order of offset, as long as it then holds no
 * more than `bytes` (block_writer_bytes); an empty writer takes one of any size. True while more remain. */
bool store_pack(struct store *store, struct block_writer *writer, size_t bytes);

/* How many touches are still to be packed. */
uint64_t store_unpacked(const struct store *store);

/* Keeps a touch from a block; its fields are copied. Once for each offset, in any order. It need not be
 * packed again, but is when inserted touches near it in time are still to be packed. False if it is older
 * than what the last store_expire has dropped, or is not a touch that a store like this one has packed. */
bool store_load(struct store *store, const struct block_touch *touch);

/* Bytes of memory in use, everything counted. */
size_t store_bytes(const struct store *store);

#endif
