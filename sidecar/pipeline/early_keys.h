/* early_keys.h: which undecided conversion of a partition may have the row of a primary key: the first of
 * those with the key, by its number in the queue. Keys are their hashes; two that share one by chance only
 * keep the second from being written early. Open addressing; one thread at a time. */
#ifndef TRIBUTARY_PIPELINE_EARLY_KEYS_H
#define TRIBUTARY_PIPELINE_EARLY_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct early_key {
    uint64_t key; /* 0: the place is free */
    uint64_t number;
    bool wanted; /* by others, too, at some time */
};

struct early_keys {
    struct early_key *items;
    size_t slots, count; /* `slots` is a power of two, or 0 */
};

void early_keys_release(struct early_keys *keys);
/* Whether the key, which is not 0, is this conversion's: nobody had it, or it did. */
bool early_keys_claim(struct early_keys *keys, uint64_t key, uint64_t number);
/* Whether another conversion than this has it. */
bool early_keys_has(const struct early_keys *keys, uint64_t key, uint64_t but);
/* The conversion is decided: its key is free again, if it had it. Whether others have wanted it meanwhile. */
bool early_keys_yield(struct early_keys *keys, uint64_t key, uint64_t number);
/* Memory in use. */
size_t early_keys_bytes(const struct early_keys *keys);

#endif
