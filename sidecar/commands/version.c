#include <getopt.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <stdio.h>
#include <yaml.h>
#include <yyjson.h>

#include "commands/arguments.h"
#include "commands/command.h"

static const char usage[] = "usage: tributary version\n\n"
                            "Prints the version of tributary and of the libraries it runs with.\n";

static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};

static void print_versions(void) {
    int libpq = PQlibVersion(); /* 150020 is 15.20 */
    uint32_t yyjson = yyjson_version();
    printf("tributary %s\n", TRIBUTARY_VERSION);
    printf("librdkafka %s\n", rd_kafka_version_str());
    printf("libpq %d.%d\n", libpq / 10000, libpq % 10000);
    printf("yyjson %u.%u.%u\n", yyjson >> 16, yyjson >> 8 & 0xff, yyjson & 0xff);
    printf("libyaml %s\n", yaml_get_version_string());
    printf("libmicrohttpd %s\n", MHD_get_version());
}

int command_version(int argc, char **argv) {
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option != 'h') return arguments_complain(option, argv, options);
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (optind < argc)
        return arguments_refuse("version", "there is nothing to say about \"%s\"", argv[optind]);
    print_versions();
    return EXIT_OK;
}

const struct command_text version_text = {usage, options};
