/* budget.h: how one memory limit is divided among everything that takes memory in a process that runs a
 * pipeline. Pure: numbers in, numbers out. The constants are measurements, see docs/operations.md, "Memory".
 *
 * Few partitions: everything but the state has what gives full speed, and the state has the rest. Many, or a
 * small limit: the others shrink to a share each, so that the state keeps about half. */
#ifndef TRIBUTARY_PIPELINE_BUDGET_H
#define TRIBUTARY_PIPELINE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/fetch.h"

struct budget_demand {
    int64_t limit; /* bytes for the whole process */
    int workers;
    int partitions; /* of a topic: all of them may be given to this process */
    int sources;    /* partitions of all topics that are re-keyed; 0: none are */
    int restores;   /* at a time, by one worker */
    int64_t batch_rows;
    int64_t caches; /* bytes: what one worker may remember of lookups */
};

struct budget {
    int64_t limit;
    /* bytes for the whole process, together no more than the limit: */
    int64_t spare; /* for what the allocator and the kernel waste */
    int64_t
        fixed; /* code, libraries, threads, and what a worker, its caches, a re-keyer and a partition take */
    int64_t queues;    /* fetched and not yet read */
    int64_t restoring; /* the same, while stores are filled again */
    int64_t batches;   /* being written to Postgres */
    int64_t changes;   /* on their way to the changelog */
    int64_t pending;   /* conversions read and not yet committed */
    int64_t state;     /* touches */
    /* what follows from them: */
    struct fetch_limits fetch;   /* for each partition of each topic */
    struct fetch_limits restore; /* for each partition being restored */
    int64_t batch_rows;          /* of one worker, at most what was asked for */
    int64_t unlogged;            /* touches of a partition, read and not yet on their way to the changelog */
};

/* False with a config error when the limit is too small for this many workers and partitions; it says how
 * much they need. */
bool budget_split(const struct budget_demand *demand, struct budget *budget, struct error *error) MUST_CHECK;

/* The limit, in whole MiB, with which the state would have this many bytes. */
int64_t budget_for_state(const struct budget_demand *demand, int64_t state);

/* Bytes as people read them: "1.5MiB". Returns `text`. */
enum { BUDGET_TEXT_MAX = 32 };
const char *budget_text(int64_t bytes, char *text);

/* The one line at start. `source` says where the limit comes from. */
void budget_log(const struct budget *budget, const char *source);

#endif
