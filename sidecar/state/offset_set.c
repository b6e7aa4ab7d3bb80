#include "state/offset_set.h"

#include <stdlib.h>

#include "base/memory.h"

enum { WORD_SHIFT = 6, FIRST_SLOTS = 16 };

/* The offsets number * 64 and the 63 after it. A slot whose bits are all zero is free. */
struct word {
    uint64_t number, bits;
};

struct offset_set {
    struct word *words; /* slots */
    size_t slots;       /* a power of two */
    size_t used;
    struct word *last; /* where the last offset is: mostly the next one is there too */
};

struct offset_set *offset_set_new(void) {
    struct offset_set *set = memory_zalloc(1, sizeof *set);
    set->slots = FIRST_SLOTS;
    set->words = set->last = memory_zalloc(set->slots, sizeof *set->words);
    return set;
}

void offset_set_free(struct offset_set *set) {
    if (!set) return;
    free(set->words);
    free(set);
}

/* The slot that holds the word, or the free one where it belongs. */
static struct word *slot_of(const struct offset_set *set, uint64_t number) {
    size_t mask = set->slots - 1, at = (size_t)(number * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (set->words[at].bits && set->words[at].number != number) at = (at + 1) & mask;
    return &set->words[at];
}

static void grow(struct offset_set *set) {
    struct word *old = set->words;
    size_t old_slots = set->slots;
    set->slots *= 2;
    set->words = memory_zalloc(set->slots, sizeof *set->words);
    for (size_t i = 0; i < old_slots; i++)
        if (old[i].bits) *slot_of(set, old[i].number) = old[i];
    free(old);
}

static struct word *word_of(struct offset_set *set, uint64_t number) {
    if (set->last->bits && set->last->number == number) return set->last;
    if ((set->used + 1) * 4 > set->slots * 3) grow(set);
    set->last = slot_of(set, number);
    if (!set->last->bits) {
        set->last->number = number;
        set->used++;
    }
    return set->last;
}

bool offset_set_add(struct offset_set *set, int64_t offset) {
    struct word *word = word_of(set, (uint64_t)offset >> WORD_SHIFT);
    uint64_t bit = UINT64_C(1) << (offset & ((1 << WORD_SHIFT) - 1));
    bool is_new = !(word->bits & bit);
    word->bits |= bit;
    return is_new;
}

size_t offset_set_bytes(const struct offset_set *set) {
    return sizeof *set + set->slots * sizeof *set->words;
}
