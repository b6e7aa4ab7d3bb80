#include "pipeline/rekey_offsets.h"

#include <stdlib.h>

#include "base/memory.h"

bool rekey_offsets_load(struct consumer *consumer, const struct consumer_partition *partitions,
                        struct rekey_source *sources, int count, int timeout_ms, struct error *error) {
    struct consumer_committed *committed = memory_zalloc((size_t)count, sizeof *committed);
    bool ok = consumer_committed(consumer, partitions, count, timeout_ms, committed, error);
    for (int i = 0; ok && i < count; i++) {
        rekey_source_load(&sources[i], committed[i].offset, committed[i].metadata);
        free(committed[i].metadata);
    }
    free(committed);
    return ok;
}
