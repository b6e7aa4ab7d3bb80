#include "state/changelog.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void changelog_init(struct changelog *changelog, int64_t next) {
    *changelog = (struct changelog){.next = next};
}

void changelog_release(struct changelog *changelog) {
    free(changelog->blocks);
    changelog_init(changelog, 0);
}

static void pass(struct changelog *changelog, int64_t at) {
    if (at >= changelog->next) changelog->next = at + 1;
}

void changelog_add(struct changelog *changelog, const struct block_info *info, int64_t at) {
    if (changelog->count == changelog->capacity) {
        changelog->capacity = changelog->capacity ? changelog->capacity * 2 : 16;
        changelog->blocks =
            memory_realloc(changelog->blocks, (size_t)changelog->capacity * sizeof *changelog->blocks);
    }
    changelog->blocks[changelog->count++] = (struct changelog_block){*info, at, false};
    pass(changelog, at);
}

static bool have_same_key(const struct block_info *one, const struct block_info *other) {
    return one->first_offset == other->first_offset && one->last_offset == other->last_offset &&
           one->generation == other->generation;
}

void changelog_remove(struct changelog *changelog, const struct block_info *info, int64_t at) {
    int kept = 0;
    for (int i = 0; i < changelog->count; i++) {
        const struct changelog_block *block = &changelog->blocks[i];
        if (!have_same_key(&block->info, info) || block->at > at) changelog->blocks[kept++] = *block;
    }
    changelog->count = kept;
    pass(changelog, at);
}

int64_t changelog_from(const struct changelog *changelog) {
    return changelog->count ? changelog->blocks[0].at : changelog->next;
}

/* Whether a newer record of the same key is there: a tombstone would delete that. */
static bool is_replaced(const struct changelog *changelog, int number) {
    const struct changelog_block *block = &changelog->blocks[number];
    for (int i = number + 1; i < changelog->count; i++)
        if (have_same_key(&changelog->blocks[i].info, &block->info)) return true;
    return false;
}

const struct changelog_block *changelog_expire(struct changelog *changelog, int64_t before_us, int *from) {
    while (*from < changelog->count) {
        int number = (*from)++;
        struct changelog_block *block = &changelog->blocks[number];
        if (block->leaving || block->info.max_time_us >= before_us || is_replaced(changelog, number))
            continue;
        block->leaving = true;
        return block;
    }
    return NULL;
}
