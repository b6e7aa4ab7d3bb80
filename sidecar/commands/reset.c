#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stored.h"
#include "kafka/topics.h"
#include "pipeline/surroundings.h"

static const char usage[] = "usage: tributary reset FILE [--yes] [--force]\n"
                            "\n"
                            "Forgets what is stored for the pipeline in FILE: its progress, and the touches "
                            "in its changelog topic. The "
                            "next\n"
                            "run begins anew, where `start` says. Rows in the result table and dead letters "
                            "stay where they are. Shows "
                            "what\n"
                            "it will do and asks first.\n"
                            "\n"
                            "  -y, --yes     do not ask\n"
                            "      --force   even while members of the consumer group are alive, or when "
                            "Kafka cannot say whether any are\n"
                            "  -h, --help    this text\n"
                            "\n"
                            "Stop every process of the pipeline before.\n"
                            "\n"
                            "Examples:\n"
                            "  tributary reset pipeline.yaml\n"
                            "  tributary reset pipeline.yaml --yes && tributary run pipeline.yaml\n";

enum { OPTION_FORCE = 256 };

static const struct option options[] = {
    {"yes", no_argument, NULL, 'y'},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct reset {
    const char *file;
    bool yes, force;
};

static void announce(const struct stored *stored, const struct pipeline *pipeline) {
    const struct output_config *output = &pipeline->outputs[0];
    stored_print(stored, pipeline, pipeline->name);
    printf("All this is deleted, and so is the changelog topic \"%s\". The next run begins where `start` "
           "says.\n",
           pipeline->changelog_topic);
    if (output->write == WRITE_UPSERT)
        printf("The rows in %s stay; those of conversions that are read again replace them.\n",
               output->table);
    else
        printf("The rows in %s stay, and those of conversions that are read again are appended ONCE MORE: "
               "empty the "
               "table before, or let `start` begin behind them.\n",
               output->table);
    printf("The dead letters in \"%s\" stay as well, and are written once more.\n",
           pipeline->dead_letter_topic);
}

/* One statement is one transaction. Sent a second time, after an answer that did not arrive, it does no harm.
 */
static bool delete_rows(struct connection *connection, const char *name, struct error *error) {
    struct parameter parameter = parameter_text(name);
    PGresult *result =
        connection_query(connection,
                         "WITH advances AS (DELETE FROM tributary.idle_advances WHERE pipeline = $1),"
                         " seed AS (DELETE FROM tributary.pipelines WHERE pipeline = $1)"
                         " DELETE FROM tributary.progress WHERE pipeline = $1",
                         &parameter, 1, SURROUNDINGS_TIMEOUT_MS, error);
    PQclear(result);
    return result || error_prefix(error, "nothing was deleted");
}

/* Only a compacted topic can be a changelog: a file that names some other topic must not cost its records. */
static bool delete_compacted(struct topics *topics, const char *topic, bool *deleted, struct error *error) {
    int partitions;
    *deleted = false;
    if (!topics_partitions(topics, topic, SURROUNDINGS_TIMEOUT_MS, &partitions, error)) return false;
    if (!partitions) return true;
    char *policy = topics_setting(topics, topic, "cleanup.policy", SURROUNDINGS_TIMEOUT_MS, error);
    bool compacted = policy && strstr(policy, "compact");
    if (policy && !compacted)
        error_set(error, ERROR_CONFIG, "topic \"%s\" is not compacted and so no changelog", topic);
    free(policy);
    return compacted && topics_delete(topics, topic, SURROUNDINGS_TIMEOUT_MS, deleted, error);
}

/* The touches in it have another key seed from now on, so that nobody reads them: it is only for the space.
 */
static void delete_changelog(const struct pipeline *pipeline) {
    struct error error;
    bool deleted = false;
    struct topics *topics = topics_new(&pipeline->kafka, &error);
    bool ok = topics && delete_compacted(topics, pipeline->changelog_topic, &deleted, &error);
    topics_free(topics);
    if (!ok)
        printf("the changelog stays as it is: %s\nThat does no harm: what is in it is not read again.\n",
               error.message);
    else if (deleted)
        printf("deleted the topic \"%s\"; \"tributary init\" or the next run makes it anew\n",
               pipeline->changelog_topic);
    else
        printf("there is no topic \"%s\"\n", pipeline->changelog_topic);
}

static bool reset_stored(const struct pipeline *pipeline, struct connection *connection,
                         const struct stored *stored, const struct reset *reset, struct error *error) {
    if (!stored->any) {
        printf("nothing is stored for pipeline \"%s\"\n", pipeline->name);
        return true;
    }
    if (!reset->force &&
        !stored_is_at_rest(pipeline, pipeline->kafka.group, "; --force goes ahead all the same", error))
        return false;
    announce(stored, pipeline);
    if (!stored_agree(reset->yes, "Delete it?", error)) return false;
    if (!delete_rows(connection, pipeline->name, error)) return false;
    printf("deleted the progress of pipeline \"%s\"\n", pipeline->name);
    delete_changelog(pipeline);
    return true;
}

static int reset_file(const struct reset *reset) {
    struct pipeline *pipeline = pipeline_load(reset->file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error;
    struct stored stored = {0};
    struct connection *connection = stored_open(pipeline, "reset", &error);
    bool ok = connection && stored_find(connection, pipeline->name, &stored, &error) &&
              reset_stored(pipeline, connection, &stored, reset, &error);
    stored_release(&stored);
    connection_free(connection);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("reset", &error);
}

int command_reset(int argc, char **argv) {
    struct reset reset = {0};
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":yh", options, NULL)) != -1) switch (option) {
        case 'y': reset.yes = true; break;
        case OPTION_FORCE: reset.force = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("reset", "name one pipeline file");
    reset.file = argv[optind];
    return reset_file(&reset);
}

const struct command_text reset_text = {usage, options};
