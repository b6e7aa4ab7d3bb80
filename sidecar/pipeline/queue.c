#include "pipeline/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SEGMENT_ENTRIES = 256 };

struct segment {
    struct arena arena;
    struct pending entries[SEGMENT_ENTRIES];
};

void queue_init(struct queue *queue) {
    *queue = (struct queue){0};
}

static void segment_free(struct segment *segment) {
    arena_release(&segment->arena);
    free(segment);
}

void queue_release(struct queue *queue) {
    for (int i = 0; i < queue->count; i++) segment_free(queue->segments[i]);
    free(queue->segments);
    queue_init(queue);
}

static struct segment *segment_of(const struct queue *queue, uint64_t number) {
    return queue->segments[number / SEGMENT_ENTRIES - queue->first_segment];
}

struct pending *queue_at(const struct queue *queue, uint64_t number) {
    return &segment_of(queue, number)->entries[number % SEGMENT_ENTRIES];
}

struct arena *queue_arena(const struct queue *queue, uint64_t number) {
    return &segment_of(queue, number)->arena;
}

static void add_segment(struct queue *queue) {
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 4;
        queue->segments = memory_realloc(queue->segments, (size_t)queue->capacity * sizeof(struct segment *));
    }
    struct segment *segment = memory_alloc(sizeof *segment);
    arena_init(&segment->arena);
    queue->segments[queue->count++] = segment;
}

static size_t touch_bytes(const struct pending *pending) {
    return pending->touches == &pending->touch ? 0 : (size_t)pending->touch_count * sizeof *pending->touches;
}

/* The record's bytes, about as many again for its fields, and its touches. */
static size_t weight(const struct pending *pending) {
    return sizeof *pending + pending->record.key.len + pending->record.value.len * 2 + touch_bytes(pending);
}

struct pending *queue_push(struct queue *queue, const struct record *record) {
    uint64_t number = queue->next;
    if (number / SEGMENT_ENTRIES - queue->first_segment == (uint64_t)queue->count) add_segment(queue);
    queue->next++;
    struct arena *arena = queue_arena(queue, number);
    struct pending *pending = queue_at(queue, number);
    *pending = (struct pending){.record = *record};
    pending->record.key = arena_copy(arena, record->key);
    pending->record.value = arena_copy(arena, record->value);
    queue->bytes += weight(pending);
    return pending;
}

void queue_keep_touches(struct queue *queue, uint64_t number, const struct touch *touches, int count) {
    struct pending *pending = queue_at(queue, number);
    size_t size = (size_t)count * sizeof *touches;
    queue->bytes -= touch_bytes(pending);
    pending->touch_count = count;
    pending->touches = &pending->touch;
    if (count == 1) {
        pending->touch = touches[0];
    } else if (count > 1) {
        struct touch *kept = arena_alloc(queue_arena(queue, number), size);
        memcpy(kept, touches, size);
        pending->touches = kept;
    }
    queue->bytes += touch_bytes(pending);
}

void queue_drop(struct queue *queue, uint64_t before) {
    for (; queue->first < before; queue->first++) queue->bytes -= weight(queue_at(queue, queue->first));
    int gone = (int)(queue->first / SEGMENT_ENTRIES - queue->first_segment);
    if (!gone) return;
    for (int i = 0; i < gone; i++) segment_free(queue->segments[i]);
    queue->count -= gone;
    queue->first_segment += (uint64_t)gone;
    memmove(queue->segments, queue->segments + gone, (size_t)queue->count * sizeof(struct segment *));
}
