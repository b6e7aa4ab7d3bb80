/* blocks.h: what the tests of blocks share: touches that follow from a number, and blocks of them. */
#ifndef TRIBUTARY_TESTS_STATE_BLOCKS_H
#define TRIBUTARY_TESTS_STATE_BLOCKS_H

#include "../suite.h"
#include "base/time.h"
#include "state/block.h"
#include "state/wire.h"

enum { FIELD_BYTES_MAX = 5000, CHECKSUM_BYTES = 8 };

#define GENERATION UINT64_C(0xfedcba9876543210)

/* One of each kind; the fields are written to `text`. */
static inline struct block_touch some_touch(struct random *random, int64_t offset, char *text) {
    struct block_touch touch = {.offset = offset, .watermark_us = TIME_NONE};
    touch.time_us = (int64_t)random_next(random) >> (random_below(random, 2) ? 6 : 24);
    if (random_below(random, 3) == 0) touch.watermark_us = touch.time_us + 1 + random_below(random, 1000000);
    touch.key = (struct hash128){random_next(random), random_next(random)};
    touch.packed = random_below(random, 2);
    size_t len =
        touch.packed ? 16 : (size_t)random_below(random, random_below(random, 9) ? 40 : FIELD_BYTES_MAX);
    for (size_t i = 0; i < len; i++) text[i] = (char)random_next(random);
    touch.fields = (struct span){text, len};
    return touch;
}

static inline void assert_same_touch(const struct block_touch *got, const struct block_touch *want) {
    ck_assert_int_eq(got->offset, want->offset);
    ck_assert_int_eq(got->time_us, want->time_us);
    ck_assert_int_eq(got->watermark_us, want->watermark_us);
    ck_assert_uint_eq(got->key.low, want->key.low);
    ck_assert_uint_eq(got->key.high, want->key.high);
    ck_assert_int_eq(got->packed, want->packed);
    ck_assert(span_equal(got->fields, want->fields));
}

/* Makes the checksum right, as something other than Tributary might. */
static inline void seal(struct buffer *block) {
    size_t len = block->len - CHECKSUM_BYTES;
    wire_put_u64((uint8_t *)block->data + len, hash_bytes(block->data, len));
}

#endif
