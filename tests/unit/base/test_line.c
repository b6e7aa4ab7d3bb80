#include "base/line.h"

#include "../suite.h"

static FILE *file_of(const char *text, size_t len) {
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    rewind(file);
    return file;
}

START_TEST(lines) {
    static const char text[] = "a\n\nb\0c\r\nd";
    static const char *const expected[] = {"a\n", "\n", "b\0c\r\n", "d"};
    static const int lengths[] = {2, 1, 5, 1};
    FILE *file = file_of(text, sizeof text - 1);
    char *line = NULL;
    size_t capacity = 0;
    for (int i = 0; i < COUNT_OF(lengths); i++) {
        ck_assert_int_eq(line_read(&line, &capacity, file), lengths[i]);
        ck_assert_int_eq(memcmp(line, expected[i], (size_t)lengths[i]), 0);
    }
    for (int i = 0; i < 2; i++) ck_assert_int_eq(line_read(&line, &capacity, file), -1);
    ck_assert(!ferror(file));
    free(line);
    fclose(file);
}
END_TEST

START_TEST(bounds) {
    char *text = malloc(LINE_BYTES + 1), *line = NULL;
    size_t capacity = 0;
    memset(text, 'x', LINE_BYTES + 1);
    FILE *file = file_of(text, LINE_BYTES + 1);
    ck_assert_int_eq(line_read(&line, &capacity, file), LINE_TOO_LONG);
    ck_assert_uint_le(capacity, LINE_BYTES);
    fclose(file);
    text[LINE_BYTES - 1] = '\n';
    file = file_of(text, LINE_BYTES + 1);
    ck_assert_int_eq(line_read(&line, &capacity, file), LINE_BYTES);
    ck_assert_int_eq(line_read(&line, &capacity, file), 1);
    fclose(file);
    free(text);
    free(line);
}
END_TEST

START_TEST(failures) {
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen("/tmp", "r"); /* a directory opens but cannot be read */
    ck_assert_int_eq(line_read(&line, &capacity, file), -1);
    ck_assert(ferror(file));
    free(line);
    fclose(file);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("line");
    tcase_add_test(tests, lines);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, failures);
    return suite_run("base.line", tests);
}
