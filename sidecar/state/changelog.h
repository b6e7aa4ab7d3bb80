/* changelog.h: which blocks of one partition lie in its changelog: what a commit has to say about where a
 * restore must begin, and which blocks may be deleted. Bookkeeping only, no I/O. One thread at a time. */
#ifndef TRIBUTARY_STATE_CHANGELOG_H
#define TRIBUTARY_STATE_CHANGELOG_H

#include <stdint.h>

#include "state/block.h"

/* A block that is in the topic and not deleted. */
struct changelog_block {
    struct block_info info;
    int64_t at;   /* its own offset in the topic */
    bool leaving; /* its tombstone is on the way */
};

struct changelog {
    struct changelog_block *blocks; /* by their offset in the topic */
    int count, capacity;
    int64_t next; /* behind the newest record of the topic that we know of */
};

void changelog_init(struct changelog *changelog, int64_t next);
void changelog_release(struct changelog *changelog);

/* A block was written, or found, at this offset of the topic; offsets ascend. */
void changelog_add(struct changelog *changelog, const struct block_info *info, int64_t at);
/* A tombstone was written, or found: the block whose key has these offsets and this generation is no more. */
void changelog_remove(struct changelog *changelog, const struct block_info *info, int64_t at);
/* Where a restore has to begin to see every block. */
int64_t changelog_from(const struct changelog *changelog);

/* The next block, from index *from on, whose touches all lie before `before_us`; marks it as leaving. NULL
 * when there is none. */
const struct changelog_block *changelog_expire(struct changelog *changelog, int64_t before_us, int *from);

#endif
