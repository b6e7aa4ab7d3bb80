#include "config/suggest.h"

#include "support.h"

static const char *const words[] = {"window", "key", "model", "late", "allowed_lateness", "idle_timeout"};
enum { WORDS = sizeof words / sizeof *words };

START_TEST(near) {
    ck_assert_str_eq(suggest_nearest("windw", words, WORDS), "window");   /* left out */
    ck_assert_str_eq(suggest_nearest("windoww", words, WORDS), "window"); /* added */
    ck_assert_str_eq(suggest_nearest("widnow", words, WORDS), "window");  /* swapped */
    ck_assert_str_eq(suggest_nearest("wimdow", words, WORDS), "window");  /* changed */
    ck_assert_str_eq(suggest_nearest("WINDOW", words, WORDS), "window");
    ck_assert_str_eq(suggest_nearest("keys", words, WORDS), "key");
    ck_assert_str_eq(suggest_nearest("idleTimeout", words, WORDS), "idle_timeout");
    ck_assert_str_eq(suggest_nearest("allowed-lateness", words, WORDS), "allowed_lateness");
}
END_TEST

START_TEST(nearest_of_several) {
    static const char *const clicks[] = {"clocks", "clicks", "click"};
    ck_assert_str_eq(suggest_nearest("clickss", clicks, 3), "clicks");
    ck_assert_str_eq(suggest_nearest("clck", clicks, 3), "click");
}
END_TEST

START_TEST(far) {
    char longest[200];
    memset(longest, 'w', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_null(suggest_nearest("partitions", words, WORDS));
    ck_assert_ptr_null(suggest_nearest("xyz", words, WORDS));
    ck_assert_ptr_null(suggest_nearest("", words, WORDS));
    ck_assert_ptr_null(suggest_nearest("k", words, 0));
    ck_assert_ptr_null(suggest_nearest(longest, words, WORDS));
    const char *only = longest;
    ck_assert_ptr_null(suggest_nearest("www", &only, 1));
}
END_TEST

/* A candidate of which nothing was written is no suggestion, however short it is. */
START_TEST(nothing_in_common) {
    static const char *const one[] = {"a", "bc"};
    ck_assert_ptr_null(suggest_nearest("x", one, 2));
    ck_assert_ptr_null(suggest_nearest("xy", one, 2));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("suggest");
    tcase_add_test(tests, near);
    tcase_add_test(tests, nearest_of_several);
    tcase_add_test(tests, far);
    tcase_add_test(tests, nothing_in_common);
    return run_suite("config.suggest", tests);
}
