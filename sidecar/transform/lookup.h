/* lookup.h: the questions that one batch of conversions puts to one lookup table, each distinct one once, and
 * the answers. Who answers (a Postgres query, a CSV file) is not known here. One thread at a time. */
#ifndef TRIBUTARY_TRANSFORM_LOOKUP_H
#define TRIBUTARY_TRANSFORM_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "event/value.h"

/* Keys are arrays of values. Equal ones are of the same types, since 7.0 and "7.0" may find different rows.
 */
uint64_t lookup_key_hash(const struct value *key, int count);
bool lookup_key_equal(const struct value *a, const struct value *b, int count);

enum lookup_answer { LOOKUP_OPEN, LOOKUP_ROW, LOOKUP_NO_ROW };

struct lookup_batch {
    int match_count, column_count;
    int count;             /* distinct questions */
    struct value *keys;    /* match_count values a question */
    struct value *answers; /* column_count values a question; meaningful where there is a row */
    enum lookup_answer *states;
    int open; /* questions without an answer */
    int capacity;
    uint32_t *slots; /* question numbers plus one */
    uint32_t slot_count;
};

void lookup_batch_init(struct lookup_batch *batch, int match_count, int column_count);
void lookup_batch_release(struct lookup_batch *batch);
/* Empties it and keeps its memory. */
void lookup_batch_reset(struct lookup_batch *batch);

/* The number of this question, new or asked before; -1 when a part of the key is null: nothing can match. The
 * key's texts must live as long as the batch. */
int lookup_batch_ask(struct lookup_batch *batch, const struct value *key);
/* The number of a question asked before, or -1. */
int lookup_batch_find(const struct lookup_batch *batch, const struct value *key);
const struct value *lookup_batch_key(const struct lookup_batch *batch, int question);
/* The first answer to a question stands. The texts must live as long as the batch. */
void lookup_batch_answer(struct lookup_batch *batch, int question, const struct value *columns);
/* There is no row for it. */
void lookup_batch_answer_none(struct lookup_batch *batch, int question);
enum lookup_answer lookup_batch_state(const struct lookup_batch *batch, int question);
/* The columns, or NULL when there was no answer. */
const struct value *lookup_batch_result(const struct lookup_batch *batch, int question);

#endif
