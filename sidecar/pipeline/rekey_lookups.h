/* rekey_lookups.h: the lookups that a re-keyer asks of Postgres before the keys of an input's records are
 * known, for one batch of messages at a time, without blocking. One thread. */
#ifndef TRIBUTARY_PIPELINE_REKEY_LOOKUPS_H
#define TRIBUTARY_PIPELINE_REKEY_LOOKUPS_H

#include <librdkafka/rdkafka.h>

#include "pipeline/surroundings.h"

struct rekey_lookups;

/* NULL, and *ok, for an input that needs none. `tables` are those of the pipeline's lookups, needed only
 * during the call. Learns the input's zone: call it before other threads run. */
struct rekey_lookups *rekey_lookups_new(const struct pipeline *pipeline, const struct input_config *input,
                                        const struct surroundings_tables *tables, bool *ok,
                                        struct error *error);
void rekey_lookups_free(struct rekey_lookups *lookups);

/* Begins with these; they must live until the next start, or rekey_lookups_forget. */
void rekey_lookups_start(struct rekey_lookups *lookups, rd_kafka_message_t *const *messages, int count);
/* Stops and forgets what was begun. */
void rekey_lookups_forget(struct rekey_lookups *lookups);
/* *done once everything has its answer. False with the error; of class retry: poll again. */
bool rekey_lookups_poll(struct rekey_lookups *lookups, bool *done, struct error *error) MUST_CHECK;
/* Whether a batch was begun and has its answers. */
bool rekey_lookups_are_done(const struct rekey_lookups *lookups);

/* Of message `i` of the batch: the lookup because of which it goes no further, or NULL. */
const struct lookup_config *rekey_lookups_missing(const struct rekey_lookups *lookups, int i);
/* Its value with what was found; good until the next call. Absent where it cannot be decoded: it stays as it
 * is. */
struct span rekey_lookups_value(struct rekey_lookups *lookups, int i, struct span value);

#endif
