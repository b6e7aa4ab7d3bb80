/* fault.h: named points at which the fault tests kill, stop or delay the process. They exist only in builds
 * with the CMake option TRIBUTARY_FAULTS; in any other they compile to nothing. There the variable
 *
 *   TRIBUTARY_FAULT=NAME:N[:kill | :stop | :delay=MS]
 *
 * makes the N-th passage of the point NAME, counted over all threads, send the process SIGKILL (the default)
 * or SIGSTOP, or makes the passing thread sleep. The tests find the names by reading the sources: write them
 * in full, and in lower case: FAULT_POINT("restore.opened"). Any thread. */
#ifndef TRIBUTARY_BASE_FAULT_H
#define TRIBUTARY_BASE_FAULT_H

#ifdef TRIBUTARY_FAULTS
#define FAULT_POINT(name) fault_point(name)

void fault_point(const char *name);
#else
/* Looks at the name, so that a table of names is not unused, and leaves nothing of it. */
#define FAULT_POINT(name) ((void)sizeof(name))
#endif

#endif
