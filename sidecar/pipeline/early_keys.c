#include "pipeline/early_keys.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

void early_keys_release(struct early_keys *keys) {
    free(keys->items);
    *keys = (struct early_keys){0};
}

/* The place of the key, or the free one where it belongs. */
static size_t place_of(const struct early_keys *keys, uint64_t key) {
    size_t mask = keys->slots - 1, at = (size_t)key & mask;
    while (keys->items[at].key && keys->items[at].key != key) at = (at + 1) & mask;
    return at;
}

static void grow(struct early_keys *keys) {
    struct early_keys larger = {.slots = keys->slots ? keys->slots * 2 : FIRST_SLOTS, .count = keys->count};
    larger.items = memory_zalloc(larger.slots, sizeof *larger.items);
    for (size_t i = 0; i < keys->slots; i++)
        if (keys->items[i].key) larger.items[place_of(&larger, keys->items[i].key)] = keys->items[i];
    free(keys->items);
    *keys = larger;
}

bool early_keys_claim(struct early_keys *keys, uint64_t key, uint64_t number) {
    if ((keys->count + 1) * 4 > keys->slots * 3) grow(keys);
    struct early_key *item = &keys->items[place_of(keys, key)];
    if (item->key) {
        item->wanted |= item->number != number;
        return item->number == number;
    }
    *item = (struct early_key){key, number, false};
    keys->count++;
    return true;
}

bool early_keys_has(const struct early_keys *keys, uint64_t key, uint64_t but) {
    if (!keys->slots) return false;
    const struct early_key *item = &keys->items[place_of(keys, key)];
    return item->key && item->number != but;
}

/* Those behind the gap move into it as far as they could not be found any more. */
static void close_gap(struct early_keys *keys, size_t gap) {
    size_t mask = keys->slots - 1;
    for (size_t at = (gap + 1) & mask; keys->items[at].key; at = (at + 1) & mask) {
        size_t home = (size_t)keys->items[at].key & mask;
        if (((at - home) & mask) < ((at - gap) & mask)) continue;
        keys->items[gap] = keys->items[at];
        gap = at;
    }
    keys->items[gap] = (struct early_key){0};
}

bool early_keys_yield(struct early_keys *keys, uint64_t key, uint64_t number) {
    if (!key || !keys->slots) return false;
    size_t at = place_of(keys, key);
    if (!keys->items[at].key || keys->items[at].number != number) return false;
    bool wanted = keys->items[at].wanted;
    close_gap(keys, at);
    keys->count--;
    return wanted;
}

size_t early_keys_bytes(const struct early_keys *keys) {
    return keys->slots * sizeof *keys->items;
}
