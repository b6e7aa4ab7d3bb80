#include "kafka/transactions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"

enum { TIMEOUT_MS = 60000, ATTEMPT_MS = 10000, WATCHFUL_MS = 500 };

struct transactions {
    struct producer *producer;
    char *id;
    int patience_ms;
    const atomic_bool *stopping; /* may be NULL */
    int64_t stopped_us;          /* when that was first seen; 0: not yet */
    bool goes_on;                /* its user begins another transaction where one fails */
    bool full;                   /* is why the last record was refused */
    int64_t timeout_us;          /* after which the brokers abort one … */
    int64_t begun_us;            /* … counted from here, monotonic */
};

static bool is_fenced(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static bool taken_over(const struct transactions *transactions, struct error *error) {
    return error_set(error, transactions->goes_on ? ERROR_FENCED : ERROR_FATAL,
                     "another process has taken over the transactional id \"%s\"", transactions->id);
}

static bool has_lost_its_id(const struct transactions *transactions) {
    char why[2];
    return is_fenced(rd_kafka_fatal_error(producer_client(transactions->producer), why, sizeof why));
}

/* What the client says of a single transaction does not end those that follow it. */
static enum error_class class_of(const struct transactions *transactions, const rd_kafka_error_t *why) {
    enum error_class class = client_error_class(rd_kafka_error_code(why));
    bool passes = rd_kafka_error_txn_requires_abort(why) || rd_kafka_error_is_retriable(why);
    return transactions->goes_on && passes && class == ERROR_FATAL ? ERROR_RETRY : class;
}

/* Does the error mean that the id is lost? An abort may get a new epoch where there is one to be had. */
static bool means_fenced(const struct transactions *transactions, const rd_kafka_error_t *why) {
    if (transactions->goes_on && rd_kafka_error_txn_requires_abort(why)) return false;
    return is_fenced(rd_kafka_error_code(why)) || has_lost_its_id(transactions);
}

/* To the client an id whose transaction the brokers have aborted looks taken over as well. */
static bool is_overdue(const struct transactions *transactions) {
    return transactions->begun_us &&
           clock_monotonic_us() - transactions->begun_us >= transactions->timeout_us;
}

static bool took_too_long(const struct transactions *transactions, struct error *error) {
    return error_set(error, transactions->goes_on ? ERROR_FENCED : ERROR_RETRY,
                     "the brokers have aborted a transaction as \"%s\": it was open for %.1f s, longer than "
                     "`transaction.timeout.ms` (%.1f s) allows\nhint: begin it again: it goes on behind the "
                     "last transaction that was committed",
                     transactions->id, (double)(clock_monotonic_us() - transactions->begun_us) / 1e6,
                     (double)transactions->timeout_us / 1e6);
}

static bool lost_id(const struct transactions *transactions, struct error *error) {
    return is_overdue(transactions) ? took_too_long(transactions, error) : taken_over(transactions, error);
}

/* Takes the client's error. */
static bool refused(const struct transactions *transactions, const char *what, rd_kafka_error_t *why,
                    struct error *error) {
    if (means_fenced(transactions, why))
        lost_id(transactions, error);
    else
        error_set(error, class_of(transactions, why), "%s as \"%s\": %s (%s)%s", what, transactions->id,
                  rd_kafka_error_string(why), rd_kafka_error_name(why),
                  transactions->goes_on ? client_hint(rd_kafka_error_code(why)) : "");
    rd_kafka_error_destroy(why);
    return false;
}

/* How long one attempt may take: short where somebody may want to leave meanwhile. */
static int attempt_ms(const struct transactions *transactions) {
    int most = transactions->stopping ? WATCHFUL_MS : ATTEMPT_MS;
    return transactions->patience_ms < most ? transactions->patience_ms : most;
}

/* Whether to give up on a step that began then: its time is over, or that of somebody who leaves. */
static bool is_over(struct transactions *transactions, int64_t began_us) {
    int64_t now = clock_monotonic_us();
    if (transactions->stopping && atomic_load(transactions->stopping) && !transactions->stopped_us)
        transactions->stopped_us = now;
    if (transactions->stopped_us && now - transactions->stopped_us > (int64_t)TRANSACTIONS_LEAVE_MS * 1000)
        return true;
    return now - began_us > (int64_t)transactions->patience_ms * 1000;
}

/* One step that may have to be asked for again: the client goes on with it by itself meanwhile. */
static rd_kafka_error_t *patiently(struct transactions *transactions,
                                   rd_kafka_error_t *(*step)(rd_kafka_t *, int)) {
    int64_t began_us = clock_monotonic_us();
    for (;;) {
        rd_kafka_error_t *why = step(producer_client(transactions->producer), attempt_ms(transactions));
        if (!why || !rd_kafka_error_is_retriable(why) || is_over(transactions, began_us)) return why;
        rd_kafka_error_destroy(why);
    }
}

static struct transactions *create(const struct transactions_options *options, bool goes_on,
                                   struct error *error) {
    const struct producer_transactions how = {options->id, options->timeout_ms, options->queue_bytes,
                                              options->bulk};
    struct producer *producer = producer_new_transactional(options->config, options->role, &how, error);
    if (!producer) return NULL;
    struct transactions *transactions = memory_zalloc(1, sizeof *transactions);
    transactions->producer = producer;
    transactions->id = memory_strdup(options->id);
    transactions->patience_ms = options->timeout_ms;
    transactions->goes_on = goes_on;
    transactions->stopping = options->stopping;
    const rd_kafka_conf_t *conf = rd_kafka_conf(producer_client(producer));
    transactions->timeout_us = client_setting_ms(conf, "transaction.timeout.ms") * 1000;
    rd_kafka_error_t *why = patiently(transactions, rd_kafka_init_transactions);
    if (!why) return transactions;
    refused(transactions, "no transactions", why, error);
    transactions_free(transactions);
    return NULL;
}

struct transactions *transactions_new(const struct kafka_config *config, const char *role, const char *id,
                                      struct error *error) {
    const struct transactions_options options = {
        .config = config, .role = role, .id = id, .timeout_ms = TIMEOUT_MS};
    return create(&options, false, error);
}

struct transactions *transactions_new_limited(const struct transactions_options *options,
                                              struct error *error) {
    return create(options, true, error);
}

void transactions_free(struct transactions *transactions) {
    if (!transactions) return;
    producer_free(transactions->producer);
    free(transactions->id);
    free(transactions);
}

bool transactions_begin(struct transactions *transactions, struct error *error) {
    rd_kafka_error_t *why = rd_kafka_begin_transaction(producer_client(transactions->producer));
    transactions->begun_us = clock_monotonic_us();
    return !why || refused(transactions, "no new transaction", why, error);
}

/* A client that takes no more records and has not ended is in a transaction that has failed. */
static bool not_sent(const struct transactions *transactions, const struct error *why, struct error *error) {
    struct error end;
    if (has_lost_its_id(transactions)) return lost_id(transactions, error);
    bool failed = transactions->goes_on && why->class == ERROR_FATAL &&
                  !client_has_ended(producer_client(transactions->producer), &end);
    const struct error *first = failed ? producer_first_failure(transactions->producer) : NULL;
    return error_set(error, failed ? ERROR_RETRY : why->class, "%s", first ? first->message : why->message);
}

bool transactions_send(struct transactions *transactions, const struct producer_record *record,
                       int32_t partition, bool (*stop)(void), struct error *error) {
    struct error why;
    return producer_send_waiting(transactions->producer, record, partition, stop, &why) ||
           not_sent(transactions, &why, error);
}

bool transactions_send_now(struct transactions *transactions, const struct producer_record *record,
                           int32_t partition, struct error *error) {
    struct error why;
    transactions->full = false;
    if (producer_send_to(transactions->producer, record, partition, &why)) return true;
    transactions->full = why.class == ERROR_RETRY;
    return not_sent(transactions, &why, error);
}

bool transactions_is_full(const struct transactions *transactions) {
    return transactions->full;
}

void transactions_poll(struct transactions *transactions, int ms) {
    producer_poll(transactions->producer, ms);
}

/* --- what was read --- */

static rd_kafka_topic_partition_list_t *list_of(const struct consumed *consumed, int count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *item =
            rd_kafka_topic_partition_list_add(list, consumed[i].topic, consumed[i].partition);
        item->offset = consumed[i].next_offset;
        if (!consumed[i].metadata.len) continue;
        item->metadata = memory_strndup(consumed[i].metadata.data, consumed[i].metadata.len); /* the list's */
        item->metadata_size = consumed[i].metadata.len;
    }
    return list;
}

