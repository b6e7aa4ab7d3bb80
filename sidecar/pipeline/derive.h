/* derive.h: the fields that events of a re-keyed input get from lookups before their key is taken:
 * "users.id", found by the event's email. A batch at a time, like lookups.h, which does the asking:
 *
 *   derive_add      each record
 *   derive_lookups  the questions, to be answered (enquiry.h from Postgres, lookup_table.h from memory)
 *   derive_missing, derive_apply   what became of a record
 *   derive_reset
 *
 * One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_DERIVE_H
#define TRIBUTARY_PIPELINE_DERIVE_H

#include "base/buffer.h"
#include "event/decode.h"
#include "transform/lookups.h"

struct derive;

/* A decoder of the one field that gives a record its key: the event's own, or one that it gets from a lookup.
 * Of an event that is filtered before it is looked up the field means nothing. */
struct decoder *derive_key_decoder(const struct pipeline *pipeline, const struct input_config *input,
                                   struct error *error);

/* Of an input whose repartition.derived_count is not 0. Learns the input's zone: call it before other threads
 * run. */
struct derive *derive_new(const struct pipeline *pipeline, const struct input_config *input,
                          struct error *error);
void derive_free(struct derive *derive);

/* Which lookups are asked, and for which columns. */
const struct lookups_plan *derive_plan(const struct derive *derive);

/* The record's number in the batch, or -1 when it cannot be decoded or is filtered: it has no questions. What
 * is needed of it is copied. */
int derive_add(struct derive *derive, const struct record *record);
struct lookups *derive_lookups(struct derive *derive);
void derive_reset(struct derive *derive);

/* The lookup that has no row for the record and whose `missing` says not to keep it, or NULL. */
const struct lookup_config *derive_missing(const struct derive *derive, int number);
/* The record's value with the fields added, in `out`. */
void derive_apply(const struct derive *derive, int number, struct span value, struct buffer *out);

#endif
