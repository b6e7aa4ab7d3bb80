/* acquire.h: from "these partitions are assigned to us" to partitions that can be restored and read: claim
 * them, see that settings and topics are those of the stored progress, read their idle advances, find where
 * to start the first time, never blocking. A partition that this worker held before, and that nobody has
 * claimed in between, goes on with the state it has in memory. One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_ACQUIRE_H
#define TRIBUTARY_PIPELINE_ACQUIRE_H

#include "kafka/prober.h"
#include "pipeline/claim.h"

struct acquire;

struct acquire_options {
    const struct join *join;
    struct connection *connection;
    struct prober *prober;   /* its slot 0 */
    const char *fingerprint; /* of the settings in force, as JSON */
    int partitions;          /* of the topics, as many as there were at the start; further ones are refused */
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
enum acquire_result acquire_poll(struct acquire *acquire, struct error *error);

/* Once done: the partitions, `count` as asked for, now the caller's, with the first offsets that their topics
 * have. */
struct acquired {
    struct partition *partition;
    int64_t touch_low, conversion_low;
};
int acquire_take(struct acquire *acquire, struct acquired *acquired);

#endif
