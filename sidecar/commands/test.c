#include <stdio.h>

#include "commands/arguments.h"
#include "commands/command.h"

int command_test(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return EXIT_FAILED;
}
