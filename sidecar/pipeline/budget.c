#include "pipeline/budget.h"

#include <inttypes.h>
#include <stdio.h>

#include "telemetry/log.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

/* Measured: an idle process takes 14.5 MiB with one worker, 0.9 MiB more for each further one, 30 KiB for
 * each partition; the rest is for stacks and buffers once there is work. */
#define PROCESS_BYTES   (18 * MIB)
#define WORKER_BYTES    (3 * MIB)
#define PARTITION_BYTES (96 * KIB)
/* Its clients, and the transactional producer's queue. */
#define REKEYER_BYTES (24 * MIB)
/* A message in a queue costs some 380 bytes beside its own, and a queue exceeds its limit by a fetch, which
 * is compressed: a queue of q bytes with fetches of q / 8 takes at most 2.5 q. */
#define QUEUE_COST(bytes) ((bytes)*5 / 2)
#define QUEUE_BYTES(cost) ((cost)*2 / 5)
#define QUEUE_MESSAGE_MIN 200
#define QUEUE_LEAST       (64 * KIB)
#define RESTORE_LEAST     (256 * KIB)
#define RESTORE_MOST      (16 * MIB)
#define ROW_BYTES         (3 * KIB) /* in the batch, as text in arrays, in libpq's buffer */
#define ROWS_LEAST        100
#define UNLOGGED_MOST     (64 * KIB)
#define UNLOGGED_LEAST    512
#define CHANGE_BYTES      160 /* of a touch: packed, twice as many as asked for, and the producer's copy */
#define PENDING_MOST      (16 * MIB)
#define PENDING_LEAST     MIB
#define STATE_LEAST       (8 * MIB)
#define LIMIT_MOST        (INT64_C(1) << 50)

enum {
    SPARE_PERCENT = 6,
    QUEUES_PERCENT = 28,
    RESTORING_PERCENT = 6,
    BATCHES_PERCENT = 12,
    CHANGES_PERCENT = 6,
    PENDING_PERCENT = 10
};

static int64_t at_most(int64_t value, int64_t most) {
    return value < most ? value : most;
}

static int64_t within(int64_t least, int64_t value, int64_t most) {
    return value < least ? least : at_most(value, most);
}

/* What gives full speed, but no more than its part of what there is to divide. */
static int64_t share(int64_t rest, int percent, int64_t least, int64_t most) {
    return within(least, rest / 100 * percent, most);
}

static struct fetch_limits limits_for(int64_t bytes, int64_t queues) {
    int64_t each = QUEUE_BYTES(bytes / queues);
    return (struct fetch_limits){
        .queue_bytes = each, .fetch_bytes = each / 8, .messages = (int)(each / QUEUE_MESSAGE_MIN)};
}

static void divide(const struct budget_demand *demand, int64_t limit, struct budget *budget) {
    int64_t workers = demand->workers, partitions = demand->partitions;
    int64_t queues = partitions * 2 + demand->sources, restores = workers * demand->restores;
    int64_t rows = within(1, demand->batch_rows, ROWS_LEAST);
    *budget = (struct budget){.limit = limit, .spare = limit / 100 * SPARE_PERCENT};
    budget->fixed = PROCESS_BYTES + (WORKER_BYTES + demand->caches) * workers + PARTITION_BYTES * partitions;
    if (demand->sources) budget->fixed += REKEYER_BYTES * workers;
    int64_t rest = limit - budget->spare - budget->fixed;
    budget->queues = share(rest, QUEUES_PERCENT, queues * QUEUE_COST(QUEUE_LEAST),
                           queues * QUEUE_COST(FETCH_LIMITS_FULL.queue_bytes));
    budget->restoring = share(rest, RESTORING_PERCENT, restores * QUEUE_COST(RESTORE_LEAST),
                              restores * QUEUE_COST(RESTORE_MOST));
    budget->batches =
        share(rest, BATCHES_PERCENT, workers * rows * ROW_BYTES, workers * demand->batch_rows * ROW_BYTES);
    budget->changes = share(rest, CHANGES_PERCENT, partitions * UNLOGGED_LEAST * CHANGE_BYTES,
                            partitions * UNLOGGED_MOST * CHANGE_BYTES);
    budget->pending = share(rest, PENDING_PERCENT, workers * PENDING_LEAST, workers * PENDING_MOST);
    budget->state =
        rest - budget->queues - budget->restoring - budget->batches - budget->changes - budget->pending;
    budget->fetch = limits_for(budget->queues, queues);
    budget->restore = limits_for(budget->restoring, restores);
    budget->batch_rows = budget->batches / workers / ROW_BYTES;
    budget->unlogged = budget->changes / partitions / CHANGE_BYTES;
}

int64_t budget_for_state(const struct budget_demand *demand, int64_t state) {
    int64_t low = 0, high = LIMIT_MOST / MIB;
    while (low < high) {
        struct budget budget;
        int64_t middle = low + (high - low) / 2;
        divide(demand, middle * MIB, &budget);
        if (budget.state < state)
            low = middle + 1;
        else
            high = middle;
    }
    return low * MIB;
}

bool budget_split(const struct budget_demand *demand, struct budget *budget, struct error *error) {
    divide(demand, at_most(demand->limit, LIMIT_MOST), budget);
    if (budget->state >= STATE_LEAST) return true;
    char limit[BUDGET_TEXT_MAX], least[BUDGET_TEXT_MAX], fixed[BUDGET_TEXT_MAX], queues[BUDGET_TEXT_MAX];
    int64_t needed = budget_for_state(demand, STATE_LEAST);
    divide(demand, needed, budget);
    return error_set(error, ERROR_CONFIG,
                     "memory_limit: %s is too little for %d worker%s and %d partitions: at least %s are "
                     "needed, %s of them for the program itself and %s for what is fetched from the topics\n"
                     "hint: set `memory_limit: %" PRId64
                     "MiB` or more (the clicks of a window come on top of "
                     "that); fewer workers need less",
                     budget_text(demand->limit, limit), demand->workers, demand->workers == 1 ? "" : "s",
                     demand->partitions, budget_text(needed, least), budget_text(budget->fixed, fixed),
                     budget_text(budget->queues, queues), needed / MIB);
}

const char *budget_text(int64_t bytes, char *text) {
    snprintf(text, BUDGET_TEXT_MAX, "%.1fMiB", (double)bytes / (double)MIB);
    return text;
}

void budget_log(const struct budget *budget, const char *source) {
    char text[9][BUDGET_TEXT_MAX];
    log_event(LOG_LEVEL_INFO, "memory",
              "limit=%s source=%s state=%s pending=%s queues=%s restoring=%s batches=%s changes=%s fixed=%s "
              "spare=%s queue_kib=%" PRId64 " batch_rows=%" PRId64,
              budget_text(budget->limit, text[0]), source, budget_text(budget->state, text[1]),
              budget_text(budget->pending, text[2]), budget_text(budget->queues, text[3]),
              budget_text(budget->restoring, text[4]), budget_text(budget->batches, text[5]),
              budget_text(budget->changes, text[6]), budget_text(budget->fixed, text[7]),
              budget_text(budget->spare, text[8]), budget->fetch.queue_bytes / KIB, budget->batch_rows);
}
