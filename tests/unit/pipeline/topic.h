/* topic.h: a compacted topic in memory: records under ascending offsets, of which those that a newer one of
 * the same key has replaced vanish at any time. */
#ifndef TRIBUTARY_TESTS_PIPELINE_TOPIC_H
#define TRIBUTARY_TESTS_PIPELINE_TOPIC_H

#include "../suite.h"
#include "base/memory.h"
#include "state/block.h"

struct topic_record {
    char key[BLOCK_KEY_MAX];
    size_t key_len;
    char *value; /* NULL: a tombstone */
    size_t len;
    bool gone;
};

struct topic {
    struct topic_record *records;
    int count, capacity;
    int64_t base; /* offset of records[0] */
};

static inline int64_t topic_end(const struct topic *topic) {
    return topic->base + topic->count;
}

/* The record at the offset, NULL when there is none (any more). */
static inline struct topic_record *topic_at(const struct topic *topic, int64_t offset) {
    if (offset < topic->base || offset >= topic_end(topic)) return NULL;
    struct topic_record *record = &topic->records[offset - topic->base];
    return record->gone ? NULL : record;
}

static inline int64_t topic_append(struct topic *topic, struct span key, struct span value) {
    if (topic->count == topic->capacity) {
        topic->capacity = topic->capacity ? topic->capacity * 2 : 64;
        topic->records = memory_realloc(topic->records, (size_t)topic->capacity * sizeof *topic->records);
    }
    struct topic_record *record = &topic->records[topic->count++];
    *record = (struct topic_record){.key_len = key.len, .len = value.len};
    ck_assert_uint_le(key.len, sizeof record->key);
    memcpy(record->key, key.data, key.len);
    if (value.data) {
        record->value = memory_alloc(value.len);
        memcpy(record->value, value.data, value.len);
    }
    return topic_end(topic) - 1;
}

static inline void topic_remove(struct topic_record *record) {
    free(record->value);
    record->value = NULL;
    record->gone = true;
}

static inline bool topic_same_key(const struct topic_record *a, const struct topic_record *b) {
    return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* Whether compaction may remove it: a newer record of its key has come, or it is a tombstone that has nothing
 * left to delete. The newest record of a topic always stays. */
static inline bool topic_is_obsolete(const struct topic *topic, int i) {
    const struct topic_record *record = &topic->records[i];
    for (int j = i + 1; j < topic->count; j++)
        if (topic_same_key(record, &topic->records[j])) return true;
    if (record->value || i == topic->count - 1) return false;
    for (int j = 0; j < i; j++)
        if (!topic->records[j].gone && topic_same_key(record, &topic->records[j])) return false;
    return true;
}

/* Removes about every `one_in`-th of the records that may go. */
static inline void topic_compact(struct topic *topic, struct random *random, int one_in) {
    for (int i = 0; i < topic->count; i++)
        if (!topic->records[i].gone && random_below(random, one_in) == 0 && topic_is_obsolete(topic, i))
            topic_remove(&topic->records[i]);
}

/* Everything is deleted; offsets go on, or begin anew as they do when a topic of the same name is created. */
static inline void topic_clear(struct topic *topic, bool anew) {
    for (int i = 0; i < topic->count; i++) free(topic->records[i].value);
    topic->base = anew ? 0 : topic_end(topic);
    topic->count = 0;
}

static inline void topic_release(struct topic *topic) {
    topic_clear(topic, true);
    free(topic->records);
    *topic = (struct topic){0};
}

#endif
