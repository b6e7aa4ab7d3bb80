#include "commands/stop.h"

#include <signal.h>

static volatile sig_atomic_t requested;

static void on_signal(int signal) {
    (void)signal;
    requested = 1;
}

void stop_on_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    /* once: the second Ctrl-C of somebody who does not want to wait finds the default again */
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    requested = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool stop_requested(void) {
    return requested != 0;
}
