#include "pipeline/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "kafka/topics.h"
#include "pipeline/fingerprint.h"
#include "pipeline/surroundings.h"

void identity_release(struct identity *identity) {
    buffer_release(&identity->fingerprint);
}

static bool draw(int64_t *seed, struct error *error) {
    return getrandom(seed, sizeof *seed, 0) == sizeof *seed ||
           error_set(error, ERROR_FATAL, "the system has no random numbers to give");
}

/* Of processes that start at once, the first one's seed stands. */
static bool load_seed(struct identity *identity, const char *pipeline, struct connection *connection,
                      struct error *error) {
    int64_t seed;
    char text[24];
    if (!draw(&seed, error)) return false;
    snprintf(text, sizeof text, "%" PRId64, seed);
    struct parameter parameters[] = {parameter_text(pipeline), parameter_text(text)};
    PGresult *result = connection_query(connection,
                                        "INSERT INTO tributary.pipelines AS p (pipeline, key_seed)"
                                        " VALUES ($1::text, $2::bigint) ON CONFLICT (pipeline)"
                                        " DO UPDATE SET key_seed = p.key_seed RETURNING key_seed",
                                        parameters, 2, SURROUNDINGS_TIMEOUT_MS, error);
    if (!result) return false;
    identity->key_seed = (uint64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return true;
}

static bool format_fingerprint(struct identity *identity, const struct plan *plan, int partitions,
                               struct error *error) {
    struct topics *topics = topics_new(&plan->pipeline->kafka, error);
    char *cluster = topics ? topics_cluster_id(topics, SURROUNDINGS_TIMEOUT_MS, error) : NULL;
    topics_free(topics);
    if (!cluster) return false;
    fingerprint_format(&identity->fingerprint, plan, cluster, partitions);
    buffer_string(&identity->fingerprint);
    free(cluster);
    return true;
}

static bool judge_stored(const struct identity *identity, const char *pipeline, const char *stored,
                         struct error *error) {
    struct buffer explanation;
    buffer_init(&explanation);
    bool ok = fingerprint_compare(stored, identity->fingerprint.data, &explanation) != FINGERPRINT_STOP ||
              error_set(error, ERROR_CONFIG, "pipeline \"%s\": %s", pipeline, buffer_string(&explanation));
    buffer_release(&explanation);
    return ok;
}

static bool judge_all_stored(const struct identity *identity, const char *pipeline,
                             struct connection *connection, struct error *error) {
    struct parameter parameter = parameter_text(pipeline);
    PGresult *result = connection_query(connection,
                                        "SELECT DISTINCT fingerprint::text FROM tributary.progress"
                                        " WHERE pipeline = $1 AND fingerprint IS NOT NULL",
                                        &parameter, 1, SURROUNDINGS_TIMEOUT_MS, error);
    bool ok = result != NULL;
    for (int row = 0; ok && row < PQntuples(result); row++)
        ok = judge_stored(identity, pipeline, PQgetvalue(result, row, 0), error);
    PQclear(result);
    return ok;
}

bool identity_load(struct identity *identity, const struct plan *plan, int partitions,
                   struct connection *connection, struct error *error) {
    const char *pipeline = plan->pipeline->name;
    buffer_init(&identity->fingerprint);
    return format_fingerprint(identity, plan, partitions, error) &&
           judge_all_stored(identity, pipeline, connection, error) &&
           load_seed(identity, pipeline, connection, error);
}
