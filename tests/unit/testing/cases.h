/* cases.h: what the tests of testing/ share: case files from text, with the messages caught. */
#ifndef TRIBUTARY_TESTS_TESTING_CASES_H
#define TRIBUTARY_TESTS_TESTING_CASES_H

#include <stdio.h>
#include <unistd.h>

#include "../suite.h"
#include "base/buffer.h"
#include "testing/case_run.h"

#define FLAGSHIP "examples/checkouts/pipeline.yaml"

/* Reads a case file called `path`; *errors is what was written about it, to be freed. */
static inline struct case_file *read_cases(const char *text, const char *path,
                                           struct case_pipelines *pipelines, char **errors) {
    size_t len;
    FILE *stream = open_memstream(errors, &len);
    struct case_file *file = case_file_parse(text, strlen(text), path, pipelines, stream);
    fclose(stream);
    ck_assert_msg((file == NULL) == (len > 0), "a file or errors, not both: %s", *errors);
    return file;
}

/* Asserts that a file "t.yaml" is refused with exactly these lines. */
static inline void assert_refused(const char *text, const char *expected) {
    struct case_pipelines pipelines;
    char *errors;
    case_pipelines_init(&pipelines);
    struct case_file *file = read_cases(text, "t.yaml", &pipelines, &errors);
    ck_assert_str_eq(errors, expected);
    ck_assert_ptr_null(file);
    free(errors);
    case_pipelines_release(&pipelines);
}

/* Runs every case and appends the reports of those that fail. */
static inline void run_cases(const struct case_file *file, struct buffer *report) {
    for (int i = 0; i < file->count; i++) {
        size_t before = report->len;
        bool passed = case_run(file->pipeline, &file->cases[i], report);
        ck_assert_msg(passed == (report->len == before), "%s: passed or a report, not both",
                      file->cases[i].name);
    }
}

/* Asserts what running the text as a file "t.yaml" reports; "" when everything passes. */
static inline void assert_report(const char *text, const char *expected) {
    struct case_pipelines pipelines;
    struct buffer report;
    char *errors;
    case_pipelines_init(&pipelines);
    buffer_init(&report);
    struct case_file *file = read_cases(text, "t.yaml", &pipelines, &errors);
    ck_assert_msg(file != NULL, "%s", errors);
    run_cases(file, &report);
    ck_assert_str_eq(buffer_string(&report), expected);
    free(errors);
    buffer_release(&report);
    case_file_free(file);
    case_pipelines_release(&pipelines);
}

#endif
