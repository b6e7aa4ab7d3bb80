#include "kafka/producer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"
#include "telemetry/errors.h"

enum {
    SEND_FIELDS = 7, /* topic, partition, key, value, timestamp, tag, flags */
    QUEUE_BYTES = 64 << 20,
    BATCH_BYTES = 1000000, /* below the 1,048,588 bytes that topics take by default */
    FULL_WAIT_MS = 100,
};

static const struct client_setting defaults[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"partitioner", "murmur2_random"},
    {"compression.type", "lz4"},
    {"linger.ms", "5"},
    {"message.max.bytes", "16777216"},
    {"message.timeout.ms", "120000"},
    {"queue.buffering.max.kbytes", "65536"},
};
enum { DEFAULTS = sizeof defaults / sizeof *defaults, OWN_SETTINGS = 5 };

struct producer {
    rd_kafka_t *client;
    const struct kafka_config *config;
    producer_on_failure *on_failure;
    void *failure_context;
    producer_on_delivery *on_delivery;
    void *delivery_context;
    uint64_t sent, acknowledged, failures, settled;
    struct error first;
    bool in_callback;
    char trouble[300];
};

static struct span span_at(const void *data, size_t len) {
    return (struct span){data, data ? len : 0};
}

static void describe_failure(struct producer *producer, const rd_kafka_message_t *message,
                             struct error *error) {
    struct error end;
    const char *topic = rd_kafka_topic_name(message->rkt);
    size_t bytes = message->key_len + message->len;
    bool timed_out = message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && producer->trouble[0];
    if (client_has_ended(producer->client, &end))
        error_set(error, end.class, "a record of %zu bytes for topic \"%s\" was not accepted: %s", bytes,
                  topic, end.message);
    else
        client_error(error, message->err, "a record of %zu bytes for topic \"%s\" was not accepted%s%s",
                     bytes, topic, timed_out ? ": " : "", timed_out ? producer->trouble : "");
}

static void count_failure(struct producer *producer, const rd_kafka_message_t *message) {
    struct producer_failure failure = {
        .topic = rd_kafka_topic_name(message->rkt),
        .partition = message->partition,
        .key = span_at(message->key, message->key_len),
        .value = span_at(message->payload, message->len),
        .tag = (uintptr_t)message->_private,
        .code = message->err,
    };
    describe_failure(producer, message, &failure.error);
    if (producer->on_failure && producer->on_failure(producer->failure_context, &failure)) {
        producer->settled++;
        return;
    }
    if (!producer->failures++) producer->first = failure.error;
}

static void count_delivery(struct producer *producer, const rd_kafka_message_t *message) {
    producer->acknowledged++;
    producer->trouble[0] = '\0';
    if (producer->on_delivery)
        producer->on_delivery(producer->delivery_context, (uintptr_t)message->_private, message->partition,
                              message->offset);
}

/* Called from rd_kafka_poll and rd_kafka_flush, on the caller's thread. */
static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct producer *producer = opaque;
    producer->in_callback = true;
    if (message->err) {
        errors_count(ERRORS_KAFKA, rd_kafka_err2name(message->err), rd_kafka_err2name(message->err));
        count_failure(producer, message);
    } else {
        count_delivery(producer, message);
    }
    producer->in_callback = false;
}

static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque) {
    struct producer *producer = opaque;
    errors_count(ERRORS_KAFKA, rd_kafka_err2name((rd_kafka_resp_err_t)code),
                 rd_kafka_err2name((rd_kafka_resp_err_t)code));
    client_note_refusal(client, (rd_kafka_resp_err_t)code, text);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && producer->trouble[0]) return;
    snprintf(producer->trouble, sizeof producer->trouble, "%s", text);
    char *detail = strstr(producer->trouble, " (after "); /* "(after 3ms in state CONNECT)" */
    if (detail) *detail = '\0';
}

