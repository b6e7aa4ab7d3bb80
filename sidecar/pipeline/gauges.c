#include "pipeline/gauges.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void reserve(struct worker_gauges *gauges, int count) {
    if (count <= gauges->capacity) return;
    gauges->capacity = count > 2 * gauges->capacity ? count : 2 * gauges->capacity;
    gauges->partitions =
        memory_realloc(gauges->partitions, (size_t)gauges->capacity * sizeof *gauges->partitions);
}

static void reserve_lookups(struct worker_gauges *gauges, int count) {
    if (count <= gauges->lookup_capacity) return;
    gauges->lookup_capacity = count;
    gauges->lookups = memory_realloc(gauges->lookups, (size_t)count * sizeof *gauges->lookups);
}

void worker_gauges_add_lookup(struct worker_gauges *gauges, struct enquiry_counts counts) {
    reserve_lookups(gauges, gauges->lookup_count + 1);
    gauges->lookups[gauges->lookup_count++] = counts;
}

struct partition_gauges *worker_gauges_add(struct worker_gauges *gauges) {
    reserve(gauges, gauges->count + 1);
    struct partition_gauges *partition = &gauges->partitions[gauges->count++];
    *partition = (struct partition_gauges){.high = {-1, -1}};
    return partition;
}

void worker_gauges_release(struct worker_gauges *gauges) {
    free(gauges->partitions);
    free(gauges->lookups);
    *gauges = (struct worker_gauges){0};
}

void gauges_board_init(struct gauges_board *board) {
    memset(board, 0, sizeof *board);
    pthread_mutex_init(&board->lock, NULL);
    board->shown = &board->both[0];
    board->draft = &board->both[1];
}

void gauges_board_release(struct gauges_board *board) {
    worker_gauges_release(&board->both[0]);
    worker_gauges_release(&board->both[1]);
    pthread_mutex_destroy(&board->lock);
}

struct worker_gauges *gauges_board_draft(struct gauges_board *board) {
    board->draft->count = board->draft->lookup_count = 0;
    return board->draft;
}

void gauges_board_publish(struct gauges_board *board) {
    pthread_mutex_lock(&board->lock);
    struct worker_gauges *published = board->draft;
    board->draft = board->shown;
    board->shown = published;
    pthread_mutex_unlock(&board->lock);
}

void gauges_board_copy(struct gauges_board *board, struct worker_gauges *copy) {
    pthread_mutex_lock(&board->lock);
    const struct worker_gauges *shown = board->shown;
    reserve(copy, shown->count);
    reserve_lookups(copy, shown->lookup_count);
    struct worker_gauges own = *copy;
    if (shown->count)
        memcpy(own.partitions, shown->partitions, (size_t)shown->count * sizeof *own.partitions);
    if (shown->lookup_count)
        memcpy(own.lookups, shown->lookups, (size_t)shown->lookup_count * sizeof *own.lookups);
    *copy = *shown;
    copy->partitions = own.partitions;
    copy->capacity = own.capacity;
    copy->lookups = own.lookups;
    copy->lookup_capacity = own.lookup_capacity;
    pthread_mutex_unlock(&board->lock);
}
