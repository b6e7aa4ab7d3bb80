/* rekey_writer.h: what a re-keyer writes, in transactions: records under their key, markers, and the offsets
 * of the sources. After a failure of class ERROR_RETRY nothing of the open transaction has arrived, or only
 * the brokers know: rekey_writer_abort, and read again from the committed offsets. Blocks where the brokers
 * do; one thread. */
#ifndef TRIBUTARY_PIPELINE_REKEY_WRITER_H
#define TRIBUTARY_PIPELINE_REKEY_WRITER_H

#include <librdkafka/rdkafka.h>

#include "event/outcome.h"
#include "kafka/consumer.h"
#include "pipeline/plan.h"
#include "pipeline/rekey_gauges.h"
#include "pipeline/rekey_source.h"

struct rekey_writer;

struct rekey_writer_options {
    const struct pipeline *pipeline;
    const int *source_counts; /* partitions of each input's source topic */
    const char *group;
    int worker;
    const atomic_bool *stopping; /* whoever leaves does not wait long for brokers that are away */
};

struct rekey_writer *rekey_writer_new(const struct rekey_writer_options *options);
void rekey_writer_free(struct rekey_writer *writer);

/* Connects, unless it is connected: takes over the transactional id. A retry error when the brokers did not
 * answer. */
bool rekey_writer_connect(struct rekey_writer *writer, struct error *error) MUST_CHECK;

/* Adds a record of the source, as it came but with this key (absent: none), to the transaction; with `value`
 * in the place of its own unless that is absent. *full: the client's queue is full, nothing was added; serve
 * rekey_writer_poll and try again. */
bool rekey_writer_send(struct rekey_writer *writer, const struct rekey_source *source,
                       const rd_kafka_message_t *message, struct span key, struct span value, bool *full,
                       struct error *error) MUST_CHECK;
/* Adds a dead letter about a record of the source instead. */
bool rekey_writer_bury(struct rekey_writer *writer, const struct rekey_source *source,
                       const rd_kafka_message_t *message, enum outcome outcome, const char *detail,
                       bool *full, struct error *error) MUST_CHECK;
/* Serves acknowledgements. */
void rekey_writer_poll(struct rekey_writer *writer, int ms);

/* Whether it is; nothing else but connecting, polling and aborting is allowed where it is not. */
bool rekey_writer_is_connected(const struct rekey_writer *writer);
/* Whether records were added since the last commit. */
bool rekey_writer_is_open(const struct rekey_writer *writer);
/* Adds one marker for each partition of the inputs for which `markers` is set, and the offsets of all sources
 * whose committed offset is another, or of all; commits. */
bool rekey_writer_commit(struct rekey_writer *writer, struct consumer *consumer,
                         const struct rekey_source *sources, int count, const bool *markers,
                         struct error *error) MUST_CHECK;
void rekey_writer_abort(struct rekey_writer *writer);

/* What became of the transactions so far. Until rekey_writer_free. */
const struct rekey_transactions *rekey_writer_transactions(const struct rekey_writer *writer);

#endif
