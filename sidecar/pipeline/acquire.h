/* acquire.h: from "these partitions are assigned to us" to partitions that can be read: claim them, read
 * their idle advances, find where to start (the first time) or from where to fill the store again, never
 * blocking. A partition that this worker held before, and that nobody has claimed in between, goes on with
 * the state it has in memory. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_ACQUIRE_H
#define TRIBUTARY_PIPELINE_ACQUIRE_H

#include "kafka/prober.h"
#include "pipeline/claim.h"

struct acquire;

struct acquire_options {
    const struct join *join;
    struct connection *connection;
    struct prober *prober; /* its slot 0 */
};

struct acquire *acquire_new(const struct acquire_options *options);
void acquire_free(struct acquire *acquire);

/* Begins. `parked` are partitions held before; acquire takes them over, keeps the ones it can use and frees
 * the others. */
void acquire_start(struct acquire *acquire, const int *partitions, int count, struct partition **parked,
                   int parked_count);
bool acquire_is_running(const struct acquire *acquire);
/* Stops; what was held before is handed back to be parked again. */
int acquire_cancel(struct acquire *acquire, struct partition **parked);

enum acquire_result { ACQUIRE_IDLE, ACQUIRE_RUNNING, ACQUIRE_DONE, ACQUIRE_FAILED };
/* Once done: the partitions, `count` as asked for, now the caller's. */
enum acquire_result acquire_poll(struct acquire *acquire, struct error *error);
int acquire_take(struct acquire *acquire, struct partition **partitions);

#endif
