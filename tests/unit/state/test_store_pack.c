/* Packing a store into blocks and loading them again: random histories of inserts, packs and expiries, after
 * which another store, made of the blocks alone, must give the same answers. */
#include "state/block.h"
#include "state/offset_set.h"
#include "touches.h"

enum { HISTORIES = 60, STEPS = 400, KEYS = 8, QUESTIONS = 400, BLOCKS_MAX = 2 * STEPS };

struct packed {
    int64_t offset, time_us, watermark_us; /* TIME_NONE if it does not lie behind */
};

struct history {
    struct random random;
    struct window window;
    int field_count;
    struct store *store;
    struct block_writer *writer;
    struct buffer blocks[BLOCKS_MAX];
    int block_count;
    struct packed touches[STEPS]; /* all that were kept, in the order of insertion */
    int count;
    int64_t offset, now_us, first_bucket;
    int64_t last_packed; /* the offset */
};

static int64_t bucket_of(const struct history *history, int64_t time_us) {
    return window_bucket(&history->window, time_us);
}

/* Spread over somewhat more than a window before now. */
static int64_t some_time(struct history *history) {
    uint64_t span = (uint64_t)history->window.window_us * 5 / 4 + 2;
    return history->now_us - (int64_t)(random_next(&history->random) % span);
}

static int64_t some_watermark(struct history *history) {
    return random_below(&history->random, 4) ? some_time(history) : TIME_NONE;
}

static void insert(struct history *history) {
    struct value fields[FIELDS_MAX];
    int64_t offset = history->offset, time = some_time(history), watermark = some_watermark(history);
    struct hash128 key = key_of(random_below(&history->random, KEYS));
    history->offset += 1 + random_below(&history->random, 3);
    fields_of(offset, history->field_count, fields);
    if (!store_insert(history->store, key, time, offset, watermark, fields)) return;
    history->touches[history->count++] =
        (struct packed){offset, time, watermark > time ? watermark : TIME_NONE};
}

static void finish_block(struct history *history) {
    struct block_info info;
    ck_assert_int_lt(history->block_count, BLOCKS_MAX);
    struct buffer *out = &history->blocks[history->block_count++];
    buffer_init(out);
    block_writer_finish(history->writer, 1, out, &info);
    ck_assert_int_gt(info.first_offset, history->last_packed);
    history->last_packed = info.last_offset;
}

/* One block, or everything. */
static void pack(struct history *history, bool all) {
    for (bool more = true; more;) {
        size_t bytes =
            (size_t)random_below(&history->random, random_below(&history->random, 2) ? 200 : 20000);
        uint64_t before = store_unpacked(history->store);
        more = store_pack(history->store, history->writer, bytes);
        ck_assert_int_eq(more, store_unpacked(history->store) > 0);
        ck_assert_int_eq(before > 0, block_writer_bytes(history->writer) > 0);
        bool one = before - store_unpacked(history->store) == 1;
        ck_assert(block_writer_bytes(history->writer) <= bytes || one);
        if (block_writer_bytes(history->writer)) finish_block(history);
        if (!all) return;
    }
}

static void expire(struct history *history) {
    int64_t bucket = window_first_bucket(&history->window, some_time(history));
    store_expire(history->store, bucket);
    if (bucket > history->first_bucket) history->first_bucket = bucket;
}

static void step(struct history *history) {
    int x = random_below(&history->random, 100);
    history->now_us +=
        (int64_t)(random_next(&history->random) % (uint64_t)(history->window.window_us / 64 + 2));
    if (x < 90)
        insert(history);
    else if (x < 96)
        pack(history, random_below(&history->random, 2));
    else
        expire(history);
}

static struct history *history_new(uint64_t seed) {
    static const int64_t windows[] = {1, 16, 1000, 1000003, 3600 * TIME_SECOND};
    struct history *history = calloc(1, sizeof *history);
    history->random = (struct random){seed};
    history->first_bucket = INT64_MIN;
    history->last_packed = -1;
    history->window = window_of(windows[random_below(&history->random, COUNT_OF(windows))], 0);
    history->field_count = (int)(seed % (FIELDS_MAX + 1));
    history->now_us = random_below(&history->random, 2) ? -5 * TIME_SECOND : INT64_C(1718600400000000);
    history->offset = random_below(&history->random, 2) ? 0 : INT64_C(1) << 33;
    history->store = store_new(&history->window, history->field_count);
    history->writer = block_writer_new();
    return history;
}

static void history_free(struct history *history) {
    for (int i = 0; i < history->block_count; i++) buffer_release(&history->blocks[i]);
    block_writer_free(history->writer);
    store_free(history->store);
    free(history);
}

