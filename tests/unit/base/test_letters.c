#include "base/letters.h"

#include "../suite.h"
#include "base/utf8.h"

static void converts(const char *text, const char *lower, const char *upper) {
    char out[200];
    struct span span = span_of(text);
    size_t len = letters_convert(span, false, out);
    assert_span((struct span){out, len}, lower);
    ck_assert(letters_any(span, false) == (strcmp(text, lower) != 0));
    len = letters_convert(span, true, out);
    assert_span((struct span){out, len}, upper);
    ck_assert(letters_any(span, true) == (strcmp(text, upper) != 0));
}

START_TEST(some_letters) {
    converts("", "", "");
    converts("aZ09@[`{", "az09@[`{", "AZ09@[`{");
    converts("\xc3\x89\xc3\xa9\xc3\x97\xc3\xb7", "\xc3\xa9\xc3\xa9\xc3\x97\xc3\xb7",
             "\xc3\x89\xc3\x89\xc3\x97\xc3\xb7");
    converts("\xce\x91\xce\xa3\xcf\x82\xd0\x96\xd1\x8f", "\xce\xb1\xcf\x83\xcf\x82\xd0\xb6\xd1\x8f",
             "\xce\x91\xce\xa3\xce\xa3\xd0\x96\xd0\xaf");
    converts("\xc3\x9f", "\xc3\x9f", "\xc3\x9f");                         /* one letter, not two */
    converts("\xe1\xba\x9e", "\xc3\x9f", "\xe1\xba\x9e");                 /* capital sharp s */
    converts("\xc4\xb0\xc4\xb1", "i\xc4\xb1", "\xc4\xb0I");               /* I with dot, i without */
    converts("\xc3\xbf\xc5\xb8", "\xc3\xbf\xc3\xbf", "\xc5\xb8\xc5\xb8"); /* from one block to another */
    converts("\xf0\x90\x90\x80\xf0\x90\x90\xa8", "\xf0\x90\x90\xa8\xf0\x90\x90\xa8",
             "\xf0\x90\x90\x80\xf0\x90\x90\x80"); /* Deseret */
    converts("\xf0\x9f\x8e\x89\xe4\xb8\xad", "\xf0\x9f\x8e\x89\xe4\xb8\xad", "\xf0\x9f\x8e\x89\xe4\xb8\xad");
}
END_TEST

static size_t encode(uint32_t code, char *out) {
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 0; code >>= 6) out[i] = (char)(i ? 0x80 | (code & 0x3f) : heads[len] | code);
    return len;
}

/* Every character of the planes that have letters, and some of the others: valid before and after, never too
 * long, and nothing left to change. */
START_TEST(all_characters) {
    int changed = 0;
    for (uint32_t code = 1; code < 0x110000; code += code < 0x20000 ? 1 : 97) {
        char text[4], once[8], twice[8];
        size_t step;
        if (code >= 0xd800 && code < 0xe000) continue;
        struct span span = {text, encode(code, text)};
        ck_assert_uint_eq(letters_decode(span, &step), code);
        ck_assert_uint_eq(step, span.len);
        for (int upper = 0; upper < 2; upper++) {
            struct span out = {once, letters_convert(span, upper, once)};
            ck_assert_uint_le(out.len, LETTERS_GROWTH(span.len));
            ck_assert_msg(utf8_valid_prefix(out) == out.len, "%x", code);
            struct span again = {twice, letters_convert(out, upper, twice)};
            ck_assert_msg(span_equal(out, again), "%x", code);
            changed += !span_equal(out, span);
        }
    }
    ck_assert_int_gt(changed, 2700);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("letters");
    tcase_add_test(tests, some_letters);
    tcase_add_test(tests, all_characters);
    return suite_run("base.letters", tests);
}
