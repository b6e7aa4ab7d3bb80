/* finder.h: single records of topics by their place. Quick where the places of one partition come in
 * ascending order: what lies close together is read in one go. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_FINDER_H
#define TRIBUTARY_INSPECT_FINDER_H

#include "inspect/inspection.h"

struct finder {
    const struct inspection *inspection;
    char *topic; /* of the extents */
    struct extent *extents;
    int partitions, partition; /* partition: that of the scan */
    struct scan *scan;
    const rd_kafka_message_t *message; /* the scan's last one */
};

void finder_init(struct finder *finder, const struct inspection *inspection);
void finder_release(struct finder *finder);

/* The record, good until the next call; NULL when there is none at that place (any more). False with a retry
 * error when the brokers do not answer. */
bool finder_find(struct finder *finder, const char *topic, int partition, int64_t offset,
                 const rd_kafka_message_t **message, struct error *error) MUST_CHECK;

#endif
