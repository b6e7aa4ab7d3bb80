#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/completion.h"
#include "commands/manual.h"
#include "config/json_schema.h"
#include "config/reference.h"
#include "telemetry/metrics.h"

static const char usage[] =
    "usage: tributary reference [--markdown | --json-schema | --metrics | --man | --completion SHELL]\n"
    "\n"
    "Prints every option of a pipeline file, with its default and range, or every option of the command "
    "line.\n"
    "\n"
    "Of the pipeline file:\n"
    "      --markdown           as a page for people (the default): docs/configuration.md\n"
    "      --json-schema        as a JSON Schema, by which editors complete and check:\n"
    "                           docs/pipeline.schema.json\n"
    "\n"
    "Of a running pipeline:\n"
    "      --metrics            its metrics, as a page: docs/metrics.md\n"
    "\n"
    "Of the command line:\n"
    "      --man                as the manual page tributary(1)\n"
    "      --completion SHELL   as a file by which bash, zsh or fish completes\n"
    "\n"
    "  -h, --help               this text\n";

static const struct option options[] = {
    {"markdown", no_argument, NULL, 'm'},
    {"json-schema", no_argument, NULL, 'j'},
    {"metrics", no_argument, NULL, 'x'},
    {"man", no_argument, NULL, 'M'},
    {"completion", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

typedef void write_reference(struct buffer *out);

static int print(write_reference *write) {
    struct buffer text;
    buffer_init(&text);
    write(&text);
    bool good = fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    if (!good) fprintf(stderr, "tributary reference: cannot write to standard output: %s\n", strerror(errno));
    buffer_release(&text);
    return good ? EXIT_OK : EXIT_FAILED;
}

/* What an option asks for; NULL for a shell that there is not. */
static write_reference *writer_of(int option) {
    switch (option) {
    case 'j': return json_schema_write;
    case 'x': return metrics_markdown;
    case 'M': return manual_write;
    case 'c': return completion_of(optarg);
    default: return reference_markdown;
    }
}

int command_reference(int argc, char **argv) {
    int option;
    write_reference *write = NULL;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return EXIT_OK;
        }
        if (option == '?' || option == ':') return arguments_complain(option, argv, options);
        if (write)
            return arguments_refuse("reference", "choose one page: --markdown, --json-schema, --metrics, "
                                                 "--man or --completion");
        write = writer_of(option);
        if (!write)
            return arguments_refuse("reference", "--completion: \"%s\" is not bash, zsh or fish", optarg);
    }
    if (optind < argc)
        return arguments_refuse("reference", "it takes no argument such as \"%s\"", argv[optind]);
    return print(write ? write : reference_markdown);
}

const struct command_text reference_text = {usage, options};
