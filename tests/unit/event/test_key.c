#include "event/key.h"

#include <stdbool.h>
#include <stdio.h>

#include "suite.h"

#define NUMBER(text)                                                                                         \
    (struct value) {                                                                                         \
        VALUE_NUMBER, {                                                                                      \
            text, sizeof text - 1                                                                            \
        }                                                                                                    \
    }
#define STRING(text)                                                                                         \
    (struct value) {                                                                                         \
        VALUE_STRING, {                                                                                      \
            text, sizeof text - 1                                                                            \
        }                                                                                                    \
    }
#define BOOL(text)                                                                                           \
    (struct value) {                                                                                         \
        VALUE_BOOL, {                                                                                        \
            text, sizeof text - 1                                                                            \
        }                                                                                                    \
    }
#define NOTHING                                                                                              \
    (struct value) {                                                                                         \
        VALUE_NULL, {                                                                                        \
            0                                                                                                \
        }                                                                                                    \
    }
#define JSON(text)                                                                                           \
    (struct value) {                                                                                         \
        VALUE_JSON, {                                                                                        \
            text, sizeof text - 1                                                                            \
        }                                                                                                    \
    }

enum { SEED = 12345 };

static struct hash128 hash_of(const struct value *fields, int count) {
    struct buffer scratch;
    struct hash128 hash;
    int bad = -1;
    buffer_init(&scratch);
    ck_assert_int_eq(key_hash(fields, count, SEED, &scratch, &hash, &bad), KEY_OK);
    buffer_release(&scratch);
    return hash;
}

static bool same(struct value a, struct value b) {
    struct hash128 x = hash_of(&a, 1), y = hash_of(&b, 1);
    return x.low == y.low && x.high == y.high;
}

static bool same2(struct value a1, struct value a2, struct value b1, struct value b2) {
    struct hash128 x = hash_of((struct value[]){a1, a2}, 2), y = hash_of((struct value[]){b1, b2}, 2);
    return x.low == y.low && x.high == y.high;
}

START_TEST(numbers_by_value) {
    ck_assert(same(NUMBER("7"), NUMBER("7.0")));
    ck_assert(same(NUMBER("7"), NUMBER("7e0")));
    ck_assert(same(NUMBER("7"), NUMBER("0.7E+1")));
    ck_assert(same(NUMBER("7"), NUMBER("700e-2")));
    ck_assert(same(NUMBER("700"), NUMBER("7e2")));
    ck_assert(same(NUMBER("0"), NUMBER("-0")));
    ck_assert(same(NUMBER("0"), NUMBER("-0.0")));
    ck_assert(same(NUMBER("0"), NUMBER("0e5")));
    ck_assert(same(NUMBER("-12"), NUMBER("-12.00")));
    ck_assert(same(NUMBER("0.1"), NUMBER("1e-1")));
    ck_assert(same(NUMBER("1e50"), NUMBER("10e49")));
    ck_assert(same(NUMBER("10000000000000000000000000000000000000000"), NUMBER("1e40")));
    ck_assert(same(NUMBER("100000000000000000000000000000000000000000"), NUMBER("1e41")));
    ck_assert(same(NUMBER("1000000000000000000000000000000000000000000000"), NUMBER("1e45")));
    ck_assert(same(NUMBER("-1000000000000000000000000000000000000000000000"), NUMBER("-1e45")));
    ck_assert(same(NUMBER("1e2000000000"), NUMBER("1e2000000000")));
}
END_TEST

START_TEST(numbers_apart) {
    ck_assert(!same(NUMBER("9007199254740993"), NUMBER("9007199254740992")));
    ck_assert(!same(NUMBER("9007199254740993"), NUMBER("9007199254740992.9999999999")));
    ck_assert(!same(NUMBER("0.1"), NUMBER("0.1000000000000000055511151231257827")));
    ck_assert(!same(NUMBER("7"), NUMBER("-7")));
    ck_assert(!same(NUMBER("7"), NUMBER("70")));
    ck_assert(!same(NUMBER("1e400"), NUMBER("1e401")));
    ck_assert(!same(NUMBER("1e-400"), NUMBER("0")));
    ck_assert(!same(NUMBER("1e2000000000"), NUMBER("1e2000000001")));
}
END_TEST

START_TEST(strings_by_bytes) {
    ck_assert(same(STRING("abc"), STRING("abc")));
    ck_assert(same(STRING(""), STRING("")));
    ck_assert(!same(STRING("abc"), STRING("ABC")));
    ck_assert(!same(STRING("abc"), STRING("abc ")));
    ck_assert(!same(STRING("7"), STRING("7.0")));
    ck_assert(!same(STRING("\xc3\xa9"), STRING("e\xcc\x81"))); /* é in two spellings */
}
END_TEST

