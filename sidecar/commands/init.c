#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/arguments.h"
#include "commands/command.h"
#include "pipeline/surroundings.h"
#include "postgres/schema.h"

static const char usage[] =
    "usage: tributary init FILE [--print-sql]\n"
    "\n"
    "Creates what a pipeline needs and does not have yet: Tributary's own tables (schema \"tributary\"), "
    "the\n"
    "dead-letter topic and the changelog topic. Running it again changes nothing. \"run\" does the same "
    "where "
    "its\n"
    "rights allow it.\n"
    "\n"
    "      --print-sql   print the statements for the tables, and the grants that \"run\" needs, instead\n"
    "  -h, --help        this text\n"
    "\n"
    "Examples:\n"
    "  tributary init pipeline.yaml\n"
    "  tributary init pipeline.yaml --print-sql | psql -v user=tributary \"$ADMIN_URL\"\n";

enum { OPTION_PRINT_SQL = 256 };

static const struct option options[] = {
    {"print-sql", no_argument, NULL, OPTION_PRINT_SQL}, {"help", no_argument, NULL, 'h'}, {0}};

static void print_usage_grant(const char *table) {
    const char *dot = strrchr(table, '.');
    if (dot) printf("GRANT USAGE ON SCHEMA %.*s TO :\"user\";\n", (int)(dot - table), table);
}

/* The least that "run" needs, for the role in psql's variable "user". */
static void print_grants(const struct pipeline *pipeline) {
    printf("GRANT USAGE ON SCHEMA tributary TO :\"user\";\n"
           "GRANT SELECT ON tributary.schema_version TO :\"user\";\n"
           "GRANT SELECT, INSERT, UPDATE ON tributary.progress, tributary.pipelines TO :\"user\";\n"
           "GRANT SELECT, INSERT, UPDATE, DELETE ON tributary.idle_advances TO :\"user\";\n");
    for (int i = 0; i < pipeline->output_count; i++) print_usage_grant(pipeline->outputs[i].table);
    for (int i = 0; i < pipeline->lookup_count; i++) print_usage_grant(pipeline->lookups[i].table);
    for (int i = 0; i < pipeline->output_count; i++)
        printf("GRANT %s ON %s TO :\"user\";\n",
               pipeline->outputs[i].write == WRITE_UPSERT ? "SELECT, INSERT, UPDATE" : "INSERT",
               pipeline->outputs[i].table);
    for (int i = 0; i < pipeline->lookup_count; i++)
        printf("GRANT SELECT ON %s TO :\"user\";\n", pipeline->lookups[i].table);
}

static void print_sql(const struct pipeline *pipeline) {
    struct buffer sql;
    buffer_init(&sql);
    schema_print(&sql);
    fputs(buffer_string(&sql), stdout);
    buffer_release(&sql);
    printf("\n-- The rights of the user that \"tributary run\" connects as: psql -v user=NAME\n"
           "\\if :{?user}\n");
    print_grants(pipeline);
    printf("\\endif\n");
}

static void print_topic(const char *topic, bool created) {
    printf("%s topic \"%s\"\n", created ? "created" : "found  ", topic);
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
    return create_changelog(pipeline, error);
}

int command_init(int argc, char **argv) {
    bool print = false;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) switch (option) {
        case OPTION_PRINT_SQL: print = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("init", "name one pipeline file");
    struct pipeline *pipeline = pipeline_load(argv[optind], stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error;
    bool ok = true;
    if (print)
        print_sql(pipeline);
    else
        ok = create(pipeline, &error);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("init", &error);
}
