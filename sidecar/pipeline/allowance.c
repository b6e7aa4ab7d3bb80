#include "pipeline/allowance.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cgroup.h"
#include "base/memory.h"
#include "telemetry/log.h"

enum {
    LOOK_US = 100 * 1000,
    LOOK_RECORDS = 4096, /* at most; near the share, as many as surely fit */
    LOOK_RECORDS_LEAST = 64,
    RECORD_BYTES = 2048, /* about, to reckon how many fit */
    WEIGH_US = 500 * 1000,
    PATIENCE_US =
        30 * 1000 * 1000, /* a rebalance may take partitions away; a commit may let touches expire */
    NAMED_PARTITIONS = 5,
    WARN_SECONDS = 60,
    CONVERSIONS_LEAST = 16, /* at a time */
};

void allowance_init(struct allowance *allowance, const struct allowance_options *options) {
    *allowance = (struct allowance){.options = *options};
}

static void resize(struct allowance *allowance, int partitions) {
    if (partitions != allowance->partitions)
        atomic_fetch_add(allowance->options.partitions, partitions - allowance->partitions);
    allowance->partitions = partitions;
}

void allowance_release(struct allowance *allowance) {
    if (allowance->options.partitions) resize(allowance, 0);
}

static int64_t partitions_of_all(const struct allowance *allowance) {
    int count = atomic_load(allowance->options.partitions);
    return count > 0 ? count : 1;
}

static int64_t share(const struct allowance *allowance) {
    const struct budget *budget = allowance->options.budget;
    int64_t all = budget->state + budget->pending;
    int64_t left = allowance->over < all / 2 ? all - allowance->over : all - all / 2;
    return left / partitions_of_all(allowance) * allowance->partitions;
}

bool allowance_touches(const struct allowance *allowance) {
    return !allowance->pressure.high && !allowance->crowded;
}

int64_t allowance_share(const struct allowance *allowance) {
    return share(allowance);
}

bool allowance_restores(const struct allowance *allowance) {
    return !allowance->overfull;
}

int allowance_conversions(const struct allowance *allowance, size_t pending, int max) {
    int64_t room = allowance->options.budget->pending / partitions_of_all(allowance) - (int64_t)pending;
    if (room <= 0) return 0;
    int64_t fit = room / RECORD_BYTES;
    return fit < CONVERSIONS_LEAST ? CONVERSIONS_LEAST : fit < max ? (int)fit : max;
}

uint64_t allowance_unlogged(const struct allowance *allowance) {
    return (uint64_t)(allowance->options.budget->unlogged * allowance->partitions);
}

void allowance_count(struct allowance *allowance, int records, int64_t bytes) {
    allowance->records += records + (int)(bytes / RECORD_BYTES);
}

/* --- what is held --- */

static int64_t held_by(const struct slot *slot) {
    return (int64_t)(partition_store_bytes(slot->partition) + partition_pending_bytes(slot->partition) +
                     partition_dead_bytes(slot->partition) + partition_early_bytes(slot->partition));
}

/* A batch has a part of its own; what it needs beyond that has to come from somewhere. */
static int64_t excess_of(const struct allowance *allowance, const struct batch *batch) {
    int64_t own = allowance->options.budget->batches / allowance->options.demand->workers;
    int64_t size = (int64_t)arena_size(&batch->arena);
    return size > own ? size - own : 0;
}

static void measure(struct allowance *allowance, const struct slot *slots, int count,
                    const struct batch *batch) {
    uint64_t unlogged = 0;
    allowance->held = excess_of(allowance, batch);
    for (int i = 0; i < count; i++) {
        allowance->held += held_by(&slots[i]);
        unlogged += partition_unlogged(slots[i].partition);
    }
    allowance->crowded = unlogged >= 2 * allowance_unlogged(allowance);
}

