#include "pipeline/changes.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    BLOCK_BYTES = 256 * 1024,     /* of touches in one block, before compression */
    CUT_BYTES = 16 * 1024 * 1024, /* in all blocks of one cut: more waits for the next */
    KEPT_BYTES = 64 * 1024,       /* of a buffer between two cuts: there may be many partitions */
};

void changes_init(struct changes *changes) {
    *changes = (struct changes){0};
}

void changes_release(struct changes *changes) {
    free(changes->items);
    buffer_release(&changes->bytes);
    block_writer_free(changes->writer);
    changes_init(changes);
}

void changes_clear(struct changes *changes) {
    changes->count = 0;
    if (changes->bytes.capacity > KEPT_BYTES) buffer_release(&changes->bytes);
    buffer_clear(&changes->bytes);
}

static struct change *add(struct changes *changes, int partition, const struct block_info *info) {
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity ? changes->capacity * 2 : 8;
        changes->items = memory_realloc(changes->items, (size_t)changes->capacity * sizeof *changes->items);
    }
    struct change *change = &changes->items[changes->count++];
    *change = (struct change){.info = *info};
    change->key_len = block_key(change->key, partition, info);
    return change;
}

void changes_expire(struct changes *changes, int partition, struct changelog *changelog, int64_t before_us) {
    int from = 0;
    for (const struct changelog_block *block; (block = changelog_expire(changelog, before_us, &from));)
        add(changes, partition, &block->info)->tombstone = true;
}

static void finish_block(struct changes *changes, int partition, uint64_t generation) {
    struct block_info info;
    size_t at = changes->bytes.len;
    block_writer_finish(changes->writer, generation, &changes->bytes, &info);
    struct change *change = add(changes, partition, &info);
    change->at = at;
    change->len = changes->bytes.len - at;
}

void changes_pack(struct changes *changes, int partition, struct store *store, uint64_t generation) {
    size_t packed = 0;
    if (!store_unpacked(store)) return;
    changes->writer = block_writer_new();
    for (bool more = true; more && packed < CUT_BYTES;) {
        more = store_pack(store, changes->writer, BLOCK_BYTES);
        packed += block_writer_bytes(changes->writer);
        if (block_writer_bytes(changes->writer)) finish_block(changes, partition, generation);
    }
    block_writer_free(changes->writer);
    changes->writer = NULL;
}

struct span changes_key(const struct changes *changes, int number) {
    return (struct span){changes->items[number].key, changes->items[number].key_len};
}

struct span changes_value(const struct changes *changes, int number) {
    const struct change *change = &changes->items[number];
    if (change->tombstone) return (struct span){0};
    return (struct span){changes->bytes.data + change->at, change->len};
}
