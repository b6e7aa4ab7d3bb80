#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "pipeline/replay.h"
#include "telemetry/progress.h"

static const char usage[] =
    "usage: tributary replay FILE --input NAME=EVENTS.jsonl --input NAME=EVENTS.jsonl [OPTIONS]\n"
    "\n"
    "Runs the pipeline over files, without Kafka and without a database: each file is one partition, each "
    "line "
    "one\n"
    "record. At the end everything is final. Rows go to standard output as JSON lines, in the order of the\n"
    "conversions; of rows with one primary key the last one stands. The outcome ledger goes to standard "
    "error.\n"
    "\n"
    "  -i, --input NAME=FILE       the events of an input of the pipeline; \"-\" reads standard input\n"
    "  -l, --lookup NAME=FILE      the rows of a lookup: CSV with a first line of column names. A lookup "
    "without\n"
    "                              a file has no rows\n"
    "  -o, --output FILE           rows into a file\n"
    "  -d, --dead-letters FILE     refused and late records into a file, as JSON lines with their reason\n"
    "  -q, --quiet                 no progress bar\n"
    "  -h, --help                  this text\n"
    "\n"
    "Column types of a database are not known here: what \"run\" would refuse or round, \"replay\" shows as "
    "it "
    "is.\n"
    "\n"
    "Examples:\n"
    "  tributary generate -o demo\n"
    "  tributary replay examples/checkouts/pipeline.yaml --input clicks=demo/clicks.jsonl \\\n"
    "      --input checkouts=demo/checkouts.jsonl --lookup users=demo/users.csv\n";

