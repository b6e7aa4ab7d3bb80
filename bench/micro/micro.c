/* micro.c: prints the processor time per operation of each benchmark: the fastest and the median of several
 * rounds; and what an item takes in memory, where that is asked. Or does a given number of operations, for
 * others to count something. */
#include "micro.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9, ROUND_US = 50000 };

static const struct micro *const tables[] = {event_benchmarks, steps_benchmarks, attribution_benchmarks,
                                             store_benchmarks, block_benchmarks, join_benchmarks};
enum { TABLES = sizeof tables / sizeof *tables };

static const char help[] =
    "micro [WORD...]               ns of processor time per operation, of the benchmarks whose name has one "
    "of\n"
    "                              the words; of all without one\n"
    "micro --list                  their names\n"
    "micro --count NAME N [...]    does N operations of that benchmark and takes no time: for counting\n"
    "                              instructions (of micro_counted) or calls; with less data, to be quick\n";

static bool counting;

int64_t micro_items(int64_t items) {
    enum { LESS = 50 };
    return counting ? items / LESS : items;
}

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

static bool is_wanted(const struct micro *micro, char **words) {
    if (!*words) return true;
    for (; *words; words++)
        if (strstr(micro->name, *words)) return true;
    return false;
}

static int measure_all(char **words) {
    int measured = 0;
    printf("%-32s %10s %10s %10s\n", "ns per operation", "fastest", "median", "bytes each");
    for (int t = 0; t < TABLES; t++)
        for (const struct micro *micro = tables[t]; micro->name; micro++)
            if (is_wanted(micro, words)) measure(micro), measured++;
    if (measured) return 0;
    fprintf(stderr, "micro: no benchmark has such a name\nhint: micro --list\n");
    return 1;
}

static int list(void) {
    for (int t = 0; t < TABLES; t++)
        for (const struct micro *micro = tables[t]; micro->name; micro++) puts(micro->name);
    return 0;
}

static const struct micro *find(const char *name) {
    for (int t = 0; t < TABLES; t++)
        for (const struct micro *micro = tables[t]; micro->name; micro++)
            if (strcmp(micro->name, name) == 0) return micro;
    return NULL;
}

__attribute__((noinline, used)) void micro_counted(const struct micro *micro, int64_t count) {
    micro->run(count);
    __asm__ volatile("" : : : "memory"); /* so that it returns here */
}

/* `words`: a name and a number, and so on. */
static int count_all(char **words) {
    counting = true;
    for (; *words; words += 2) {
        const struct micro *micro = find(words[0]);
        char *end = NULL;
        int64_t count = words[1] ? strtoll(words[1], &end, 10) : 0;
        if (!micro || count <= 0 || *end) {
            fprintf(stderr, "micro: --count needs names and numbers, not \"%s %s\"\nhint: micro --list\n",
                    words[0], words[1] ? words[1] : "");
            return 1;
        }
        if (micro->set_up) micro->set_up();
        micro_counted(micro, count);
        if (micro->tear_down) micro->tear_down();
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *option = argc > 1 ? argv[1] : "";
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) return fputs(help, stdout) < 0;
    if (strcmp(option, "--list") == 0) return list();
    if (strcmp(option, "--count") == 0 && argc > 2) return count_all(argv + 2);
    return measure_all(argv + 1);
}
