/* support.h: what the tests of config/ share: reading pipelines from text with the messages caught. */
#ifndef TRIBUTARY_TESTS_CONFIG_SUPPORT_H
#define TRIBUTARY_TESTS_CONFIG_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pipeline.h"

#define FLAGSHIP "examples/checkouts/pipeline.yaml"

/* The content of a file, terminated; free() it. */
static inline char *slurp(const char *path, size_t *len) {
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s: run the tests from the root of the repository", path);
    char *text = malloc(1 << 20);
    *len = fread(text, 1, (1 << 20) - 1, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

/* Reads a pipeline called "p.yaml"; *errors is what was written about it, to be freed. */
static inline struct pipeline *parse_bytes(const char *text, size_t len, char **errors) {
    size_t errors_len;
    FILE *stream = open_memstream(errors, &errors_len);
    struct pipeline *pipeline = pipeline_parse(text, len, "p.yaml", stream);
    fclose(stream);
    ck_assert_msg((pipeline == NULL) == (errors_len > 0), "a pipeline or errors, not both: %s", *errors);
    return pipeline;
}

static inline struct pipeline *parse_good(const char *text) {
    char *errors;
    struct pipeline *pipeline = parse_bytes(text, strlen(text), &errors);
    ck_assert_msg(pipeline != NULL, "%s", errors);
    free(errors);
    return pipeline;
}

/* Asserts that the text is refused with exactly these lines. */
static inline void assert_errors(const char *text, const char *expected) {
    char *errors;
    struct pipeline *pipeline = parse_bytes(text, strlen(text), &errors);
    ck_assert_str_eq(errors, expected);
    ck_assert_ptr_null(pipeline);
    free(errors);
}

static inline char *print(const struct pipeline *pipeline) {
    char *text;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    pipeline_print(pipeline, stream);
    fclose(stream);
    return text;
}

/* The text with the first `from` replaced by `to`; free() it. */
static inline char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "\"%s\" is not in the text", from);
    size_t before = (size_t)(at - text), size = strlen(text) + strlen(to) + 1;
    char *result = malloc(size);
    snprintf(result, size, "%.*s%s%s", (int)before, text, to, at + strlen(from));
    return result;
}

static inline int run_suite(const char *name, TCase *tests) {
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
