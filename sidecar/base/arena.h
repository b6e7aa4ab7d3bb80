/* arena.h: many small allocations, one release. One thread at a time.
 * Memory comes in blocks that an arena keeps when it is reset, up to a bound, so that a steady load does not
 * call malloc at all. */
#ifndef TRIBUTARY_BASE_ARENA_H
#define TRIBUTARY_BASE_ARENA_H

#include <stddef.h>

#include "base/span.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *next, *end;           /* free part of the newest block */
    size_t used;                /* bytes handed out since the last reset */
};

void arena_init(struct arena *arena);
/* Frees everything; the arena may be used again. */
void arena_release(struct arena *arena);
/* Forgets every allocation but keeps one block for the next ones. */
void arena_reset(struct arena *arena);

/* Uninitialised memory aligned to 16 bytes; never NULL. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* Like arena_alloc without alignment, for text. */
char *arena_bytes(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* Takes back the last `size` bytes of the newest arena_bytes. */
void arena_give_back(struct arena *arena, size_t size);
/* Memory held, whether handed out or not. */
size_t arena_size(const struct arena *arena);
/* A copy of `text` in the arena. An absent span stays absent. */
struct span arena_copy(struct arena *arena, struct span text);
/* printf into the arena. */
struct span arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
