/* transactions.h: records that arrive all or none: a producer whose records belong to transactions. Whoever
 * reads with isolation.level=read_committed sees those of committed ones only. There is one holder of a
 * transactional id at a time: a new one ends what an earlier one left open and fences it. Blocks; one thread.
 */
#ifndef TRIBUTARY_KAFKA_TRANSACTIONS_H
#define TRIBUTARY_KAFKA_TRANSACTIONS_H

#include <stdatomic.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"

struct transactions;

/* Takes over the id: when this returns, no transaction of an earlier holder is open, and what it has
 * committed can be read. NULL with a config error when rights are missing, with a retry error when the
 * brokers did not answer within a minute. */
struct transactions *transactions_new(const struct kafka_config *config, const char *role, const char *id,
                                      struct error *error) MUST_CHECK;

struct transactions_options {
    const struct kafka_config *config;
    const char *role, *id;
    int timeout_ms;      /* after which the brokers abort a transaction, and how long they are waited for */
    int64_t queue_bytes; /* as of producer_transactions */
    bool bulk;
    const atomic_bool
        *stopping; /* once it is true nothing is waited for longer than TRANSACTIONS_LEAVE_MS; NULL: never */
};
enum { TRANSACTIONS_LEAVE_MS = 3000 };
/* The same for somebody who goes on when something fails. Errors have these classes:
 *   retry   the transaction cannot be committed: transactions_abort, and begin the next (after a refused
 *           record that one may fail as well, for the gap in the numbers: then the one after it)
 *   fenced  a later holder has taken over the id, or the brokers aborted a transaction that took too long:
 *           what was committed last only the consumer's group knows
 *   config  a right is missing
 *   poison  a record is larger than the topic takes
 *   fatal   anything else: the client is of no more use */
struct transactions *transactions_new_limited(const struct transactions_options *options,
                                              struct error *error) MUST_CHECK;

/* What is not committed is not there. NULL is fine. */
void transactions_free(struct transactions *transactions);

/* The next records are one transaction. A fatal error when a later holder has taken over the id. */
bool transactions_begin(struct transactions *transactions, struct error *error) MUST_CHECK;
/* As producer_send_waiting. */
bool transactions_send(struct transactions *transactions, const struct producer_record *record,
                       int32_t partition, bool (*stop)(void), struct error *error) MUST_CHECK;
/* As producer_send_to, without waiting: a retry error of which transactions_is_full says true when there is
 * no room at the moment. Serve it with transactions_poll and send the record again. */
bool transactions_send_now(struct transactions *transactions, const struct producer_record *record,
                           int32_t partition, struct error *error) MUST_CHECK;
/* Was it a full queue that refused the last record of transactions_send_now? The transaction is well then. */
bool transactions_is_full(const struct transactions *transactions);
/* Serves acknowledgements, waiting up to `ms` for the first one. */
void transactions_poll(struct transactions *transactions, int ms);

/* What was read for the transaction, of a topic of the consumer. */
struct consumed {
    const char *topic;
    int32_t partition;
    int64_t next_offset;
    struct span
        metadata; /* at most 4096 bytes by the brokers' default (offset.metadata.max.bytes); absent: none */
};
/* The consumer's group has come so far if the transaction is committed, and only then. Call it once, after
 * the last record. Refused (retry) when the consumer is not a member of the group any more: the partitions
 * may be another's. */
bool transactions_consumed(struct transactions *transactions, struct consumer *consumer,
                           const struct consumed *consumed, int count, struct error *error) MUST_CHECK;

/* True: all of them are there. False: none of them is, and the transaction is over; with a retry error that
 * says so, only the brokers know. */
bool transactions_commit(struct transactions *transactions, struct error *error) MUST_CHECK;
/* None of them is there. Whoever does not begin another need not care for the result: a transaction that
 * nobody ends is aborted by the brokers. False: no other can begin, and a commit that only the brokers know
 * of may have happened; transactions_free, and a new one under the same id finds it ended either way. */
bool transactions_abort(struct transactions *transactions);

#endif
