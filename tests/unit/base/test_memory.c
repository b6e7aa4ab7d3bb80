#include "base/memory.h"

#include "../suite.h"

START_TEST(allocates_nothing) {
    void *nothing = memory_alloc(0), *zeros = memory_zalloc(0, 0), *moved = memory_realloc(NULL, 0);
    ck_assert(nothing && zeros && moved);
    moved = memory_realloc(moved, 10);
    memset(moved, 1, 10);
    moved = memory_realloc(moved, 0);
    ck_assert_ptr_nonnull(moved);
    free(nothing);
    free(zeros);
    free(moved);
}
END_TEST

START_TEST(zeroes) {
    unsigned char *zeros = memory_zalloc(300, 7);
    for (int i = 0; i < 2100; i++) ck_assert_int_eq(zeros[i], 0);
    free(zeros);
}
END_TEST

START_TEST(copies_strings) {
    char *copy = memory_strdup("text"), *part = memory_strndup("text", 2), *empty = memory_strndup("text", 0);
    ck_assert_str_eq(copy, "text");
    ck_assert_str_eq(part, "te");
    ck_assert_str_eq(empty, "");
    free(copy);
    free(part);
    free(empty);
}
END_TEST

START_TEST(prints) {
    char *text = memory_printf("%d %s", 7, "x"), *empty = memory_printf("%s", "");
    ck_assert_str_eq(text, "7 x");
    ck_assert_str_eq(empty, "");
    free(text);
    free(empty);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, allocates_nothing);
    tcase_add_test(tests, zeroes);
    tcase_add_test(tests, copies_strings);
    tcase_add_test(tests, prints);
    return suite_run("base.memory", tests);
}
