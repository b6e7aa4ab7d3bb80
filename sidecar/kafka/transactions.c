#include "kafka/transactions.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"

enum { TIMEOUT_MS = 60000, ATTEMPT_MS = 10000 };

struct transactions {
    struct producer *producer;
    char *id;
};

static bool is_fenced(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static bool taken_over(const struct transactions *transactions, struct error *error) {
    return error_set(error, ERROR_FATAL, "another process has taken over the transactional id \"%s\"",
                     transactions->id);
}

/* Takes the client's error. */
static bool refused(const struct transactions *transactions, const char *what, rd_kafka_error_t *why,
                    struct error *error) {
    rd_kafka_resp_err_t code = rd_kafka_error_code(why);
    if (is_fenced(code))
        taken_over(transactions, error);
    else
        error_set(error, client_error_class(code), "%s as \"%s\": %s (%s)", what, transactions->id,
                  rd_kafka_error_string(why), rd_kafka_error_name(why));
    rd_kafka_error_destroy(why);
    return false;
}

/* One step that may have to be asked for again: the client goes on with it by itself meanwhile. */
static rd_kafka_error_t *patiently(struct transactions *transactions,
                                   rd_kafka_error_t *(*step)(rd_kafka_t *, int)) {
    int64_t deadline = clock_monotonic_us() + (int64_t)TIMEOUT_MS * 1000;
    for (;;) {
        rd_kafka_error_t *why = step(producer_client(transactions->producer), ATTEMPT_MS);
        if (!why || !rd_kafka_error_is_retriable(why) || clock_monotonic_us() > deadline) return why;
        rd_kafka_error_destroy(why);
    }
}

struct transactions *transactions_new(const struct kafka_config *config, const char *role, const char *id,
                                      struct error *error) {
    struct producer *producer = producer_new_transactional(config, role, id, error);
    if (!producer) return NULL;
    struct transactions *transactions = memory_zalloc(1, sizeof *transactions);
    transactions->producer = producer;
    transactions->id = memory_strdup(id);
    rd_kafka_error_t *why = patiently(transactions, rd_kafka_init_transactions);
    if (!why) return transactions;
    refused(transactions, "no transactions", why, error);
    transactions_free(transactions);
    return NULL;
}

void transactions_free(struct transactions *transactions) {
    if (!transactions) return;
    producer_free(transactions->producer);
    free(transactions->id);
    free(transactions);
}

bool transactions_begin(struct transactions *transactions, struct error *error) {
    rd_kafka_error_t *why = rd_kafka_begin_transaction(producer_client(transactions->producer));
    return !why || refused(transactions, "no new transaction", why, error);
}

bool transactions_send(struct transactions *transactions, const struct producer_record *record,
                       int32_t partition, bool (*stop)(void), struct error *error) {
    char why[2];
    if (producer_send_waiting(transactions->producer, record, partition, stop, error)) return true;
    rd_kafka_t *client = producer_client(transactions->producer);
    return is_fenced(rd_kafka_fatal_error(client, why, sizeof why)) && taken_over(transactions, error);
}

/* A record that was not taken says more than the transaction that fails because of it. */
static bool not_committed(struct transactions *transactions, rd_kafka_error_t *why, struct error *error) {
    bool abort = rd_kafka_error_txn_requires_abort(why), fenced = is_fenced(rd_kafka_error_code(why));
    refused(transactions, "not committed", why, error);
    const struct error *failure = producer_first_failure(transactions->producer);
    if (failure && !fenced) *error = *failure;
    if (abort) transactions_abort(transactions);
    return false;
}

bool transactions_commit(struct transactions *transactions, struct error *error) {
    rd_kafka_error_t *why = patiently(transactions, rd_kafka_commit_transaction);
    return !why || not_committed(transactions, why, error);
}

void transactions_abort(struct transactions *transactions) {
    rd_kafka_error_t *why = patiently(transactions, rd_kafka_abort_transaction);
    if (why) rd_kafka_error_destroy(why);
    producer_forget_failures(transactions->producer);
}
