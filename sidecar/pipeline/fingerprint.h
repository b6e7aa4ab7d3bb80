/* fingerprint.h: the settings that the stored state of a pipeline was computed under, kept beside it as JSON
 * that people can read, and what follows when they are others now. Pure; any thread. */
#ifndef TRIBUTARY_PIPELINE_FINGERPRINT_H
#define TRIBUTARY_PIPELINE_FINGERPRINT_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "pipeline/plan.h"

/* False, with a config error: the topic has got partitions while it is read, and keys lie elsewhere now. */
bool fingerprint_refuse_growth(const char *topic, int partitions_before, struct error *error) MUST_CHECK;

/* Appends the settings as one JSON object, its members always in the same order. */
void fingerprint_format(struct buffer *json, const struct plan *plan, const char *cluster_id, int partitions);

/* What gives the stored touches their meaning, as one number: how their blocks are written, their key and its
 * seed, the fields kept of them, and how their times and watermarks were read. Blocks of another generation
 * are not for us. */
uint64_t fingerprint_generation(const struct plan *plan, uint64_t key_seed);

/* What may be done with the stored state, the mildest first. */
enum fingerprint_verdict {
    FINGERPRINT_SAME,
    FINGERPRINT_GOES_ON, /* it is right under the new settings too; whether it reaches back far enough for
                            them, the span of time that is held tells */
    FINGERPRINT_REBUILD, /* the touches must be read anew; the offsets are still right */
    FINGERPRINT_STOP,    /* the offsets or the stored times mean something else now */
};

/* Compares what is stored (as Postgres gives it back: other spaces, another order) with what is current.
 * Appends a line for each difference, `the window was "1h", is now "2h"`, without a line break at the end;
 * for a stop, then a line `hint: …` with what can be done. Members that only another version knows are passed
 * over, but a newer version of the whole is a stop. */
enum fingerprint_verdict fingerprint_compare(const char *stored_json, const char *current_json,
                                             struct buffer *explanation);

#endif
