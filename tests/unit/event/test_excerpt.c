#include "event/excerpt.h"

#include <stdio.h>

#include "suite.h"

START_TEST(short_texts) {
    char out[EXCERPT_MAX];
    ck_assert_str_eq(excerpt_quoted(span_of("abc"), out), "\"abc\"");
    ck_assert_str_eq(excerpt_quoted(span_of(""), out), "\"\"");
    ck_assert_str_eq(excerpt_quoted((struct span){0}, out), "\"\"");
    ck_assert_str_eq(excerpt_plain(span_of("12.5"), out), "12.5");
    ck_assert_str_eq(excerpt_plain(span_of("{\"a\":1}"), out), "{\"a\":1}");
    ck_assert_str_eq(excerpt_quoted(span_of("\xc3\xa9\xf0\x9f\x98\x80"), out),
                     "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}
END_TEST

START_TEST(escapes) {
    char out[EXCERPT_MAX];
    ck_assert_str_eq(excerpt_quoted(span_of("a\"b\\c\nd\re\tf"), out), "\"a\\\"b\\\\c\\nd\\re\\tf\"");
    ck_assert_str_eq(excerpt_quoted((struct span){"\0\x1b[31m\x7f", 7}, out), "\"\\x00\\x1b[31m\\x7f\"");
    ck_assert_str_eq(excerpt_quoted(span_of("a\xffz\xc3"), out), "\"a\\xffz\\xc3\"");
    ck_assert_str_eq(excerpt_plain(span_of("[\"\\n\"]\n"), out), "[\"\\n\"]\\n");
}
END_TEST

START_TEST(cuts) {
    char text[EXCERPT_BYTES + 40], out[EXCERPT_MAX], expected[EXCERPT_MAX];
    memset(text, 'x', sizeof text);
    snprintf(expected, sizeof expected, "\"%.*s\"", EXCERPT_BYTES, text);
    ck_assert_str_eq(excerpt_quoted((struct span){text, EXCERPT_BYTES}, out), expected);
    snprintf(expected, sizeof expected, "\"%.*s...\"", EXCERPT_BYTES, text);
    ck_assert_str_eq(excerpt_quoted((struct span){text, EXCERPT_BYTES + 1}, out), expected);
    /* never in the middle of a character */
    memcpy(text + EXCERPT_BYTES - 2, "\xe6\x97\xa5", 3);
    snprintf(expected, sizeof expected, "%.*s...", EXCERPT_BYTES - 2, text);
    ck_assert_str_eq(excerpt_plain((struct span){text, sizeof text}, out), expected);
}
END_TEST

/* The worst case fills the room there is, and no more. */
START_TEST(fits) {
    char text[EXCERPT_BYTES + 1], out[EXCERPT_MAX];
    memset(text, '\xff', sizeof text);
    ck_assert_uint_eq(strlen(excerpt_quoted((struct span){text, sizeof text}, out)), 4 * EXCERPT_BYTES + 5);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("excerpt");
    tcase_add_test(tests, short_texts);
    tcase_add_test(tests, escapes);
    tcase_add_test(tests, cuts);
    tcase_add_test(tests, fits);
    return suite_run("event.excerpt", tests);
}
