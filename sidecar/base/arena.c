#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_BYTES = 1024, BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(ALIGNMENT) char data[];
};

void arena_init(struct arena *arena) {
    *arena = (struct arena){0};
}

static void free_blocks(struct arena_block *block) {
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_release(struct arena *arena) {
    free_blocks(arena->blocks);
    arena_init(arena);
}

void arena_reset(struct arena *arena) {
    struct arena_block *keep = arena->blocks;
    if (!keep || keep->size > BLOCK_BYTES) {
        arena_release(arena);
        return;
    }
    free_blocks(keep->next);
    keep->next = NULL;
    arena->next = keep->data;
    arena->end = keep->data + keep->size;
    arena->used = 0;
}

/* Each block is as large as all before it together, so that small arenas stay small. */
static void add_block(struct arena *arena, size_t size) {
    size_t usual = arena_size(arena);
    if (usual < FIRST_BYTES) usual = FIRST_BYTES;
    if (usual > BLOCK_BYTES) usual = BLOCK_BYTES;
    if (size < usual) size = usual;
    struct arena_block *block = memory_alloc(sizeof *block + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->next = block->data;
    arena->end = block->data + size;
}

char *arena_bytes(struct arena *arena, size_t size) {
    if (!arena->next || (size_t)(arena->end - arena->next) < size) add_block(arena, size);
    char *got = arena->next;
    arena->next += size;
    arena->used += size;
    return got;
}

void *arena_alloc(struct arena *arena, size_t size) {
    size_t misaligned = (size_t)((uintptr_t)arena->next % ALIGNMENT);
    size_t pad = misaligned ? ALIGNMENT - misaligned : 0;
    if (!arena->next || (size_t)(arena->end - arena->next) < size + pad) {
        add_block(arena, size);
        pad = 0;
    }
    arena->next += pad;
    return arena_bytes(arena, size);
}

struct span arena_copy(struct arena *arena, struct span text) {
    if (!text.data) return text;
    char *copy = arena_bytes(arena, text.len);
    if (text.len) memcpy(copy, text.data, text.len);
    return (struct span){copy, text.len};
}

struct span arena_printf(struct arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t len = n > 0 ? (size_t)n : 0;
    char *text = arena_bytes(arena, len + 1);
    vsnprintf(text, len + 1, format, again);
    va_end(again);
    return (struct span){text, len};
}

void arena_give_back(struct arena *arena, size_t size) {
    arena->next -= size;
    arena->used -= size;
}

size_t arena_size(const struct arena *arena) {
    size_t size = 0;
    for (const struct arena_block *block = arena->blocks; block; block = block->next)
        size += sizeof *block + block->size;
    return size;
}