static const struct packed *find(const struct history *history, int64_t offset) {
    for (int i = 0; i < history->count; i++)
        if (history->touches[i].offset == offset) return &history->touches[i];
    return NULL;
}

static int load_block(const struct history *history, const struct buffer *block, struct block_reader *reader,
                      struct offset_set *seen, struct store *store) {
    struct block_info info;
    struct block_touch touch;
    struct error error;
    int new = 0;
    ck_assert(block_reader_open(reader, buffer_view(block), &info, &error));
    while (block_reader_next(reader, &touch)) {
        const struct packed *want = find(history, touch.offset);
        ck_assert_ptr_nonnull(want);
        ck_assert_int_eq(touch.time_us, want->time_us);
        ck_assert_int_eq(touch.watermark_us, want->watermark_us);
        if (!offset_set_add(seen, touch.offset)) continue;
        new ++;
        bool kept = bucket_of(history, touch.time_us) >= history->first_bucket;
        ck_assert_int_eq(store_load(store, &touch), kept);
    }
    return new;
}

/* A store of the blocks from `first` on, read from `first` or from the other end, some of them twice. */
static struct store *load(struct history *history, int first, bool backwards) {
    struct store *store = store_new(&history->window, history->field_count);
    struct block_reader *reader = block_reader_new();
    struct offset_set *seen = offset_set_new();
    store_expire(store, history->first_bucket);
    for (int i = first; i < history->block_count; i++) {
        int number = backwards ? history->block_count - 1 - (i - first) : i;
        const struct buffer *block = &history->blocks[number];
        ck_assert_int_gt(load_block(history, block, reader, seen, store), 0);
        if (random_below(&history->random, 4)) continue;
        ck_assert_int_eq(load_block(history, block, reader, seen, store), 0);
    }
    ck_assert_uint_eq(store_unpacked(store), 0);
    offset_set_free(seen);
    block_reader_free(reader);
    return store;
}

static void assert_same_held(const struct store *a, const struct store *b, int64_t from) {
    struct store_held x = store_held(a, from), y = store_held(b, from);
    ck_assert_uint_eq(x.count, y.count);
    ck_assert_uint_eq(x.xor, y.xor);
}

/* Any range of times and any moment of reading, which tells the watermarks of those behind. */
static void ask(struct history *history, const struct store *loaded) {
    struct hash128 key = key_of(random_below(&history->random, KEYS));
    struct window_range range = {some_time(history), some_time(history), some_time(history), INT64_MAX};
    struct touch want, got;
    bool found = store_first(history->store, key, &range, &want);
    ck_assert_int_eq(store_first(loaded, key, &range, &got), found);
    if (!found) return;
    ck_assert_int_eq(got.offset, want.offset);
    ck_assert_int_eq(got.time_us, want.time_us);
    assert_fields(loaded, &got, got.offset, history->field_count);
}

static void assert_same_answers(struct history *history, const struct store *loaded) {
    assert_same_held(history->store, loaded, INT64_MIN);
    for (int i = 0; i < QUESTIONS; i++) {
        assert_same_held(history->store, loaded, bucket_of(history, some_time(history)));
        ask(history, loaded);
    }
}

static void run_history(uint64_t seed) {
    struct history *history = history_new(seed);
    for (int i = 0; i < STEPS; i++) step(history);
    pack(history, true);
    ck_assert(!store_pack(history->store, history->writer, SIZE_MAX));
    ck_assert_uint_eq(block_writer_bytes(history->writer), 0);
    struct store *backwards = load(history, 0, true), *loaded = load(history, 0, false);
    assert_same_answers(history, backwards);
    assert_same_answers(history, loaded);
    store_free(backwards);
    store_free(loaded);
    history_free(history);
}

START_TEST(a_store_from_its_blocks) {
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) run_history(seed);
}
END_TEST

/* --- single cases --- */

static const struct value uuid = {VALUE_STRING, {"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11", 36}};

static int touches_in(struct block_writer *writer) {
    struct buffer out = {0};
    struct block_info info = {0};
    if (block_writer_bytes(writer)) block_writer_finish(writer, 1, &out, &info);
    buffer_release(&out);
    return (int)info.count;
}

START_TEST(expiry_drops_what_is_unpacked) {
    struct window window = window_of(16, 0);
    struct store *store = store_new(&window, 1);
    struct block_writer *writer = block_writer_new();
    for (int i = 0; i < 10; i++) store_insert(store, key_of(i), i, i, TIME_NONE, &uuid);
    ck_assert_uint_eq(store_unpacked(store), 10);
    store_expire(store, 4);
    ck_assert_uint_eq(store_unpacked(store), 6);
    ck_assert(!store_pack(store, writer, SIZE_MAX));
    ck_assert_int_eq(touches_in(writer), 6);
    ck_assert(!store_pack(store, writer, SIZE_MAX));
    ck_assert_int_eq(touches_in(writer), 0);
    block_writer_free(writer);
    store_free(store);
}
END_TEST