START_TEST(types_apart) {
    ck_assert(!same(NUMBER("7"), STRING("7")));
    ck_assert(!same(BOOL("true"), STRING("true")));
    ck_assert(!same(BOOL("true"), BOOL("false")));
    ck_assert(!same(BOOL("false"), NUMBER("0")));
    ck_assert(same(BOOL("true"), BOOL("true")));
}
END_TEST

START_TEST(fields_apart) {
    ck_assert(!same2(STRING("ab"), STRING("c"), STRING("a"), STRING("bc")));
    ck_assert(!same2(STRING("a"), STRING("b"), STRING("b"), STRING("a")));
    ck_assert(!same2(STRING(""), STRING("a"), STRING("a"), STRING("")));
    ck_assert(!same2(NUMBER("1"), NUMBER("23"), NUMBER("12"), NUMBER("3")));
    ck_assert(!same2(NUMBER("1"), STRING("23"), STRING("1"), NUMBER("23")));
    ck_assert(same2(NUMBER("1.0"), STRING("x"), NUMBER("1"), STRING("x")));
    /* The bytes of an encoding inside a string do not pass for two fields. */
    struct value inside = STRING("a"
                                 "s\1\0\0\0"
                                 "b");
    struct value two[] = {STRING("a"), STRING("b")};
    struct hash128 x = hash_of(&inside, 1), y = hash_of(two, 2);
    ck_assert(x.low != y.low || x.high != y.high);
}
END_TEST

START_TEST(nulls_and_json) {
    struct buffer scratch;
    struct hash128 hash;
    int bad = -1;
    buffer_init(&scratch);
    struct value null_second[] = {NUMBER("1"), NOTHING, NOTHING};
    ck_assert_int_eq(key_hash(null_second, 3, SEED, &scratch, &hash, &bad), KEY_NULL);
    ck_assert_int_eq(bad, 1);
    struct value json_last[] = {NOTHING, NUMBER("1"), JSON("[1]")};
    ck_assert_int_eq(key_hash(json_last, 3, SEED, &scratch, &hash, &bad), KEY_INVALID);
    ck_assert_int_eq(bad, 2);
    struct value json_first[] = {JSON("{}"), NOTHING};
    ck_assert_int_eq(key_hash(json_first, 2, SEED, &scratch, &hash, &bad), KEY_INVALID);
    ck_assert_int_eq(bad, 0);
    buffer_release(&scratch);
}
END_TEST

/* Hashes are stored: these must stay what they are. */
START_TEST(encoding_is_fixed) {
    static const char expected[] = "n\2\0\0\0"
                                   "42"
                                   "s\1\0\0\0"
                                   "x"
                                   "b\4\0\0\0"
                                   "true";
    struct value fields[] = {NUMBER("42.0"), STRING("x"), BOOL("true")};
    struct buffer scratch;
    struct hash128 hash;
    int bad;
    buffer_init(&scratch);
    buffer_text(&scratch, "left over");
    ck_assert_int_eq(key_hash(fields, 3, SEED, &scratch, &hash, &bad), KEY_OK);
    ck_assert_uint_eq(scratch.len, sizeof expected - 1);
    ck_assert(memcmp(scratch.data, expected, sizeof expected - 1) == 0);
    struct hash128 direct = hash_key(expected, sizeof expected - 1, SEED);
    ck_assert(hash.low == direct.low && hash.high == direct.high);
    buffer_release(&scratch);
}
END_TEST

START_TEST(seed_matters) {
    struct value field = STRING("x");
    struct buffer scratch;
    struct hash128 a, b;
    int bad;
    buffer_init(&scratch);
    ck_assert_int_eq(key_hash(&field, 1, 1, &scratch, &a, &bad), KEY_OK);
    ck_assert_int_eq(key_hash(&field, 1, 2, &scratch, &b, &bad), KEY_OK);
    ck_assert(a.low != b.low || a.high != b.high);
    buffer_release(&scratch);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("key");
    tcase_add_test(tests, numbers_by_value);
    tcase_add_test(tests, numbers_apart);
    tcase_add_test(tests, strings_by_bytes);
    tcase_add_test(tests, types_apart);
    tcase_add_test(tests, fields_apart);
    tcase_add_test(tests, nulls_and_json);
    tcase_add_test(tests, encoding_is_fixed);
    tcase_add_test(tests, seed_matters);
    return suite_run("event.key", tests);
}
