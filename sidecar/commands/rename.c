#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stored.h"
#include "config/kind.h"
#include "pipeline/surroundings.h"

static const char usage[] =
    "usage: tributary rename FILE OLD [--yes]\n"
    "\n"
    "What is stored under the name OLD belongs to the pipeline in FILE from now on, which goes on where OLD "
    "stopped.\n"
    "Change `pipeline` in FILE first. Shows what it will do and asks.\n"
    "\n"
    "  -y, --yes     do not ask\n"
    "  -h, --help    this text\n"
    "\n"
    "Refused while members of OLD's consumer group are alive, and when the pipeline in FILE has progress of "
    "its "
    "own.\n"
    "\n"
    "Example:\n"
    "  tributary rename pipeline.yaml checkouts-test\n";

static const struct option options[] = {
    {"yes", no_argument, NULL, 'y'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct rename {
    const char *file, *old;
    bool yes;
};

/* The group named in the file may be that of both names; otherwise OLD's was called after OLD. */
static bool is_at_rest(const struct pipeline *pipeline, const char *old, struct error *error) {
    struct buffer group;
    buffer_init(&group);
    buffer_printf(&group, "tributary.%s", old);
    bool ok = stored_is_at_rest(pipeline, buffer_string(&group), "", error) &&
              stored_is_at_rest(pipeline, pipeline->kafka.group, "", error);
    buffer_release(&group);
    return ok;
}

/* The changelog's topic is named after the new name, so it cannot be the one that the old name had. */
static bool has_new_changelog(const struct pipeline *pipeline) {
    size_t len = strlen(pipeline->name);
    return strncmp(pipeline->changelog_topic, pipeline->name, len) == 0 &&
           strcmp(pipeline->changelog_topic + len, ".changelog") == 0;
}

static void announce(const struct stored *stored, const struct pipeline *pipeline, const char *old) {
    stored_print(stored, pipeline, old);
    printf("All this belongs to \"%s\" from now on; with the name \"%s\" a pipeline would begin anew.\n",
           pipeline->name, old);
    if (!has_new_changelog(pipeline)) return;
    printf(
        "The changelog is \"%s\" then: the next run finds nothing in it and reads the touches that are still "
        "needed anew from \"%s\". To keep the old one, write changelog: {topic: %s.changelog} into %s.\n",
        pipeline->changelog_topic, pipeline->inputs[pipeline->attribute.touches].topic, old, pipeline->file);
}

static void move_shared(struct buffer *sql, const char *table, const char *from, const char *to) {
    buffer_printf(sql,
                  "DELETE FROM tributary.%s WHERE pipeline = '%s'"
                  " AND EXISTS (SELECT FROM tributary.progress WHERE pipeline = '%s');\n"
                  "UPDATE tributary.%s SET pipeline = '%s' WHERE pipeline = '%s';\n",
                  table, to, from, table, to, from);
}

/* Several statements at once are one transaction. Sent a second time, after an answer that did not arrive,
 * they find nothing under the old name and change nothing. What a pipeline without progress may have left
 * under the new name makes way; progress would not. Both names consist of letters, digits, '.', '_' and '-'.
 */
static bool move_rows(struct connection *connection, const char *from, const struct pipeline *pipeline,
                      struct error *error) {
    struct buffer sql;
    buffer_init(&sql);
    move_shared(&sql, "pipelines", from, pipeline->name);
    move_shared(&sql, "idle_advances", from, pipeline->name);
    /* offsets of another topic mean nothing in the new one */
    buffer_printf(&sql, "UPDATE tributary.progress SET pipeline = '%s'%s WHERE pipeline = '%s'",
                  pipeline->name,
                  has_new_changelog(pipeline) ? ", changelog_from = NULL, changelog_next = NULL" : "", from);
    PGresult *result =
        connection_query(connection, buffer_string(&sql), NULL, 0, SURROUNDINGS_TIMEOUT_MS, error);
    buffer_release(&sql);
    PQclear(result);
    return result || error_prefix(error, "nothing was renamed");
}

static bool is_free(struct connection *connection, const struct pipeline *pipeline, struct error *error) {
    struct stored own;
    bool ok = stored_find(connection, pipeline->name, &own, error);
    int partitions = own.partitions;
    stored_release(&own);
    if (!ok || !partitions) return ok;
    return error_set(
        error, ERROR_CONFIG,
        "pipeline \"%s\" has progress of its own, in %d partition%s\nhint: \"tributary reset %s\" "
        "forgets it",
        pipeline->name, partitions, partitions == 1 ? "" : "s", pipeline->file);
}

/* A re-keyer under another group would copy everything once more, and topics of another name are other
 * topics. */
static bool keeps_rekeyed(const struct pipeline *pipeline, const char *old, struct error *error) {
    struct buffer group, topic;
    buffer_init(&group);
    buffer_init(&topic);
    buffer_printf(&group, "tributary.%s", pipeline->name);
    bool ok = true;
    for (int i = 0; ok && i < pipeline->input_count; i++) {
        const struct input_config *input = &pipeline->inputs[i];
        buffer_clear(&topic);
        buffer_printf(&topic, "%s.%s.rekeyed", pipeline->name, input->name);
        if (!input->repartition.present) continue;
        ok = strcmp(pipeline->kafka.group, buffer_string(&group)) != 0 &&
             strcmp(input->topic, buffer_string(&topic)) != 0;
        if (!ok)
            error_set(
                error, ERROR_CONFIG,
                "the input \"%s\" is re-keyed, into a topic and by a group that are called after the "
                "pipeline\n"
                "hint: keep both: write kafka: {group: tributary.%s} and repartition: {topic: %s.%s.rekeyed} "
                "into %s, then rename",
                input->name, old, old, input->name, pipeline->file);
    }
    buffer_release(&group);
    buffer_release(&topic);
    return ok;
}

static bool rename_stored(const struct pipeline *pipeline, struct connection *connection,
                          const struct stored *stored, const struct rename *rename, struct error *error) {
    if (!stored->partitions)
        return error_set(error, ERROR_CONFIG, "nothing is stored for a pipeline \"%s\" in this database",
                         rename->old);
    if (!keeps_rekeyed(pipeline, rename->old, error) || !is_free(connection, pipeline, error) ||
        !is_at_rest(pipeline, rename->old, error))
        return false;
    announce(stored, pipeline, rename->old);
    if (!stored_agree(rename->yes, "Rename it?", error)) return false;
    if (!move_rows(connection, rename->old, pipeline, error)) return false;
    printf("renamed \"%s\" to \"%s\"\n", rename->old, pipeline->name);
    return true;
}

static bool rename_pipeline(const struct pipeline *pipeline, const struct rename *rename,
                            struct error *error) {
    struct stored stored = {0};
    if (!kind_matches(KIND_NAME, rename->old))
        return error_set(error, ERROR_CONFIG, "\"%s\" cannot be the name of a pipeline", rename->old);
    if (strcmp(pipeline->name, rename->old) == 0)
        return error_set(
            error, ERROR_CONFIG,
            "the pipeline in %s is called \"%s\" already\nhint: change `pipeline` in the file first",
            rename->file, rename->old);
    struct connection *connection = stored_open(pipeline, "rename", error);
    bool ok = connection && stored_find(connection, rename->old, &stored, error) &&
              rename_stored(pipeline, connection, &stored, rename, error);
    stored_release(&stored);
    connection_free(connection);
    return ok;
}

static int rename_file(const struct rename *rename) {
    struct pipeline *pipeline = pipeline_load(rename->file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error;
    bool ok = rename_pipeline(pipeline, rename, &error);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("rename", &error);
}

int command_rename(int argc, char **argv) {
    struct rename rename = {0};
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":yh", options, NULL)) != -1) switch (option) {
        case 'y': rename.yes = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 2 != argc)
        return arguments_refuse("rename", "name one pipeline file, and the name that its progress has now");
    rename.file = argv[optind];
    rename.old = argv[optind + 1];
    return rename_file(&rename);
}

const struct command_text rename_text = {usage, options};
