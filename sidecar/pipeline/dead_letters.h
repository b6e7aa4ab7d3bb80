/* dead_letters.h: records that could not be used, into the dead-letter topic: the original bytes, under the
 * key topic-partition-offset of their origin, with headers that say why: docs/dead-letters.md has the format.
 * At least once. One that is too large for the topic is sent with its first part only and the header
 * "truncated" with its full length: the origin still has it all. Nothing here waits. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_DEAD_LETTERS_H
#define TRIBUTARY_PIPELINE_DEAD_LETTERS_H

#include "pipeline/batch.h"

struct dead_letters;

/* NULL with a config error when the client refuses its properties. */
struct dead_letters *dead_letters_new(const struct pipeline *pipeline, struct error *error);
void dead_letters_free(struct dead_letters *letters);

/* Begins to send these; they must live until dead_letters_poll has said true. */
void dead_letters_start(struct dead_letters *letters, const struct dead_letter *items, int count);
/* Goes on sending; *done when every one is acknowledged. False when one cannot be delivered. */
bool dead_letters_poll(struct dead_letters *letters, bool *done, struct error *error) MUST_CHECK;

#endif
