/* The store against a plain array of touches that is searched from end to end: random histories of inserts,
 * expiries and questions, whose answers must be the same at every step. */
#include "touches.h"

enum { HISTORIES = 120, STEPS = 500, LONG_STEPS = 12000, KEYS = 12, REMEMBERED = 8 };

struct model_touch {
    int key;
    int64_t time_us, offset, watermark_us;
};

struct model {
    struct random random;
    struct window window;
    int field_count;
    int cap; /* touches of a key and bucket; 0: no bound */
    struct store *store;
    struct model_touch *touches; /* all that were kept and not expired */
    int count;
    int64_t first_bucket;
    int64_t now_us; /* event time goes on from here */
    int64_t offset;
    struct touch remembered[REMEMBERED]; /* found earlier: must stay good until they expire */
    int remembered_count;
};

static int64_t bucket_of(const struct model *model, int64_t time_us) {
    int64_t bucket = time_us / model->window.bucket_us;
    return bucket * model->window.bucket_us > time_us ? bucket - 1 : bucket;
}

/* Mostly near now, often exactly on the edge of a bucket or of the window, sometimes far off. */
static int64_t some_time(struct model *model) {
    struct random *random = &model->random;
    int64_t window = model->window.window_us, bucket = model->window.bucket_us;
    switch (random_below(random, 8)) {
    case 0: return model->now_us;
    case 1: return bucket_of(model, model->now_us) * bucket;
    case 2: return bucket_of(model, model->now_us) * bucket - 1;
    case 3: return model->now_us - window;
    case 4: return model->now_us - window * 3 + (int64_t)(random_next(random) % (uint64_t)(window * 4));
    default: return model->now_us - (int64_t)(random_next(random) % (uint64_t)(window + 1));
    }
}

static bool is_full(const struct model *model, const struct model_touch *touch) {
    int same = 0;
    for (int i = 0; i < model->count; i++)
        same += model->touches[i].key == touch->key &&
                bucket_of(model, model->touches[i].time_us) == bucket_of(model, touch->time_us);
    return model->cap && same >= model->cap;
}

static void insert(struct model *model) {
    struct random *random = &model->random;
    struct model_touch touch = {.key = random_below(random, KEYS), .time_us = some_time(model)};
    struct value fields[FIELDS_MAX];
    touch.offset = model->offset;
    model->offset += 1 + random_below(random, 3);
    switch (random_below(random, 4)) {
    case 0: touch.watermark_us = TIME_NONE; break;
    case 1: touch.watermark_us = touch.time_us; break;
    default: touch.watermark_us = some_time(model);
    }
    fields_of(touch.offset, model->field_count, fields);
    bool kept = store_insert(model->store, key_of(touch.key), touch.time_us, touch.offset, touch.watermark_us,
                             fields);
    bool past = bucket_of(model, touch.time_us) < model->first_bucket;
    ck_assert_int_eq(store_is_past(model->store, touch.time_us), past);
    ck_assert_int_eq(kept, !past && !is_full(model, &touch));
    if (kept) model->touches[model->count++] = touch;
}

static const struct model_touch *search(const struct model *model, int key,
                                        const struct window_range *range) {
    const struct model_touch *best = NULL;
    for (int i = 0; i < model->count; i++) {
        const struct model_touch *touch = &model->touches[i];
        if (touch->key != key || touch->time_us < range->from_us || touch->time_us > range->to_us ||
            touch->watermark_us > range->read_by_us)
            continue;
        if (!best || touch->time_us < best->time_us ||
            (touch->time_us == best->time_us && touch->offset < best->offset))
            best = touch;
    }
    return best;
}

