/* plan.h: a pipeline compiled for running: which fields to read of each input, what to keep of a touch, which
 * columns to fetch of each lookup, and where each output column's value comes from. Immutable; any thread.
 * The pipeline must outlive it. */
#ifndef TRIBUTARY_PIPELINE_PLAN_H
#define TRIBUTARY_PIPELINE_PLAN_H

#include "attribution/window.h"
#include "config/pipeline.h"
#include "transform/lookups_plan.h"

/* Where a value comes from. The record's own: its event time, partition, offset, broker timestamp and key. */
enum origin { ORIGIN_FIELD, ORIGIN_TIME, ORIGIN_PARTITION, ORIGIN_OFFSET, ORIGIN_TIMESTAMP, ORIGIN_KEY };

struct plan_source {
    enum source_kind kind;
    enum origin origin;
    int lookup;
    int index; /* into conversion_fields, touch_kept or the lookup's columns; or an enum attribution_field */
};

struct plan {
    const struct pipeline *pipeline;
    const struct input_config *conversions, *touches;
    struct window window;
    const char **conversion_fields; /* names to decode */
    int conversion_field_count;
    const char **touch_fields; /* names to decode */
    int touch_field_count;
    bool keeps_timestamp, keeps_key; /* further values kept of a touch, behind its fields, … */
    int touch_source; /* … and where a re-keyed one comes from: its index; -1: not re-keyed */
    int touch_kept_count;
    struct lookups_plan *asking;
    const struct lookup_plan *lookups; /* those of `asking`, lookup_count of them: all are wanted */
    int lookup_count;
    struct plan_source *asked; /* where the values come from that `asking` needs of a conversion */
    const struct output_config *output;
    struct plan_source *columns; /* output->column_count of them */
    int *primary_key;            /* indexes into columns, output->primary_key_count of them */
    int *conversion_key; /* of these the ones that say which conversion it is, without the touch number */
    int conversion_key_count;
    bool shares;       /* the model writes a row for each touch */
    bool tells_final;  /* some column shows attribution.final */
    bool shows_credit; /* some column does */
    int amount;        /* which of conversion_fields is shared out, where a column shows it; otherwise -1 */
};

struct plan *plan_new(const struct pipeline *pipeline);
void plan_free(struct plan *plan);

#endif