/* `own` ends with a name of NULL, and has at most OWN_SETTINGS. */
static rd_kafka_conf_t *conf_new(const struct kafka_config *config, const char *role,
                                 const struct client_setting *own, const struct client_setting *required,
                                 struct error *error) {
    struct client_setting all[DEFAULTS + OWN_SETTINGS + 1] = {{NULL, NULL}};
    int count = DEFAULTS;
    memcpy(all, defaults, sizeof defaults);
    while (own->name) all[count++] = *own++; /* the later counts */
    rd_kafka_conf_t *conf = client_conf_new(config, role, all, required, error);
    if (!conf) return NULL;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

static struct producer *create(const struct kafka_config *config, rd_kafka_conf_t *conf,
                               struct error *error) {
    if (!conf) return NULL;
    struct producer *producer = memory_zalloc(1, sizeof *producer);
    producer->config = config;
    rd_kafka_conf_set_opaque(conf, producer);
    producer->client = client_new(RD_KAFKA_PRODUCER, conf, error);
    if (producer->client) return producer;
    free(producer);
    return NULL;
}

struct producer *producer_new(const struct kafka_config *config, const char *role, int batch_bytes,
                              struct error *error) {
    char batch[16];
    snprintf(batch, sizeof batch, "%d", batch_bytes ? batch_bytes : BATCH_BYTES);
    const struct client_setting own[] = {{"batch.size", batch}, {NULL, NULL}};
    return create(config, conf_new(config, role, own, NULL, error), error);
}

/* A record may not outlive its transaction: the client refuses to start otherwise. 0 is for ever. */
static void shorten_records(rd_kafka_conf_t *conf) {
    char text[24], why[200];
    int64_t transaction = client_setting_ms(conf, "transaction.timeout.ms");
    int64_t record = client_setting_ms(conf, "message.timeout.ms");
    if (record && record <= transaction) return;
    snprintf(text, sizeof text, "%" PRId64, transaction);
    rd_kafka_conf_set(conf, "message.timeout.ms", text, why, sizeof why);
}

struct producer *producer_new_transactional(const struct kafka_config *config, const char *role,
                                            const struct producer_transactions *transactions,
                                            struct error *error) {
    char timeout[16], batch[16], queue[24];
    snprintf(timeout, sizeof timeout, "%d", transactions->timeout_ms);
    snprintf(batch, sizeof batch, "%d", BATCH_BYTES);
    int64_t bytes = transactions->queue_bytes ? transactions->queue_bytes : QUEUE_BYTES;
    snprintf(queue, sizeof queue, "%lld", (long long)(bytes / 1024 > 0 ? bytes / 1024 : 1));
    const struct client_setting own[] = {
        {"batch.size", batch},
        {"transaction.timeout.ms", timeout},
        {"queue.buffering.max.kbytes", queue},
        {"linger.ms", transactions->bulk ? "20" : "5"},
        {transactions->bulk ? "queue.buffering.max.messages" : NULL, "1000000"}, /* bytes are the bound */
        {NULL, NULL}};
    const struct client_setting required[] = {
        {"transactional.id", transactions->id}, {"enable.idempotence", "true"}, {NULL, NULL}};
    rd_kafka_conf_t *conf = conf_new(config, role, own, required, error);
    if (conf) shorten_records(conf);
    return create(config, conf, error);
}

rd_kafka_t *producer_client(struct producer *producer) {
    return producer->client;
}

void producer_free(struct producer *producer) {
    if (!producer) return;
    producer->on_failure = NULL;
    producer->on_delivery = NULL;
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(producer->client, 0); /* takes the reports of what was dropped, or the client complains */
    rd_kafka_destroy(producer->client);
    free(producer);
}

void producer_set_on_failure(struct producer *producer, producer_on_failure *callback, void *context) {
    producer->on_failure = callback;
    producer->failure_context = context;
}

void producer_set_on_delivery(struct producer *producer, producer_on_delivery *callback, void *context) {
    producer->on_delivery = callback;
    producer->delivery_context = context;
}

static rd_kafka_headers_t *headers_of(const struct producer_record *record) {
    if (!record->header_count) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)record->header_count);
    for (int i = 0; i < record->header_count; i++) {
        const struct producer_header *header = &record->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.data, (ssize_t)header->value.len);
    }
    return headers;
}

