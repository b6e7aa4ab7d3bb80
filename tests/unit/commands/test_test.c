/* `tributary test` as a command: what it prints, the file it writes, and its exit code. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"
#include "base/buffer.h"
#include "commands/command.h"

#define HEAD "pipeline: pipeline.yaml\ncases:\n"
#define GOOD HEAD "  - {name: good, events: [], expect: {rows: []}}\n"
#define BAD  HEAD "  - {name: bad, events: [], expect: {rows: [{click_id: \"<c1>\"}]}}\n"

/* Every test runs in a folder of its own, beside a copy of the flagship's pipeline. */
static char home[4096], folder[] = "/tmp/tributary-test-XXXXXX";
static const char *const names[] = {"pipeline.yaml", "good.yaml", "bad.yaml", "junit.xml"};

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static char *read_stream(FILE *file) {
    char *text = calloc(1, 1 << 16);
    rewind(file);
    ck_assert_uint_lt(fread(text, 1, (1 << 16) - 1, file), (1 << 16) - 1);
    fclose(file);
    return text;
}

static void enter(void) {
    FILE *file = fopen("examples/checkouts/pipeline.yaml", "r");
    ck_assert_msg(file != NULL, "run the tests from the root of the repository");
    char *text = read_stream(file);
    ck_assert_ptr_nonnull(getcwd(home, sizeof home));
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    write_file("pipeline.yaml", text);
    free(text);
}

