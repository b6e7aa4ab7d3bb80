/* limiter.h: how often what happens again and again is said: at once, and then at most once in a while, with
 * the number of times it was not. Knows the last LIMITER_KEYS things; one that was forgotten in favour of
 * others is said at once again. Pure; one thread at a time. */
#ifndef TRIBUTARY_TELEMETRY_LIMITER_H
#define TRIBUTARY_TELEMETRY_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_KEYS = 256 };
#define LIMITER_SPAN_US (INT64_C(10) * 1000000)

struct limiter_entry {
    uint64_t key; /* 0: free */
    int64_t said_us;
    uint64_t suppressed; /* since then */
};

struct limiter {
    struct limiter_entry entries[LIMITER_KEYS];
};

/* Whether to say what `key`, which is not 0, stands for; if so *suppressed is how often it was not since. */
bool limiter_pass(struct limiter *limiter, uint64_t key, int64_t now_us, uint64_t *suppressed);

#endif
