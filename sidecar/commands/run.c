#include <getopt.h>
#include <stdio.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stop.h"
#include "pipeline/run.h"

static const char usage[] =
    "usage: tributary run FILE [OPTIONS]\n"
    "\n"
    "Runs the pipeline that FILE describes until it is stopped. SIGTERM and SIGINT commit what is decided "
    "and "
    "leave\n"
    "within seconds. More processes with the same FILE share the partitions. What has been committed is "
    "never\n"
    "written again, however the process ends.\n"
    "\n"
    "      --once         read to what is the end of the topics now, commit, and stop. Conversions that are "
    "not "
    "yet\n"
    "                     final (touches could still come) stay for the next run\n"
    "      --close        with --once: make these final too, with the touches read so far\n"
    "  -w, --workers N    threads, instead of the file's `workers`\n"
    "  -h, --help         this text\n"
    "\n"
    "Tributary's own tables and the dead-letter topic are created when they are missing (see \"tributary "
    "init\").\n"
    "Log lines and, at the end, the outcome ledger go to standard error.\n"
    "\n"
    "Examples:\n"
    "  tributary run examples/checkouts/pipeline.yaml\n"
    "  KAFKA_BROKERS=broker:9092 DATABASE_URL=postgresql://app@db/shop tributary run pipeline.yaml --workers "
    "4\n"
    "  tributary run pipeline.yaml --once --close\n";

enum { OPTION_ONCE = 256, OPTION_CLOSE, WORKERS_MAX = 256 };

static const struct option options[] = {
    {"once", no_argument, NULL, OPTION_ONCE},
    {"close", no_argument, NULL, OPTION_CLOSE},
    {"workers", required_argument, NULL, 'w'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int run_file(const char *file, const struct run_options *run, uint64_t workers) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    if (workers) pipeline->workers = (int)workers;
    bool ok =
        pipeline->postgres.url ||
        error_set(&error, ERROR_CONFIG,
                  "%s: `postgres: {url: …}` is missing: \"run\" keeps its progress there\nhint: \"replay\" "
                  "needs no database",
                  file);
    ok = ok && run_pipeline(pipeline, run, &error);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("run", &error);
}

int command_run(int argc, char **argv) {
    struct run_options run = {.stop_requested = stop_requested};
    uint64_t workers = 0;
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":w:h", options, NULL)) != -1) switch (option) {
        case OPTION_ONCE: run.once = true; break;
        case OPTION_CLOSE: run.close = true; break;
        case 'w':
            if (!arguments_count("--workers", optarg, 1, WORKERS_MAX, &workers, &error))
                return arguments_fail("run", &error);
            break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("run", "name one pipeline file");
    if (run.close && !run.once)
        return arguments_refuse("run", "--close goes with --once: a run without an end has nothing to close");
    stop_on_signals();
    return run_file(argv[optind], &run, workers);
}

const struct command_text run_text = {usage, options};
