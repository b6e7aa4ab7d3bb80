#include "pipeline/surroundings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kafka/topics.h"
#include "pipeline/key_sample.h"

bool surroundings_dead_letter_topic(const struct pipeline *pipeline, bool *created, struct error *error) {
    /* Room for the largest record another topic takes by default, with our headers around it. */
    char retention[24];
    snprintf(retention, sizeof retention, "%" PRId64, pipeline->dead_letter_retention_us / 1000);
    const struct property settings[] = {{(char *)"max.message.bytes", (char *)"2097152"},
                                        {(char *)"cleanup.policy", (char *)"delete"},
                                        {(char *)"retention.ms", retention}};
    struct topic_plan plan = {pipeline->dead_letter_topic, 1, -1, settings,
                              sizeof settings / sizeof *settings};
    struct topics *topics = topics_new(&pipeline->kafka, error);
    int partitions;
    bool ok = topics && topics_ensure(topics, &plan, SURROUNDINGS_TIMEOUT_MS, &partitions, created, error);
    topics_free(topics);
    return ok || error_prefix(error, "dead letters");
}

static bool enough_partitions(const struct pipeline *pipeline, int found, int wanted, struct error *error) {
    if (found >= wanted) return true;
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions, the inputs have %d: some of them would have no place for "
        "their touches\nhint: give it %d partitions (kafka-topics.sh --alter), or delete it and it "
        "is created as it must be; the touches are then read again from their own topic",
        pipeline->changelog_topic, found, wanted, wanted);
}

/* With "delete" in the policy the brokers would remove touches by age, among them those that are needed. */
static bool only_compacted(struct topics *topics, const struct pipeline *pipeline, struct error *error) {
    const char *topic = pipeline->changelog_topic;
    char *policy = topics_setting(topics, topic, "cleanup.policy", SURROUNDINGS_TIMEOUT_MS, error);
    if (!policy) return false;
    bool ok = strcmp(policy, "compact") == 0;
    if (!ok)
        error_set(error, ERROR_CONFIG,
                  "topic \"%s\" has cleanup.policy=%s, which would lose the touches kept in it\nhint: "
                  "kafka-configs.sh --alter --topic %s --add-config cleanup.policy=compact; or name a topic "
                  "of the pipeline's own under `changelog`",
                  topic, policy, topic);
    free(policy);
    return ok;
}

static bool changelog_fits(struct topics *topics, const struct pipeline *pipeline, int partitions, int wanted,
                           struct error *error) {
    return enough_partitions(pipeline, partitions, wanted, error) && only_compacted(topics, pipeline, error);
}

/* Each block has a key of its own and is written once, in time replaced by a tombstone; compaction only drops
 * what has expired. The last segment of a partition is never compacted, so segments are small and short: that
 * much, or 10 minutes, stays behind at most. A quarter of a partition may have expired before it is
 * compacted: the whole is then a third larger than what is needed, and each byte is rewritten about four
 * times (with the default of a half it would be twice as large; with a tenth, rewritten ten times). Whoever
 * restores begins at the first block that is needed, so tombstones have no reader and may go after an hour
 * instead of a day: one a commit, they would outgrow the blocks. */
static const struct property changelog_settings[] = {
    {(char *)"cleanup.policy", (char *)"compact"},      {(char *)"segment.bytes", (char *)"67108864"},
    {(char *)"segment.ms", (char *)"600000"},           {(char *)"min.cleanable.dirty.ratio", (char *)"0.25"},
    {(char *)"delete.retention.ms", (char *)"3600000"}, {(char *)"max.message.bytes", (char *)"16777216"},
    {(char *)"compression.type", (char *)"producer"},
};

