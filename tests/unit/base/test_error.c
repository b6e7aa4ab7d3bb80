#include "base/error.h"

#include "../suite.h"

START_TEST(sets) {
    struct error error;
    ck_assert(!error_set(&error, ERROR_POISON, "\"%s\" is %d", "x", 7));
    ck_assert_int_eq(error.class, ERROR_POISON);
    ck_assert_str_eq(error.message, "\"x\" is 7");
    ck_assert(!error_set(&error, ERROR_RETRY, "again"));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_str_eq(error.message, "again");
}
END_TEST

START_TEST(nobody_may_want_it) {
    ck_assert(!error_set(NULL, ERROR_FATAL, "%s", "lost"));
    ck_assert(!error_prefix(NULL, "%s", "lost"));
}
END_TEST

START_TEST(cuts_what_is_too_long) {
    struct error error;
    char text[3000];
    memset(text, 'x', sizeof text);
    error_set(&error, ERROR_FATAL, "%.*s", (int)sizeof text, text);
    ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
}
END_TEST

START_TEST(prefixes) {
    struct error error;
    error_set(&error, ERROR_CONFIG, "no such table");
    ck_assert(!error_prefix(&error, "lookup \"%s\"", "users"));
    ck_assert(!error_prefix(&error, "start"));
    ck_assert_str_eq(error.message, "start: lookup \"users\": no such table");
    ck_assert_int_eq(error.class, ERROR_CONFIG);
}
END_TEST

/* Whatever is too long, prefix or message, the result is terminated and begins with the prefix. */
START_TEST(prefixes_long_messages) {
    static const size_t lengths[] = {0, 1, 500, 990, 997, 998, 999, 1000, 2000};
    char text[2000];
    memset(text, 'x', sizeof text);
    for (int message = 0; message < COUNT_OF(lengths); message++)
        for (int prefix = 0; prefix < COUNT_OF(lengths); prefix++) {
            struct error error;
            error_set(&error, ERROR_RETRY, "%.*s", (int)lengths[message], text);
            error_prefix(&error, "p%.*s", (int)lengths[prefix], text);
            size_t want = 1 + lengths[prefix] + 2 + (lengths[message] < 999 ? lengths[message] : 999);
            ck_assert_uint_eq(strlen(error.message), want < 999 ? want : 999);
            ck_assert_int_eq(error.message[0], 'p');
        }
}
END_TEST

START_TEST(classes_have_names) {
    ck_assert_str_eq(error_class_name(ERROR_RETRY), "retry");
    ck_assert_str_eq(error_class_name(ERROR_POISON), "poison");
    ck_assert_str_eq(error_class_name(ERROR_CONFIG), "config");
    ck_assert_str_eq(error_class_name(ERROR_FENCED), "fenced");
    ck_assert_str_eq(error_class_name(ERROR_FATAL), "fatal");
    ck_assert_str_eq(error_class_name((enum error_class)99), "unknown");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("error");
    tcase_add_test(tests, sets);
    tcase_add_test(tests, nobody_may_want_it);
    tcase_add_test(tests, cuts_what_is_too_long);
    tcase_add_test(tests, prefixes);
    tcase_add_test(tests, prefixes_long_messages);
    tcase_add_test(tests, classes_have_names);
    return suite_run("base.error", tests);
}
