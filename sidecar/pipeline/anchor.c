#include "pipeline/anchor.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"

struct anchor anchor_of(const struct record *record) {
    uint64_t key = hash_bytes(record->key.data, record->key.len);
    uint64_t value = hash_bytes(record->value.data, record->value.len);
    return (struct anchor){record->offset, record->timestamp_us, value ^ (key << 1 | key >> 63)};
}

bool anchor_matches(const struct anchor *anchor, const struct record *record) {
    struct anchor other = anchor_of(record);
    return other.offset == anchor->offset && other.timestamp_us == anchor->timestamp_us &&
           other.checksum == anchor->checksum;
}

size_t anchor_format(const struct anchor *anchor, char *text) {
    return (size_t)snprintf(text, ANCHOR_TEXT_MAX, "%" PRId64 "/%" PRId64 "/%016" PRIx64, anchor->offset,
                            anchor->timestamp_us, anchor->checksum);
}

struct anchor anchor_parse(const char *text) {
    struct anchor anchor;
    if (text && sscanf(text, "%" SCNd64 "/%" SCNd64 "/%" SCNx64, &anchor.offset, &anchor.timestamp_us,
                       &anchor.checksum) == 3)
        return anchor;
    return ANCHOR_NONE;
}
