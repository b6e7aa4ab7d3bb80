/* identity.h: what a pipeline is across its runs: the seed of its key hash, drawn once, and the settings its
 * stored state belongs to. Looked at when a run starts, before it takes anything over. Blocks; one thread. */
#ifndef TRIBUTARY_PIPELINE_IDENTITY_H
#define TRIBUTARY_PIPELINE_IDENTITY_H

#include <stdint.h>

#include "base/buffer.h"
#include "pipeline/plan.h"
#include "postgres/connection.h"

struct identity {
    uint64_t key_seed;
    struct buffer fingerprint; /* JSON, terminated */
};

void identity_release(struct identity *identity);

/* Reads the seed, drawing it on the very first run, and compares the settings with those of every partition's
 * progress. A config error that explains the difference when the stored state cannot be gone on with. */
bool identity_load(struct identity *identity, const struct plan *plan, int partitions,
                   struct connection *connection, struct error *error) MUST_CHECK;

#endif
