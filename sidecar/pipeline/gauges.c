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

struct partition_gauges *worker_gauges_add(struct worker_gauges *gauges) {
    reserve(gauges, gauges->count + 1);
    struct partition_gauges *partition = &gauges->partitions[gauges->count++];
    *partition = (struct partition_gauges){.high = {-1, -1}};
    return partition;
}

void worker_gauges_release(struct worker_gauges *gauges) {
    free(gauges->partitions);
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
    board->draft->count = 0;
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
    struct partition_gauges *partitions = copy->partitions;
    int capacity = copy->capacity;
    if (shown->count) memcpy(partitions, shown->partitions, (size_t)shown->count * sizeof *partitions);
    *copy = *shown;
    copy->partitions = partitions;
    copy->capacity = capacity;
    pthread_mutex_unlock(&board->lock);
}
