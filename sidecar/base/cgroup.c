#include "base/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Version 1 says "none" with the greatest multiple of a page. */
#define NO_LIMIT (INT64_MAX / 2)

struct version {
    const char *mount, *file;
};
static const struct version version_2 = {"/sys/fs/cgroup", "memory.max"};
static const struct version version_1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"};

static int64_t limit_in(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    char text[32] = "";
    long long limit = fgets(text, sizeof text, file) ? strtoll(text, NULL, 10) : 0; /* "max": 0 */
    fclose(file);
    return limit > 0 && limit < NO_LIMIT ? limit : 0;
}

static int64_t tighter(int64_t a, int64_t b) {
    if (!a || !b) return a ? a : b;
    return a < b ? a : b;
}

/* Inside a container the group's path may be that of the host, which is not mounted there: what lies on the
 * way up is read, whether the path exists or not. */
static int64_t limit_upwards(const char *root, const struct version *version, char *group) {
    char path[PATH_MAX];
    int64_t limit = 0;
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        *end = '\0';
        snprintf(path, sizeof path, "%s%s%s/%s", root, version->mount, group, version->file);
        limit = tighter(limit, limit_in(path));
    }
    return limit;
}

static int lists_memory(const char *controllers) {
    const char *found = strstr(controllers, "memory");
    return found && (found == controllers || found[-1] == ',') && (found[6] == '\0' || found[6] == ',');
}

/* A line is "ID:CONTROLLERS:/GROUP"; version 2 names no controllers. */
static int64_t limit_of_line(const char *root, char *line) {
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return 0;
    *controllers++ = *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (!*controllers) return limit_upwards(root, &version_2, group);
    return lists_memory(controllers) ? limit_upwards(root, &version_1, group) : 0;
}

int64_t cgroup_memory_limit(const char *root) {
    char line[PATH_MAX];
    int64_t limit = 0;
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "r");
    while (file && fgets(line, sizeof line, file)) limit = tighter(limit, limit_of_line(root, line));
    if (file) fclose(file);
    return limit;
}

int64_t machine_memory(void) {
    return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

int64_t process_memory(void) {
    long long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%lld %lld", &size, &resident) != 2) resident = 0;
    fclose(file);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}
