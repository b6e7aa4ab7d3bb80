/* micro.h: benchmarks of single operations, run by `micro [WORD…]` (those whose name contains one of the
 * words). One file per part of the sidecar, each ending in a table; to add a part, name its table here and in
 * micro.c. */
#ifndef TRIBUTARY_BENCH_MICRO_H
#define TRIBUTARY_BENCH_MICRO_H

#include <stdint.h>

struct micro {
    const char *name;           /* "decode.click"; NULL ends a table */
    void (*run)(int64_t count); /* does the operation `count` times */
    void (*set_up)(void);       /* before the first run; may be NULL */
    void (*tear_down)(void);    /* after the last; may be NULL */
    double (*bytes)(void);      /* memory per item, asked before that; may be NULL */
};

/* Around what a run has to prepare in between: its time is not counted. */
void micro_pause(void);
void micro_resume(void);

/* Takes a result in, so that the compiler cannot leave out what computes it. */
static inline void micro_use(uint64_t result) {
    __asm__ volatile("" : : "r"(result) : "memory");
}

extern const struct micro block_benchmarks[];
extern const struct micro event_benchmarks[];
extern const struct micro store_benchmarks[];

#endif
