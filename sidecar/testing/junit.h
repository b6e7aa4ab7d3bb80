/* junit.h: results as JUnit XML, the common form that CI systems read. One thread at a time.
 *
 *   junit_suite (a case file), junit_case for each of its cases, then the next suite; junit_finish */
#ifndef TRIBUTARY_TESTING_JUNIT_H
#define TRIBUTARY_TESTING_JUNIT_H

#include "base/buffer.h"

struct junit {
    struct buffer text;  /* the suites that are complete */
    struct buffer name;  /* of the open suite, escaped */
    struct buffer cases; /* of the open suite */
    int suite_count, case_count, failure_count;
    int64_t started_us, elapsed_us;
    bool open;
};

void junit_init(struct junit *junit);
void junit_release(struct junit *junit);
/* Ends the open suite and begins one that started at this wall-clock time. */
void junit_suite(struct junit *junit, const char *name, int64_t started_us);
/* `failure`: why it failed, in lines, or absent. */
void junit_case(struct junit *junit, const char *name, int64_t elapsed_us, struct span failure);
/* The whole document; valid until junit_release. */
struct span junit_finish(struct junit *junit);

#endif
