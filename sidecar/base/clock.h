/* clock.h: the two clocks, in microseconds. Event time never comes from here; what needs a clock below the
 * worker loop takes it as an argument, so that tests can turn it. Any thread. */
#ifndef TRIBUTARY_BASE_CLOCK_H
#define TRIBUTARY_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01 UTC. */
int64_t clock_wall_us(void);
/* Microseconds since some fixed point; never goes back. */
int64_t clock_monotonic_us(void);

#endif
