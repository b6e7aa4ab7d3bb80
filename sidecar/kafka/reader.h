/* reader.h: reads given partitions from given offsets, outside any consumer group: the changelog, the touches
 * of a rebuild, and everything that `verify`, `explain` and `state` look at. One client serves any number of
 * partitions; each is opened, read and closed on its own. One thread owns a reader. */
#ifndef TRIBUTARY_KAFKA_READER_H
#define TRIBUTARY_KAFKA_READER_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "base/error.h"
#include "config/pipeline.h"
#include "kafka/fetch.h"

struct reader;
struct reader_partition;

/* NULL with a config error when librdkafka refuses the properties. Does not wait for a broker. `role` ends up
 * in client.id. Reads what is committed only. */
struct reader *reader_new(const struct kafka_config *config, const char *role,
                          struct error *error) MUST_CHECK;
/* The same with less, or more, fetched ahead of each partition. */
struct reader *reader_new_limited(const struct kafka_config *config, const char *role,
                                  const struct fetch_limits *fetch, struct error *error) MUST_CHECK;
/* NULL is fine. Every partition must be closed and every message destroyed, or this waits for ever. */
void reader_free(struct reader *reader);

/* Begins to fetch one partition from `offset` on (RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END mean what
 * they say). Does not wait. Fetching is ahead of reading by as much as `fetch` says, more by one fetch. A
 * partition may be open only once at a time. NULL with a config error when the topic's name or the offset
 * cannot be. */
struct reader_partition *reader_open(struct reader *reader, const char *topic, int32_t partition,
                                     int64_t offset, struct error *error) MUST_CHECK;
/* NULL is fine. Waits some milliseconds for the fetcher. */
void reader_close(struct reader_partition *partition);

/* Takes up to `max` messages that are there, waiting up to `timeout_ms` for the first. The end of the
 * partition (RD_KAFKA_RESP_ERR__PARTITION_EOF, with the offset that the next record will have) and errors
 * arrive as messages too; for their class see client_error_class. After RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
 * nothing more comes: there are no records at that offset any more, or not yet.
 * rd_kafka_message_destroy each.
 *
 * Two things are silence: a topic or partition that does not exist, see reader_missing, and a broker that is
 * away, ended by its return, see reader_trouble. */
int reader_read(struct reader_partition *partition, int timeout_ms, rd_kafka_message_t **messages, int max);

/* RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, _UNKNOWN_TOPIC_OR_PART or the like, of class config, once the brokers
 * have said so; a topic they have never known is given 5 seconds to appear. Otherwise no error. Changes only
 * in reader_read. */
rd_kafka_resp_err_t reader_missing(const struct reader_partition *partition);

/* What a partition or the connection last complained about since a message arrived; "" when all is well. */
const char *reader_trouble(const struct reader *reader);

#endif
