#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stop.h"
#include "pipeline/run.h"
#include "telemetry/log.h"

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
    "      --listen A     where metrics and health are answered, instead of the file's "
    "`telemetry.listen`;\n"
    "                     (\"none\": nowhere)\n"
    "      --log-format F logfmt or json, instead of the file's `log.format`\n"
    "      --log-level L  error, warn, info or debug, instead of the file's `log.level`\n"
    "      --only STAGE   of a pipeline with `repartition`: \"repartition\" only copies the inputs into "
    "their re-keyed\n"
    "                     topics, \"attribute\" only joins these; each stage can then have processes of its "
    "own\n"
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

enum {
    OPTION_ONCE = 256,
    OPTION_CLOSE,
    OPTION_LISTEN,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
    OPTION_ONLY,
    WORKERS_MAX = 256
};

static const struct option options[] = {
    {"once", no_argument, NULL, OPTION_ONCE},
    {"close", no_argument, NULL, OPTION_CLOSE},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"workers", required_argument, NULL, 'w'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* What the command line says in place of the file; NULL, -1 and 0: nothing. */
struct overrides {
    const char *listen;
    int log_format, log_level;
    uint64_t workers;
};

static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const stages[] = {"repartition", "attribute", NULL};

/* The index of the word. */
static bool choose(const char *option, const char *text, const char *const *words, int *chosen,
                   struct error *error) {
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) != 0) continue;
        *chosen = i;
        return true;
    }
    return error_set(error, ERROR_CONFIG,
                     "%s: there is no \"%s\"\nhint: \"tributary run --help\" has the words", option, text);
}

static void apply(const struct overrides *overrides, struct pipeline *pipeline) {
    if (overrides->workers) pipeline->workers = (int)overrides->workers;
    if (overrides->log_format >= 0) pipeline->log_form = (enum log_form)overrides->log_format;
    if (overrides->log_level >= 0) pipeline->log_detail = (enum log_detail)overrides->log_level;
    if (overrides->listen) {
        free(pipeline->telemetry_listen);
        pipeline->telemetry_listen = memory_strdup(overrides->listen);
    }
    log_set_format(pipeline->log_form == LOG_FORM_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);
    log_set_level((enum log_level)pipeline->log_detail);
}

static int run_file(const char *file, const struct run_options *run, const struct overrides *overrides) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    apply(overrides, pipeline);
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
    struct run_options run = {
        .on_begin = stop_on_signals, .stop_requested = stop_requested, .hung_up = stop_hung_up};
    struct overrides overrides = {.log_format = -1, .log_level = -1};
    struct error error;
    int option, stage = -1;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":w:h", options, NULL)) != -1) switch (option) {
        case OPTION_ONCE: run.once = true; break;
        case OPTION_CLOSE: run.close = true; break;
        case OPTION_LISTEN: overrides.listen = optarg; break;
        case OPTION_LOG_FORMAT:
            if (!choose("--log-format", optarg, log_formats, &overrides.log_format, &error))
                return arguments_fail("run", &error);
            break;
        case OPTION_LOG_LEVEL:
            if (!choose("--log-level", optarg, log_levels, &overrides.log_level, &error))
                return arguments_fail("run", &error);
            break;
        case OPTION_ONLY:
            if (!choose("--only", optarg, stages, &stage, &error)) return arguments_fail("run", &error);
            run.only_repartition = stage == 0;
            run.only_attribute = stage == 1;
            break;
        case 'w':
            if (!arguments_count("--workers", optarg, 1, WORKERS_MAX, &overrides.workers, &error))
                return arguments_fail("run", &error);
            break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("run", "name one pipeline file");
    if (run.close && !run.once)
        return arguments_refuse("run", "--close goes with --once: a run without an end has nothing to close");
    stop_at_once();
    stop_note_hangup();
    return run_file(argv[optind], &run, &overrides);
}

const struct command_text run_text = {usage, options};
