/* process.h: what the kernel says about this process. Any thread. */
#ifndef TRIBUTARY_TELEMETRY_PROCESS_H
#define TRIBUTARY_TELEMETRY_PROCESS_H

#include <stdint.h>

struct process_facts {
    int64_t started_us; /* wall clock */
    int64_t cpu_us;
    int64_t resident_bytes;
    int64_t open_fds, max_fds;
};

/* What cannot be learnt is -1. */
void process_look(struct process_facts *facts);

#endif
