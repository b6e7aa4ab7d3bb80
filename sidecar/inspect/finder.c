#include "inspect/finder.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A new position costs about as much as reading that many records. */
enum { NEAR_RECORDS = 2000 };

void finder_init(struct finder *finder, const struct inspection *inspection) {
    *finder = (struct finder){.inspection = inspection, .partition = -1};
}

static void forget_scan(struct finder *finder) {
    scan_free(finder->scan);
    finder->scan = NULL;
    finder->message = NULL;
}

void finder_release(struct finder *finder) {
    forget_scan(finder);
    free(finder->topic);
    free(finder->extents);
    *finder = (struct finder){0};
}

static bool turn_to_topic(struct finder *finder, const char *topic, struct error *error) {
    const struct inspection *inspection = finder->inspection;
    if (finder->topic && strcmp(finder->topic, topic) == 0) return true;
    finder_release(finder);
    finder_init(finder, inspection);
    finder->extents = inspection_extents(inspection, topic, &finder->partitions, error);
    if (finder->extents) finder->topic = memory_strdup(topic);
    return finder->extents != NULL;
}

static bool is_near(const struct finder *finder, int partition, int64_t offset) {
    if (!finder->scan || finder->partition != partition) return false;
    int64_t ahead = offset - scan_position(finder->scan);
    return ahead >= 0 && ahead < NEAR_RECORDS;
}

static bool read_on(struct finder *finder, int64_t offset, struct error *error) {
    for (;;) {
        switch (scan_next(finder->scan, &finder->message, error)) {
        case SCAN_RECORD:
            if (finder->message->offset >= offset) return true;
            break;
        case SCAN_END: forget_scan(finder); return true;
        case SCAN_FAILED: forget_scan(finder); return false;
        }
    }
}

bool finder_find(struct finder *finder, const char *topic, int partition, int64_t offset,
                 const rd_kafka_message_t **message, struct error *error) {
    *message = NULL;
    if (!turn_to_topic(finder, topic, error)) return false;
    if (partition < 0 || partition >= finder->partitions) return true;
    struct extent extent = finder->extents[partition];
    if (offset < extent.low || offset >= extent.high) return true;
    bool at_hand = finder->message && finder->partition == partition && finder->message->offset == offset;
    if (!at_hand && !is_near(finder, partition, offset)) {
        forget_scan(finder);
        finder->partition = partition;
        finder->scan = inspection_scan(finder->inspection, topic, partition, offset, extent.high, error);
        if (!finder->scan) return false;
    }
    if (!at_hand && !read_on(finder, offset, error)) return false;
    if (finder->message && finder->message->offset == offset) *message = finder->message;
    return true;
}