static void warn_over(struct allowance *allowance, int64_t resident, int64_t now_us) {
    int64_t limit = allowance->options.budget->limit;
    char process[BUDGET_TEXT_MAX], text[BUDGET_TEXT_MAX];
    if (resident <= limit) return;
    if (allowance->warned_at_us && now_us - allowance->warned_at_us < WARN_SECONDS * TIME_SECOND) return;
    allowance->warned_at_us = now_us;
    log_event(LOG_LEVEL_WARN, "memory_exceeded",
              "worker=%d process=%s limit=%s hint=\"what is fetched takes more than was reckoned with: the "
              "producers' batches are large for so many partitions; raise memory_limit, or lower batch.size "
              "where records are produced\"",
              allowance->options.worker, budget_text(resident, process), budget_text(limit, text));
}

/* Twice a second. What the allocator keeps without need goes back first. */
static void weigh(struct allowance *allowance, int64_t now_us) {
    if (now_us - allowance->weighed_at_us < WEIGH_US) return;
    const struct budget *budget = allowance->options.budget;
    int64_t most = budget->limit - budget->spare / 2, resident = process_memory();
    allowance->weighed_at_us = now_us;
    if (resident > most) {
        malloc_trim(0);
        resident = process_memory();
    }
    allowance->over = resident > most ? resident - most : 0;
    warn_over(allowance, resident, now_us);
}

static int compare_held(const void *a, const void *b) {
    int64_t x = held_by(a), y = held_by(b);
    return (x < y) - (x > y);
}

/* "3:10.2MiB 0:1.5MiB", those that hold most. */
static void name_partitions(const struct slot *slots, int count, char *text, size_t size) {
    struct slot *sorted = memory_alloc((size_t)count * sizeof *sorted);
    size_t len = 0;
    char bytes[BUDGET_TEXT_MAX];
    for (int i = 0; i < count; i++) sorted[i] = slots[i];
    qsort(sorted, (size_t)count, sizeof *sorted, compare_held);
    text[0] = '\0';
    for (int i = 0; i < count && i < NAMED_PARTITIONS; i++)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%d:%s", i ? " " : "",
                             partition_number(sorted[i].partition), budget_text(held_by(&sorted[i]), bytes));
    free(sorted);
}

static uint64_t touches_of(const struct slot *slots, int count) {
    uint64_t touches = 0;
    for (int i = 0; i < count; i++) touches += partition_held(slots[i].partition);
    return touches;
}

static void say_high(const struct allowance *allowance, const struct slot *slots, int count, int64_t now_us) {
    char held[BUDGET_TEXT_MAX], of[BUDGET_TEXT_MAX], partitions[NAMED_PARTITIONS * (BUDGET_TEXT_MAX + 12)];
    name_partitions(slots, count, partitions, sizeof partitions);
    log_event(LOG_LEVEL_WARN, "memory_high",
              "worker=%d held=%s share=%s touches=%" PRIu64 " since_s=%" PRId64 " partitions=\"%s\" "
              "hint=\"touches are not read until some expire; raise memory_limit, add processes, or make the "
              "window or max_drift shorter\"",
              allowance->options.worker, budget_text(allowance->held, held),
              budget_text(share(allowance), of), touches_of(slots, count),
              (now_us - allowance->pressure.since_us) / TIME_SECOND, partitions);
}

static void say_over(const struct allowance *allowance, int64_t now_us) {
    char held[BUDGET_TEXT_MAX], of[BUDGET_TEXT_MAX];
    log_event(LOG_LEVEL_INFO, "memory_normal", "worker=%d held=%s share=%s after_s=%" PRId64,
              allowance->options.worker, budget_text(allowance->held, held),
              budget_text(share(allowance), of), (now_us - allowance->pressure.since_us) / TIME_SECOND);
}

/* --- when it cannot go on --- */

/* What the limit would have to be, if this worker's state were so large. */
static int64_t limit_for(const struct allowance *allowance, int64_t state) {
    int64_t partitions = allowance->partitions ? allowance->partitions : 1;
    return budget_for_state(allowance->options.demand,
                            state / partitions * partitions_of_all(allowance) + state / 10);
}

/* Bytes of the stores once all that is being restored is there: as much for each touch as so far. */
static int64_t needed(const struct slot *slots, int count, uint64_t *touches) {
    int64_t bytes = 0;
    uint64_t here = 0;
    *touches = 0;
    for (int i = 0; i < count; i++) {
        uint64_t held = partition_held(slots[i].partition);
        uint64_t stored = partition_progress(slots[i].partition)->held.count;
        bool restoring = partition_is_restoring(slots[i].partition);
        bytes += (int64_t)partition_store_bytes(slots[i].partition);
        here += held;
        *touches += restoring && stored > held ? stored : held;
    }
    return here ? (int64_t)((double)bytes / (double)here * (double)*touches) : bytes;
}

