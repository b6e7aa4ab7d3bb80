/* block.c: benchmarks of blocks: packing touches for the changelog and reading them back, 5,000 to a block,
 * each with a key of its own, one uuid kept and a time some milliseconds after the one before. What the
 * touches take in a block is in the last column. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "event/uuid.h"
#include "micro.h"
#include "state/offset_set.h"
#include "state/store.h"

enum { TOUCHES = 5000 };

#define HOUR (3600 * TIME_SECOND)
#define JUNE INT64_C(1718600400000000)

static struct window window;
static struct block_writer *writer;
static struct block_reader *reader;
static struct buffer block;
static struct block_touch touches[TOUCHES];
static uint8_t uuids[TOUCHES][UUID_BYTES];
static char texts[TOUCHES][UUID_TEXT];

static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void make_touches(void) {
    int64_t time_us = JUNE;
    for (uint64_t i = 0; i < TOUCHES; i++) {
        time_us += 1000 * (int64_t)(mix(i + 1) % 7);
        for (size_t b = 0; b < sizeof uuids[i]; b++) uuids[i][b] = (uint8_t)mix(i << 8 | b);
        uuid_unpack(uuids[i], texts[i]);
        touches[i] = (struct block_touch){.offset = (int64_t)i,
                                          .time_us = time_us,
                                          .watermark_us = TIME_NONE,
                                          .key = {mix(i << 32), mix(i << 40)},
                                          .packed = true,
                                          .fields = {(const char *)uuids[i], sizeof uuids[i]}};
    }
}

static void finish(void) {
    struct block_info info;
    buffer_clear(&block);
    block_writer_finish(writer, 1, &block, &info);
}

static void set_up(void) {
    window = window_of(HOUR, 0);
    writer = block_writer_new();
    reader = block_reader_new();
    make_touches();
    for (int i = 0; i < TOUCHES; i++) block_writer_add(writer, &touches[i]);
    finish();
}

static void tear_down(void) {
    block_writer_free(writer);
    block_reader_free(reader);
    buffer_release(&block);
}

static double bytes_per_touch(void) {
    return (double)block.len / TOUCHES;
}

/* The operations are touches, though whole blocks are written and read. */
static void run_encode(int64_t count) {
    for (int64_t i = 0; i < count; i += TOUCHES) {
        for (int t = 0; t < TOUCHES; t++) block_writer_add(writer, &touches[t]);
        finish();
    }
}

/* As a partition goes on: what it has read is kept, and packed from there. */
static void run_pack(int64_t count) {
    for (int64_t i = 0; i < count; i += TOUCHES) {
        struct store *store = store_new(&window, 1);
        for (int t = 0; t < TOUCHES; t++) {
            struct value field = {VALUE_STRING, {texts[t], UUID_TEXT}};
            const struct block_touch *touch = &touches[t];
            store_insert(store, touch->key, touch->time_us, touch->offset, touch->watermark_us, &field);
        }
        store_pack(store, writer, SIZE_MAX);
        finish();
        store_free(store);
    }
}

static void open_block(void) {
    struct block_info info;
    struct error error;
    if (block_reader_open(reader, buffer_view(&block), &info, &error)) return;
    fprintf(stderr, "%s\n", error.message);
    exit(1);
}

static void run_decode(int64_t count) {
    struct block_touch touch;
    for (int64_t i = 0; i < count; i += TOUCHES) {
        open_block();
        while (block_reader_next(reader, &touch)) micro_use(touch.key.low);
    }
}

/* As a partition is restored: into a store, each offset once. */
static void run_load(int64_t count) {
    struct block_touch touch;
    for (int64_t i = 0; i < count; i += TOUCHES) {
        struct store *restored = store_new(&window, 1);
        struct offset_set *seen = offset_set_new();
        open_block();
        while (block_reader_next(reader, &touch))
            if (offset_set_add(seen, touch.offset)) store_load(restored, &touch);
        offset_set_free(seen);
        store_free(restored);
    }
}

static void run_offset_set(int64_t count) {
    struct offset_set *set = offset_set_new();
    for (int64_t i = 0; i < count; i++) micro_use(offset_set_add(set, i * 3));
    offset_set_free(set);
}

const struct micro block_benchmarks[] = {
    {"block.encode", run_encode, set_up, tear_down, bytes_per_touch},
    {"block.keep_and_pack", run_pack, set_up, tear_down, bytes_per_touch},
    {"block.decode", run_decode, set_up, tear_down, bytes_per_touch},
    {"block.load", run_load, set_up, tear_down, NULL},
    {"block.offset_set", run_offset_set, NULL, NULL, NULL},
    {0},
};
