#include "base/utf8.h"

#include "../event/suite.h"

static const struct {
    const char *text;
    size_t len, valid, characters;
} cases[] = {
    {"", 0, 0, 0},
    {"abc", 3, 3, 3},
    {"a\0b", 3, 3, 3},
    {"\xc3\xa9", 2, 2, 1},
    {"\xe6\x97\xa5", 3, 3, 1},
    {"\xf0\x9f\x98\x80", 4, 4, 1},
    {"\xef\xbf\xbf", 3, 3, 1},     /* U+FFFF */
    {"\xf4\x8f\xbf\xbf", 4, 4, 1}, /* U+10FFFF */
    {"\xed\x9f\xbf", 3, 3, 1},     /* U+D7FF */
    {"\xee\x80\x80", 3, 3, 1},     /* U+E000 */
    {"\xe0\xa0\x80", 3, 3, 1},     /* U+0800 */
    {"\xf0\x90\x80\x80", 4, 4, 1}, /* U+10000 */
    {"a\x80", 2, 1, 0},            /* a continuation byte alone */
    {"a\xc3", 2, 1, 0},            /* cut off */
    {"a\xe6\x97", 3, 1, 0},
    {"a\xf0\x9f\x98", 4, 1, 0},
    {"a\xc3(", 3, 1, 0},
    {"a\xc0\x80", 3, 1, 0}, /* overlong */
    {"a\xc1\xbf", 3, 1, 0},
    {"a\xe0\x9f\xbf", 4, 1, 0},
    {"a\xf0\x8f\xbf\xbf", 5, 1, 0},
    {"a\xed\xa0\x80", 4, 1, 0}, /* a surrogate */
    {"a\xed\xbf\xbf", 4, 1, 0},
    {"a\xf4\x90\x80\x80", 5, 1, 0}, /* past U+10FFFF */
    {"a\xf5\x80\x80\x80", 5, 1, 0},
    {"a\xff", 2, 1, 0},
};

START_TEST(valid_prefix) {
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct span text = {cases[i].text, cases[i].len};
        ck_assert_msg(utf8_valid_prefix(text) == cases[i].valid, "case %d", i);
        if (cases[i].valid == cases[i].len) ck_assert_uint_eq(utf8_count(text), cases[i].characters);
    }
}
END_TEST

/* The same texts behind 0 to 20 letters, so that they fall on every place of the quick way's words. */
START_TEST(is_text) {
    for (int i = 0; i < COUNT_OF(cases); i++) {
        for (size_t before = 0; before <= 20; before++) {
            char text[40];
            memset(text, 'x', sizeof text);
            memcpy(text + before, cases[i].text, cases[i].len);
            bool good = cases[i].valid == cases[i].len && !memchr(cases[i].text, 0, cases[i].len);
            ck_assert_msg(utf8_is_text((struct span){text, before + cases[i].len}) == good, "case %d", i);
            /* A letter behind what is cut off does not complete it. */
            if (cases[i].len)
                ck_assert(utf8_is_text((struct span){text, before + cases[i].len + 12}) == good);
        }
    }
}
END_TEST

START_TEST(prefix) {
    struct span text = span_of("a\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80z");
    static const size_t bytes[] = {0, 1, 3, 6, 10, 11, 11, 11};
    for (int i = 0; i < COUNT_OF(bytes); i++) ck_assert_uint_eq(utf8_prefix(text, (size_t)i), bytes[i]);
    ck_assert_uint_eq(utf8_prefix((struct span){0}, 5), 0);
}
END_TEST

START_TEST(step) {
    ck_assert_uint_eq(utf8_step(span_of("abc")), 1);
    ck_assert_uint_eq(utf8_step(span_of("\xf0\x9f\x98\x80z")), 4);
    ck_assert_uint_eq(utf8_step(span_of("\x80")), 0);
    ck_assert_uint_eq(utf8_step((struct span){0}), 0);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("utf8");
    tcase_add_test(tests, valid_prefix);
    tcase_add_test(tests, is_text);
    tcase_add_test(tests, prefix);
    tcase_add_test(tests, step);
    return suite_run("event.utf8", tests);
}
