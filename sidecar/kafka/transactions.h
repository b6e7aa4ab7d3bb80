/* transactions.h: records that arrive all or none: a producer whose records belong to transactions. Whoever
 * reads with isolation.level=read_committed sees those of committed ones only. There is one holder of a
 * transactional id at a time: a new one ends what an earlier one left open and fences it. Blocks; one thread.
 */
#ifndef TRIBUTARY_KAFKA_TRANSACTIONS_H
#define TRIBUTARY_KAFKA_TRANSACTIONS_H

#include "kafka/producer.h"

struct transactions;

/* Takes over the id: when this returns, no transaction of an earlier holder is open, and what it has
 * committed can be read. NULL with a config error when rights are missing, with a retry error when the
 * brokers did not answer within a minute. */
struct transactions *transactions_new(const struct kafka_config *config, const char *role, const char *id,
                                      struct error *error) MUST_CHECK;
/* What is not committed is not there. NULL is fine. */
void transactions_free(struct transactions *transactions);

/* The next records are one transaction. A fatal error when a later holder has taken over the id. */
bool transactions_begin(struct transactions *transactions, struct error *error) MUST_CHECK;
/* As producer_send_waiting. */
bool transactions_send(struct transactions *transactions, const struct producer_record *record,
                       int32_t partition, bool (*stop)(void), struct error *error) MUST_CHECK;
/* True: all of them are there. False: none of them is, and the transaction is over; with a retry error that
 * says so, only the brokers know. */
bool transactions_commit(struct transactions *transactions, struct error *error) MUST_CHECK;
/* None of them is there. Errors are of no interest: a transaction that nobody ends is aborted by the brokers.
 */
void transactions_abort(struct transactions *transactions);

#endif
