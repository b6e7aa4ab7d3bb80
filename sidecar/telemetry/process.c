#include "telemetry/process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/time.h"

enum {
    STAT_BYTES = 1024,
    FIELDS_TO_START = 19
}; /* after the name: state is the first, start the twentieth */

static int64_t count_fds(void) {
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -1; /* for the folder itself */
    if (!folder) return -1;
    for (const struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Clock ticks since the machine's start. */
static long long start_ticks(void) {
    char text[STAT_BYTES];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[len] = '\0';
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    if (!at) return -1;
    at += 2;
    for (int i = 0; i < FIELDS_TO_START && at; i++) {
        at = strchr(at, ' ');
        if (at) at++;
    }
    long long ticks = -1;
    return at && sscanf(at, "%lld", &ticks) == 1 ? ticks : -1;
}

static int64_t started(void) {
    struct timespec up;
    long long ticks = start_ticks();
    if (ticks < 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0) return -1;
    int64_t up_us = up.tv_sec * TIME_SECOND + up.tv_nsec / 1000;
    return clock_wall_us() - up_us + ticks * TIME_SECOND / sysconf(_SC_CLK_TCK);
}

void process_look(struct process_facts *facts) {
    struct timespec cpu;
    struct rlimit limit;
    int64_t resident = process_memory();
    facts->started_us = started();
    facts->cpu_us = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0
                        ? cpu.tv_sec * TIME_SECOND + cpu.tv_nsec / 1000
                        : -1;
    facts->resident_bytes = resident ? resident : -1;
    facts->open_fds = count_fds();
    bool bounded = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    facts->max_fds = bounded ? (int64_t)limit.rlim_cur : -1;
}
