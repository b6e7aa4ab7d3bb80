/* block_layout.h: where things are in a block; docs/changelog-format.md is the same in words. Used by block.c
 * and block_reader.c only. */
#ifndef TRIBUTARY_STATE_BLOCK_LAYOUT_H
#define TRIBUTARY_STATE_BLOCK_LAYOUT_H

#include "state/block.h"

#define BLOCK_MAGIC "TRBK"

enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_FLAGS = 5,
    AT_RESERVED = 6, /* two bytes, zero */
    AT_GENERATION = 8,
    AT_FIRST_OFFSET = 16,
    AT_LAST_OFFSET = 24,
    AT_MIN_TIME = 32,
    AT_MAX_TIME = 40,
    AT_COUNT = 48,
    AT_RAW_LENGTH = 52,
    BLOCK_HEADER = 56, /* bytes; the columns follow, then the checksum of everything before it */
    BLOCK_CHECKSUM = 8,
};

/* Of the header. */
enum { BLOCK_COMPRESSED = 1 };

/* In their order; each begins with its length, a 32-bit number. */
enum {
    COLUMN_OFFSETS,
    COLUMN_TIMES,
    COLUMN_FLAGS,
    COLUMN_WATERMARKS, /* of those that lie behind theirs */
    COLUMN_KEYS,
    COLUMN_BODIES,
    BLOCK_COLUMNS,
};

/* Of a touch, in COLUMN_FLAGS. */
enum { TOUCH_PACKED = 1, TOUCH_BEHIND = 2 };

enum {
    LENGTH_BYTES = 4,
    KEY_BYTES = 16,
    TOUCH_BYTES_MIN = 1 + 1 + 1 + KEY_BYTES + 1, /* offset, time, flags, key, an empty body's length */
};

#define BLOCK_INFO_EMPTY                                                                                     \
    ((struct block_info){.first_offset = INT64_MAX,                                                          \
                         .last_offset = INT64_MIN,                                                           \
                         .min_time_us = INT64_MAX,                                                           \
                         .max_time_us = INT64_MIN})

static inline void block_info_add(struct block_info *info, const struct block_touch *touch) {
    info->count++;
    if (touch->offset < info->first_offset) info->first_offset = touch->offset;
    if (touch->offset > info->last_offset) info->last_offset = touch->offset;
    if (touch->time_us < info->min_time_us) info->min_time_us = touch->time_us;
    if (touch->time_us > info->max_time_us) info->max_time_us = touch->time_us;
}

#endif
