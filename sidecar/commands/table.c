#include "commands/command.h"

const struct command commands[] = {
    {"run", "run a pipeline until it is stopped", command_run, &run_text},
    {"check", "check a pipeline file and, on request, the topics and tables it names", command_check,
     &check_text},
    {"init", "create the tables and topics a pipeline needs", command_init, &init_text},
    {"reset", "forget what is stored for a pipeline, so that it begins anew", command_reset, &reset_text},
    {"rename", "go on under another name with what is stored", command_rename, &rename_text},
    {"replay", "run a pipeline over files, without Kafka and without a database", command_replay,
     &replay_text},
    {"test", "run test cases: events in, rows and dead letters out", command_test, &test_text},
    {"verify", "compute the table once more from the topics and compare", command_verify, &verify_text},
    {"explain", "say why a conversion has the touch it has", command_explain, &explain_text},
    {"state", "say what is stored of a pipeline: positions, lag, touches held", command_state, &state_text},
    {"dead-letters", "say what became a dead letter and why; send it again once mended", command_dead_letters,
     &dead_letters_text},
    {"health", "ask a running pipeline whether it is well", command_health, &health_text},
    {"generate", "make demo events: clicks and checkouts, into files or into Kafka", command_generate,
     &generate_text},
    {"produce", "load files of JSON lines into a topic", command_produce, &produce_text},
    {"reference", "print the reference of the pipeline file", command_reference, &reference_text},
    {"version", "print the versions of tributary and its libraries", command_version, &version_text},
    {0},
};
_Static_assert(sizeof commands / sizeof *commands == COMMANDS + 1, "every command once");
