#include "base/hash.h"

#include "../suite.h"

/* hash_offset is part of what is stored: its values must never change. */
START_TEST(offsets_keep_their_hash) {
    static const struct {
        int64_t offset;
        uint64_t hash;
    } cases[] = {{0, 0xc77b3abb6f87acd9},
                 {1, 0x2fbc593564db792e},
                 {42, 0xd5a6f8c838df27c8},
                 {-1, 0x5111c7e47d784413},
                 {INT64_MAX, 0xa233cf376558df46}};
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(hash_offset(cases[i].offset) == cases[i].hash, "%lld: 0x%016llx",
                      (long long)cases[i].offset, (unsigned long long)hash_offset(cases[i].offset));
}
END_TEST

/* The XOR over a set tells it from every set that lacks one offset or two, or has one exchanged. */
START_TEST(offsets_of_neighbours_differ) {
    for (int64_t i = 0; i < 100; i++)
        for (int64_t j = i + 1; j < 100; j++) {
            ck_assert_uint_ne(hash_offset(i), hash_offset(j));
            ck_assert_uint_ne(hash_offset(i) ^ hash_offset(j), hash_offset(i + 100) ^ hash_offset(j + 100));
        }
}
END_TEST

/* So is hash_key. */
START_TEST(keys_keep_their_hash) {
    struct hash128 hash = hash_key("ab", 2, 7);
    ck_assert_uint_eq(hash.low, 0x4f95317eede7e756);
    ck_assert_uint_eq(hash.high, 0x3139d7e13a7c8c89);
}
END_TEST

START_TEST(keys_depend_on_bytes_length_and_seed) {
    struct hash128 one = hash_key("ab", 2, 7), same = hash_key("abc", 2, 7);
    ck_assert(one.low == same.low && one.high == same.high);
    const struct hash128 others[] = {hash_key("ab", 1, 7),   hash_key("ac", 2, 7), hash_key("ab", 2, 8),
                                     hash_key("ab\0", 3, 7), hash_key("", 0, 7),   hash_key(NULL, 0, 8)};
    for (int i = 0; i < COUNT_OF(others); i++) {
        ck_assert_uint_ne(others[i].low, one.low);
        ck_assert_uint_ne(others[i].high, one.high);
    }
    struct hash128 empty = hash_key(NULL, 0, 7);
    ck_assert(empty.low == others[4].low && empty.high == others[4].high);
}
END_TEST

/* Long texts take another path through the hash than short ones; unaligned ones too. */
START_TEST(every_byte_counts) {
    static const size_t lengths[] = {1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 5000};
    char text[5001];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 31);
    for (int l = 0; l < COUNT_OF(lengths); l++) {
        size_t len = lengths[l];
        struct hash128 before = hash_key(text + 1, len, 1);
        uint64_t plain = hash_bytes(text + 1, len);
        for (size_t i = 1; i <= len; i++) {
            text[i] = (char)(text[i] ^ 1);
            struct hash128 after = hash_key(text + 1, len, 1);
            ck_assert(before.low != after.low && before.high != after.high);
            ck_assert_uint_ne(hash_bytes(text + 1, len), plain);
            text[i] = (char)(text[i] ^ 1);
        }
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("hash");
    tcase_add_test(tests, offsets_keep_their_hash);
    tcase_add_test(tests, offsets_of_neighbours_differ);
    tcase_add_test(tests, keys_keep_their_hash);
    tcase_add_test(tests, keys_depend_on_bytes_length_and_seed);
    tcase_add_test(tests, every_byte_counts);
    return suite_run("base.hash", tests);
}
