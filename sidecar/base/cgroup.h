/* cgroup.h: how much memory this process may take. Any thread. */
#ifndef TRIBUTARY_BASE_CGROUP_H
#define TRIBUTARY_BASE_CGROUP_H

#include <stdint.h>

/* The tightest memory limit of the process's control group and of those above it, in bytes: memory.max of
 * version 2, memory.limit_in_bytes of version 1. 0: none. `root` is where proc/ and sys/ are found: "" but in
 * tests. */
int64_t cgroup_memory_limit(const char *root);

/* The machine's memory in bytes. */
int64_t machine_memory(void);

/* What this process has of it now: its resident set. 0: not known. */
int64_t process_memory(void);

#endif
