/* health.h: whether a process is alive and whether it is ready, judged by what its workers last said. Pure;
 * any thread. */
#ifndef TRIBUTARY_TELEMETRY_HEALTH_H
#define TRIBUTARY_TELEMETRY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* A worker's loop waits for nothing longer than some milliseconds, but resolving a name, which libpq does
 * inside a call, can take as long as the resolver's time-outs. */
#define HEALTH_SILENT_US (INT64_C(30) * 1000000)

struct health_worker {
    int64_t turned_us; /* monotonic: the loop's last turn; 0: it has not begun */
    bool member;       /* the group has given it its partitions, perhaps none */
    bool claiming;     /* they are being claimed, or will be */
    int assigned, reading, restoring;
};

struct health {
    bool stopping;
    const struct health_worker *workers;
    int count; /* 0: still starting */
    const struct health_worker *rekeyers;
    int rekeyer_count;
    bool rekeys_only;    /* there will be no workers */
    const char *refused; /* what Kafka refuses this process with; NULL: it does not */
};

/* Whether every loop, of workers and re-keyers, still turns. Appends "ok" or why not, as lines. */
bool health_is_alive(const struct health *health, int64_t now_us, struct buffer *why);
/* Whether Kafka lets the process in, and each worker and re-keyer is in its group and reads all that it
 * was given; one that was given nothing is ready. */
bool health_is_ready(const struct health *health, int64_t now_us, struct buffer *why);

#endif
