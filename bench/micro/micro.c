/* micro.c: prints the processor time per operation of each benchmark: the fastest and the median of several
 * rounds; and what an item takes in memory, where that is asked. */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9, ROUND_US = 50000 };

static const struct micro *const tables[] = {event_benchmarks, store_benchmarks, block_benchmarks};

/* Time on the processor, so that what else the machine does counts less. */
static int64_t spent_us(void) {
    struct timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

static int64_t paused_at, paused;

void micro_pause(void) {
    paused_at = spent_us();
}

void micro_resume(void) {
    paused += spent_us() - paused_at;
}

static int64_t time_of(const struct micro *micro, int64_t count) {
    int64_t start = spent_us();
    paused = 0;
    micro->run(count);
    return spent_us() - start - paused;
}

/* A count that keeps a round busy for about ROUND_US. */
static int64_t calibrate(const struct micro *micro) {
    int64_t count = 1, spent;
    while ((spent = time_of(micro, count)) < ROUND_US / 10) count *= 2;
    count = (int64_t)((double)count * ROUND_US / (double)spent);
    return count ? count : 1;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const struct micro *micro) {
    double rounds[ROUNDS];
    if (micro->set_up) micro->set_up();
    int64_t count = calibrate(micro);
    for (int i = 0; i < ROUNDS; i++) rounds[i] = (double)time_of(micro, count) * 1000 / (double)count;
    qsort(rounds, ROUNDS, sizeof *rounds, compare);
    printf("%-32s %10.1f %10.1f", micro->name, rounds[0], rounds[ROUNDS / 2]);
    if (micro->bytes) printf(" %10.1f", micro->bytes());
    putchar('\n');
    if (micro->tear_down) micro->tear_down();
    fflush(stdout);
}

static int is_wanted(const char *name, char **words) {
    if (!*words) return 1;
    for (; *words; words++)
        if (strstr(name, *words)) return 1;
    return 0;
}

int main(int argc, char **argv) {
    (void)argc;
    printf("%-32s %10s %10s %10s\n", "ns per operation", "fastest", "median", "bytes each");
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct micro *micro = tables[t]; micro->name; micro++)
            if (is_wanted(micro->name, argv + 1)) measure(micro);
    return 0;
}
