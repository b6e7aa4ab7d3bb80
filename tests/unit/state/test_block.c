/* Blocks: what goes in comes out, the bytes are those of docs/changelog-format.md, keys. What the reader does
 * with bytes that are no good block is in test_block_damage.c. */
#include <ctype.h>
#include <stdio.h>

#include "blocks.h"

enum { ROUNDS = 300, TOUCHES_MAX = 200 };

struct bench {
    struct block_writer *writer;
    struct block_reader *reader;
    struct buffer out;
    struct block_info info;
};

static struct bench open_bench(void) {
    struct bench bench = {block_writer_new(), block_reader_new(), {0}, {0}};
    return bench;
}

static void close_bench(struct bench *bench) {
    block_writer_free(bench->writer);
    block_reader_free(bench->reader);
    buffer_release(&bench->out);
}

static void finish(struct bench *bench) {
    buffer_clear(&bench->out);
    block_writer_finish(bench->writer, GENERATION, &bench->out, &bench->info);
}

static void assert_same_info(const struct block_info *got, const struct block_info *want) {
    ck_assert_uint_eq(got->generation, want->generation);
    ck_assert_int_eq(got->first_offset, want->first_offset);
    ck_assert_int_eq(got->last_offset, want->last_offset);
    ck_assert_int_eq(got->min_time_us, want->min_time_us);
    ck_assert_int_eq(got->max_time_us, want->max_time_us);
    ck_assert_uint_eq(got->count, want->count);
}

static void open_block(struct bench *bench) {
    struct block_info info, peeked;
    struct error error = {0};
    ck_assert_msg(block_reader_open(bench->reader, buffer_view(&bench->out), &info, &error), "%s",
                  error.message);
    ck_assert(block_peek(buffer_view(&bench->out), &peeked, &error));
    assert_same_info(&info, &bench->info);
    assert_same_info(&peeked, &bench->info);
}

/* Ascending, mostly in small steps; or anything. */
static int64_t next_offset(struct random *random, int64_t before, bool ascending) {
    if (!ascending) return (int64_t)(random_next(random) >> 1);
    return before + 1 + (random_below(random, 9) ? random_below(random, 3) : random_below(random, 1 << 30));
}

static void round_trip(struct bench *bench, uint64_t seed) {
    static char texts[TOUCHES_MAX][FIELD_BYTES_MAX];
    struct random random = {seed};
    struct block_touch touches[TOUCHES_MAX], got;
    int count = 1 + random_below(&random, random_below(&random, 2) ? 3 : TOUCHES_MAX);
    bool ascending = random_below(&random, 3);
    int64_t offset = random_below(&random, 2) ? 0 : INT64_C(1) << 40;
    size_t fields = 0;
    for (int i = 0; i < count; i++) {
        touches[i] = some_touch(&random, offset, texts[i]);
        offset = next_offset(&random, offset, ascending);
        fields += touches[i].fields.len;
        block_writer_add(bench->writer, &touches[i]);
    }
    size_t bytes = block_writer_bytes(bench->writer);
    ck_assert_uint_le(bytes, fields + (size_t)count * BLOCK_TOUCH_MAX);
    ck_assert_uint_ge(bytes, fields + (size_t)count * 20 - (size_t)count);
    finish(bench);
    ck_assert_uint_eq(block_writer_bytes(bench->writer), 0);
    open_block(bench);
    buffer_clear(&bench->out); /* needed no longer */
    memset(bench->out.data, 0x5a, bench->out.capacity);
    for (int i = 0; i < count; i++) {
        ck_assert(block_reader_next(bench->reader, &got));
        assert_same_touch(&got, &touches[i]);
    }
    ck_assert(!block_reader_next(bench->reader, &got));
    ck_assert(!block_reader_next(bench->reader, &got));
}

START_TEST(what_goes_in_comes_out) {
    struct bench bench = open_bench();
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) round_trip(&bench, seed);
    close_bench(&bench);
}
END_TEST

