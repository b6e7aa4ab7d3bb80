/* Blocks that are not as they were written: none is accepted, and nothing is read beyond its bytes (which are
 * copied to memory of exactly their size, so that the sanitizers would notice). */
#include "blocks.h"

enum { MUTATIONS = 15000, RANDOM_BLOCKS = 20000, HEADER_BYTES = 56, RAW_MAX = 64 * 1024 * 1024 };

static struct block_reader *reader;

static void set_up(void) {
    reader = block_reader_new();
}

static void tear_down(void) {
    block_reader_free(reader);
}

/* Touches whose keys and fields are random or all alike: stored as they are, or compressed. */
static void write_block(struct buffer *out, int count, bool compressible) {
    static char text[FIELD_BYTES_MAX];
    struct block_writer *writer = block_writer_new();
    struct random random = {compressible ? 1 : 2};
    struct block_info info;
    for (int i = 0; i < count; i++) {
        struct block_touch touch = some_touch(&random, 1000 + i, text);
        if (compressible) touch.key = (struct hash128){1, 2};
        if (touch.fields.len > 40) touch.fields.len = 40;
        block_writer_add(writer, &touch);
    }
    buffer_init(out);
    block_writer_finish(writer, GENERATION, out, &info);
    block_writer_free(writer);
    ck_assert_int_eq(out->data[5], compressible); /* flags */
}

/* Whether it is taken for a good block; all its touches are read then. */
static bool opens(const char *data, size_t len, struct error *error) {
    struct block_info info;
    struct block_touch touch;
    char *exact = malloc(len ? len : 1);
    if (len) memcpy(exact, data, len);
    bool good = block_reader_open(reader, (struct span){exact, len}, &info, error);
    free(exact);
    uint32_t count = 0;
    volatile char last = 0;
    while (block_reader_next(reader, &touch)) {
        count++;
        if (touch.fields.len) last = touch.fields.data[touch.fields.len - 1];
        ck_assert(touch.offset >= info.first_offset && touch.offset <= info.last_offset);
        ck_assert(touch.time_us >= info.min_time_us && touch.time_us <= info.max_time_us);
    }
    (void)last;
    ck_assert_uint_eq(count, good ? info.count : 0);
    return good;
}

static void assert_refused(const char *data, size_t len, const char *why) {
    struct error error = {0};
    ck_assert(!opens(data, len, &error));
    ck_assert_int_eq(error.class, ERROR_FATAL);
    if (why) ck_assert_msg(strstr(error.message, why) != NULL, "\"%s\" lacks \"%s\"", error.message, why);
}

static void every_truncation(bool compressible) {
    struct buffer block;
    struct error error;
    struct block_info info;
    write_block(&block, 12, compressible);
    for (size_t len = 0; len < block.len; len++) {
        assert_refused(block.data, len, NULL);
        ck_assert(!block_peek((struct span){block.data, len}, &info, &error));
    }
    buffer_byte(&block, 0);
    assert_refused(block.data, block.len, "checksum");
    block.len--;
    ck_assert(opens(block.data, block.len, &error));
    buffer_release(&block);
}

START_TEST(truncated) {
    every_truncation(false);
    every_truncation(true);
}
END_TEST

static void every_flip(bool compressible) {
    struct buffer block;
    write_block(&block, 5, compressible);
    for (size_t i = 0; i < block.len; i++)
        for (int change = 1; change < 256; change += change < 128 ? change : 127) { /* each bit, and all */
            block.data[i] = (char)(block.data[i] ^ change);
            assert_refused(block.data, block.len, NULL);
            block.data[i] = (char)(block.data[i] ^ change);
        }
    buffer_release(&block);
}

START_TEST(any_byte_changed) {
    every_flip(false);
    every_flip(true);
}
END_TEST

