#include "commands/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* Atomic, not sig_atomic_t: the signal may reach any thread. */
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler may set it");
static atomic_bool requested, hung_up;

static void on_signal(int signal) {
    (void)signal;
    atomic_store(&requested, true);
}

static void leave(int signal) {
    (void)signal;
    _exit(EXIT_SUCCESS);
}

void stop_at_once(void) {
    struct sigaction action = {.sa_handler = leave};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void stop_on_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    /* once: the second Ctrl-C of somebody who does not want to wait finds the default again */
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    atomic_store(&requested, false);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool stop_requested(void) {
    return atomic_load(&requested);
}

static void on_hangup(int signal) {
    (void)signal;
    atomic_store(&hung_up, true);
}

void stop_note_hangup(void) {
    struct sigaction action = {.sa_handler = on_hangup}, before;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

bool stop_hung_up(void) {
    return atomic_exchange(&hung_up, false);
}
