/* rekey_memory.h: what a re-keyer does to the records of an input, where there is neither a broker nor a
 * database: each gets the fields that its lookups give, answered from memory, and its key, and goes straight
 * into the join, under its own partition and offset. For `replay` and `test`. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_REKEY_MEMORY_H
#define TRIBUTARY_PIPELINE_REKEY_MEMORY_H

#include "event/record.h"
#include "transform/lookup_table.h"

struct join;
struct partition;
struct rekey_memory;

/* NULL, and *ok, for an input without `repartition`. Learns the input's zone: call it before other threads
 * run. The pipeline must outlive it. */
struct rekey_memory *rekey_memory_new(const struct pipeline *pipeline, const struct input_config *input,
                                      bool *ok, struct error *error);
void rekey_memory_free(struct rekey_memory *rekey);

/* The lookups that are asked before the key is known; NULL when there are none. */
const struct lookups_plan *rekey_memory_plan(const struct rekey_memory *rekey);

/* The join of files and cases: no markers, each log's own events move its watermark. */
void rekey_memory_join(struct join *join);
/* Reads a record of the touches or the conversions into the partition; without `rekey` as it is. `tables`:
 * one a lookup of the plan, those that it wants. */
void rekey_memory_read(struct rekey_memory *rekey, struct lookup_table *const *tables,
                       struct partition *partition, bool touch, const struct record *record);

#endif