START_TEST(random_bytes) {
    struct random random = {3};
    char bytes[300];
    for (int i = 0; i < RANDOM_BLOCKS; i++) {
        size_t len = (size_t)random_below(&random, sizeof bytes);
        for (size_t b = 0; b < len; b++) bytes[b] = (char)random_next(&random);
        if (len > 5 && i % 2) memcpy(bytes, "TRBK\1", 5);
        assert_refused(bytes, len, NULL);
    }
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    struct buffer block;
    write_block(&block, 3, false);
    assert_refused("", 0, "not a block of touches");
    assert_refused(NULL, 0, "not a block of touches");
    block.data[block.len - 20] ^= 1;
    assert_refused(block.data, block.len, "checksum");
    block.data[4] = 2;
    assert_refused(block.data, block.len, "format version 2");
    block.data[0] = 'x';
    assert_refused(block.data, block.len, "not a block of touches");
    buffer_release(&block);
}
END_TEST

/* --- blocks whose checksum is right and that lie all the same --- */

static void refuse_u32(size_t at, uint32_t value, const char *why) {
    struct buffer block;
    write_block(&block, 5, false);
    wire_put_u32((uint8_t *)block.data + at, value);
    seal(&block);
    assert_refused(block.data, block.len, why);
    buffer_release(&block);
}

static void refuse_u64(size_t at, int64_t value, const char *why) {
    struct buffer block;
    write_block(&block, 5, false);
    wire_put_u64((uint8_t *)block.data + at, (uint64_t)value);
    seal(&block);
    assert_refused(block.data, block.len, why);
    buffer_release(&block);
}

START_TEST(headers_that_lie) {
    static const uint32_t counts[] = {0, 1, 4, 6, 20, 1000, UINT32_MAX};
    static const uint32_t lengths[] = {0, 1, 23, 24, 44, 100, 5000, RAW_MAX, RAW_MAX + 1, UINT32_MAX};
    for (int i = 0; i < COUNT_OF(counts); i++) refuse_u32(48, counts[i], NULL);
    for (int i = 0; i < COUNT_OF(lengths); i++) refuse_u32(52, lengths[i], NULL);
    refuse_u32(48, 1000, "number of its touches");
    refuse_u32(52, RAW_MAX + 1, "length of its columns");
    for (size_t at = 16; at < 48; at += 8) { /* offsets and times */
        refuse_u64(at, 0, NULL);
        refuse_u64(at, INT64_MIN, NULL);
        refuse_u64(at, INT64_MAX, NULL);
        refuse_u64(at, -1, NULL);
    }
    refuse_u64(16, 999, "columns are not what its header says");
    refuse_u64(24, 1005, "columns are not what its header says");
}
END_TEST

START_TEST(flags_of_the_future) {
    struct buffer block;
    write_block(&block, 5, false);
    for (size_t at = 5; at < 8; at++)
        for (int bit = at == 5 ? 1 : 0; bit < 8; bit++) {
            block.data[at] = (char)(1 << bit);
            seal(&block);
            assert_refused(block.data, block.len, "flags");
            block.data[at] = 0;
        }
    block.data[5] = 1; /* says that it is compressed, and is not */
    seal(&block);
    assert_refused(block.data, block.len, "damaged");
    buffer_release(&block);
}
END_TEST

/* The lengths before each column: one byte more here and one less there, and anything else. */
START_TEST(columns_that_lie) {
    struct buffer block;
    write_block(&block, 5, false);
    for (uint8_t *at = (uint8_t *)block.data + HEADER_BYTES; at < (uint8_t *)block.data + block.len - 8;) {
        uint32_t len = wire_u32(at);
        const uint32_t lies[] = {0, len - 1, len + 1, len + 4, 10000, UINT32_MAX};
        for (int i = 0; i < COUNT_OF(lies); i++) {
            if (lies[i] == len) continue;
            wire_put_u32(at, lies[i]);
            seal(&block);
            assert_refused(block.data, block.len, "columns are not what its header says");
        }
        wire_put_u32(at, len);
        at += 4 + len;
    }
    buffer_release(&block);
}
END_TEST

/* Where a column ends in the middle of a number, the next one must not be read on into. */
START_TEST(a_varint_without_an_end) {
    struct buffer block;
    write_block(&block, 5, false);
    uint8_t *offsets = (uint8_t *)block.data + HEADER_BYTES + 4;
    offsets[wire_u32(offsets - 4) - 1] |= 0x80;
    seal(&block);
    assert_refused(block.data, block.len, "columns are not what its header says");
    buffer_release(&block);
}
END_TEST

/* A block of two touches, the second without fields, whose columns take just the memory that a reader gets
 * for them: nothing lies behind. */
