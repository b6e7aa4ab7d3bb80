#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "config/json_schema.h"
#include "config/reference.h"
#include "telemetry/metrics.h"

static const char usage[] =
    "usage: tributary reference [--markdown | --json-schema | --metrics]\n"
    "\n"
    "Prints every option of a pipeline file, with its default and range.\n"
    "\n"
    "      --markdown      as a page for people (the default): docs/configuration.md\n"
    "      --json-schema   as a JSON Schema, by which editors complete and check: docs/pipeline.schema.json\n"
    "      --metrics       the metrics of a running pipeline instead, as a page: docs/metrics.md\n"
    "  -h, --help          this text\n";

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

int command_reference(int argc, char **argv) {
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'},
        {"json-schema", no_argument, NULL, 'j'},
        {"metrics", no_argument, NULL, 'M'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option, format = 0;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return EXIT_OK;
        }
        if (option != 'm' && option != 'j' && option != 'M') return arguments_complain(option, argv, options);
        if (format)
            return arguments_refuse("reference", "choose one of --markdown, --json-schema and --metrics");
        format = option;
    }
    if (optind < argc)
        return arguments_refuse("reference", "it takes no argument such as \"%s\"", argv[optind]);
    return print(format == 'j' ? json_schema_write : format == 'M' ? metrics_markdown : reference_markdown);
}
