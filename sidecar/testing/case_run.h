/* case_run.h: runs one case: the same join, batches and commits as the worker, over the events of the case,
 * with a virtual clock in the place of the real one, which decides idleness and nothing else. After every
 * event what is final is committed. No I/O, no sleeping. One thread at a time for each struct case_pipeline.
 */
#ifndef TRIBUTARY_TESTING_CASE_RUN_H
#define TRIBUTARY_TESTING_CASE_RUN_H

#include "testing/case_file.h"

/* Whether everything came as expected. If not, `report` gets what differs, and what else happened that may
 * explain it, in lines indented by two. */
bool case_run(const struct case_pipeline *pipeline, const struct test_case *test, struct buffer *report);

#endif
