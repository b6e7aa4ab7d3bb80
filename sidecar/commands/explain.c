#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/explain_print.h"
#include "commands/stop.h"

static const char usage[] =
    "usage: tributary explain FILE ID [OPTIONS]\n"
    "       tributary explain FILE --partition N --offset N [OPTIONS]\n"
    "\n"
    "Says why a conversion has the touch it has: every touch of its key, whether it counted and why not, "
    "what\n"
    "made the conversion final, and whether the table holds what follows. ID is the value of the table's\n"
    "primary key; those of several columns have commas between them.\n"
    "\n"
    "  -p, --partition N   look in this partition only\n"
    "      --offset N      with --partition and without ID: the conversion that lies there\n"
    "      --json          one JSON object\n"
    "  -h, --help          this text\n"
    "\n"
    "Reads the conversion topic once, and for what it finds the touch partition of the same number. Changes\n"
    "nothing; the pipeline may be running.\n"
    "\n"
    "Ends with 0 when it was found, as a conversion or in the dead letters, with 1 when not.\n"
    "\n"
    "Examples:\n"
    "  tributary explain pipeline.yaml 0192a6b4-8a7e-7c1d-9f3b-2f6d8e5a1c44\n"
    "  tributary explain pipeline.yaml --partition 3 --offset 8812 --json\n";

enum { OPTION_OFFSET = 256, OPTION_JSON };

static const struct option options[] = {
    {"partition", required_argument, NULL, 'p'},
    {"offset", required_argument, NULL, OPTION_OFFSET},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void describe(const struct explain_options *explain, char *what, size_t size) {
    if (explain->id)
        snprintf(what, size, "\"%s\"", explain->id);
    else
        snprintf(what, size, "at partition %d, offset %lld", explain->partition, (long long)explain->offset);
}

static int explain_file(const char *file, const struct explain_options *explain, bool json) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    struct plan *plan = plan_new(pipeline);
    struct explain_result result;
    char what[200];
    arguments_log_level(&pipeline->kafka);
    describe(explain, what, sizeof what);
    bool ok = explain_run(plan, explain, &result, &error);
    if (ok && json) explain_print_json(plan, &result);
    if (ok && !json) explain_print_text(plan, &result, what);
    bool found = result.count || result.dead_count;
    explain_result_release(&result);
    plan_free(plan);
    pipeline_free(pipeline);
    if (!ok) return arguments_fail("explain", &error);
    return found ? EXIT_OK : EXIT_FAILED;
}

int command_explain(int argc, char **argv) {
    int partition = -1;
    uint64_t offset = 0;
    bool json = false, placed = false;
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":p:h", options, NULL)) != -1) switch (option) {
        case 'p':
            if (!arguments_partition(optarg, &partition, &error)) return arguments_fail("explain", &error);
            break;
        case OPTION_OFFSET:
            placed = true;
            if (!arguments_count("--offset", optarg, 0, INT64_MAX, &offset, &error))
                return arguments_fail("explain", &error);
            break;
        case OPTION_JSON: json = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind == argc) return arguments_refuse("explain", "name a pipeline file");
    if (placed && partition < 0) return arguments_refuse("explain", "--offset goes with --partition");
    if (optind + (placed ? 1 : 2) != argc)
        return arguments_refuse("explain", placed ? "with --offset there is no ID"
                                                  : "name one pipeline file and one ID");
    struct explain_options explain = {.id = placed ? NULL : argv[optind + 1],
                                      .partition = partition,
                                      .offset = placed ? (int64_t)offset : -1,
                                      .stop = stop_requested};
    stop_on_signals();
    return explain_file(argv[optind], &explain, json);
}

const struct command_text explain_text = {usage, options};
