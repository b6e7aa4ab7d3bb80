#include "transform/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

void lookup_batch_init(struct lookup_batch *batch, int match_count, int column_count) {
    *batch = (struct lookup_batch){.match_count = match_count, .column_count = column_count};
    batch->slot_count = FIRST_SLOTS;
    batch->slots = memory_zalloc(FIRST_SLOTS, sizeof *batch->slots);
}

void lookup_batch_release(struct lookup_batch *batch) {
    free(batch->keys);
    free(batch->answers);
    free(batch->states);
    free(batch->slots);
    *batch = (struct lookup_batch){0};
}

void lookup_batch_reset(struct lookup_batch *batch) {
    batch->count = batch->open = 0;
    memset(batch->slots, 0, batch->slot_count * sizeof *batch->slots);
}

uint64_t lookup_key_hash(const struct value *key, int count) {
    uint64_t hash = 0;
    for (int i = 0; i < count; i++) hash = hash * 31 + hash_bytes(key[i].text.data, key[i].text.len);
    return hash ^ hash >> 32;
}

bool lookup_key_equal(const struct value *a, const struct value *b, int count) {
    for (int i = 0; i < count; i++)
        if (a[i].type != b[i].type || !span_equal(a[i].text, b[i].text)) return false;
    return true;
}

const struct value *lookup_batch_key(const struct lookup_batch *batch, int question) {
    return batch->keys + question * (ptrdiff_t)batch->match_count;
}

static uint32_t *slot_of(const struct lookup_batch *batch, const struct value *key) {
    uint32_t mask = batch->slot_count - 1, at = (uint32_t)lookup_key_hash(key, batch->match_count) & mask;
    while (batch->slots[at] &&
           !lookup_key_equal(key, lookup_batch_key(batch, (int)batch->slots[at] - 1), batch->match_count))
        at = (at + 1) & mask;
    return &batch->slots[at];
}

static void grow_slots(struct lookup_batch *batch) {
    free(batch->slots);
    batch->slot_count *= 2;
    batch->slots = memory_zalloc(batch->slot_count, sizeof *batch->slots);
    for (int i = 0; i < batch->count; i++) *slot_of(batch, lookup_batch_key(batch, i)) = (uint32_t)i + 1;
}

static void grow_questions(struct lookup_batch *batch) {
    batch->capacity = batch->capacity ? batch->capacity * 2 : 64;
    size_t n = (size_t)batch->capacity;
    batch->keys = memory_realloc(batch->keys, n * (size_t)batch->match_count * sizeof *batch->keys);
    batch->answers = memory_realloc(batch->answers, n * (size_t)batch->column_count * sizeof *batch->answers);
    batch->states = memory_realloc(batch->states, n * sizeof *batch->states);
}

int lookup_batch_ask(struct lookup_batch *batch, const struct value *key) {
    for (int i = 0; i < batch->match_count; i++)
        if (key[i].type == VALUE_NULL) return -1;
    if ((uint32_t)batch->count + 1 > batch->slot_count / 2) grow_slots(batch);
    uint32_t *slot = slot_of(batch, key);
    if (*slot) return (int)*slot - 1;
    if (batch->count == batch->capacity) grow_questions(batch);
    memcpy(batch->keys + batch->count * (ptrdiff_t)batch->match_count, key,
           (size_t)batch->match_count * sizeof *key);
    batch->states[batch->count] = LOOKUP_OPEN;
    batch->open++;
    *slot = (uint32_t)batch->count + 1;
    return batch->count++;
}

int lookup_batch_find(const struct lookup_batch *batch, const struct value *key) {
    return (int)*slot_of(batch, key) - 1;
}

void lookup_batch_answer(struct lookup_batch *batch, int question, const struct value *columns) {
    if (batch->states[question] != LOOKUP_OPEN) return;
    batch->states[question] = LOOKUP_ROW;
    batch->open--;
    if (batch->column_count)
        memcpy(batch->answers + question * (ptrdiff_t)batch->column_count, columns,
               (size_t)batch->column_count * sizeof *columns);
}

void lookup_batch_answer_none(struct lookup_batch *batch, int question) {
    if (batch->states[question] != LOOKUP_OPEN) return;
    batch->states[question] = LOOKUP_NO_ROW;
    batch->open--;
}

enum lookup_answer lookup_batch_state(const struct lookup_batch *batch, int question) {
    return batch->states[question];
}

const struct value *lookup_batch_result(const struct lookup_batch *batch, int question) {
    if (question < 0 || batch->states[question] != LOOKUP_ROW) return NULL;
    return batch->answers + question * (ptrdiff_t)batch->column_count;
}