static bool refuse(const struct allowance *allowance, const struct slot *slots, int count,
                   struct error *error) {
    char all[BUDGET_TEXT_MAX], of[BUDGET_TEXT_MAX], limit[BUDGET_TEXT_MAX];
    uint64_t touches;
    int64_t bytes = needed(slots, count, &touches);
    return error_set(error, ERROR_CONFIG,
                     "the %d partitions of worker %d hold %" PRIu64
                     " touches, about %s, but memory_limit: %s leaves %s for them\n"
                     "hint: set `memory_limit: %" PRId64
                     "MiB` or more, or start more processes that share the partitions",
                     count, allowance->options.worker, touches, budget_text(bytes, all),
                     budget_text(allowance->options.budget->limit, limit), budget_text(share(allowance), of),
                     limit_for(allowance, bytes) >> 20);
}

/* Restoring stops at once; it is an error only if nobody takes partitions away. */
static bool judge_restore(struct allowance *allowance, const struct slot *slots, int count, int64_t now_us,
                          struct error *error) {
    bool restoring = false, was = allowance->overfull;
    for (int i = 0; i < count; i++) restoring |= partition_is_restoring(slots[i].partition);
    allowance->overfull = restoring && allowance->held > share(allowance);
    if (!allowance->overfull) return true;
    if (!was) allowance->overfull_at_us = now_us;
    bool patient = !allowance->options.ends && now_us - allowance->overfull_at_us < PATIENCE_US;
    return patient || refuse(allowance, slots, count, error);
}

bool allowance_moves(struct allowance *allowance, bool committing, int64_t now_us, struct error *error) {
    bool stands = allowance->options.ends && allowance->pressure.high;
    if (!stands || committing) allowance->moved_at_us = now_us;
    if (now_us - allowance->moved_at_us < PATIENCE_US) return true;
    char held[BUDGET_TEXT_MAX], limit[BUDGET_TEXT_MAX];
    return error_set(error, ERROR_CONFIG,
                     "the touches of one window do not fit: worker %d holds %s of memory_limit: %s and no "
                     "conversion can be decided without reading more\nhint: set `memory_limit: %" PRId64
                     "MiB` or more, or start more processes that share the partitions",
                     allowance->options.worker, budget_text(allowance->held, held),
                     budget_text(allowance->options.budget->limit, limit),
                     limit_for(allowance, allowance->held * 2) >> 20);
}

/* --- looking --- */

static bool is_due(const struct allowance *allowance, int count, int64_t now_us) {
    return !allowance_touches(allowance) || allowance->overfull || count != allowance->partitions ||
           allowance->records >= allowance->look_after || now_us - allowance->looked_at_us >= LOOK_US;
}

static int records_that_fit(const struct allowance *allowance) {
    int64_t fit = (share(allowance) - allowance->held) / RECORD_BYTES;
    return fit < LOOK_RECORDS_LEAST ? LOOK_RECORDS_LEAST : fit < LOOK_RECORDS ? (int)fit : LOOK_RECORDS;
}

bool allowance_look(struct allowance *allowance, const struct slot *slots, int count,
                    const struct batch *batch, int64_t now_us, struct error *error) {
    if (!is_due(allowance, count, now_us)) return true;
    resize(allowance, count);
    allowance->records = 0;
    allowance->looked_at_us = now_us;
    measure(allowance, slots, count, batch);
    weigh(allowance, now_us);
    allowance->look_after = records_that_fit(allowance);
    if (!count) return true;
    switch (pressure_update(&allowance->pressure, allowance->held, share(allowance), now_us)) {
    case PRESSURE_NONE: break;
    case PRESSURE_HIGH: say_high(allowance, slots, count, now_us); break;
    case PRESSURE_OVER: say_over(allowance, now_us); break;
    }
    return judge_restore(allowance, slots, count, now_us, error);
}