bool surroundings_changelog_topic(const struct pipeline *pipeline, int partitions, bool *created,
                                  struct error *error) {
    struct topic_plan plan = {pipeline->changelog_topic, partitions,
                              pipeline->changelog_replication > 0 ? pipeline->changelog_replication : -1,
                              changelog_settings, sizeof changelog_settings / sizeof *changelog_settings};
    struct topics *topics = topics_new(&pipeline->kafka, error);
    int found;
    bool ok = topics && topics_ensure(topics, &plan, SURROUNDINGS_TIMEOUT_MS, &found, created, error) &&
              changelog_fits(topics, pipeline, found, partitions, error);
    topics_free(topics);
    return ok || error_prefix(error, "changelog");
}

bool surroundings_changelog_check(const struct pipeline *pipeline, int partitions, bool *exists,
                                  struct error *error) {
    struct topics *topics = topics_new(&pipeline->kafka, error);
    int found;
    bool ok = topics &&
              topics_partitions(topics, pipeline->changelog_topic, SURROUNDINGS_TIMEOUT_MS, &found, error);
    *exists = ok && found > 0;
    ok = ok && (!*exists || changelog_fits(topics, pipeline, found, partitions, error));
    topics_free(topics);
    return ok || error_prefix(error, "changelog");
}

/* --- the topics that inputs are copied into --- */

/* The input of a side, as consumer_side has them. */
static const struct input_config *input_of(const struct pipeline *pipeline, int side) {
    int input = side == CONSUMER_TOUCHES ? pipeline->attribute.touches : pipeline->attribute.conversions;
    return &pipeline->inputs[input];
}

static bool as_many_as_configured(const struct input_config *input, int found, struct error *error) {
    const struct repartition_config *repartition = &input->repartition;
    if (found == repartition->partitions) return true;
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions, `repartition` of \"%s\" says %d: the keys in it would not "
        "be where they are looked for\nhint: set `partitions: %d`, or name another topic under "
        "`repartition`, and the input is copied anew",
        repartition->topic, found, input->name, repartition->partitions, found);
}

/* One setting of a topic that must have a certain value. */
static bool is_set_to(struct topics *topics, const char *topic, const char *name, const char *wanted,
                      const char *otherwise, struct error *error) {
    char *value = topics_setting(topics, topic, name, SURROUNDINGS_TIMEOUT_MS, error);
    if (!value) return false;
    bool ok = strcmp(value, wanted) == 0;
    if (!ok)
        error_set(error, ERROR_CONFIG,
                  "topic \"%s\" has %s=%s, which would %s\nhint: kafka-configs.sh --alter --topic %s "
                  "--add-config %s=%s; or name a topic of the pipeline's own under `repartition`",
                  topic, name, value, otherwise, topic, name, wanted);
    free(value);
    return ok;
}

static bool rekeyed_fits(struct topics *topics, const struct input_config *input, int found,
                         struct error *error) {
    const char *topic = input->repartition.topic;
    return as_many_as_configured(input, found, error) &&
           is_set_to(topics, topic, "cleanup.policy", "delete", "lose records that are still to be joined",
                     error) &&
           is_set_to(topics, topic, "message.timestamp.type", "CreateTime",
                     "give the copies other timestamps than the records have", error);
}

static bool ensure_rekeyed(struct topics *topics, const struct input_config *input, bool *created,
                           struct error *error) {
    char retention[24];
    snprintf(retention, sizeof retention, "%" PRId64, input->repartition.retention_us / 1000);
    const struct property settings[] = {{(char *)"cleanup.policy", (char *)"delete"},
                                        {(char *)"retention.ms", retention},
                                        {(char *)"message.timestamp.type", (char *)"CreateTime"},
                                        {(char *)"max.message.bytes", (char *)"16777216"},
                                        {(char *)"compression.type", (char *)"producer"}};
    struct topic_plan plan = {input->repartition.topic, input->repartition.partitions, -1, settings,
                              sizeof settings / sizeof *settings};
    int found;
    bool ok = topics_ensure(topics, &plan, SURROUNDINGS_TIMEOUT_MS, &found, created, error) &&
              rekeyed_fits(topics, input, found, error);
    return ok || error_prefix(error, "re-keying \"%s\"", input->name);
}