START_TEST(the_extremes_of_every_number) {
    static const int64_t times[] = {INT64_MIN + 1, INT64_MAX - 1, 0, -1, INT64_MIN + 1};
    struct bench bench = open_bench();
    struct block_touch got, touch = {.fields = {"", 0}};
    for (int i = 0; i < COUNT_OF(times); i++) {
        touch.offset = i % 2 ? INT64_MAX : i;
        touch.time_us = times[i];
        touch.watermark_us = i % 2 ? INT64_MAX : INT64_MIN + 2 + i;
        block_writer_add(bench.writer, &touch);
    }
    finish(&bench);
    ck_assert_int_eq(bench.info.first_offset, 0);
    ck_assert_int_eq(bench.info.last_offset, INT64_MAX);
    ck_assert_int_eq(bench.info.min_time_us, INT64_MIN + 1);
    ck_assert_int_eq(bench.info.max_time_us, INT64_MAX - 1);
    ck_assert_uint_eq(bench.info.count, 5);
    ck_assert_uint_eq(bench.info.generation, GENERATION);
    open_block(&bench);
    for (int i = 0; i < COUNT_OF(times); i++) {
        ck_assert(block_reader_next(bench.reader, &got));
        ck_assert_int_eq(got.time_us, times[i]);
        ck_assert_int_eq(got.offset, i % 2 ? INT64_MAX : i);
    }
    close_bench(&bench);
}
END_TEST

/* A watermark that the touch does not lie behind says nothing, and is not written. */
START_TEST(only_watermarks_of_those_behind) {
    struct bench bench = open_bench();
    struct block_touch got, touch = {.offset = 7, .time_us = 100, .fields = {"", 0}};
    const int64_t watermarks[] = {TIME_NONE, 99, 100, 101};
    for (int i = 0; i < COUNT_OF(watermarks); i++) {
        touch.watermark_us = watermarks[i];
        block_writer_add(bench.writer, &touch);
    }
    finish(&bench);
    open_block(&bench);
    for (int i = 0; i < COUNT_OF(watermarks); i++) {
        ck_assert(block_reader_next(bench.reader, &got));
        ck_assert_int_eq(got.watermark_us, watermarks[i] > 100 ? watermarks[i] : TIME_NONE);
    }
    close_bench(&bench);
}
END_TEST

START_TEST(blocks_are_appended) {
    struct bench bench = open_bench();
    struct error error;
    struct block_touch touch = {.offset = 1, .time_us = 1, .watermark_us = TIME_NONE, .fields = {"x", 1}};
    buffer_text(&bench.out, "before");
    block_writer_add(bench.writer, &touch);
    block_writer_finish(bench.writer, 1, &bench.out, &bench.info);
    ck_assert_mem_eq(bench.out.data, "before", 6);
    struct span block = {bench.out.data + 6, bench.out.len - 6};
    ck_assert(block_reader_open(bench.reader, block, &bench.info, &error));
    close_bench(&bench);
}
END_TEST

/* What repeats is compressed; what cannot be is stored as it is, hardly larger than its bytes. */
START_TEST(blocks_are_small) {
    struct bench bench = open_bench();
    struct random random = {1};
    static const char field[] = "\3\20https://shop.example/p";
    for (int i = 0; i < 1000; i++) {
        struct block_touch touch = {.offset = i, .time_us = i * TIME_SECOND, .watermark_us = TIME_NONE};
        touch.key = (struct hash128){random_next(&random), random_next(&random)};
        touch.fields = (struct span){field, sizeof field - 1};
        block_writer_add(bench.writer, &touch);
    }
    size_t raw = block_writer_bytes(bench.writer);
    finish(&bench);
    ck_assert_uint_lt(bench.out.len, raw / 2);
    ck_assert_uint_lt(bench.out.len, 1000 * 17);
    close_bench(&bench);
}
END_TEST

/* --- the example of docs/changelog-format.md --- */

enum { EXAMPLE_MAX = 1000 };

/* A line of it: where its bytes begin, the bytes in pairs of digits, two spaces, words. */
static size_t read_line(const char *line, uint8_t *example, size_t len) {
    char *at;
    ck_assert_uint_eq(strtoul(line, &at, 10), len);
    for (at++; at[0] == ' ' && isxdigit(at[1]) && isxdigit(at[2]); at += 3)
        example[len++] = (uint8_t)strtoul((char[]){at[1], at[2], '\0'}, NULL, 16);
    ck_assert_uint_lt(len, EXAMPLE_MAX - 16);
    return len;
}

static size_t read_example(uint8_t *example) {
    char line[300];
    size_t len = 0;
    bool inside = false;
    FILE *page = fopen("docs/changelog-format.md", "r");
    ck_assert_ptr_nonnull(page);
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, "```", 3) == 0)
            inside = !inside;
        else if (inside)
            len = read_line(line, example, len);
    }
    fclose(page);
    return len;
}