static void leave(void) {
    for (int i = 0; i < COUNT_OF(names); i++) unlink(names[i]);
    ck_assert_int_eq(chdir(home), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

struct result {
    int code;
    char *out, *err;
};

/* Sends what is written to a stream into a file for a while; returns a copy of the stream's descriptor. */
static int divert(FILE *stream, FILE *file) {
    fflush(stream);
    int saved = dup(fileno(stream));
    ck_assert_int_ge(dup2(fileno(file), fileno(stream)), 0);
    return saved;
}

static void restore(FILE *stream, int saved) {
    fflush(stream);
    dup2(saved, fileno(stream));
    close(saved);
}

static struct result run(const char *first, const char *second, const char *third) {
    char *argv[] = {strdup("test"), first ? strdup(first) : NULL, second ? strdup(second) : NULL,
                    third ? strdup(third) : NULL, NULL};
    FILE *out = tmpfile(), *err = tmpfile();
    int saved_out = divert(stdout, out), saved_err = divert(stderr, err);
    int code = command_test(third ? 4 : second ? 3 : first ? 2 : 1, argv);
    restore(stdout, saved_out);
    restore(stderr, saved_err);
    for (int i = 0; i < 4; i++) free(argv[i]);
    return (struct result){code, read_stream(out), read_stream(err)};
}

static void release(struct result *result) {
    free(result->out);
    free(result->err);
}

static void assert_run(struct result result, int code, const char *out, const char *err) {
    ck_assert_str_eq(result.err, err);
    ck_assert_str_eq(result.out, out);
    ck_assert_int_eq(result.code, code);
    release(&result);
}

START_TEST(passed_and_failed) {
    write_file("good.yaml", GOOD);
    write_file("bad.yaml", BAD);
    assert_run(run("good.yaml", NULL, NULL), EXIT_OK, "ok 1 - good.yaml: good\n1 passed, 0 failed\n", "");
    assert_run(run("bad.yaml", "good.yaml", NULL), EXIT_TESTS_FAILED,
               "not ok 1 - bad.yaml:3: bad\n"
               "  rows: 1 expected, 0 found\n"
               "    line 3 is missing: {click_id: \"<c1>\"}\n"
               "  outcomes of the case: none\n"
               "ok 2 - good.yaml: good\n"
               "1 passed, 1 failed\n",
               "");
}
END_TEST

/* Everything wrong in all files is said, and nothing is run. */
START_TEST(wrong_files) {
    write_file("good.yaml", GOOD);
    write_file("bad.yaml",
               HEAD "  - {name: n, events: [], expect: {}}\n  - {nam: n, events: [], expect: {rows: []}}\n");
    assert_run(run("bad.yaml", "good.yaml", "nowhere.yaml"), EXIT_CONFIG, "",
               "bad.yaml:3:35: \"expect\" is empty: such a case cannot fail\n"
               "  hint: name at least one of rows, dead_letters and outcomes\n"
               "bad.yaml:4:6: unknown key \"nam\"; did you mean \"name\"?\n"
               "nowhere.yaml: cannot be read: No such file or directory\n");
}
END_TEST

START_TEST(junit) {
    write_file("bad.yaml", BAD);
    struct result result = run("bad.yaml", "--junit=junit.xml", NULL);
    ck_assert_int_eq(result.code, EXIT_TESTS_FAILED);
    release(&result);
    FILE *file = fopen("junit.xml", "r");
    ck_assert_ptr_nonnull(file);
    char *text = read_stream(file);
    ck_assert_ptr_nonnull(strstr(text, "<testsuite name=\"bad.yaml\""));
    ck_assert_ptr_nonnull(strstr(text, "tests=\"1\" failures=\"1\""));
    ck_assert_ptr_nonnull(strstr(text, "message=\"rows: 1 expected, 0 found\""));
    ck_assert_ptr_nonnull(strstr(text, "{click_id: &quot;&lt;c1&gt;&quot;}"));
    ck_assert_str_eq(text + strlen(text) - strlen("</testsuites>\n"), "</testsuites>\n");
    free(text);
}
END_TEST

START_TEST(junit_that_cannot_be_written) {
    write_file("good.yaml", GOOD);
    assert_run(run("good.yaml", "--junit=nowhere/junit.xml", NULL), EXIT_CONFIG, "",
               "tributary test: cannot write \"nowhere/junit.xml\": No such file or directory\n");
    assert_run(run("good.yaml", "--junit=/dev/full", NULL), EXIT_FAILED,
               "ok 1 - good.yaml: good\n1 passed, 0 failed\n",
               "tributary test: cannot write \"/dev/full\": No space left on device\n");
}
END_TEST

START_TEST(command_lines) {
    assert_run(run(NULL, NULL, NULL), EXIT_CONFIG, "",
               "tributary test: name at least one file of cases\n"
               "hint: \"tributary test --help\" shows the options\n");
    assert_run(run("--junt=x", NULL, NULL), EXIT_CONFIG, "",
               "tributary test: there is no option \"--junt\"; did you mean \"--junit\"?\n"
               "hint: \"tributary test --help\" shows the options\n");
    assert_run(run("--junit", NULL, NULL), EXIT_CONFIG, "",
               "tributary test: option \"--junit\" needs a value\n"
               "hint: \"tributary test --help\" shows the options\n");
    struct result help = run("--help", NULL, NULL);
    ck_assert_int_eq(help.code, EXIT_OK);
    ck_assert_ptr_nonnull(strstr(help.out, "usage: tributary test CASES.yaml"));
    ck_assert_str_eq(help.err, "");
    release(&help);
}
END_TEST

/* The example that the help shows works as it stands. */
START_TEST(the_example_of_the_help) {
    struct result help = run("--help", NULL, NULL);
    char *line = strstr(help.out, "  pipeline: ../pipeline.yaml");
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(mkdir("cases", 0700), 0);
    FILE *file = fopen("cases/help.yaml", "w");
    ck_assert_ptr_nonnull(file);
    for (line = strtok(line, "\n"); strncmp(line, "  ", 2) == 0; line = strtok(NULL, "\n"))
        fprintf(file, "%s\n", line + 2);
    fclose(file);
    struct result result = run("cases/help.yaml", NULL, NULL);
    unlink("cases/help.yaml");
    rmdir("cases");
    assert_run(result, EXIT_OK, "ok 1 - cases/help.yaml: the earliest click counts\n1 passed, 0 failed\n",
               "");
    release(&help);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("test");
    tcase_add_checked_fixture(tests, enter, leave);
    tcase_add_test(tests, passed_and_failed);
    tcase_add_test(tests, wrong_files);
    tcase_add_test(tests, junit);
    tcase_add_test(tests, junit_that_cannot_be_written);
    tcase_add_test(tests, command_lines);
    tcase_add_test(tests, the_example_of_the_help);
    return suite_run("test", tests);
}