static bool is_any_rekeyed(const struct pipeline *pipeline) {
    return input_of(pipeline, CONSUMER_TOUCHES)->repartition.present ||
           input_of(pipeline, CONSUMER_CONVERSIONS)->repartition.present;
}

bool surroundings_rekeyed_topics(const struct pipeline *pipeline, bool created[2], struct error *error) {
    created[CONSUMER_TOUCHES] = created[CONSUMER_CONVERSIONS] = false;
    if (!is_any_rekeyed(pipeline)) return true;
    struct topics *topics = topics_new(&pipeline->kafka, error);
    bool ok = topics != NULL;
    for (int side = 0; ok && side < 2; side++) {
        const struct input_config *input = input_of(pipeline, side);
        if (input->repartition.present) ok = ensure_rekeyed(topics, input, &created[side], error);
    }
    topics_free(topics);
    return ok;
}

static bool look_at_rekeyed(struct topics *topics, const struct input_config *input, bool *exists,
                            struct error *error) {
    int found;
    if (!topics_partitions(topics, input->repartition.topic, SURROUNDINGS_TIMEOUT_MS, &found, error))
        return false;
    *exists = found > 0;
    return !*exists || rekeyed_fits(topics, input, found, error) ||
           error_prefix(error, "re-keying \"%s\"", input->name);
}

bool surroundings_rekeyed_check(const struct pipeline *pipeline, bool exists[2], struct error *error) {
    exists[CONSUMER_TOUCHES] = exists[CONSUMER_CONVERSIONS] = false;
    if (!is_any_rekeyed(pipeline)) return true;
    struct topics *topics = topics_new(&pipeline->kafka, error);
    bool ok = topics != NULL;
    for (int side = 0; ok && side < 2; side++) {
        const struct input_config *input = input_of(pipeline, side);
        if (input->repartition.present) ok = look_at_rekeyed(topics, input, &exists[side], error);
    }
    topics_free(topics);
    return ok;
}

bool surroundings_source(const struct pipeline *pipeline, const struct input_config *input, int *partitions,
                         struct error *error) {
    struct topics *topics = topics_new(&pipeline->kafka, error);
    bool ok =
        topics && topics_require(topics, input->source_topic, SURROUNDINGS_TIMEOUT_MS, partitions, error);
    topics_free(topics);
    return ok;
}

/* --- the inputs --- */

static bool other_than_rekeyed(const struct input_config *copied, int configured,
                               const struct input_config *other, int found, struct error *error) {
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions and \"%s\" is copied into %d: a conversion would not find "
        "its touches\nhint: set `repartition: {partitions: %d}` for \"%s\", or have both inputs "
        "copied",
        other->source_topic, found, copied->name, configured, found, copied->name);
}

static bool same_partitions(const struct plan *plan, int touches, int conversions, struct error *error) {
    if (touches == conversions) return true;
    if (plan->touches->repartition.present)
        return other_than_rekeyed(plan->touches, touches, plan->conversions, conversions, error);
    if (plan->conversions->repartition.present)
        return other_than_rekeyed(plan->conversions, conversions, plan->touches, touches, error);
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions and topic \"%s\" has %d: a conversion would not find its "
        "touches\nhint: both topics must have the same number of partitions and be partitioned by "
        "the same key",
        plan->touches->topic, touches, plan->conversions->topic, conversions);
}

static bool joined_partitions(struct topics *topics, const struct input_config *input, int *count,
                              struct error *error) {
    if (!topics_require(topics, input->source_topic, SURROUNDINGS_TIMEOUT_MS, count, error)) return false;
    if (input->repartition.present) *count = input->repartition.partitions;
    return true;
}

