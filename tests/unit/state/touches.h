/* touches.h: what the tests of the store share: keys, and kept fields that follow from a touch's number, so
 * that whoever knows the number can tell what the store must give back. */
#ifndef TRIBUTARY_TESTS_STATE_TOUCHES_H
#define TRIBUTARY_TESTS_STATE_TOUCHES_H

#include <stdio.h>

#include "../suite.h"
#include "state/store.h"

enum { FIELDS_MAX = 3, FIELD_TEXT_MAX = 70000 };

/* Only the upper half tells keys apart four by four: an index that looked at the lower half only would mix
 * them up. So would, two by two, one that trusted the bits from 24 to 31, which a bucket keeps in its slots.
 */
static inline struct hash128 key_of(int number) {
    return (struct hash128){(uint64_t)number / 4 * 0x9e3779b97f4a7c15u, (uint64_t)number << 23};
}

static inline struct span put_text(char *text, const char *format, long long number) {
    int len = snprintf(text, FIELD_TEXT_MAX, format, number);
    return (struct span){text, (size_t)len};
}

/* Field `i` of touch `number`: every kind of value and length in turn. The text is written to `text`. */
static inline struct value field_of(int64_t number, int i, char *text) {
    static const size_t lengths[] = {127, 128, 129, 16383, 16384, FIELD_TEXT_MAX};
    long long n = (long long)number * FIELDS_MAX + i;
    switch (n % 11) {
    case 0: return (struct value){VALUE_NULL, {NULL, 0}};
    case 1: return (struct value){VALUE_STRING, {text, 0}};
    case 2: return (struct value){VALUE_STRING, put_text(text, "text %lld", n)};
    case 3: return (struct value){VALUE_STRING, put_text(text, "7e0ba57b-9d4c-4a5b-8f6e-%012llx", n)};
    case 4: return (struct value){VALUE_STRING, put_text(text, "7E0BA57B-9D4C-4A5B-8F6E-%012llX", n)};
    case 5: return (struct value){VALUE_NUMBER, put_text(text, "-%lld.50", n)};
    case 6: return (struct value){VALUE_BOOL, span_of(n % 2 ? "true" : "false")};
    case 7: return (struct value){VALUE_JSON, put_text(text, "{\"n\":[%lld]}", n)};
    case 8: return (struct value){VALUE_JSON, put_text(text, "7e0ba57b-9d4c-4a5b-8f6e-%012llx", n)};
    case 9: return (struct value){VALUE_STRING, put_text(text, "kůň %lld 🐴", n)};
    default:
        memset(text, (int)('a' + n % 26), lengths[n % COUNT_OF(lengths)]);
        return (struct value){VALUE_STRING, {text, n % 97 ? 100 : lengths[n % COUNT_OF(lengths)]}};
    }
}

static inline void fields_of(int64_t number, int count, struct value *fields) {
    static char texts[FIELDS_MAX][FIELD_TEXT_MAX];
    for (int i = 0; i < count; i++) fields[i] = field_of(number, i, texts[i]);
}

/* Asserts that the store gives back of the touch what was kept of touch `number`. */
static inline void assert_fields(const struct store *store, const struct touch *touch, int64_t number,
                                 int count) {
    struct value want[FIELDS_MAX], got[FIELDS_MAX];
    struct arena arena;
    arena_init(&arena);
    memset(got, 0x5a, sizeof got);
    store_fields(store, touch, &arena, got);
    fields_of(number, count, want);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(got[i].type, want[i].type);
        ck_assert_msg(span_equal(got[i].text, want[i].text), "touch %lld: \"%.*s\", not \"%.*s\"",
                      (long long)number, SPAN_ARGS(got[i].text), SPAN_ARGS(want[i].text));
        ck_assert((got[i].text.data == NULL) == (want[i].text.data == NULL));
    }
    arena_release(&arena);
}

#endif
