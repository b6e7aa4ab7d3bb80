/* replay.h: a pipeline over two files, without broker and database: the same join, one partition, closed at
 * the end. One thread. */
#ifndef TRIBUTARY_PIPELINE_REPLAY_H
#define TRIBUTARY_PIPELINE_REPLAY_H

#include <stdio.h>

#include "input/file.h"
#include "pipeline/plan.h"
#include "transform/lookup_table.h"

struct replay_options {
    struct file_input *touches, *conversions;
    struct lookup_table *const *lookups; /* plan->lookup_count of them */
    FILE *rows;
    FILE *dead_letters;                                             /* NULL: only counted */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *progress_context;
};

bool replay_run(const struct plan *plan, const struct replay_options *options,
                struct error *error) MUST_CHECK;

#endif
