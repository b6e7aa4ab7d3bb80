/* changes.h: what one cut of a partition puts into the changelog: tombstones of blocks that nobody needs any
 * more, then the touches read since the last cut, packed into blocks. Tombstones come first, so that none can
 * delete a new block under the same key. One thread at a time; no I/O. */
#ifndef TRIBUTARY_PIPELINE_CHANGES_H
#define TRIBUTARY_PIPELINE_CHANGES_H

#include "base/buffer.h"
#include "state/block.h"
#include "state/changelog.h"
#include "state/store.h"

/* One record for the changelog. */
struct change {
    char key[BLOCK_KEY_MAX];
    size_t key_len;
    bool tombstone;
    struct block_info info; /* a tombstone's: only the offsets */
    size_t at, len;         /* the value, in changes.bytes */
};

struct changes {
    struct change *items;
    int count, capacity;
    struct buffer bytes;
    struct block_writer *writer;
};

void changes_init(struct changes *changes);
void changes_release(struct changes *changes);
void changes_clear(struct changes *changes);

/* Tombstones for the blocks whose touches all lie before `before_us`. */
void changes_expire(struct changes *changes, int partition, struct changelog *changelog, int64_t before_us);
/* Blocks of the store's touches that are in none yet, or of as many as one cut may hold. */
void changes_pack(struct changes *changes, int partition, struct store *store, uint64_t generation);

struct span changes_key(const struct changes *changes, int number);
/* Absent for a tombstone. */
struct span changes_value(const struct changes *changes, int number);

#endif
