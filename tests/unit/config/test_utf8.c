#include "config/utf8.h"

#include "support.h"

START_TEST(good) {
    const char *texts[] = {"", "plain", "é", "€", "𐍈", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_uint_eq(utf8_good(texts[i], strlen(texts[i])), strlen(texts[i]));
    ck_assert_uint_eq(utf8_good("a\0b", 3), 3);
}
END_TEST

START_TEST(bad) {
    const char *texts[] = {
        "\xc0\x80", /* overlong */
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond the last */
        "\xf5\x80\x80\x80",
        "\xff",
        "\x80",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x98", /* cut off */
        "\xc3(",
        "\xe2(\xa1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "ab%s", texts[i]);
        ck_assert_msg(utf8_good(text, (size_t)len) == 2, "number %zu", i);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("utf8");
    tcase_add_test(tests, good);
    tcase_add_test(tests, bad);
    return run_suite("config.utf8", tests);
}