/* librdkafka takes pointers without const and does not write through them. */
static void *loose(const void *data) {
    union {
        const void *constant;
        void *loose;
    } pointer = {data};
    return pointer.loose;
}

static void *opaque_of(uintptr_t tag) {
    union {
        uintptr_t tag;
        void *opaque;
    } pointer = {tag};
    return pointer.opaque;
}

static rd_kafka_resp_err_t enqueue(struct producer *producer, const struct producer_record *record,
                                   int32_t partition) {
    rd_kafka_headers_t *headers = headers_of(record);
    rd_kafka_vu_t fields[SEND_FIELDS + 1] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {loose(record->key.data), record->key.len}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {loose(record->value.data), record->value.len}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque_of(record->tag)},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *refused = rd_kafka_produceva(producer->client, fields, SEND_FIELDS + (headers != NULL));
    if (!refused) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(refused);
    rd_kafka_error_destroy(refused);
    if (headers) rd_kafka_headers_destroy(headers);
    return code;
}

bool producer_send(struct producer *producer, const struct producer_record *record, struct error *error) {
    return producer_send_to(producer, record, RD_KAFKA_PARTITION_UA, error);
}

bool producer_send_to(struct producer *producer, const struct producer_record *record, int32_t partition,
                      struct error *error) {
    rd_kafka_resp_err_t code = enqueue(producer, record, partition);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && !producer->in_callback) {
        rd_kafka_poll(producer->client, 0);
        code = enqueue(producer, record, partition);
    }
    if (!code) {
        producer->sent++;
        return true;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL && client_has_ended(producer->client, error)) return false;
    return client_error(error, code, "a record of %zu bytes for topic \"%s\"",
                        record->key.len + record->value.len, record->topic);
}

bool producer_send_waiting(struct producer *producer, const struct producer_record *record, int32_t partition,
                           bool (*stop)(void), struct error *error) {
    struct error full;
    while (!producer_send_to(producer, record, partition, &full)) {
        if (full.class != ERROR_RETRY || (stop && stop()))
            return error_set(error, full.class, "%s", full.message);
        rd_kafka_poll(producer->client, FULL_WAIT_MS);
    }
    return true;
}

void producer_poll(struct producer *producer, int ms) {
    rd_kafka_poll(producer->client, ms);
}

bool producer_flush(struct producer *producer, int timeout_ms, struct error *error) {
    int64_t deadline = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    /* a callback may have sent more meanwhile */
    do {
        int64_t left = (deadline - clock_monotonic_us()) / 1000;
        rd_kafka_flush(producer->client, left > 0 ? (int)left : 0);
    } while (producer_pending(producer) && clock_monotonic_us() < deadline);
    if (producer->failures) return error_set(error, producer->first.class, "%s", producer->first.message);
    uint64_t pending = producer_pending(producer);
    if (!pending) return true;
    if (client_has_ended(producer->client, error)) return false;
    return error_set(error, ERROR_RETRY, "%llu records not acknowledged by \"%s\" within %g s%s%s",
                     (unsigned long long)pending, producer->config->brokers, timeout_ms / 1000.0,
                     producer->trouble[0] ? ": " : "", producer->trouble);
}

uint64_t producer_pending(const struct producer *producer) {
    return producer->sent - producer->acknowledged - producer->failures - producer->settled;
}

uint64_t producer_acknowledged(const struct producer *producer) {
    return producer->acknowledged;
}

uint64_t producer_failures(const struct producer *producer) {
    return producer->failures;
}

const struct error *producer_first_failure(const struct producer *producer) {
    return producer->failures ? &producer->first : NULL;
}

void producer_forget_failures(struct producer *producer) {
    producer->settled += producer->failures;
    producer->failures = 0;
}
