/* block.c: writes blocks, and names them. */
#include "state/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "base/time.h"
#include "state/block_layout.h"
#include "state/wire.h"

enum { ZSTD_LEVEL = 1 };

struct block_writer {
    struct buffer columns[BLOCK_COLUMNS];
    struct buffer raw;                     /* the columns in a row */
    struct block_info info;                /* of the touches added */
    int64_t offset, time_us, watermark_us; /* the last of each column, from which the next one is counted */
    ZSTD_CCtx *zstd;
};

static void clear(struct block_writer *writer) {
    for (int i = 0; i < BLOCK_COLUMNS; i++) buffer_clear(&writer->columns[i]);
    writer->info = BLOCK_INFO_EMPTY;
    writer->offset = writer->time_us = writer->watermark_us = 0;
}

struct block_writer *block_writer_new(void) {
    struct block_writer *writer = memory_zalloc(1, sizeof *writer);
    writer->zstd = ZSTD_createCCtx();
    if (writer->zstd) ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    clear(writer);
    return writer;
}

void block_writer_free(struct block_writer *writer) {
    if (!writer) return;
    for (int i = 0; i < BLOCK_COLUMNS; i++) buffer_release(&writer->columns[i]);
    buffer_release(&writer->raw);
    ZSTD_freeCCtx(writer->zstd);
    free(writer);
}

static void put_varint(struct buffer *column, uint64_t value) {
    uint8_t *start = (uint8_t *)buffer_reserve(column, WIRE_VARINT_MAX);
    column->len += (size_t)(wire_put_varint(start, value) - start);
}

static void put_delta(struct buffer *column, int64_t *before, int64_t value) {
    put_varint(column, wire_delta(*before, value));
    *before = value;
}

static void put_key(struct buffer *column, struct hash128 key) {
    uint8_t *at = (uint8_t *)buffer_reserve(column, KEY_BYTES);
    wire_put_u64(at, key.low);
    wire_put_u64(at + 8, key.high);
    column->len += KEY_BYTES;
}

void block_writer_add(struct block_writer *writer, const struct block_touch *touch) {
    struct buffer *columns = writer->columns;
    bool behind = touch->time_us < touch->watermark_us;
    put_delta(&columns[COLUMN_OFFSETS], &writer->offset, touch->offset);
    put_delta(&columns[COLUMN_TIMES], &writer->time_us, touch->time_us);
    buffer_byte(&columns[COLUMN_FLAGS],
                (char)((touch->packed ? TOUCH_PACKED : 0) | (behind ? TOUCH_BEHIND : 0)));
    if (behind) put_delta(&columns[COLUMN_WATERMARKS], &writer->watermark_us, touch->watermark_us);
    put_key(&columns[COLUMN_KEYS], touch->key);
    if (!touch->packed) put_varint(&columns[COLUMN_BODIES], touch->fields.len);
    buffer_span(&columns[COLUMN_BODIES], touch->fields);
    block_info_add(&writer->info, touch);
}

size_t block_writer_bytes(const struct block_writer *writer) {
    size_t bytes = 0;
    for (int i = 0; i < BLOCK_COLUMNS; i++) bytes += writer->columns[i].len;
    return bytes;
}

static struct span gather(struct block_writer *writer) {
    struct buffer *raw = &writer->raw;
    buffer_clear(raw);
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        wire_put_u32((uint8_t *)buffer_reserve(raw, LENGTH_BYTES), (uint32_t)writer->columns[i].len);
        raw->len += LENGTH_BYTES;
        buffer_span(raw, buffer_view(&writer->columns[i]));
    }
    return buffer_view(raw);
}

/* Writes the columns to `to`, where there is room for them as they are; their length there. Where compressing
 * them gains nothing, or fails, they are copied. */
