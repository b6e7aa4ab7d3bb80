#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/rights.h"
#include "pipeline/surroundings.h"
#include "postgres/schema.h"

static const char usage[] =
    "usage: tributary init FILE [--print-sql | --print-acls]\n"
    "\n"
    "Creates what a pipeline needs and does not have yet: Tributary's own tables (schema \"tributary\"), "
    "the\n"
    "dead-letter topic, the changelog topic and those that inputs are copied into. Running it again changes "
    "nothing. \"run\" does the same "
    "where "
    "its\n"
    "rights allow it.\n"
    "\n"
    "      --print-sql   print the statements for the tables, and the grants that are needed, instead\n"
    "      --print-acls  print the access control lists that are needed in Kafka, as a shell script\n"
    "  -h, --help        this text\n"
    "\n"
    "Examples:\n"
    "  tributary init pipeline.yaml\n"
    "  tributary init pipeline.yaml --print-sql | psql -v user=tributary \"$ADMIN_URL\"\n"
    "  tributary init pipeline.yaml --print-acls | PRINCIPAL=User:tributary ADMIN_CONFIG=admin.properties "
    "sh\n";

enum { OPTION_PRINT_SQL = 256, OPTION_PRINT_ACLS };

static const struct option options[] = {{"print-sql", no_argument, NULL, OPTION_PRINT_SQL},
                                        {"print-acls", no_argument, NULL, OPTION_PRINT_ACLS},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

static void print_sql(const struct pipeline *pipeline) {
    struct buffer sql;
    buffer_init(&sql);
    schema_print(&sql);
    fputs(buffer_string(&sql), stdout);
    buffer_release(&sql);
    rights_print_grants(pipeline);
}

static void print_topic(const char *topic, bool created) {
    printf("%s topic \"%s\"\n", created ? "created" : "found  ", topic);
}

static bool create_rekeyed(const struct pipeline *pipeline, struct error *error) {
    const int inputs[2] = {[CONSUMER_TOUCHES] = pipeline->attribute.touches,
                           [CONSUMER_CONVERSIONS] = pipeline->attribute.conversions};
    bool created[2];
    if (!surroundings_rekeyed_topics(pipeline, created, error)) return false;
    for (int side = 0; side < 2; side++) {
        const struct repartition_config *repartition = &pipeline->inputs[inputs[side]].repartition;
        if (repartition->present) print_topic(repartition->topic, created[side]);
    }
    return true;
}

/* It has as many partitions as the inputs, which may not be there yet. */
static bool create_changelog(const struct pipeline *pipeline, struct error *error) {
    struct plan *plan = plan_new(pipeline);
    int partitions;
    bool created;
    bool known = surroundings_partitions(plan, &partitions, error);
    plan_free(plan);
    if (known) {
        if (!surroundings_changelog_topic(pipeline, partitions, &created, error)) return false;
        print_topic(pipeline->changelog_topic, created);
        return true;
    }
    if (error->class != ERROR_CONFIG) return false;
    printf("later   topic \"%s\": %s\n", pipeline->changelog_topic, error->message);
    return true;
}

static bool create(const struct pipeline *pipeline, struct error *error) {
    if (!pipeline->postgres.url)
        return error_set(error, ERROR_CONFIG, "%s: `postgres: {url: …}` is missing", pipeline->file);
    struct connection *connection = connection_new(&pipeline->postgres, "tributary init");
    int applied;
    bool created;
    bool ok = schema_migrate(connection, SURROUNDINGS_TIMEOUT_MS, &applied, error);
    connection_free(connection);
    if (!ok) return false;
    printf("%s schema \"tributary\", version %d\n", applied ? "created" : "found  ", schema_migration_count);
    if (!surroundings_dead_letter_topic(pipeline, &created, error)) return false;
    print_topic(pipeline->dead_letter_topic, created);
    return create_rekeyed(pipeline, error) && create_changelog(pipeline, error);
}

int command_init(int argc, char **argv) {
    void (*print)(const struct pipeline *) = NULL;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) switch (option) {
        case OPTION_PRINT_SQL: print = print_sql; break;
        case OPTION_PRINT_ACLS: print = rights_print_acls; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("init", "name one pipeline file");
    struct pipeline *pipeline = pipeline_load(argv[optind], stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error;
    bool ok = true;
    if (print)
        print(pipeline);
    else
        ok = create(pipeline, &error);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("init", &error);
}

const struct command_text init_text = {usage, options};
