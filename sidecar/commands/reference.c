/* tributary reference: every option of a pipeline file, for people or for editors. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "config/json_schema.h"
#include "config/reference.h"

static const char usage[] = "usage: tributary reference [--markdown | --json-schema]\n"
                            "\n"
                            "Writes every option of a pipeline file to standard output.\n"
                            "\n"
                            "  --markdown     as a page for people (the default)\n"
                            "  --json-schema  as a JSON Schema for editors\n"
                            "  --help         this text\n";

enum format { FORMAT_NONE, FORMAT_MARKDOWN, FORMAT_JSON_SCHEMA, FORMAT_HELP, FORMAT_BAD };

static enum format read_arguments(int argc, char **argv) {
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'},
        {"json-schema", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    enum format format = FORMAT_NONE;
    int letter;
    optind = 0; /* from the start, whatever main() has read before */
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'h') return FORMAT_HELP;
        if (letter == '?' || format != FORMAT_NONE) return FORMAT_BAD;
        format = letter == 'm' ? FORMAT_MARKDOWN : FORMAT_JSON_SCHEMA;
    }
    if (optind < argc) return FORMAT_BAD;
    return format == FORMAT_NONE ? FORMAT_MARKDOWN : format;
}

static int write_out(const struct buffer *text) {
    if (fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0) return EXIT_OK;
    fprintf(stderr, "tributary: cannot write to standard output: %s\n", strerror(errno));
    return EXIT_FAILED;
}

int command_reference(int argc, char **argv) {
    struct buffer text;
    enum format format = read_arguments(argc, argv);
    if (format == FORMAT_BAD) {
        fputs(usage, stderr);
        return EXIT_CONFIG;
    }
    buffer_init(&text);
    if (format == FORMAT_HELP)
        buffer_text(&text, usage);
    else if (format == FORMAT_JSON_SCHEMA)
        json_schema_write(&text);
    else
        reference_markdown(&text);
    int code = write_out(&text);
    buffer_release(&text);
    return code;
}
