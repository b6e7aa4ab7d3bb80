#include "state/refill.h"

#include <stdlib.h>

#include "base/memory.h"
#include "state/offset_set.h"

struct refill {
    struct refill_options options;
    struct block_reader *reader;
    struct offset_set *seen;
    struct store_held found;
};

struct refill *refill_new(const struct refill_options *options) {
    struct refill *refill = memory_zalloc(1, sizeof *refill);
    refill->options = *options;
    refill->reader = block_reader_new();
    refill->seen = offset_set_new();
    return refill;
}

void refill_free(struct refill *refill) {
    if (!refill) return;
    block_reader_free(refill->reader);
    offset_set_free(refill->seen);
    free(refill);
}

static void count(struct refill *refill, int64_t time_us, int64_t offset) {
    if (time_us < refill->options.held_from_us) return;
    refill->found.count++;
    refill->found.xor ^= hash_offset(offset);
}

/* What the store has dropped for its age was held all the same; what it cannot take was not. */
static void load(struct refill *refill, const struct block_touch *touch) {
    if (touch->offset >= refill->options.before_offset) return;
    if (!offset_set_add(refill->seen, touch->offset)) return;
    if (store_load(refill->options.store, touch) || store_is_past(refill->options.store, touch->time_us))
        count(refill, touch->time_us, touch->offset);
}

bool refill_block(struct refill *refill, struct span bytes, struct block_info *info, bool *ours,
                  struct error *error) {
    if (!block_peek(bytes, info, error)) return false;
    *ours = info->generation == refill->options.generation;
    bool needed = *ours && info->first_offset < refill->options.before_offset &&
                  info->max_time_us >= refill->options.held_from_us;
    if (!needed) return true;
    if (!block_reader_open(refill->reader, bytes, info, error)) return false;
    struct block_touch touch;
    while (block_reader_next(refill->reader, &touch)) load(refill, &touch);
    return true;
}

void refill_touch(struct refill *refill, struct hash128 key, int64_t time_us, int64_t offset,
                  int64_t watermark_us, const struct value *fields) {
    if (offset >= refill->options.before_offset) return;
    struct store *store = refill->options.store;
    if (store_insert(store, key, time_us, offset, watermark_us, fields) || store_is_past(store, time_us))
        count(refill, time_us, offset);
}

struct store_held refill_found(const struct refill *refill) {
    return refill->found;
}
