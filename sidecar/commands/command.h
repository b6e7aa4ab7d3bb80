/* command.h: the commands of the program. One file a command; table.c has the table. */
#ifndef TRIBUTARY_COMMANDS_COMMAND_H
#define TRIBUTARY_COMMANDS_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

/* Exit codes of every command. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,       /* something went wrong that retrying did not cure */
    EXIT_CONFIG = 2,       /* the command line, the pipeline file or the surroundings are set up wrongly */
    EXIT_TESTS_FAILED = 3, /* `test`: at least one case failed */
    EXIT_KAFKA_FATAL = 4,  /* the Kafka client ended for good, for instance fenced by its twin */
};

/* What a command says about itself: the source of --help, of the manual page and of completion. */
struct command_text {
    const char *usage; /* what --help prints: "usage: …" lines, paragraphs, lines of options, examples */
    const struct option *options; /* ends with a name of NULL */
};

struct command {
    const char *name;
    const char *summary; /* one line for `tributary --help` */
    /* argv[0] is the command's name; handles --help itself with the getopt_long the others use. */
    int (*run)(int argc, char **argv);
    const struct command_text *text;
};

/* All of them, in the order in which they are listed; ends with a name of NULL. */
extern const struct command commands[];
enum { COMMANDS = 16 };

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_init(int argc, char **argv);
int command_reset(int argc, char **argv);
int command_rename(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_test(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_state(int argc, char **argv);
int command_dead_letters(int argc, char **argv);
int command_health(int argc, char **argv);
int command_generate(int argc, char **argv);
int command_produce(int argc, char **argv);
int command_reference(int argc, char **argv);
int command_version(int argc, char **argv);

extern const struct command_text run_text;
extern const struct command_text check_text;
extern const struct command_text init_text;
extern const struct command_text reset_text;
extern const struct command_text rename_text;
extern const struct command_text replay_text;
extern const struct command_text test_text;
extern const struct command_text verify_text;
extern const struct command_text explain_text;
extern const struct command_text state_text;
extern const struct command_text dead_letters_text;
extern const struct command_text health_text;
extern const struct command_text generate_text;
extern const struct command_text produce_text;
extern const struct command_text reference_text;
extern const struct command_text version_text;

#endif