static void add_example(struct block_writer *writer) {
    const struct block_touch uuid = {
        .offset = 1000,
        .time_us = INT64_C(1718600400000000),
        .watermark_us = TIME_NONE,
        .key = {UINT64_C(0x0807060504030201), UINT64_C(0x100f0e0d0c0b0a09)},
        .packed = true,
        .fields = {"\x7e\x0b\xa5\x7b\x9d\x4c\x4a\x5b\x8f\x6e\x1f\x0f\x3a\x6d\x2c\x11", 16},
    };
    const struct block_touch text = {
        .offset = 1002,
        .time_us = INT64_C(1718600399000000),
        .watermark_us = INT64_C(1718600399500000),
        .key = {UINT64_C(0x1817161514131211), UINT64_C(0x201f1e1d1c1b1a19)},
        .fields = {"\3\5hello", 7},
    };
    block_writer_add(writer, &uuid);
    block_writer_add(writer, &text);
}

START_TEST(the_documented_bytes) {
    struct bench bench = open_bench();
    struct block_touch touch;
    uint8_t example[EXAMPLE_MAX];
    size_t len = read_example(example);
    add_example(bench.writer);
    finish(&bench);
    ck_assert_uint_eq(bench.out.len, len);
    ck_assert_mem_eq(bench.out.data, example, len);
    open_block(&bench);
    ck_assert(block_reader_next(bench.reader, &touch) && block_reader_next(bench.reader, &touch));
    ck_assert_int_eq(touch.offset, 1002);
    ck_assert_int_eq(touch.watermark_us, INT64_C(1718600399500000));
    close_bench(&bench);
}
END_TEST

START_TEST(keys_and_back) {
    char text[BLOCK_KEY_MAX];
    int partition;
    struct block_info info = {.first_offset = 1000, .last_offset = 1002, .generation = 0xa7};
    ck_assert_uint_eq(block_key(text, 3, &info), strlen(text));
    ck_assert_str_eq(text, "3/1000-1002/00000000000000a7");
    info = (struct block_info){.first_offset = 0, .last_offset = INT64_MAX, .generation = UINT64_MAX - 1};
    size_t len = block_key(text, INT32_MAX, &info);
    ck_assert_uint_eq(len, strlen(text));
    struct block_info parsed;
    ck_assert(block_key_parse((struct span){text, len}, &partition, &parsed));
    ck_assert_int_eq(partition, INT32_MAX);
    ck_assert_int_eq(parsed.first_offset, 0);
    ck_assert_int_eq(parsed.last_offset, INT64_MAX);
    ck_assert_uint_eq(parsed.generation, UINT64_MAX - 1);
    ck_assert_int_eq(parsed.max_time_us, TIME_NONE);
    ck_assert(block_key_parse(span_of("0/5-5/0123456789abcdef"), &partition, &parsed));
    ck_assert_int_eq(parsed.last_offset, 5);
    ck_assert_uint_eq(parsed.generation, 0x0123456789abcdef);
}
END_TEST

#define G "/00000000000000a7"

START_TEST(keys_of_others) {
    static const char *const keys[] = {
        "",
        "/",
        "3",
        "3/",
        "3/1",
        "3/1-",
        "3/1-2",
        "3/1-2/",
        "3/1-2/a7",
        "3/1-2/000000000000000a7",
        "3/1-2/00000000000000A7",
        "3/1-2/00000000000000g7",
        "3/1-2 " G,
        " 3/1-2" G,
        "3/1-2x" G,
        "-3/1-2" G,
        "3/-1-2" G,
        "3/1--2" G,
        "03/1-2" G,
        "3/01-2" G,
        "3/1-02" G,
        "3/2-1" G,
        "3/1/2" G,
        "2147483648/1-2" G,
        "3/1-9223372036854775808" G,
        "3/1-92233720368547758070" G,
        "+3/1-2" G,
        "3/1-2" G " ",
        "3/1-2" G "/3",
    };
    int partition;
    struct block_info info;
    for (int i = 0; i < COUNT_OF(keys); i++)
        ck_assert_msg(!block_key_parse(span_of(keys[i]), &partition, &info), "\"%s\"", keys[i]);
    ck_assert(!block_key_parse((struct span){NULL, 0}, &partition, &info));
    ck_assert(!block_key_parse((struct span){"3/1-2/000000000000000\0", 22}, &partition, &info));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("block");
    tcase_add_test(tests, what_goes_in_comes_out);
    tcase_add_test(tests, the_extremes_of_every_number);
    tcase_add_test(tests, only_watermarks_of_those_behind);
    tcase_add_test(tests, blocks_are_appended);
    tcase_add_test(tests, blocks_are_small);
    tcase_add_test(tests, the_documented_bytes);
    tcase_add_test(tests, keys_and_back);
    tcase_add_test(tests, keys_of_others);
    return suite_run("state.block", tests);
}
