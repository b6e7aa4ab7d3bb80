/* pressure.h: whether what a worker holds comes near its share of the memory limit, and when to say so. It is
 * high from 95 % on until 90 % are reached again, so that reading does not start and stop with every record.
 * While a backlog is read it may be high many times a second; that is one spell, which ends when it has not
 * been high for ten seconds. Pure; one thread at a time. */
#ifndef TRIBUTARY_PIPELINE_PRESSURE_H
#define TRIBUTARY_PIPELINE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

struct pressure {
    bool high;
    bool spell;
    int64_t since_us; /* monotonic: when the spell began, … */
    int64_t high_us;  /* … when it was last high, … */
    int64_t said_us;  /* … and when that was said last */
};

enum pressure_news {
    PRESSURE_NONE,
    PRESSURE_HIGH, /* a spell begins, or still lasts after another minute: to be said */
    PRESSURE_OVER, /* it has ended */
};

enum pressure_news pressure_update(struct pressure *pressure, int64_t held, int64_t share, int64_t now_us);

#endif
