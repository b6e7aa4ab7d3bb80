/* Rows of conversions that are not decided yet: which are to be written with the next cut. A conversion is
 * looked at when it is new, and again when a touch of its key has been read; a bitmap of hashed keys says
 * which, so that a touch costs a bit, and one that is set by chance a look in vain. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/partition_internal.h"

/* More runs of owned conversions than this are not made: they are stored with every commit. */
enum { RUNS_MAX = 4096 };

void partition_set_early(struct partition *partition, const struct offset_ranges *owned) {
    offset_ranges_copy(&partition->early.stored, owned);
    partition->early.runs = owned->count;
    partition->early.stored_last = owned->count ? owned->items[owned->count - 1].last : -1;
}

void partition_early_release(struct partition *partition) {
    struct early *early = &partition->early;
    free(early->touched);
    free(early->rows);
    early_keys_release(&early->keys);
    early_keys_release(&early->released);
    offset_ranges_release(&early->stored);
    arena_release(&early->touches);
}

static size_t bit_of(struct hash128 key) {
    return (size_t)key.high % EARLY_BITS;
}

/* A touch after every conversion read so far concerns none of them. */
void partition_early_touch(struct partition *partition, struct hash128 key, int64_t time_us) {
    struct early *early = &partition->early;
    if (!partition->join->early || time_us > partition->latest_conversion_us) return;
    if (!early->touched) early->touched = memory_zalloc(EARLY_BITS / 64, sizeof *early->touched);
    early->touched[bit_of(key) / 64] |= UINT64_C(1) << bit_of(key) % 64;
    early->any_touched = true;
}

static bool is_touched(const struct early *early, const struct pending *pending) {
    if (!early->any_touched || !pending->has_key) return false;
    return early->touched[bit_of(pending->key) / 64] >> bit_of(pending->key) % 64 & 1;
}

static void forget_touched(struct early *early) {
    if (early->any_touched) memset(early->touched, 0, EARLY_BITS / 8);
    early->any_touched = false;
}

void partition_early_read(const struct partition *partition, struct pending *pending) {
    pending->provisional.owned = offset_ranges_has(&partition->early.stored, pending->record.offset);
}

bool partition_early_claim(struct partition *partition, uint64_t number, uint64_t key) {
    queue_at(&partition->queue, number)->provisional.key = key;
    return early_keys_claim(&partition->early.keys, key, number);
}

bool partition_early_remembers(const struct partition *partition) {
    return partition->committed.conversion_offset <= partition->early.stored_last;
}

void partition_early_released(struct partition *partition, uint64_t key, uint64_t number) {
    early_keys_claim(&partition->early.released, key, number);
}

void partition_early_lose(struct partition *partition, struct pending *pending, uint64_t key,
                          uint64_t number) {
    if (early_keys_has(&partition->early.released, key, number)) pending->provisional.owned = false;
}

/* Offsets are not negative. */
static uint64_t choice_of(const struct touch *touches, int count) {
    if (count <= 1) return count ? (uint64_t)touches[0].offset + 2 : 1;
    uint64_t choice = (uint64_t)count;
    for (int i = 0; i < count; i++) {
        uint64_t both[2] = {choice, (uint64_t)touches[i].offset};
        choice = hash_bytes(both, sizeof both);
    }
    return choice | UINT64_C(1) << 63; /* no offset is as large */
}

bool partition_early_is_shown(const struct pending *pending) {
    return pending->provisional.owned &&
           pending->provisional.shown == choice_of(pending->touches, pending->touch_count);
}

/* --- taking --- */

static struct early_row *next_row(struct early *early) {
    if (early->count == early->capacity) {
        early->capacity = early->capacity ? early->capacity * 2 : 64;
        early->rows = memory_realloc(early->rows, (size_t)early->capacity * sizeof *early->rows);
    }
    return &early->rows[early->count];
}

static const struct touch *keep_touches(struct early *early, const struct touch *touches, int count) {
    size_t size = (size_t)count * sizeof *touches;
    if (!count) return NULL;
    struct touch *kept = arena_alloc(&early->touches, size);
    memcpy(kept, touches, size);
    return kept;
}

static void look_at(struct partition *partition, struct pending *pending, uint64_t number) {
    struct provisional *provisional = &pending->provisional;
    struct early *early = &partition->early;
    struct early_row row = {.number = number};
    const struct touch *touches = partition_choose(partition, pending, &row.touch, &row.touch_count);
    row.choice = choice_of(touches, row.touch_count);
    provisional->touched = false;
    if (row.choice == provisional->tried) return;
    if (!provisional->owned && early->runs > RUNS_MAX) return;
    row.touches = keep_touches(early, touches, row.touch_count);
    if (row.touch_count) row.touch = touches[0];
    *next_row(early) = row;
    early->count++;
    early->weight += row.touch_count ? (uint64_t)row.touch_count : 1;
}

/* What there is no room for is remembered, and comes with the next cut. */
static void look_at_all(struct partition *partition, uint64_t from, uint64_t room) {
    struct early *early = &partition->early;
    for (uint64_t n = from; n < partition->queue.next; n++) {
        struct pending *pending = queue_at(&partition->queue, n);
        struct provisional *provisional = &pending->provisional;
        if (pending->outcome != OUTCOME_OPEN) continue;
        provisional->touched |= is_touched(early, pending);
        if (provisional->tried && !provisional->touched) continue;
        if (early->weight < room) look_at(partition, pending, n);
    }
    forget_touched(early);
}

