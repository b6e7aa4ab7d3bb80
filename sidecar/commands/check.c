#include <getopt.h>
#include <stdio.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "pipeline/surroundings.h"

static const char usage[] =
    "usage: tributary check FILE [--connect] [--print-config]\n"
    "\n"
    "Checks a pipeline file: every problem at once, each with its line and column.\n"
    "\n"
    "      --connect        look at the topics and tables it names as well: partition counts, record keys,\n"
    "                       partitioners, columns, the unique index of an upsert, rights. Changes nothing\n"
    "      --print-config   print the pipeline with every default filled in\n"
    "  -h, --help           this text\n"
    "\n"
    "Ends with 0 when all is well, with 2 when something is not.\n"
    "\n"
    "Examples:\n"
    "  tributary check examples/checkouts/pipeline.yaml\n"
    "  tributary check pipeline.yaml --connect\n";

enum { OPTION_CONNECT = 256, OPTION_PRINT };

static const struct option options[] = {
    {"connect", no_argument, NULL, OPTION_CONNECT},
    {"print-config", no_argument, NULL, OPTION_PRINT},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool report(const char *what, bool ok, const struct error *error) {
    if (ok)
        printf("ok    %s\n", what);
    else
        printf("wrong %s: %s\n", what, error->message);
    return ok;
}

static bool check_changelog(const struct pipeline *pipeline, int partitions) {
    struct error error;
    bool exists = false;
    char what[300];
    bool ok = surroundings_changelog_check(pipeline, partitions, &exists, &error);
    snprintf(what, sizeof what, "topic \"%s\"%s", pipeline->changelog_topic,
             ok && !exists ? ", to be created" : "");
    return report(what, ok, &error);
}

static bool report_rekeyed(const struct input_config *input, bool ok, bool exists,
                           const struct error *error) {
    char what[300];
    if (!input->repartition.present) return ok;
    snprintf(what, sizeof what, "topic \"%s\"%s", input->repartition.topic,
             ok && !exists ? ", to be created" : "");
    return report(what, ok, error);
}

static bool check_rekeyed(const struct plan *plan) {
    struct error error;
    bool exists[2];
    bool ok = surroundings_rekeyed_check(plan->pipeline, exists, &error);
    /* The error is of one of them, and says of which. */
    bool only_one = !ok && plan->touches->repartition.present;
    report_rekeyed(plan->touches, ok, exists[CONSUMER_TOUCHES], &error);
    if (!only_one) report_rekeyed(plan->conversions, ok, exists[CONSUMER_CONVERSIONS], &error);
    return ok;
}

static bool check_topics(const struct plan *plan) {
    struct error error;
    int partitions = 0;
    char what[700];
    bool ok = surroundings_topics(plan, &partitions, &error);
    snprintf(what, sizeof what, "topics \"%s\" and \"%s\"", plan->touches->source_topic,
             plan->conversions->source_topic);
    report(what, ok, &error);
    if (!ok) return false;
    bool copied = plan->touches->repartition.present || plan->conversions->repartition.present;
    printf("      %d partition%s%s\n", partitions, partitions == 1 ? "" : "s", copied ? ", as joined" : "");
    ok = check_rekeyed(plan);
    return check_changelog(plan->pipeline, partitions) && ok;
}

static bool check_output(const struct plan *plan, struct connection *connection) {
    struct error error;
    struct catalogue_table *table = surroundings_output(plan, connection, &error);
    struct postgres_output *output = table ? postgres_output_new(plan->output, table, &error) : NULL;
    bool ok = report("output table, its columns, index and rights", output != NULL, &error);
    postgres_output_free(output);
    catalogue_free(table);
    return ok;
}

static bool check_lookup(const struct plan *plan, int number, struct connection *connection) {
    const struct lookup_plan *lookup = &plan->lookups[number];
    struct error error;
    char what[300];
    struct catalogue_table *table = surroundings_lookup(plan, number, connection, &error);
    struct lookup_query *query =
        table ? lookup_query_new(lookup->config, lookup->columns, lookup->column_count, table, &error) : NULL;
    snprintf(what, sizeof what, "table of lookup \"%s\"", lookup->config->name);
    bool ok = report(what, query != NULL, &error);
    lookup_query_free(query);
    catalogue_free(table);
    return ok;
}

static bool check_tables(const struct plan *plan) {
    const struct pipeline *pipeline = plan->pipeline;
    if (!pipeline->postgres.url) {
        struct error error;
        error_set(&error, ERROR_CONFIG, "`postgres: {url: …}` is missing");
        return report("database", false, &error);
    }
    struct connection *connection = connection_new(&pipeline->postgres, "tributary check");
    bool ok = check_output(plan, connection);
    for (int i = 0; i < plan->lookup_count; i++) ok = check_lookup(plan, i, connection) && ok;
    connection_free(connection);
    return ok;
}

static void print_guarantee(const struct pipeline *pipeline) {
    const char *table = pipeline->outputs[0].table;
    if (pipeline->outputs[0].write == WRITE_UPSERT)
        printf("exactly once: each conversion has one row in %s, written in one transaction with the "
               "progress; of "
               "conversions with one primary key the last stands\n",
               table);
    else
        printf("exactly once: each conversion appends one row to %s, in one transaction with the progress\n",
               table);
}

static int check(const char *file, bool connect, bool print) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    if (print)
        pipeline_print(pipeline, stdout);
    else
        printf("ok    %s\n", file);
    bool ok = true;
    if (connect) {
        struct plan *plan = plan_new(pipeline);
        ok = check_topics(plan);
        ok = check_tables(plan) && ok;
        plan_free(plan);
        if (ok) print_guarantee(pipeline);
    }
    pipeline_free(pipeline);
    return ok ? EXIT_OK : EXIT_CONFIG;
}

int command_check(int argc, char **argv) {
    bool connect = false, print = false;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) switch (option) {
        case OPTION_CONNECT: connect = true; break;
        case OPTION_PRINT: print = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("check", "name one pipeline file");
    return check(argv[optind], connect, print);
}

const struct command_text check_text = {usage, options};
