#include "base/fault.h"

#ifdef TRIBUTARY_FAULTS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum action { ACTION_KILL, ACTION_STOP, ACTION_DELAY };

struct fault {
    char name[64];
    long passage; /* 0: there is no fault */
    enum action action;
    long delay_ms;
};

static struct fault fault;
static atomic_long passages;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool parse_action(const char *text) {
    if (!*text || strcmp(text, ":kill") == 0)
        fault.action = ACTION_KILL;
    else if (strcmp(text, ":stop") == 0)
        fault.action = ACTION_STOP;
    else if (sscanf(text, ":delay=%ld", &fault.delay_ms) == 1)
        fault.action = ACTION_DELAY;
    else
        return false;
    return true;
}

static void parse(void) {
    const char *text = getenv("TRIBUTARY_FAULT");
    if (!text) return;
    int used = 0;
    if (sscanf(text, "%63[^:]:%ld%n", fault.name, &fault.passage, &used) == 2 && fault.passage > 0 &&
        parse_action(text + used))
        return;
    fprintf(stderr, "tributary: TRIBUTARY_FAULT is \"%s\", must be NAME:N[:kill | :stop | :delay=MS]\n",
            text);
    _exit(EXIT_FAILURE); /* no destructors: other threads go on meanwhile */
}

void fault_point(const char *name) {
    pthread_once(&once, parse);
    if (!fault.passage || strcmp(name, fault.name) != 0) return;
    if (atomic_fetch_add(&passages, 1) + 1 != fault.passage) return;
    switch (fault.action) {
    case ACTION_KILL: kill(getpid(), SIGKILL); break;
    case ACTION_STOP: kill(getpid(), SIGSTOP); break;
    case ACTION_DELAY:
        nanosleep(&(struct timespec){fault.delay_ms / 1000, fault.delay_ms % 1000 * 1000000}, NULL);
        break;
    }
}

#endif