/* Decided conversions that the cut has no room for come first: nothing else is written before them. */
void partition_early_take(struct partition *partition, struct cut *cut, uint64_t room) {
    struct early *early = &partition->early;
    early->count = 0;
    early->weight = 0;
    arena_reset(&early->touches);
    if (partition->join->early && cut->to == partition->decided) look_at_all(partition, cut->to, room);
    cut->early = early->rows;
    cut->early_count = early->count;
    cut->withdrawn_to = cut->to;
}

/* --- afterwards --- */

static bool is_withdrawn(const struct cut *cut, uint64_t number) {
    return number < cut->withdrawn_to;
}

/* Whether the cut writes an early row of the entry; `*at` goes on along the cut's rows. */
static bool is_written(const struct cut *cut, uint64_t number, int *at) {
    while (*at < cut->early_count && cut->early[*at].number < number) ++*at;
    return *at < cut->early_count && cut->early[*at].number == number && cut->early[*at].written;
}

/* What a former life has written and this one has not read again yet. */
static void add_unread(const struct partition *partition, struct offset_ranges *owned) {
    const struct offset_ranges *stored = &partition->early.stored;
    int64_t next = partition->conversions.next;
    for (int i = 0; i < stored->count; i++)
        if (stored->items[i].last >= next)
            offset_ranges_add(owned, time_max(stored->items[i].first, next), stored->items[i].last);
}

void partition_early_owned(const struct partition *partition, const struct cut *cut,
                           struct offset_ranges *owned) {
    bool run = false;
    int at = 0;
    offset_ranges_clear(owned);
    for (uint64_t n = cut->to; n < partition->queue.next; n++) {
        const struct pending *pending = queue_at(&partition->queue, n);
        int64_t offset = pending->record.offset;
        bool has = is_written(cut, n, &at) || (pending->provisional.owned && !is_withdrawn(cut, n));
        if (has && run)
            owned->items[owned->count - 1].last = offset;
        else if (has)
            offset_ranges_add(owned, offset, offset);
        run = has;
    }
    add_unread(partition, owned);
}

static void withdraw(struct partition *partition, const struct cut *cut) {
    for (uint64_t n = cut->to; n < cut->withdrawn_to; n++) {
        struct provisional *provisional = &queue_at(&partition->queue, n)->provisional;
        *provisional = (struct provisional){.key = provisional->key};
    }
}

/* When all of them have been read again, the conversions know it themselves. */
static void forget_stored(struct partition *partition) {
    struct offset_ranges *stored = &partition->early.stored;
    if (stored->count && stored->items[stored->count - 1].last < partition->conversions.next)
        offset_ranges_clear(stored);
}

static int count_runs(const struct partition *partition, const struct cut *cut) {
    int runs = 0;
    bool run = false;
    for (uint64_t n = cut->to; n < partition->queue.next; n++) {
        bool owned = queue_at(&partition->queue, n)->provisional.owned;
        runs += owned && !run;
        run = owned;
    }
    return runs;
}

/* The first of those that have wanted the key before has it now, and is looked at again: not a later one. */
static void pass_on(struct partition *partition, uint64_t key, uint64_t from) {
    bool passed = false;
    for (uint64_t n = from; n < partition->queue.next; n++) {
        struct provisional *provisional = &queue_at(&partition->queue, n)->provisional;
        if (provisional->key != key) continue;
        early_keys_claim(&partition->early.keys, key, n);
        if (!passed) provisional->tried = 0;
        passed = true;
    }
}

static void yield_keys(struct partition *partition, const struct cut *cut) {
    for (uint64_t n = cut->from; n < cut->to; n++) {
        uint64_t key = queue_at(&partition->queue, n)->provisional.key;
        if (early_keys_yield(&partition->early.keys, key, n)) pass_on(partition, key, cut->to);
    }
}

void partition_early_committed(struct partition *partition, const struct cut *cut) {
    withdraw(partition, cut);
    for (int i = 0; i < cut->early_count; i++) {
        const struct early_row *row = &cut->early[i];
        struct provisional *provisional = &queue_at(&partition->queue, row->number)->provisional;
        if (is_withdrawn(cut, row->number)) continue;
        provisional->tried = row->choice;
        if (!row->written) continue;
        provisional->owned = true;
        provisional->shown = row->choice;
    }
    yield_keys(partition, cut); /* behind what the rows say: who has the key next is looked at again */
    partition->early.count = 0;
    forget_stored(partition);
    if (!partition_early_remembers(partition)) early_keys_release(&partition->early.released);
    if (partition_early_any(partition)) partition->early.runs = count_runs(partition, cut);
}

uint64_t partition_pending_end(const struct partition *partition) {
    return partition->queue.next;
}

bool partition_early_any(const struct partition *partition) {
    return partition->join->early || partition->early.stored.count || partition->early.runs;
}

size_t partition_early_bytes(const struct partition *partition) {
    const struct early *early = &partition->early;
    return (early->touched ? EARLY_BITS / 8 : 0) + early_keys_bytes(&early->keys) +
           arena_size(&early->touches) + (size_t)early->capacity * sizeof *early->rows +
           (size_t)early->stored.capacity * sizeof *early->stored.items;
}