bool surroundings_partitions(const struct plan *plan, int *partitions, struct error *error) {
    struct topics *topics = topics_new(&plan->pipeline->kafka, error);
    int touches, conversions;
    bool ok = topics && joined_partitions(topics, plan->touches, &touches, error) &&
              joined_partitions(topics, plan->conversions, &conversions, error) &&
              same_partitions(plan, touches, conversions, error);
    topics_free(topics);
    if (ok) *partitions = touches;
    return ok;
}

bool surroundings_topics(const struct plan *plan, int *partitions, struct error *error) {
    return surroundings_partitions(plan, partitions, error) &&
           key_sample_check(&plan->pipeline->kafka, plan->touches, plan->conversions, *partitions, error);
}

static bool may(struct connection *connection, const struct catalogue_table *table, const char *privilege,
                struct error *error) {
    bool may;
    if (!catalogue_may(connection, table, privilege, SURROUNDINGS_TIMEOUT_MS, &may, error)) return false;
    return may || error_set(error, ERROR_CONFIG,
                            "the database user may not %s table %s\nhint: GRANT %s ON %s TO the user",
                            privilege, table->name, privilege, table->name);
}

static bool check_upsert(const struct plan *plan, struct connection *connection,
                         const struct catalogue_table *table, struct error *error) {
    const struct output_config *output = plan->output;
    bool unique;
    if (output->write != WRITE_UPSERT) return true;
    if (!may(connection, table, "SELECT", error) || !may(connection, table, "UPDATE", error)) return false;
    if ((output->several || output->early) && !may(connection, table, "DELETE", error)) return false;
    if (!catalogue_is_unique(connection, table, output->primary_key, output->primary_key_count,
                             SURROUNDINGS_TIMEOUT_MS, &unique, error))
        return false;
    return unique ||
           error_set(error, ERROR_CONFIG,
                     "table %s has no unique index on exactly the columns of \"primary_key\"\nhint: "
                     "upsert needs one: make them the table's primary key, or add a unique index",
                     table->name);
}

struct catalogue_table *surroundings_output(const struct plan *plan, struct connection *connection,
                                            struct error *error) {
    struct catalogue_table *table =
        catalogue_load(connection, plan->output->table, SURROUNDINGS_TIMEOUT_MS, error);
    if (!table) {
        error_prefix(error, "output");
        return NULL;
    }
    if (may(connection, table, "INSERT", error) && check_upsert(plan, connection, table, error)) return table;
    catalogue_free(table);
    return NULL;
}

struct catalogue_table *surroundings_lookup(const struct plan *plan, int lookup,
                                            struct connection *connection, struct error *error) {
    const struct lookup_config *config = plan->lookups[lookup].config;
    struct catalogue_table *table = catalogue_load(connection, config->table, SURROUNDINGS_TIMEOUT_MS, error);
    if (table && may(connection, table, "SELECT", error)) return table;
    catalogue_free(table);
    error_prefix(error, "lookup \"%s\"", config->name);
    return NULL;
}

bool surroundings_tables(const struct plan *plan, struct connection *connection,
                         struct surroundings_tables *tables, struct error *error) {
    *tables = (struct surroundings_tables){
        .lookups = memory_zalloc((size_t)plan->lookup_count, sizeof(struct catalogue_table *))};
    tables->output = surroundings_output(plan, connection, error);
    bool ok = tables->output != NULL;
    for (int i = 0; ok && i < plan->lookup_count; i++) {
        tables->lookups[i] = surroundings_lookup(plan, i, connection, error);
        ok = tables->lookups[i] != NULL;
    }
    return ok;
}

void surroundings_tables_release(const struct plan *plan, struct surroundings_tables *tables) {
    catalogue_free(tables->output);
    for (int i = 0; tables->lookups && i < plan->lookup_count; i++) catalogue_free(tables->lookups[i]);
    free(tables->lookups);
    *tables = (struct surroundings_tables){0};
}