static int compare_touches(const void *left, const void *right) {
    const struct model_touch *a = left, *b = right;
    if (a->time_us != b->time_us) return a->time_us < b->time_us ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void assert_found(const struct model *model, const struct touch *got, const struct model_touch *want) {
    ck_assert_int_eq(got->offset, want->offset);
    ck_assert_int_eq(got->time_us, want->time_us);
    assert_fields(model->store, got, got->offset, model->field_count);
}

/* All that count, in their order, and the last of them. */
static void ask_for_all(struct model *model, int key, const struct window_range *range) {
    struct model_touch *want = malloc((size_t)(model->count + 1) * sizeof *want);
    int reach = random_below(&model->random, 2) ? 0 : 1 + random_below(&model->random, 6), count = 0,
        got_count;
    for (int i = 0; i < model->count; i++) {
        const struct model_touch *touch = &model->touches[i];
        if (touch->key == key && touch->time_us >= range->from_us && touch->time_us <= range->to_us &&
            touch->watermark_us <= range->read_by_us && touch->offset < range->before_offset)
            want[count++] = *touch;
    }
    qsort(want, (size_t)count, sizeof *want, compare_touches);
    struct touch last;
    ck_assert_int_eq(store_last(model->store, key_of(key), range, &last), count > 0);
    if (count) assert_found(model, &last, &want[count - 1]);
    int from = reach && count > reach ? count - reach : 0;
    const struct touch *got = store_collect(model->store, key_of(key), range, reach, &got_count);
    ck_assert_int_eq(got_count, count - from);
    for (int i = 0; i < got_count; i++) assert_found(model, &got[i], &want[from + i]);
    free(want);
}

static void ask(struct model *model) {
    int key = random_below(&model->random, KEYS + 1);
    int64_t floor = random_below(&model->random, 3) ? TIME_NONE : some_time(model);
    struct window_range range = window_range(&model->window, some_time(model), floor);
    const struct model_touch *want = search(model, key, &range);
    ask_for_all(model, key, &range);
    struct touch got;
    ck_assert_int_eq(store_first(model->store, key_of(key), &range, &got), want != NULL);
    if (!want) return;
    ck_assert_int_eq(got.offset, want->offset);
    ck_assert_int_eq(got.time_us, want->time_us);
    assert_fields(model->store, &got, got.offset, model->field_count);
    if (model->remembered_count < REMEMBERED) model->remembered[model->remembered_count++] = got;
}

static void check_remembered(struct model *model) {
    int kept = 0;
    for (int i = 0; i < model->remembered_count; i++) {
        struct touch *touch = &model->remembered[i];
        if (bucket_of(model, touch->time_us) < model->first_bucket) continue;
        assert_fields(model->store, touch, touch->offset, model->field_count);
        model->remembered[kept++] = *touch;
    }
    model->remembered_count = kept > REMEMBERED / 2 ? 0 : kept;
}

static void expire(struct model *model) {
    int64_t bucket = window_first_bucket(&model->window, some_time(model));
    store_expire(model->store, bucket);
    if (bucket > model->first_bucket) model->first_bucket = bucket;
    int kept = 0;
    for (int i = 0; i < model->count; i++)
        if (bucket_of(model, model->touches[i].time_us) >= model->first_bucket)
            model->touches[kept++] = model->touches[i];
    model->count = kept;
    check_remembered(model);
}

static void check_held(struct model *model) {
    int64_t from = random_below(&model->random, 3) ? bucket_of(model, some_time(model)) : INT64_MIN;
    struct store_held got = store_held(model->store, from), want = {0, 0};
    for (int i = 0; i < model->count; i++) {
        if (bucket_of(model, model->touches[i].time_us) < from) continue;
        want.count++;
        want.xor ^= hash_offset(model->touches[i].offset);
    }
    ck_assert_uint_eq(got.count, want.count);
    ck_assert_uint_eq(got.xor, want.xor);
}

static void step(struct model *model) {
    int x = random_below(&model->random, 100);
    model->now_us += (int64_t)(random_next(&model->random) % (uint64_t)(model->window.window_us / 8 + 2));
    if (x < 55)
        insert(model);
    else if (x < 92)
        ask(model);
    else if (x < 95)
        expire(model);
    else
        check_held(model);
}

static void run_history(uint64_t seed, int steps) {
    static const int64_t windows[] = {1, 7, 16, 17, 1000, 1000003, 3600 * TIME_SECOND};
    static const int field_counts[] = {0, 1, 1, 3};
    struct model model = {.random = {seed}, .first_bucket = INT64_MIN};
    int64_t window = windows[random_below(&model.random, COUNT_OF(windows))];
    model.window = window_of(window, random_below(&model.random, 2) ? 0 : window / 3);
    model.field_count = field_counts[random_below(&model.random, COUNT_OF(field_counts))];
    model.cap = random_below(&model.random, 3) ? 0 : 1 + random_below(&model.random, 4);
    model.store = store_new(&model.window, model.field_count);
    store_cap(model.store, model.cap);
    model.touches = malloc((size_t)steps * sizeof *model.touches);
    model.now_us = random_below(&model.random, 2) ? -20 * window : INT64_C(1718600400000000);
    model.offset = random_below(&model.random, 2) ? 0 : INT64_C(1) << 33;
    for (int i = 0; i < steps; i++) step(&model);
    store_expire(model.store, INT64_MAX);
    ck_assert_uint_eq(store_held(model.store, INT64_MIN).count, 0);
    store_free(model.store);
    free(model.touches);
}

START_TEST(short_histories) {
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) run_history(seed, STEPS);
}
END_TEST

START_TEST(long_histories) {
    for (uint64_t seed = 1001; seed <= 1004; seed++) run_history(seed, LONG_STEPS);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("model");
    tcase_add_test(tests, short_histories);
    tcase_add_test(tests, long_histories);
    return suite_run("state.store_model", tests);
}
