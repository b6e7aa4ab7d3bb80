/* block_reader.c: reads blocks. The checksum tells damage; but a block may also have been written by
 * something that is not Tributary, so nothing here follows a length, a count or a sum before it has been
 * checked. */
#include <stdlib.h>
#include <zstd.h>

#include "base/memory.h"
#include "base/time.h"
#include "event/uuid.h"
#include "state/block.h"
#include "state/block_layout.h"
#include "state/wire.h"

struct column {
    const uint8_t *at, *end;
};

/* How far the touches have been read. */
struct place {
    struct column columns[BLOCK_COLUMNS];
    int64_t offset, time_us, watermark_us; /* the last of each column */
    uint32_t left;                         /* touches */
};

struct block_reader {
    struct buffer raw; /* the columns, unpacked */
    struct place place;
    ZSTD_DCtx *zstd;
};

struct block_reader *block_reader_new(void) {
    struct block_reader *reader = memory_zalloc(1, sizeof *reader);
    reader->zstd = ZSTD_createDCtx();
    return reader;
}

void block_reader_free(struct block_reader *reader) {
    if (!reader) return;
    buffer_release(&reader->raw);
    ZSTD_freeDCtx(reader->zstd);
    free(reader);
}

/* --- the header -------------------------------------------------------------------------------------------
 */

static bool damaged(struct error *error, const char *what) {
    return error_set(error, ERROR_FATAL, "the block is damaged: %s", what);
}

static bool check_kind(struct span bytes, struct error *error) {
    size_t magic = sizeof BLOCK_MAGIC - 1;
    if (bytes.len < BLOCK_HEADER + BLOCK_CHECKSUM || memcmp(bytes.data, BLOCK_MAGIC, magic) != 0)
        return error_set(error, ERROR_FATAL,
                         "not a block of touches: %zu bytes that do not begin with \"%s\"", bytes.len,
                         BLOCK_MAGIC);
    int version = (uint8_t)bytes.data[AT_VERSION];
    if (version != BLOCK_VERSION)
        return error_set(error, ERROR_FATAL,
                         "a block of format version %d, where this program knows version %d\n"
                         "hint: run the newest program that has ever run this pipeline, or a newer one",
                         version, BLOCK_VERSION);
    return true;
}

static bool check_sum(struct span bytes, struct error *error) {
    const uint8_t *block = (const uint8_t *)bytes.data;
    size_t len = bytes.len - BLOCK_CHECKSUM;
    return hash_bytes(block, len) == wire_u64(block + len) || damaged(error, "its checksum differs");
}

static bool check_header(const uint8_t *header, const struct block_info *info, struct error *error) {
    uint32_t raw_length = wire_u32(header + AT_RAW_LENGTH);
    size_t lengths = BLOCK_COLUMNS * LENGTH_BYTES;
    if ((header[AT_FLAGS] & ~BLOCK_COMPRESSED) || header[AT_RESERVED] || header[AT_RESERVED + 1])
        return damaged(error, "it has flags that its version does not know");
    if (raw_length > BLOCK_RAW_MAX || raw_length < lengths)
        return damaged(error, "the length of its columns cannot be");
    if (!info->count || info->count > (raw_length - lengths) / TOUCH_BYTES_MIN)
        return damaged(error, "the number of its touches cannot be");
    if (info->first_offset > info->last_offset || info->first_offset < 0 ||
        info->min_time_us > info->max_time_us)
        return damaged(error, "its offsets or times cannot be");
    return true;
}

bool block_peek(struct span bytes, struct block_info *info, struct error *error) {
    if (!check_kind(bytes, error) || !check_sum(bytes, error)) return false;
    const uint8_t *header = (const uint8_t *)bytes.data;
    *info = (struct block_info){
        .generation = wire_u64(header + AT_GENERATION),
        .first_offset = (int64_t)wire_u64(header + AT_FIRST_OFFSET),
        .last_offset = (int64_t)wire_u64(header + AT_LAST_OFFSET),
        .min_time_us = (int64_t)wire_u64(header + AT_MIN_TIME),
        .max_time_us = (int64_t)wire_u64(header + AT_MAX_TIME),
        .count = wire_u32(header + AT_COUNT),
    };
    return check_header(header, info, error);
}

/* --- the columns ------------------------------------------------------------------------------------------
 */