static const struct option options[] = {
    {"input", required_argument, NULL, 'i'},
    {"lookup", required_argument, NULL, 'l'},
    {"output", required_argument, NULL, 'o'},
    {"dead-letters", required_argument, NULL, 'd'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

enum { NAMED_MAX = 64 };

/* NAME=FILE, as given. */
struct named {
    const char *items[NAMED_MAX];
    int count;
};

struct replay_command {
    struct named inputs, lookups;
    const char *output, *dead_letters;
    bool quiet;
};

static const char *file_of(const struct named *named, const char *name) {
    size_t len = strlen(name);
    for (int i = 0; i < named->count; i++)
        if (strncmp(named->items[i], name, len) == 0 && named->items[i][len] == '=')
            return named->items[i] + len + 1;
    return NULL;
}

static bool add(struct named *named, const char *option, struct error *error) {
    if (!strchr(optarg, '=')) return error_set(error, ERROR_CONFIG, "%s %s: write NAME=FILE", option, optarg);
    if (named->count == NAMED_MAX) return error_set(error, ERROR_CONFIG, "%s: too many", option);
    named->items[named->count++] = optarg;
    return true;
}

static bool is_input(const struct pipeline *pipeline, const char *item) {
    for (int i = 0; i < pipeline->input_count; i++) {
        size_t len = strlen(pipeline->inputs[i].name);
        if (strncmp(item, pipeline->inputs[i].name, len) == 0 && item[len] == '=') return true;
    }
    return false;
}

static bool is_lookup(const struct pipeline *pipeline, const char *item) {
    for (int i = 0; i < pipeline->lookup_count; i++) {
        size_t len = strlen(pipeline->lookups[i].name);
        if (strncmp(item, pipeline->lookups[i].name, len) == 0 && item[len] == '=') return true;
    }
    return false;
}

static bool check_names(const struct pipeline *pipeline, const struct replay_command *command,
                        struct error *error) {
    for (int i = 0; i < command->inputs.count; i++)
        if (!is_input(pipeline, command->inputs.items[i]))
            return error_set(error, ERROR_CONFIG, "--input %s: the pipeline has no such input",
                             command->inputs.items[i]);
    for (int i = 0; i < command->lookups.count; i++)
        if (!is_lookup(pipeline, command->lookups.items[i]))
            return error_set(error, ERROR_CONFIG, "--lookup %s: the pipeline has no such lookup",
                             command->lookups.items[i]);
    return true;
}

static struct file_input *open_input(const struct replay_command *command, const char *name,
                                     struct error *error) {
    const char *file = file_of(&command->inputs, name);
    if (file) return file_input_open(file, error);
    error_set(error, ERROR_CONFIG, "input \"%s\" has no file\nhint: --input %s=EVENTS.jsonl", name, name);
    return NULL;
}

/* One for each lookup that the plan wants; NULL without a plan. */
static struct lookup_table **load_lookups(const struct lookups_plan *plan,
                                          const struct replay_command *command, bool *ok,
                                          struct error *error) {
    if (!plan) return NULL;
    struct lookup_table **tables = memory_zalloc((size_t)plan->count, sizeof(struct lookup_table *));
    for (int i = 0; i < plan->count && *ok; i++) {
        const struct lookup_plan *lookup = &plan->items[i];
        if (!lookup->wanted) continue;
        const char *file = file_of(&command->lookups, lookup->config->name);
        tables[i] = lookup_table_new(lookup->config->match_columns, lookup->config->match_count,
                                     lookup->columns, lookup->column_count);
        *ok = !file || lookup_table_load(tables[i], file, error);
    }
    return tables;
}

static void free_lookups(struct lookup_table *const *tables, int count) {
    for (int i = 0; tables && i < count; i++) lookup_table_free(tables[i]);
    free((void *)tables);
}

/* What comes before the join, and all lookups. */
static bool prepare(const struct plan *plan, const struct replay_command *command,
                    struct replay_options *replay, struct error *error) {
    bool ok = true;
    replay->lookups = load_lookups(plan->asking, command, &ok, error);
    for (int touch = 0; ok && touch < 2; touch++) {
        const struct input_config *input = touch ? plan->touches : plan->conversions;
        replay->rekey[touch] = rekey_memory_new(plan->pipeline, input, &ok, error);
        if (!ok) return false;
        replay->key_lookups[touch] =
            load_lookups(rekey_memory_plan(replay->rekey[touch]), command, &ok, error);
    }
    return ok;
}

static void clean_up(const struct plan *plan, struct replay_options *replay) {
    free_lookups(replay->lookups, plan->lookup_count);
    for (int touch = 0; touch < 2; touch++) {
        free_lookups(replay->key_lookups[touch], plan->lookup_count);
        rekey_memory_free(replay->rekey[touch]);
    }
    file_input_close(replay->touches);
    file_input_close(replay->conversions);
}

static FILE *open_output(const char *path, FILE *otherwise, struct error *error) {
    FILE *file = path ? fopen(path, "w") : otherwise;
    if (!file && path) error_set(error, ERROR_CONFIG, "cannot write \"%s\": %s", path, strerror(errno));
    return file;
}

static bool close_output(FILE *file, struct error *error) {
    if (!file) return true;
    bool ok = fflush(file) == 0 && !ferror(file);
    if (!ok) error_set(error, ERROR_FATAL, "cannot write: %s", strerror(errno));
    if (file != stdout) fclose(file);
    return ok;
}

static void show(void *context, uint64_t done, uint64_t total) {
    (void)total;
    progress_update(context, done);
}

static bool replay_opened(const struct plan *plan, const struct replay_command *command,
                          struct replay_options *replay, struct error *error) {
    struct progress progress;
    progress_init(&progress, "replay", PROGRESS_BYTES,
                  file_input_size(replay->touches) + file_input_size(replay->conversions), command->quiet);
    replay->rows = open_output(command->output, stdout, error);
    if (!replay->rows) return false;
    replay->dead_letters = open_output(command->dead_letters, NULL, error);
    replay->progress = show;
    replay->progress_context = &progress;
    bool ok = (replay->dead_letters || !command->dead_letters) && replay_run(plan, replay, error);
    progress_end(&progress);
    replay->progress_context = NULL;
    ok = close_output(replay->rows, error) && ok;
    return close_output(replay->dead_letters, error) && ok;
}

static bool replay_plan(const struct plan *plan, const struct replay_command *command, struct error *error) {
    struct replay_options replay = {0};
    bool ok = prepare(plan, command, &replay, error);
    if (ok) replay.touches = open_input(command, plan->touches->name, error);
    if (replay.touches) replay.conversions = open_input(command, plan->conversions->name, error);
    ok = replay.conversions && replay_opened(plan, command, &replay, error);
    clean_up(plan, &replay);
    return ok;
}

static int replay_file(const char *file, const struct replay_command *command) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    struct plan *plan = plan_new(pipeline);
    bool ok = check_names(pipeline, command, &error) && replay_plan(plan, command, &error);
    plan_free(plan);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("replay", &error);
}

int command_replay(int argc, char **argv) {
    struct replay_command command = {0};
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":i:l:o:d:qh", options, NULL)) != -1) switch (option) {
        case 'i':
            if (!add(&command.inputs, "--input", &error)) return arguments_fail("replay", &error);
            break;
        case 'l':
            if (!add(&command.lookups, "--lookup", &error)) return arguments_fail("replay", &error);
            break;
        case 'o': command.output = optarg; break;
        case 'd': command.dead_letters = optarg; break;
        case 'q': command.quiet = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("replay", "name one pipeline file");
    return replay_file(argv[optind], &command);
}

const struct command_text replay_text = {usage, options};
