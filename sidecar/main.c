/* main.c: the command line. Finds the command in the table and hands over; knows nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "config/suggest.h"

static void print_help(FILE *out) {
    fputs("Joins conversions to the clicks that led to them, exactly once, beside Kafka or Redpanda.\n\n"
          "usage: tributary COMMAND [OPTIONS] [ARGUMENTS]\n\n"
          "Commands:\n",
          out);
    for (int i = 0; i < COMMANDS; i++) fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs(
        "\nExamples:\n"
        "  tributary generate -o demo            make clicks.jsonl, checkouts.jsonl and users.csv in demo/\n"
        "  tributary replay pipeline.yaml --input clicks=demo/clicks.jsonl \\\n"
        "      --input checkouts=demo/checkouts.jsonl\n"
        "                                        see what a pipeline makes of them, on standard output\n"
        "  tributary check pipeline.yaml --connect\n"
        "                                        see whether it would work against the real thing\n"
        "  tributary run pipeline.yaml           and let it\n"
        "\nExit codes:\n"
        "  0  done\n"
        "  1  something went wrong that trying again did not cure\n"
        "  2  the command line, the pipeline file or its surroundings are set up wrongly\n"
        "  3  \"test\": at least one case failed\n"
        "  4  the Kafka client ended for good, for instance replaced by another one of the same name\n"
        "\n\"tributary COMMAND --help\" explains a command and its options with examples; the pages in docs/ "
        "begin\n"
        "with README.md, and docs/configuration.md (also: tributary reference) lists every option of a "
        "pipeline\n"
        "file.\n",
        out);
}

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static int refuse_command(const char *name) {
    const char *names[COMMANDS + 1];
    for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    names[COMMANDS] = "help";
    const char *nearest = suggest_nearest(name, names, COMMANDS + 1);
    fprintf(stderr, "tributary: there is no %s \"%s\"\n", *name == '-' ? "option" : "command", name);
    if (nearest)
        fprintf(stderr, "hint: did you mean \"%s\"? \"tributary --help\" lists the commands\n", nearest);
    else
        fputs("hint: \"tributary --help\" lists the commands\n", stderr);
    return EXIT_CONFIG;
}

static int help(int argc, char **argv) {
    if (argc < 3) {
        print_help(stdout);
        return EXIT_OK;
    }
    const struct command *command = find_command(argv[2]);
    if (!command) return refuse_command(argv[2]);
    char option[] = "--help";
    char *arguments[] = {argv[2], option, NULL};
    return command->run(2, arguments);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return EXIT_CONFIG;
    }
    if (is_one_of(argv[1], "help", "--help", "-h")) return help(argc, argv);
    const char *name = is_one_of(argv[1], "version", "--version", "-V") ? "version" : argv[1];
    const struct command *command = find_command(name);
    if (!command) return refuse_command(argv[1]);
    return command->run(argc - 1, argv + 1);
}

/* A socket must not become one of the three standard streams because that one was closed: log lines would be
 * sent to a broker. What takes its place fails as the closed one would have. */
static void occupy_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_FAILED);
}

/* Whether everything printed arrived. Whoever reads it may have seen enough ("tributary … | head"): then we
 * end as any program does, by SIGPIPE and without a word; it is ignored until here because a peer that hangs
 * up must not end a pipeline. */
static int finish(int result) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return result;
    if (errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    fprintf(stderr, "tributary: cannot write to standard output: %s\n", strerror(errno));
    return result ? result : EXIT_FAILED;
}

int main(int argc, char **argv) {
    occupy_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    return finish(dispatch(argc, argv));
}
