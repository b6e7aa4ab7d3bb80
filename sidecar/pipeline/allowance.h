/* allowance.h: what one worker may hold in memory, and whether it may read on. Its share of the budget is
 * that of its partitions, of all that this process has; where the process takes more than was reckoned with,
 * such as producers' batches larger than a queue, it gives up to half of it away. Near it touches are no
 * longer read, and a line in the log says so, at once and every minute; conversions still are, as far as
 * their own part goes, because committing them lets touches expire. One thread at a time; the workers of a
 * process meet in one counter. */
#ifndef TRIBUTARY_PIPELINE_ALLOWANCE_H
#define TRIBUTARY_PIPELINE_ALLOWANCE_H

#include <stdatomic.h>

#include "pipeline/batch.h"
#include "pipeline/budget.h"
#include "pipeline/pressure.h"
#include "pipeline/slot.h"

struct allowance_options {
    const struct budget *budget;
    const struct budget_demand *demand; /* what the budget was made for */
    atomic_int *partitions;             /* that the process has, all workers together */
    int worker;
    bool ends; /* with --once: somebody waits for the end, so standing still is an error */
};

struct allowance {
    struct allowance_options options;
    struct pressure pressure;
    int partitions; /* counted in options.partitions */
    int64_t held;   /* bytes of touches, conversions and dead letters at the last look */
    int64_t over;   /* bytes by which the process exceeds what it should take */
    bool crowded;   /* too many touches wait for the changelog */
    bool overfull;  /* a restore needs more than there is … */
    int64_t overfull_at_us, looked_at_us, moved_at_us, weighed_at_us, warned_at_us;
    int records, look_after; /* read since the last look; it is due after so many */
};

void allowance_init(struct allowance *allowance, const struct allowance_options *options);
void allowance_release(struct allowance *allowance);

/* Looks what is held, now and then; called with every turn of the worker. False with a config error when a
 * restore needs more than there is. */
bool allowance_look(struct allowance *allowance, const struct slot *slots, int count,
                    const struct batch *batch, int64_t now_us, struct error *error) MUST_CHECK;
/* So many records of so many bytes have been read. */
void allowance_count(struct allowance *allowance, int records, int64_t bytes);
/* With --once: false with a config error when nothing is committed any more because nothing more fits. */
bool allowance_moves(struct allowance *allowance, bool committing, int64_t now_us,
                     struct error *error) MUST_CHECK;

bool allowance_touches(const struct allowance *allowance); /* may be read */
/* Bytes that touches and conversions of this worker may take. */
int64_t allowance_share(const struct allowance *allowance);
bool allowance_restores(const struct allowance *allowance); /* may go on */
/* How many more conversions, up to `max`, may be read of a partition that has `pending` bytes of them. */
int allowance_conversions(const struct allowance *allowance, size_t pending, int max);
uint64_t allowance_unlogged(const struct allowance *allowance); /* touches of all, before a commit is due */

#endif
