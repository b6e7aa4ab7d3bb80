/* micro.h: benchmarks of single operations, timed by `micro [WORD…]` (those whose name contains one of the
 * words), counted by bench/guard. One file per part of the sidecar, each ending in a table; to add a part,
 * name its table here and in micro.c. */
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

/* How many items a benchmark begins with that would like that many: where instructions are counted, which is
 * slow and needs no memory larger than the caches, a fiftieth of it. */
int64_t micro_items(int64_t items);

/* Takes a result in, so that the compiler cannot leave out what computes it. */
static inline void micro_use(uint64_t result) {
    __asm__ volatile("" : : "r"(result) : "memory");
}

/* Whoever counts looks for this function: what is done before and after it is not the operation's. */
void micro_counted(const struct micro *micro, int64_t count);

extern const struct micro attribution_benchmarks[];
extern const struct micro block_benchmarks[];
extern const struct micro event_benchmarks[];
extern const struct micro join_benchmarks[];
extern const struct micro steps_benchmarks[];
extern const struct micro store_benchmarks[];

#endif