static void write_tight_block(struct buffer *out) {
    enum { TIGHT = 256 };
    struct random random = {6};
    char text[TIGHT];
    buffer_init(out);
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)random_next(&random);
    for (size_t len = 0; len < TIGHT; len++) {
        struct block_writer *writer = block_writer_new();
        struct block_info info;
        struct block_touch touch = {.offset = 1, .watermark_us = TIME_NONE, .fields = {text, len}};
        touch.key = (struct hash128){random_next(&random), random_next(&random)};
        block_writer_add(writer, &touch);
        touch.key = (struct hash128){random_next(&random), random_next(&random)};
        touch.fields.len = 0;
        block_writer_add(writer, &touch);
        buffer_clear(out);
        block_writer_finish(writer, GENERATION, out, &info);
        block_writer_free(writer);
        if (wire_u32((uint8_t *)out->data + 52) == TIGHT && out->data[5] == 0) return;
    }
    ck_abort_msg("no length gives a tight block");
}

START_TEST(a_varint_without_an_end_at_the_very_end) {
    struct buffer block;
    write_tight_block(&block);
    block.data[block.len - CHECKSUM_BYTES - 1] = (char)0x80; /* the length of no fields */
    seal(&block);
    assert_refused(block.data, block.len, "columns are not what its header says");
    buffer_release(&block);
}
END_TEST

START_TEST(a_column_with_bytes_left_over) {
    struct buffer block;
    write_block(&block, 5, false);
    size_t columns = wire_u32((uint8_t *)block.data + 52);
    for (size_t at = HEADER_BYTES; at < HEADER_BYTES + columns;) {
        uint8_t *longer = malloc(block.len + 1);
        size_t len = wire_u32((uint8_t *)block.data + at), behind = at + 4 + len;
        memcpy(longer, block.data, behind);
        longer[behind] = 0;
        memcpy(longer + behind + 1, block.data + behind, block.len - behind);
        wire_put_u32(longer + at, (uint32_t)len + 1);
        wire_put_u32(longer + 52, (uint32_t)columns + 1);
        struct buffer wrong = {(char *)longer, block.len + 1, block.len + 1};
        seal(&wrong);
        assert_refused(wrong.data, wrong.len, "columns are not what its header says");
        free(longer);
        at = behind;
    }
    buffer_release(&block);
}
END_TEST

/* Several bytes anywhere replaced, the checksum made right: many of these are good blocks of other touches.
 */
static void mutate(bool compressible, uint64_t seed, int *refused, int *opened) {
    struct random random = {seed};
    struct buffer block;
    struct error error;
    write_block(&block, 20, compressible);
    char *good = malloc(block.len);
    memcpy(good, block.data, block.len);
    for (int i = 0; i < MUTATIONS; i++) {
        for (int n = 1 + random_below(&random, 3); n > 0; n--) {
            size_t at = 4 + (size_t)random_below(&random, (int)block.len - 12);
            block.data[at] = (char)random_next(&random);
        }
        seal(&block);
        ++*(opens(block.data, block.len, &error) ? opened : refused);
        memcpy(block.data, good, block.len);
    }
    free(good);
    buffer_release(&block);
}

START_TEST(anything_with_a_right_checksum) {
    int refused = 0, opened = 0;
    mutate(false, 4, &refused, &opened);
    mutate(true, 5, &refused, &opened);
    ck_assert_int_gt(refused, MUTATIONS / 4);
    ck_assert_int_gt(opened, MUTATIONS / 4);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("damage");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, truncated);
    tcase_add_test(tests, any_byte_changed);
    tcase_add_test(tests, random_bytes);
    tcase_add_test(tests, what_is_wrong_is_said);
    tcase_add_test(tests, headers_that_lie);
    tcase_add_test(tests, flags_of_the_future);
    tcase_add_test(tests, columns_that_lie);
    tcase_add_test(tests, a_varint_without_an_end);
    tcase_add_test(tests, a_varint_without_an_end_at_the_very_end);
    tcase_add_test(tests, a_column_with_bytes_left_over);
    tcase_add_test(tests, anything_with_a_right_checksum);
    return suite_run("state.block_damage", tests);
}
