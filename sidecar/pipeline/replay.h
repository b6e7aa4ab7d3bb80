/* replay.h: a pipeline over two files, without broker and database: the same join, one partition, closed at
 * the end. One thread. */
#ifndef TRIBUTARY_PIPELINE_REPLAY_H
#define TRIBUTARY_PIPELINE_REPLAY_H

#include <stdio.h>

#include "input/file.h"
#include "pipeline/plan.h"
#include "pipeline/rekey_memory.h"

struct replay_options {
    struct file_input *touches, *conversions;
    struct lookup_table *const *lookups; /* plan->lookup_count of them */
    /* Of the conversions and the touches: NULL where they are not re-keyed, and their tables. */
    struct rekey_memory *rekey[2];
    struct lookup_table *const *key_lookups[2];
    FILE *rows;
    FILE *dead_letters;                                             /* NULL: only counted */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *progress_context;
};

bool replay_run(const struct plan *plan, const struct replay_options *options,
                struct error *error) MUST_CHECK;

#endif
