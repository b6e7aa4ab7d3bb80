/* case_file.h: a file of test cases, read and checked: which pipeline, and for each case the lookup rows, the
 * events in order, and what is expected. One thread at a time. docs/testing-pipelines.md has the format. */
#ifndef TRIBUTARY_TESTING_CASE_FILE_H
#define TRIBUTARY_TESTING_CASE_FILE_H

#include <stdio.h>

#include "base/arena.h"
#include "testing/case_pipeline.h"
#include "testing/compare.h"

enum { CASE_PARTITIONS_MAX = 256 };

enum case_side { CASE_TOUCHES, CASE_CONVERSIONS };

struct case_event {
    int64_t advance_us; /* the virtual clock moves on by this; 0: a record is read */
    enum case_side side;
    int partition;
    struct record record;
};

struct case_lookup_row {
    struct span *names;
    struct value *values;
    int count;
};

struct case_lookup {
    struct case_lookup_row *rows;
    int count;
};

/* The columns of a dead letter, by which cases name them. */
enum { DEAD_INPUT, DEAD_PARTITION, DEAD_OFFSET, DEAD_REASON, DEAD_DETAIL, DEAD_COLUMNS };
extern const char *const case_dead_letter_columns[DEAD_COLUMNS];

struct case_expectation {
    struct expected_rows rows, dead_letters;
    bool has_outcomes;
    struct ledger outcomes;
};

struct test_case {
    const char *name;
    int line;
    int partitions;
    bool close;                  /* at the end every conversion becomes final */
    struct case_lookup *lookups; /* one for each of the pipeline's */
    struct case_event *events;
    int event_count;
    struct case_expectation expect;
};

struct case_file {
    const char *path;
    const struct case_pipeline *pipeline;
    struct test_case *cases;
    int count;
    struct arena arena; /* everything above */
};

/* Everything that is wrong, in all of the file, goes to `errors`, one a line with file:line:column; NULL
 * then. The pipeline belongs to `pipelines`, which must outlive the file. */
struct case_file *case_file_load(const char *path, struct case_pipelines *pipelines, FILE *errors);
/* The same from text; `path` is what the pipeline's path is relative to. */
struct case_file *case_file_parse(const char *text, size_t len, const char *path,
                                  struct case_pipelines *pipelines, FILE *errors);
void case_file_free(struct case_file *file);

#endif
