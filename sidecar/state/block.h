/* block.h: touches packed for the changelog: columns, compressed, with a version and a checksum. The byte
 * layout is in docs/changelog-format.md. Pure: no I/O, no clock. One thread at a time. */
#ifndef TRIBUTARY_STATE_BLOCK_H
#define TRIBUTARY_STATE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/span.h"

enum {
    BLOCK_VERSION = 1,
    BLOCK_KEY_MAX = 80,
    BLOCK_TOUCH_MAX = 64,             /* what a touch takes at most in a block, beside its fields */
    BLOCK_RAW_MAX = 64 * 1024 * 1024, /* no reader takes blocks that unpack to more */
};

struct block_touch {
    int64_t offset, time_us;
    int64_t watermark_us; /* the touch watermark before it, if it lies behind that; else TIME_NONE */
    struct hash128 key;
    bool packed;        /* `fields` is one canonical uuid as its 16 bytes */
    struct span fields; /* else these are the kept fields as the store encodes them; may be empty */
};

/* What a block says of itself without being unpacked. */
struct block_info {
    uint64_t generation;               /* of the state: what the key hash, its seed and the kept fields are */
    int64_t first_offset, last_offset; /* of its touches, both included */
    int64_t min_time_us, max_time_us;
    uint32_t count;
};

/* --- writing --- */

struct block_writer;

struct block_writer *block_writer_new(void);
void block_writer_free(struct block_writer *writer);
/* Adds a touch; copied. Offsets should ascend: any order is right, that one is small. */
void block_writer_add(struct block_writer *writer, const struct block_touch *touch);
/* Of the touches added, before compression; 0 while there are none. To stay well below BLOCK_RAW_MAX. */
size_t block_writer_bytes(const struct block_writer *writer);
/* Appends the finished block to `out`, says what it is, and empties the writer, which must hold a touch. Its
 * memory stays for the next block. */
void block_writer_finish(struct block_writer *writer, uint64_t generation, struct buffer *out,
                         struct block_info *info);

/* --- reading --- */

struct block_reader;

struct block_reader *block_reader_new(void);
void block_reader_free(struct block_reader *reader);
/* Checks the whole block and prepares for reading its touches; `bytes` are needed no longer afterwards. False
 * with a fatal error that says what is wrong: not a block, another version, a checksum that differs. Any
 * bytes will do: no length or count in them is trusted. */
bool block_reader_open(struct block_reader *reader, struct span bytes, struct block_info *info,
                       struct error *error) MUST_CHECK;
/* Checks only the header and the checksum: for blocks whose touches nobody needs. */
bool block_peek(struct span bytes, struct block_info *info, struct error *error) MUST_CHECK;
/* The next touch, false at the end. Its fields are good until the next open. */
bool block_reader_next(struct block_reader *reader, struct block_touch *touch);

/* --- record keys --- */

/* Writes "PARTITION/FIRST-LAST/GENERATION", terminated, and returns its length. With all of that in it no
 * writer can replace another's block by one that is shorter or means something else. `text` has room for
 * BLOCK_KEY_MAX. */
size_t block_key(char *text, int partition, const struct block_info *info);
/* Of what the block says of itself only what is in the key; the times are TIME_NONE. False for anything but
 * what block_key writes. */
bool block_key_parse(struct span key, int *partition, struct block_info *info);

#endif