static bool unpack(struct block_reader *reader, struct span block, struct error *error) {
    const uint8_t *header = (const uint8_t *)block.data;
    struct span packed = {block.data + BLOCK_HEADER, block.len - BLOCK_HEADER - BLOCK_CHECKSUM};
    size_t raw_length = wire_u32(header + AT_RAW_LENGTH), got = packed.len;
    struct buffer *raw = &reader->raw;
    buffer_clear(raw);
    buffer_reserve(raw, raw_length);
    if (header[AT_FLAGS] & BLOCK_COMPRESSED) {
        if (!reader->zstd) return damaged(error, "no memory to unpack it");
        got = ZSTD_decompressDCtx(reader->zstd, raw->data, raw_length, packed.data, packed.len);
        if (ZSTD_isError(got)) return damaged(error, ZSTD_getErrorName(got));
    } else if (packed.len <= raw_length) {
        memcpy(raw->data, packed.data, packed.len);
    }
    raw->len = raw_length;
    return got == raw_length || damaged(error, "its columns have another length than it says");
}

static bool find_columns(const struct buffer *raw, struct column *columns) {
    const uint8_t *at = (const uint8_t *)raw->data, *end = at + raw->len;
    for (int i = 0; i < BLOCK_COLUMNS; i++) {
        if (end - at < LENGTH_BYTES) return false;
        uint32_t len = wire_u32(at);
        at += LENGTH_BYTES;
        if ((size_t)(end - at) < len) return false;
        columns[i] = (struct column){at, at + len};
        at += len;
    }
    return at == end;
}

static const uint8_t *take(struct column *column, uint64_t len) {
    const uint8_t *at = column->at;
    if ((uint64_t)(column->end - at) < len) return NULL;
    column->at += len;
    return at;
}

static bool take_varint(struct column *column, uint64_t *value) {
    const uint8_t *behind = wire_varint(column->at, column->end, value);
    if (behind) column->at = behind;
    return behind;
}

static bool take_delta(struct column *column, int64_t *before) {
    uint64_t delta;
    if (!take_varint(column, &delta)) return false;
    *before = wire_undo_delta(*before, delta);
    return true;
}

static bool take_key(struct column *column, struct hash128 *key) {
    const uint8_t *at = take(column, KEY_BYTES);
    if (at) *key = (struct hash128){wire_u64(at), wire_u64(at + 8)};
    return at;
}

static bool take_body(struct column *column, bool packed, struct span *fields) {
    uint64_t len = UUID_BYTES;
    if (!packed && !take_varint(column, &len)) return false;
    const uint8_t *at = take(column, len);
    if (at) *fields = (struct span){(const char *)at, (size_t)len};
    return at;
}

static bool take_watermark(struct place *place, bool behind, struct block_touch *touch) {
    touch->watermark_us = TIME_NONE;
    if (!behind) return true;
    if (!take_delta(&place->columns[COLUMN_WATERMARKS], &place->watermark_us)) return false;
    touch->watermark_us = place->watermark_us;
    return touch->time_us < touch->watermark_us;
}

/* The next touch; false at the end and where a column is not as it should be. */
static bool take_touch(struct place *place, struct block_touch *touch) {
    struct column *columns = place->columns;
    if (!place->left || !take_delta(&columns[COLUMN_OFFSETS], &place->offset) ||
        !take_delta(&columns[COLUMN_TIMES], &place->time_us))
        return false;
    const uint8_t *flags = take(&columns[COLUMN_FLAGS], 1);
    if (!flags || (*flags & ~(TOUCH_PACKED | TOUCH_BEHIND))) return false;
    touch->offset = place->offset;
    touch->time_us = place->time_us;
    touch->packed = *flags & TOUCH_PACKED;
    place->left--;
    return take_watermark(place, *flags & TOUCH_BEHIND, touch) &&
           take_key(&columns[COLUMN_KEYS], &touch->key) &&
           take_body(&columns[COLUMN_BODIES], touch->packed, &touch->fields);
}

/* Reads every touch once, so that reading them again cannot fail. */
static bool all_touches_are_good(struct place place, const struct block_info *info) {
    struct block_info found = BLOCK_INFO_EMPTY;
    struct block_touch touch;
    while (place.left) {
        if (!take_touch(&place, &touch)) return false;
        block_info_add(&found, &touch);
    }
    for (int i = 0; i < BLOCK_COLUMNS; i++)
        if (place.columns[i].at != place.columns[i].end) return false;
    return found.first_offset == info->first_offset && found.last_offset == info->last_offset &&
           found.min_time_us == info->min_time_us && found.max_time_us == info->max_time_us;
}

bool block_reader_open(struct block_reader *reader, struct span bytes, struct block_info *info,
                       struct error *error) {
    struct place place = {.left = 0};
    reader->place.left = 0;
    if (!block_peek(bytes, info, error) || !unpack(reader, bytes, error)) return false;
    place.left = info->count;
    if (!find_columns(&reader->raw, place.columns) || !all_touches_are_good(place, info))
        return damaged(error, "its columns are not what its header says");
    reader->place = place;
    return true;
}

bool block_reader_next(struct block_reader *reader, struct block_touch *touch) {
    return take_touch(&reader->place, touch);
}
