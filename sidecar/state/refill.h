/* refill.h: fills an empty store again, from the blocks of the changelog or from the touches read anew, and
 * counts what the progress described when it was stored: the touches before an offset, from an event time
 * on. Blocks that overlap are loaded once. One thread at a time; no I/O. */
#ifndef TRIBUTARY_STATE_REFILL_H
#define TRIBUTARY_STATE_REFILL_H

#include "state/block.h"
#include "state/store.h"

struct refill;

struct refill_options {
    struct store *store;
    uint64_t generation;   /* blocks of another one are passed over */
    int64_t before_offset; /* touches from here on are ignored: they will be read again */
    int64_t held_from_us;  /* what is counted: touches from this event time on */
};

struct refill *refill_new(const struct refill_options *options);
void refill_free(struct refill *refill);

/* One block of the changelog. False with the reason when it is damaged; the store is then as before. `ours`:
 * whether it is of our generation. */
bool refill_block(struct refill *refill, struct span bytes, struct block_info *info, bool *ours,
                  struct error *error) MUST_CHECK;
/* One touch read anew, which is in no block as far as we know. */
void refill_touch(struct refill *refill, struct hash128 key, int64_t time_us, int64_t offset,
                  int64_t watermark_us, const struct value *fields);

/* Count and XOR of what has been found so far. */
struct store_held refill_found(const struct refill *refill);

#endif
