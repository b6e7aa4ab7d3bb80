/* The index of a bucket against a plain array with the newest entry of each key, while its links outgrow what
 * they begin with again and again, as a real bucket's do at 2^24 entries, 2^25 and so on. */
#include "state/bucket.h"

#include "../suite.h"

enum { LOWS = 3, KEYS = LOWS * 64, FIRST_LINKS = 7, ENTRIES = 5000, HISTORIES = 4 };

struct model {
    struct random random;
    struct bucket *bucket;
    uint32_t newest[KEYS];
    uint32_t older[ENTRIES + 1]; /* by link */
    uint32_t count[KEYS];
};

/* Crowded around a few slots, and each like the others there but for two bits. */
static struct hash128 key_of(int number) {
    return (struct hash128){(uint64_t)(number % LOWS), 0x9e3779b97f4a7c15u ^ UINT64_C(1) << number / LOWS};
}

static void insert(struct model *model, int key) {
    struct bucket *bucket = model->bucket;
    struct entry *entry = bucket_insert(bucket, key_of(key), 0, bucket->count, 0);
    uint32_t link = bucket->count;
    ck_assert_ptr_eq(entry, bucket_entry(bucket, link));
    model->older[link] = model->newest[key];
    model->newest[key] = link;
    model->count[key]++;
}

static void check(struct model *model, int key) {
    uint32_t link = bucket_find(model->bucket, key_of(key));
    ck_assert_uint_eq(link, model->newest[key]);
    if (model->bucket->ranked) ck_assert_uint_eq(bucket_rank(model->bucket, key_of(key)), model->count[key]);
    if (link) ck_assert_uint_eq(bucket_entry(model->bucket, link)->next, model->older[link]);
}

/* Some keys come late or never: they must not be taken for others. */
static void run_history(uint64_t seed) {
    struct model model = {.random = {seed}, .bucket = bucket_new(0, 0, seed % 2)};
    model.bucket->links = FIRST_LINKS;
    for (int i = 0; i < ENTRIES; i++) {
        int key = random_below(&model.random, i < ENTRIES / 2 ? KEYS / 2 : KEYS - LOWS);
        insert(&model, key);
        check(&model, key);
        check(&model, random_below(&model.random, KEYS));
    }
    for (int key = 0; key < KEYS; key++) check(&model, key);
    bucket_free(model.bucket);
}

START_TEST(links_that_grow) {
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) run_history(seed);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("bucket");
    tcase_add_test(tests, links_that_grow);
    return suite_run("state.bucket", tests);
}
