/* run.h: a pipeline at work: its surroundings prepared once, then one thread a worker, sharing nothing but
 * what is in struct run_shared. */
#ifndef TRIBUTARY_PIPELINE_RUN_H
#define TRIBUTARY_PIPELINE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "pipeline/plan.h"

struct run_options {
    bool once;                    /* read to what was the end at the start, commit, stop */
    bool close;                   /* with once: every conversion read becomes final */
    bool only_repartition;        /* re-key, and leave joining to other processes */
    bool only_attribute;          /* join, and leave re-keying to other processes */
    void (*on_begin)(void);       /* called before the first worker begins: until then nothing can be lost */
    bool (*stop_requested)(void); /* asked by each worker now and then */
    bool (*hung_up)(void);        /* whether somebody has asked, since the last call, to read the file anew */
};

/* Prepares everything (tables, topics, lookups), runs the workers until they are asked to stop, are done
 * (once) or one of them fails, prints the summary, and cleans up. Blocks. */
bool run_pipeline(const struct pipeline *pipeline, const struct run_options *options,
                  struct error *error) MUST_CHECK;

#endif