static size_t put_columns(struct block_writer *writer, struct span raw, uint8_t *to, uint8_t *flags) {
    size_t len = writer->zstd ? ZSTD_compress2(writer->zstd, to, raw.len - 1, raw.data, raw.len) : 0;
    if (len && !ZSTD_isError(len)) {
        *flags = BLOCK_COMPRESSED;
        return len;
    }
    *flags = 0;
    memcpy(to, raw.data, raw.len);
    return raw.len;
}

static void put_header(uint8_t *header, const struct block_info *info, uint8_t flags, size_t raw_length) {
    memset(header, 0, BLOCK_HEADER);
    memcpy(header + AT_MAGIC, BLOCK_MAGIC, sizeof BLOCK_MAGIC - 1);
    header[AT_VERSION] = BLOCK_VERSION;
    header[AT_FLAGS] = flags;
    wire_put_u64(header + AT_GENERATION, info->generation);
    wire_put_u64(header + AT_FIRST_OFFSET, (uint64_t)info->first_offset);
    wire_put_u64(header + AT_LAST_OFFSET, (uint64_t)info->last_offset);
    wire_put_u64(header + AT_MIN_TIME, (uint64_t)info->min_time_us);
    wire_put_u64(header + AT_MAX_TIME, (uint64_t)info->max_time_us);
    wire_put_u32(header + AT_COUNT, info->count);
    wire_put_u32(header + AT_RAW_LENGTH, (uint32_t)raw_length);
}

void block_writer_finish(struct block_writer *writer, uint64_t generation, struct buffer *out,
                         struct block_info *info) {
    struct span raw = gather(writer);
    uint8_t flags, *block = (uint8_t *)buffer_reserve(out, BLOCK_HEADER + raw.len + BLOCK_CHECKSUM);
    size_t len = BLOCK_HEADER + put_columns(writer, raw, block + BLOCK_HEADER, &flags);
    writer->info.generation = generation;
    put_header(block, &writer->info, flags, raw.len);
    wire_put_u64(block + len, hash_bytes(block, len));
    out->len += len + BLOCK_CHECKSUM;
    *info = writer->info;
    clear(writer);
}

/* --- record keys ---------------------------------------------------------------------------------------- */

enum { GENERATION_DIGITS = 16 };
static const char hex_digits[] = "0123456789abcdef";

size_t block_key(char *text, int partition, const struct block_info *info) {
    return (size_t)snprintf(text, BLOCK_KEY_MAX, "%d/%lld-%lld/%016llx", partition,
                            (long long)info->first_offset, (long long)info->last_offset,
                            (unsigned long long)info->generation);
}

/* The number at the start of `rest`, in the one spelling that block_key gives it, and the `end` behind it. */
static bool take_number(struct span *rest, int64_t max, char end, int64_t *number) {
    size_t digits = 0;
    *number = 0;
    for (; digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9'; digits++) {
        int digit = rest->data[digits] - '0';
        if (*number > (max - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    if (!digits || (digits > 1 && rest->data[0] == '0')) return false;
    if (digits == rest->len || rest->data[digits] != end) return false;
    *rest = (struct span){rest->data + digits + 1, rest->len - digits - 1};
    return true;
}

static bool take_generation(struct span rest, uint64_t *generation) {
    *generation = 0;
    for (size_t i = 0; i < rest.len; i++) {
        const char *digit = rest.data[i] ? strchr(hex_digits, rest.data[i]) : NULL;
        if (!digit) return false;
        *generation = *generation << 4 | (uint64_t)(digit - hex_digits);
    }
    return rest.len == GENERATION_DIGITS;
}

bool block_key_parse(struct span key, int *partition, struct block_info *info) {
    int64_t number;
    *info = (struct block_info){.min_time_us = TIME_NONE, .max_time_us = TIME_NONE};
    if (!take_number(&key, INT32_MAX, '/', &number)) return false;
    *partition = (int)number;
    return take_number(&key, INT64_MAX, '-', &info->first_offset) &&
           take_number(&key, INT64_MAX, '/', &info->last_offset) && take_generation(key, &info->generation) &&
           info->first_offset <= info->last_offset;
}
