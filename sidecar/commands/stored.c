#include "commands/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka/topics.h"
#include "pipeline/surroundings.h"
#include "postgres/schema.h"

static bool has_tables(struct connection *connection, struct error *error) {
    PGresult *result = connection_query(connection, "SELECT to_regclass('tributary.progress') IS NOT NULL",
                                        NULL, 0, SURROUNDINGS_TIMEOUT_MS, error);
    if (!result) return false;
    bool found = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return found ||
           error_set(error, ERROR_CONFIG,
                     "there is no schema \"tributary\" in this database: no pipeline ever ran with it\n"
                     "hint: is `postgres.url` right?");
}

struct connection *stored_open(const struct pipeline *pipeline, const char *command, struct error *error) {
    char name[64];
    int applied;
    if (!pipeline->postgres.url) {
        error_set(error, ERROR_CONFIG, "%s: `postgres: {url: …}` is missing", pipeline->file);
        return NULL;
    }
    snprintf(name, sizeof name, "tributary %s", command);
    struct connection *connection = connection_new(&pipeline->postgres, name);
    if (has_tables(connection, error) && schema_migrate(connection, SURROUNDINGS_TIMEOUT_MS, &applied, error))
        return connection;
    connection_free(connection);
    return NULL;
}

bool stored_find(struct connection *connection, const char *name, struct stored *stored,
                 struct error *error) {
    struct parameter parameter = parameter_text(name);
    PGresult *result = connection_query(connection,
                                        "SELECT EXISTS (SELECT FROM tributary.progress WHERE pipeline = $1)"
                                        " OR EXISTS (SELECT FROM tributary.idle_advances WHERE pipeline = $1)"
                                        " OR EXISTS (SELECT FROM tributary.pipelines WHERE pipeline = $1)",
                                        &parameter, 1, SURROUNDINGS_TIMEOUT_MS, error);
    *stored = (struct stored){0};
    if (!result) return false;
    stored->any = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    stored->progress = connection_query(
        connection,
        "SELECT partition, touch_offset, conversion_offset,"
        " to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM tributary.progress"
        " WHERE pipeline = $1 ORDER BY partition",
        &parameter, 1, SURROUNDINGS_TIMEOUT_MS, error);
    stored->partitions = stored->progress ? PQntuples(stored->progress) : 0;
    return stored->progress != NULL;
}

void stored_release(struct stored *stored) {
    PQclear(stored->progress);
    *stored = (struct stored){0};
}

void stored_print(const struct stored *stored, const struct pipeline *pipeline, const char *name) {
    const char *touches = pipeline->inputs[pipeline->attribute.touches].name;
    const char *conversions = pipeline->inputs[pipeline->attribute.conversions].name;
    printf("pipeline \"%s\" has progress in %d partition%s:\n", name, stored->partitions,
           stored->partitions == 1 ? "" : "s");
    for (int i = 0; i < stored->partitions; i++) {
        printf("  %-4s", PQgetvalue(stored->progress, i, 0));
        if (PQgetisnull(stored->progress, i, 1))
            printf(" not begun");
        else
            printf(" next: %s %s, %s %s", touches, PQgetvalue(stored->progress, i, 1), conversions,
                   PQgetvalue(stored->progress, i, 2));
        printf("; last changed %s UTC\n", PQgetvalue(stored->progress, i, 3));
    }
}

bool stored_is_at_rest(const struct pipeline *pipeline, const char *group, const char *hint,
                       struct error *error) {
    int members = 0;
    struct topics *topics = topics_new(&pipeline->kafka, error);
    bool ok = topics && topics_group_members(topics, group, SURROUNDINGS_TIMEOUT_MS, &members, error);
    topics_free(topics);
    if (!ok || !members) return ok;
    return error_set(error, ERROR_CONFIG,
                     "the consumer group \"%s\" has %d member%s: stop every process of the pipeline first\n"
                     "hint: one that was killed counts until its session times out, after 10 s by default%s",
                     group, members, members == 1 ? "" : "s", hint);
}

bool stored_agree(bool yes, const char *question, struct error *error) {
    char answer[16] = "";
    if (yes) return true;
    if (!isatty(STDIN_FILENO))
        return error_set(error, ERROR_CONFIG,
                         "there is no terminal to ask on\nhint: --yes goes ahead without asking");
    printf("%s [y/N] ", question);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y')) return true;
    return error_set(error, ERROR_FATAL, "nothing was changed");
}
