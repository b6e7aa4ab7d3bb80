#include "commands/lines.h"

#include <signal.h>
#include <unistd.h>

#include "../suite.h"

static char directory[] = "/tmp/tributary-lines-XXXXXX";
static char first[64], second[64], missing[64];

static void write_file(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void set_up(void) {
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(first, sizeof first, "%s/first", directory);
    snprintf(second, sizeof second, "%s/second", directory);
    snprintf(missing, sizeof missing, "%s/missing", directory);
}

static void tear_down(void) {
    unlink(first);
    unlink(second);
    rmdir(directory);
}

START_TEST(reads_one_file_after_the_other) {
    char *names[] = {first, second};
    static const struct {
        const char *text;
        int index, number;
    } expected[] = {{"a", 0, 1}, {"", 0, 2}, {"b\r", 0, 3}, {"c", 1, 1}};
    struct lines lines;
    struct span line;
    struct error error;
    uint64_t bytes;
    write_file(first, "a\n\nb\r\n", 6);
    write_file(second, "c", 1); /* no line end */
    lines_init(&lines, names, 2);
    ck_assert(lines_measure(&lines, &bytes, &error));
    ck_assert_uint_eq(bytes, 7);
    for (int i = 0; i < COUNT_OF(expected); i++) {
        ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_READ);
        assert_span(line, expected[i].text);
        ck_assert_int_eq(lines.index, expected[i].index);
        ck_assert_int_eq((int)lines.number, expected[i].number);
    }
    ck_assert_uint_eq(lines.bytes, bytes);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_END);
    ck_assert_str_eq(lines_name(&lines, 1), second);
    lines_release(&lines);
}
END_TEST

START_TEST(a_line_may_hold_anything) {
    char *names[] = {first};
    struct lines lines;
    struct span line;
    struct error error;
    write_file(first, "a\0b\n\xff\n", 6);
    lines_init(&lines, names, 1);
    ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_READ);
    ck_assert(span_equal(line, (struct span){"a\0b", 3}));
    ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_READ);
    ck_assert(span_equal(line, (struct span){"\xff", 1}));
    ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_END);
    lines_release(&lines);
}
END_TEST

START_TEST(what_cannot_be_read_is_named) {
    char *names[] = {missing}, *folders[] = {directory};
    struct lines lines;
    struct span line;
    struct error error = {.class = ERROR_FATAL};
    uint64_t bytes;
    lines_init(&lines, names, 1);
    ck_assert(!lines_measure(&lines, &bytes, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, missing) && strstr(error.message, "No such file"), "%s",
                  error.message);
    ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_FAILED);
    lines_release(&lines);
    lines_init(&lines, folders, 1);
    ck_assert(!lines_measure(&lines, &bytes, &error));
    ck_assert_msg(strstr(error.message, "is a directory") != NULL, "%s", error.message);
    lines_release(&lines);
}
END_TEST

static void on_alarm(int signal) {
    (void)signal;
}

/* Standard input that says nothing: a signal gets through. */
START_TEST(a_signal_ends_the_wait_for_input) {
    char dash[] = "-", *names[] = {dash};
    int ends[2], old = dup(STDIN_FILENO);
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct lines lines;
    struct span line;
    struct error error;
    uint64_t bytes = 1;
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    lines_init(&lines, names, 1);
    ck_assert(lines_measure(&lines, &bytes, &error));
    ck_assert_uint_eq(bytes, 0); /* not known */
    sigaction(SIGALRM, &action, &before);
    ualarm(50000, 50000);
    ck_assert_int_eq(lines_next(&lines, &line, &error), LINES_INTERRUPTED);
    ualarm(0, 0);
    sigaction(SIGALRM, &before, NULL);
    ck_assert_str_eq(lines_name(&lines, 0), "standard input");
    lines_release(&lines);
    clearerr(stdin);
    dup2(old, STDIN_FILENO);
    close(old);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lines");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, reads_one_file_after_the_other);
    tcase_add_test(tests, a_line_may_hold_anything);
    tcase_add_test(tests, what_cannot_be_read_is_named);
    tcase_add_test(tests, a_signal_ends_the_wait_for_input);
    return suite_run("commands.lines", tests);
}
