/* surroundings.h: what a pipeline finds around it when it starts: topics, tables, rights. Everything that can
 * be wrong there is found here, before a record is read, and said in a sentence. Used by `run`, `init` and
 * `check --connect`. Blocks; one thread. */
#ifndef TRIBUTARY_PIPELINE_SURROUNDINGS_H
#define TRIBUTARY_PIPELINE_SURROUNDINGS_H

#include "kafka/consumer.h"
#include "output/postgres.h"
#include "pipeline/plan.h"
#include "pipeline/worker.h"
#include "postgres/catalogue.h"
#include "transform/lookup_query.h"

/* How long a server that is still starting is waited for. */
enum { SURROUNDINGS_TIMEOUT_MS = 30000 };

/* Creates the dead-letter topic where it is missing. */
bool surroundings_dead_letter_topic(const struct pipeline *pipeline, bool *created,
                                    struct error *error) MUST_CHECK;

/* Creates the changelog topic where it is missing, with at least `partitions` partitions. One that is there
 * must have as many and be compacted, nothing else: a config error otherwise. */
bool surroundings_changelog_topic(const struct pipeline *pipeline, int partitions, bool *created,
                                  struct error *error) MUST_CHECK;
/* Only looks: true as well when it does not exist yet. */
bool surroundings_changelog_check(const struct pipeline *pipeline, int partitions, bool *exists,
                                  struct error *error) MUST_CHECK;

/* Creates the topics that inputs are copied into (`repartition`), where they are missing; `created` is by
 * consumer_side, false for an input that is not copied. One that is there must have exactly as many
 * partitions as configured, lose records by age only, and keep their timestamps: a config error otherwise. */
bool surroundings_rekeyed_topics(const struct pipeline *pipeline, bool created[2],
                                 struct error *error) MUST_CHECK;
/* Only looks: true as well for those that do not exist yet. */
bool surroundings_rekeyed_check(const struct pipeline *pipeline, bool exists[2],
                                struct error *error) MUST_CHECK;

/* How many partitions there are in the topic that an input's producers write to. */
bool surroundings_source(const struct pipeline *pipeline, const struct input_config *input, int *partitions,
                         struct error *error) MUST_CHECK;

/* Both topics that producers write to exist, and what is joined has the same number of partitions: for an
 * input that is copied, the configured one, whether that topic is there or not. */
bool surroundings_partitions(const struct plan *plan, int *partitions, struct error *error) MUST_CHECK;
/* The same; and what lies in those that are joined as they are is keyed as it must be, as far as a sample of
 * each partition's newest records shows. */
bool surroundings_topics(const struct plan *plan, int *partitions, struct error *error) MUST_CHECK;

/* One table as the catalogue has it, with the rights and the unique index that we need; NULL with a config
 * error otherwise. */
struct catalogue_table *surroundings_output(const struct plan *plan, struct connection *connection,
                                            struct error *error);
struct catalogue_table *surroundings_lookup(const struct plan *plan, int lookup,
                                            struct connection *connection, struct error *error);

/* All of them; the first error. */
struct surroundings_tables {
    struct catalogue_table *output;
    struct catalogue_table **lookups; /* plan->lookup_count */
};
bool surroundings_tables(const struct plan *plan, struct connection *connection,
                         struct surroundings_tables *tables, struct error *error) MUST_CHECK;
void surroundings_tables_release(const struct plan *plan, struct surroundings_tables *tables);

#endif
