#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"

/* Sends what is written to a stream into a file for a while. */
struct diversion {
    FILE *stream, *file;
    int saved;
};

static void divert(struct diversion *diversion, FILE *stream) {
    fflush(stream);
    *diversion = (struct diversion){.stream = stream, .file = tmpfile(), .saved = dup(fileno(stream))};
    ck_assert(diversion->file && diversion->saved >= 0);
    ck_assert_int_ge(dup2(fileno(diversion->file), fileno(stream)), 0);
}

/* Back to where it was; the text, to be freed. */
static char *restore(struct diversion *diversion) {
    fflush(diversion->stream);
    dup2(diversion->saved, fileno(diversion->stream));
    close(diversion->saved);
    char *text = calloc(1, 1 << 17);
    rewind(diversion->file);
    ck_assert_uint_lt(fread(text, 1, 1 << 17, diversion->file), 1 << 17);
    fclose(diversion->file);
    return text;
}

struct result {
    int code;
    char *out, *err;
};

static struct result run(char *first, char *second) {
    char name[] = "reference", *argv[] = {name, first, second, NULL};
    struct diversion out, err;
    divert(&out, stdout);
    divert(&err, stderr);
    int code = command_reference(second ? 3 : first ? 2 : 1, argv);
    char *errors = restore(&err), *output = restore(&out);
    return (struct result){code, output, errors};
}

static void release(struct result *result) {
    free(result->out);
    free(result->err);
}

static char markdown[] = "--markdown", schema[] = "--json-schema", help[] = "--help", unknown[] = "--unknown",
            word[] = "word";

START_TEST(formats) {
    struct result page = run(NULL, NULL), same = run(markdown, NULL), json = run(schema, NULL);
    ck_assert_int_eq(page.code, EXIT_OK);
    ck_assert_int_eq(same.code, EXIT_OK);
    ck_assert_int_eq(json.code, EXIT_OK);
    ck_assert_str_eq(page.out, same.out);
    ck_assert_int_eq(strncmp(page.out, "# The pipeline file\n", 20), 0);
    ck_assert_int_eq(strncmp(json.out, "{\n  \"$schema\"", 13), 0);
    ck_assert_str_eq(json.out + strlen(json.out) - 3, "\n}\n");
    ck_assert_str_eq(page.err, "");
    ck_assert_str_eq(json.err, "");
    release(&page);
    release(&same);
    release(&json);
}
END_TEST

START_TEST(helps) {
    struct result result = run(help, NULL);
    ck_assert_int_eq(result.code, EXIT_OK);
    ck_assert_ptr_nonnull(strstr(result.out, "usage: tributary reference"));
    ck_assert_str_eq(result.err, "");
    release(&result);
}
END_TEST

static void refused(char *first, char *second, const char *message) {
    struct result result = run(first, second);
    char expected[200];
    snprintf(expected, sizeof expected,
             "tributary reference: %s\nhint: \"tributary reference --help\" shows the options\n", message);
    ck_assert_int_eq(result.code, EXIT_CONFIG);
    ck_assert_str_eq(result.out, "");
    ck_assert_str_eq(result.err, expected);
    release(&result);
}

START_TEST(refuses) {
    refused(unknown, NULL, "there is no option \"--unknown\"");
    refused(word, NULL, "it takes no argument such as \"word\"");
    refused(markdown, schema, "choose one page: --markdown, --json-schema, --metrics, --man or --completion");
    refused(schema, word, "it takes no argument such as \"word\"");
}
END_TEST

START_TEST(full_disk) {
    FILE *full = fopen("/dev/full", "w");
    char name[] = "reference", *argv[] = {name, NULL};
    struct diversion err;
    if (!full) return; /* no such device here */
    divert(&err, stderr);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(full), STDOUT_FILENO);
    int code = command_reference(1, argv);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    clearerr(stdout);
    fclose(full);
    char *errors = restore(&err);
    ck_assert_int_eq(code, EXIT_FAILED);
    ck_assert_str_eq(errors,
                     "tributary reference: cannot write to standard output: No space left on device\n");
    free(errors);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("commands.reference");
    TCase *tests = tcase_create("reference");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, formats);
    tcase_add_test(tests, helps);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, full_disk);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
