#include "pipeline/rekey_gauges.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void reserve(struct rekeyer_gauges *gauges, int count) {
    if (count <= gauges->capacity) return;
    gauges->capacity = count > 2 * gauges->capacity ? count : 2 * gauges->capacity;
    gauges->sources = memory_realloc(gauges->sources, (size_t)gauges->capacity * sizeof *gauges->sources);
}

struct rekey_source_gauges *rekeyer_gauges_add(struct rekeyer_gauges *gauges) {
    reserve(gauges, gauges->count + 1);
    struct rekey_source_gauges *source = &gauges->sources[gauges->count++];
    *source = (struct rekey_source_gauges){.high = -1, .committed = -1, .max_time_us = TIME_NONE};
    return source;
}

void rekeyer_gauges_release(struct rekeyer_gauges *gauges) {
    free(gauges->sources);
    *gauges = (struct rekeyer_gauges){0};
}

static void copy_gauges(struct rekeyer_gauges *to, const struct rekeyer_gauges *from) {
    reserve(to, from->count);
    struct rekeyer_gauges own = *to;
    if (from->count) memcpy(own.sources, from->sources, (size_t)from->count * sizeof *own.sources);
    *to = *from;
    to->sources = own.sources;
    to->capacity = own.capacity;
}

void rekey_board_init(struct rekey_board *board) {
    memset(board, 0, sizeof *board);
    pthread_mutex_init(&board->lock, NULL);
}

void rekey_board_release(struct rekey_board *board) {
    rekeyer_gauges_release(&board->shown);
    pthread_mutex_destroy(&board->lock);
}

void rekey_board_publish(struct rekey_board *board, const struct rekeyer_gauges *gauges) {
    pthread_mutex_lock(&board->lock);
    copy_gauges(&board->shown, gauges);
    pthread_mutex_unlock(&board->lock);
}

void rekey_board_copy(struct rekey_board *board, struct rekeyer_gauges *copy) {
    pthread_mutex_lock(&board->lock);
    copy_gauges(copy, &board->shown);
    pthread_mutex_unlock(&board->lock);
}