static rd_kafka_error_t *send_offsets(struct transactions *transactions, rd_kafka_t *consumer,
                                      const rd_kafka_topic_partition_list_t *list) {
    int64_t began_us = clock_monotonic_us();
    for (;;) {
        rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(consumer);
        rd_kafka_error_t *why = rd_kafka_send_offsets_to_transaction(producer_client(transactions->producer),
                                                                     list, member, attempt_ms(transactions));
        rd_kafka_consumer_group_metadata_destroy(member);
        if (!why || !rd_kafka_error_is_retriable(why) || is_over(transactions, began_us)) return why;
        rd_kafka_error_destroy(why);
    }
}

bool transactions_consumed(struct transactions *transactions, struct consumer *consumer,
                           const struct consumed *consumed, int count, struct error *error) {
    rd_kafka_topic_partition_list_t *list = list_of(consumed, count);
    rd_kafka_error_t *why = send_offsets(transactions, consumer_client(consumer), list);
    rd_kafka_topic_partition_list_destroy(list);
    return !why || refused(transactions, "offsets not taken", why, error);
}

/* A record that was not taken says more than the transaction that fails because of it. */
static bool not_committed(struct transactions *transactions, rd_kafka_error_t *why, struct error *error) {
    bool abort = rd_kafka_error_txn_requires_abort(why), fenced = means_fenced(transactions, why);
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

bool transactions_abort(struct transactions *transactions) {
    rd_kafka_error_t *why = patiently(transactions, rd_kafka_abort_transaction);
    bool over = !why;
    if (why) rd_kafka_error_destroy(why);
    producer_forget_failures(transactions->producer);
    return over;
}