/* What a store has packed goes on where it was: inserts after a load are packed, loaded touches are not. */
START_TEST(inserts_after_a_load) {
    struct window window = window_of(1600, 0);
    struct store *store = store_new(&window, 1);
    struct block_writer *writer = block_writer_new();
    struct block_touch touch = {
        .time_us = 50, .watermark_us = TIME_NONE, .packed = true, .fields = {"0123456789abcdef", 16}};
    for (touch.offset = 0; touch.offset < 5; touch.offset++) ck_assert(store_load(store, &touch));
    ck_assert_uint_eq(store_unpacked(store), 0);
    store_insert(store, key_of(1), 60, 5, TIME_NONE, &uuid);
    ck_assert_uint_eq(store_unpacked(store), 1);
    touch.offset = 6; /* in the wrong order: packed again rather than lost */
    ck_assert(store_load(store, &touch));
    ck_assert(!store_pack(store, writer, SIZE_MAX));
    ck_assert_int_eq(touches_in(writer), 2);
    block_writer_free(writer);
    store_free(store);
}
END_TEST

static void refuse(int field_count, struct block_touch touch) {
    struct window window = window_of(1600, 0);
    struct store *store = store_new(&window, field_count);
    ck_assert(!store_load(store, &touch));
    ck_assert_uint_eq(store_held(store, INT64_MIN).count, 0);
    store_free(store);
}

/* What no store of this shape can have packed is refused, and not read beyond its end. */
START_TEST(touches_of_another_shape) {
    static const struct span fields[] = {
        {"\3\2ab", 4},      /* one field */
        {"\3\2ab\3\1c", 7}, /* two */
        {"\3\2a", 3},
        {"\3\2abc", 5}, /* too short, too long */
        {"\5\1a", 3},
        {"\0\1a", 3}, /* no type; a null with a text */
        {"\3", 1},
        {"\3\xff", 2},                                     /* cut off */
        {"\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\1a", 12}, /* longer than memory */
        {"", 0},
    };
    for (int i = 1; i < COUNT_OF(fields); i++) {
        char *exact = malloc(fields[i].len ? fields[i].len : 1);
        memcpy(exact, fields[i].data, fields[i].len);
        struct block_touch touch = {.watermark_us = TIME_NONE, .fields = {exact, fields[i].len}};
        refuse(1, touch);
        if (i > 1) refuse(2, touch);
        free(exact);
    }
    refuse(0, (struct block_touch){.watermark_us = TIME_NONE, .fields = fields[0]});
    refuse(2, (struct block_touch){.watermark_us = TIME_NONE, .fields = fields[0]});
    refuse(2, (struct block_touch){.packed = true, .fields = {"0123456789abcdef", 16}});
    refuse(1, (struct block_touch){.packed = true, .fields = {"0123456789abcde", 15}});
    refuse(0, (struct block_touch){.offset = INT64_C(1) << 48, .fields = {NULL, 0}});
    refuse(0, (struct block_touch){.offset = -1, .fields = {NULL, 0}});
    refuse(0, (struct block_touch){.time_us = INT64_MIN, .fields = {NULL, 0}});
    refuse(0, (struct block_touch){.time_us = INT64_MAX, .fields = {NULL, 0}});
}
END_TEST

/* Thousands of buckets with one touch each, which a block must not be searched for one by one. */
START_TEST(many_buckets) {
    enum { COUNT = 20000 };
    struct window window = window_of(16, 0);
    struct store *store = store_new(&window, 1);
    struct block_writer *writer = block_writer_new();
    struct random random = {1};
    for (int i = 0; i < COUNT; i++)
        store_insert(store, key_of(i), random_below(&random, 4 * COUNT), i, TIME_NONE, &uuid);
    int packed = 0;
    for (bool more = true; more;) {
        more = store_pack(store, writer, 100000);
        packed += touches_in(writer);
    }
    ck_assert_int_eq(packed, COUNT);
    block_writer_free(writer);
    store_free(store);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("pack");
    tcase_add_test(tests, a_store_from_its_blocks);
    tcase_add_test(tests, expiry_drops_what_is_unpacked);
    tcase_add_test(tests, inserts_after_a_load);
    tcase_add_test(tests, touches_of_another_shape);
    tcase_add_test(tests, many_buckets);
    return suite_run("state.store_pack", tests);
}
