#include "pipeline/surroundings.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kafka/topics.h"
#include "pipeline/key_sample.h"

bool surroundings_dead_letter_topic(const struct pipeline *pipeline, bool *created, struct error *error) {
    /* Room for the largest record another topic takes by default, with our headers around it. */
    static const struct property settings[] = {{(char *)"max.message.bytes", (char *)"2097152"}};
    struct topic_plan plan = {pipeline->dead_letter_topic, 1, -1, settings, 1};
    struct topics *topics = topics_new(&pipeline->kafka, error);
    int partitions = 0;
    bool ok = topics && topics_partitions(topics, plan.name, SURROUNDINGS_TIMEOUT_MS, &partitions, error);
    *created = ok && partitions == 0;
    if (*created && !topics_create(topics, &plan, 1, SURROUNDINGS_TIMEOUT_MS, error)) {
        ok = error_prefix(error, "cannot create the dead-letter topic");
        *created = false;
    }
    topics_free(topics);
    return ok;
}

static bool same_partitions(const struct plan *plan, int touches, int conversions, struct error *error) {
    if (touches == conversions) return true;
    return error_set(
        error, ERROR_CONFIG,
        "topic \"%s\" has %d partitions and topic \"%s\" has %d: a conversion would not find its "
        "touches\nhint: both topics must have the same number of partitions and be partitioned by "
        "the same key",
        plan->touches->topic, touches, plan->conversions->topic, conversions);
}

bool surroundings_topics(const struct plan *plan, int *partitions, struct error *error) {
    struct topics *topics = topics_new(&plan->pipeline->kafka, error);
    int touches, conversions;
    bool ok =
        topics && topics_require(topics, plan->touches->topic, SURROUNDINGS_TIMEOUT_MS, &touches, error) &&
        topics_require(topics, plan->conversions->topic, SURROUNDINGS_TIMEOUT_MS, &conversions, error) &&
        same_partitions(plan, touches, conversions, error);
    topics_free(topics);
    if (!ok) return false;
    *partitions = touches;
    return key_sample_check(&plan->pipeline->kafka, plan->touches, plan->conversions, touches, error);
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
