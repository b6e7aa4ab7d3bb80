/* view.h: everything that the pages for those who watch a process are made of, at one moment: plain data, so
 * that the pages are pure functions of it. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_VIEW_H
#define TRIBUTARY_PIPELINE_VIEW_H

#include "pipeline/budget.h"
#include "pipeline/gauges.h"
#include "pipeline/rekey_gauges.h"
#include "telemetry/errors.h"
#include "telemetry/health.h"
#include "telemetry/process.h"

struct view {
    const char *pipeline, *inputs[2]; /* names; touches, conversions */
    const struct lookup_config *lookups;
    int lookup_count;
    int64_t now_us, wall_us;     /* monotonic, and since 1970 */
    const struct budget *budget; /* NULL: not known yet */
    struct health health;        /* its workers have been filled in */
    const struct worker_gauges *workers;
    int worker_count;
    const struct partition_gauges *const *partitions; /* of all workers, by number, each once */
    int partition_count;
    bool rekeyed[2]; /* by input: what is read is what re-keyers have written, here or elsewhere */
    const struct rekeyer_gauges *rekeyers;
    int rekeyer_count;                                /* 0: none is at work here */
    const struct rekey_source_gauges *const *sources; /* of all re-keyers, by input and number, each once */
    int source_count;
    struct process_facts process;
    const struct errors_seen *errors;
};

const char *view_state_name(enum partition_state state);
const char *view_wait_name(enum wait_reason reason);
const char *view_phase_name(enum rekey_phase phase);
/* Records behind; -1: the end of the log is not known. */
int64_t view_lag(const struct partition_gauges *partition, int side);
int64_t view_source_lag(const struct rekey_source_gauges *source);

/* The pages, appended. */
void view_metrics(const struct view *view, struct buffer *out);
void view_status(const struct view *view, struct buffer *out);

#endif
