/* case_pipeline.h: the pipelines that case files name, each loaded and compiled once however many files name
 * it. One thread at a time. */
#ifndef TRIBUTARY_TESTING_CASE_PIPELINE_H
#define TRIBUTARY_TESTING_CASE_PIPELINE_H

#include <stdio.h>

#include "pipeline/partition.h"
#include "pipeline/rekey_memory.h"

struct case_pipeline {
    char *path;
    bool good; /* otherwise the rest is meaningless: what is wrong with it has been written out */
    struct pipeline *pipeline;
    struct plan *plan;
    struct rekey_memory *rekey[2]; /* of the conversions and the touches; NULL: they are not re-keyed */
    struct join join;              /* serves all cases: nothing of one record is left in it for the next */
};

struct case_pipelines {
    struct case_pipeline **items;
    int count;
};

void case_pipelines_init(struct case_pipelines *pipelines);
void case_pipelines_release(struct case_pipelines *pipelines);
/* The pipeline of this file; what is wrong with it is written to `errors` the first time. NULL when it cannot
 * be used. It belongs to `pipelines`. */
const struct case_pipeline *case_pipelines_get(struct case_pipelines *pipelines, const char *path,
                                               FILE *errors);

#endif
