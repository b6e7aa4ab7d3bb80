#include "inspect/redrive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "event/timestamp.h"
#include "inspect/finder.h"
#include "kafka/topics.h"
#include "pipeline/surroundings.h"

/* A transaction holds back whoever reads these topics until it ends, so it is small. */
enum { TRANSACTION_RECORDS = 500, TRANSACTION_BYTES = 4 << 20, ID_MAX = 300 };

/* --- the choice --- */

static bool is_ours(const struct letters *letters, const struct pipeline *pipeline,
                    struct letter_origin origin) {
    if (origin.partition < 0 || origin.offset < 0) return false;
    for (int i = 0; i < pipeline->input_count; i++)
        if (strcmp(pipeline->inputs[i].source_topic, letters->topics[origin.topic]) == 0) return true;
    return false;
}

/* Where this letter is counted when it is not sent; NULL: it is. */
static size_t *obstacle(struct redrive_plan *plan, const struct letter *letter,
                        const struct pipeline *pipeline, struct redrive_choice choice) {
    if (letter->copy) return &plan->copies;
    if (!is_ours(plan->letters, pipeline, letter->origin)) return &plan->foreign;
    if (letter->redriven && !choice.again) return &plan->redriven;
    if (letter->reason == OUTCOME_LATE && !choice.late) return &plan->late;
    return NULL;
}

void redrive_plan_init(struct redrive_plan *plan, const struct letters *letters,
                       const struct pipeline *pipeline, struct redrive_choice choice) {
    *plan = (struct redrive_plan){.letters = letters,
                                  .items = memory_zalloc(letters->count + 1, sizeof(struct letter *))};
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        size_t *why_not = obstacle(plan, letter, pipeline, choice);
        if (why_not)
            ++*why_not;
        else
            plan->items[plan->count++] = letter;
    }
}

void redrive_plan_release(struct redrive_plan *plan) {
    free(plan->items);
    *plan = (struct redrive_plan){0};
}

/* --- the surroundings --- */

static bool has_place(const struct redrive_plan *plan, struct topics *topics, int topic,
                      struct error *error) {
    int highest = -1, count;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i]->origin.topic == topic && plan->items[i]->origin.partition > highest)
            highest = plan->items[i]->origin.partition;
    if (highest < 0) return true;
    const char *name = plan->letters->topics[topic];
    if (!topics_require(topics, name, SURROUNDINGS_TIMEOUT_MS, &count, error)) return false;
    return highest < count ||
           error_set(error, ERROR_CONFIG,
                     "a dead letter came from partition %d of topic \"%s\", which has only "
                     "%d partitions now",
                     highest, name, count);
}

bool redrive_check(const struct redrive_plan *plan, const struct pipeline *pipeline, struct error *error) {
    struct topics *topics = topics_new(&pipeline->kafka, error);
    bool ok = topics != NULL;
    for (int i = 0; ok && i < plan->letters->topic_count; i++) ok = has_place(plan, topics, i, error);
    topics_free(topics);
    return ok;
}

struct transactions *redrive_begin(const struct pipeline *pipeline, struct error *error) {
    char id[ID_MAX];
    snprintf(id, sizeof id, "tributary.%s.redrive", pipeline->name);
    return transactions_new(&pipeline->kafka, "redrive", id, error);
}

/* --- one record --- */

struct redrive {
    const struct redrive_plan *plan;
    const struct inspection *inspection;
    struct transactions *transactions;
    struct finder origins, letters;
    struct buffer note; /* the origins of this transaction, one a line */
    uint64_t noted, from_letter;
    size_t bytes;
};

static struct span value_of(const rd_kafka_message_t *message) {
    return (struct span){message->payload, message->len};
}

/* A topic that was made anew may have another record at that place. */
static bool is_same(const rd_kafka_message_t *message, const struct letter *letter) {
    if (time_of_ms(rd_kafka_message_timestamp(message, NULL)) != letter->timestamp_us) return false;
    if (letter->length >= 0) return message->len == (size_t)letter->length;
    return hash_bytes(message->payload, message->len) == letter->value_hash;
}

static struct producer_header *headers_of(const rd_kafka_message_t *message, int *count) {
    rd_kafka_headers_t *headers;
    *count = 0;
    if (rd_kafka_message_headers(message, &headers)) return NULL;
    size_t all = rd_kafka_header_cnt(headers);
    struct producer_header *list = memory_zalloc(all, sizeof *list);
    for (size_t i = 0; i < all; i++) {
        const void *value;
        if (rd_kafka_header_get_all(headers, i, &list[i].name, &value, &list[i].value.len)) break;
        list[i].value.data = value;
        *count = (int)i + 1;
    }
    return list;
}

/* `message` is the record at its origin, or the letter. */
static bool send_record(struct redrive *redrive, const struct letter *letter,
                        const rd_kafka_message_t *message, bool is_letter, struct error *error) {
    int count = 0;
    struct producer_header *headers = is_letter ? NULL : headers_of(message, &count);
    struct span key =
        is_letter ? dead_letter_header(message, "key") : (struct span){message->key, message->key_len};
    struct producer_record record = {.topic = redrive->plan->letters->topics[letter->origin.topic],
                                     .key = key,
                                     .value = value_of(message),
                                     .timestamp_ms =
                                         letter->timestamp_us == TIME_NONE ? 0 : letter->timestamp_us / 1000,
                                     .headers = headers,
                                     .header_count = count};
    bool sent = transactions_send(redrive->transactions, &record, letter->origin.partition,
                                  redrive->inspection->stop, error);
    free(headers);
    redrive->bytes += record.key.len + record.value.len;
    return sent;
}

static void note(struct redrive *redrive, const struct letter *letter) {
    buffer_printf(&redrive->note, "%s-%d-%" PRId64 "\n", redrive->plan->letters->topics[letter->origin.topic],
                  letter->origin.partition, letter->origin.offset);
    redrive->noted++;
}

/* From where it came, or, where it is gone from there, as the letter has it. */
static bool send_again(struct redrive *redrive, const struct letter *letter, bool *lost,
                       struct error *error) {
    const char *topic = redrive->plan->letters->topics[letter->origin.topic];
    const rd_kafka_message_t *message;
    *lost = false;
    if (!finder_find(&redrive->origins, topic, letter->origin.partition, letter->origin.offset, &message,
                     error))
        return false;
    if (message && is_same(message, letter)) {
        note(redrive, letter);
        return send_record(redrive, letter, message, false, error);
    }
    *lost = letter->length >= 0;
    if (*lost) return true;
    if (!finder_find(&redrive->letters, redrive->inspection->pipeline->dead_letter_topic, letter->partition,
                     letter->offset, &message, error))
        return false;
    *lost = !message;
    if (*lost) return true;
    note(redrive, letter);
    redrive->from_letter++;
    return send_record(redrive, letter, message, true, error);
}

/* --- one transaction --- */

static bool send_note(struct redrive *redrive, struct error *error) {
    const struct pipeline *pipeline = redrive->inspection->pipeline;
    char key[ID_MAX], count[24], time[TIMESTAMP_TEXT_MAX + 1];
    int64_t now_us = clock_wall_us();
    snprintf(key, sizeof key, "redriven-%" PRId64, now_us);
    snprintf(count, sizeof count, "%" PRIu64, redrive->noted);
    time[timestamp_format_iso(now_us, time)] = '\0';
    const struct producer_header headers[] = {{DEAD_LETTER_REDRIVEN, span_of(count)},
                                              {"pipeline", span_of(pipeline->name)},
                                              {"version", span_of(TRIBUTARY_VERSION)},
                                              {"time", span_of(time)}};
    struct producer_record record = {.topic = pipeline->dead_letter_topic,
                                     .key = span_of(key),
                                     .value = buffer_view(&redrive->note),
                                     .headers = headers,
                                     .header_count = sizeof headers / sizeof *headers};
    return transactions_send(redrive->transactions, &record, RD_KAFKA_PARTITION_UA, redrive->inspection->stop,
                             error);
}

static bool is_full(const struct redrive *redrive) {
    return redrive->noted >= TRANSACTION_RECORDS || redrive->bytes >= TRANSACTION_BYTES;
}

/* Sends as many as fit, and the note of which they are. */
static bool fill(struct redrive *redrive, size_t *at, uint64_t *lost, struct error *error) {
    while (*at < redrive->plan->count && !is_full(redrive)) {
        bool is_lost;
        if (redrive->inspection->stop && redrive->inspection->stop())
            return error_set(error, ERROR_RETRY, "stopped");
        if (!send_again(redrive, redrive->plan->items[*at], &is_lost, error)) return false;
        *lost += is_lost;
        ++*at;
    }
    return !redrive->noted || send_note(redrive, error);
}

/* One transaction: from *at on as many as fit. */
static bool step(struct redrive *redrive, size_t *at, struct redrive_result *result, struct error *error) {
    uint64_t lost = 0;
    buffer_clear(&redrive->note);
    redrive->noted = redrive->from_letter = redrive->bytes = 0;
    if (!transactions_begin(redrive->transactions, error)) return false;
    if (!fill(redrive, at, &lost, error)) {
        transactions_abort(redrive->transactions);
        return false;
    }
    if (!transactions_commit(redrive->transactions, error)) return false;
    result->sent += redrive->noted;
    result->from_letter += redrive->from_letter;
    result->lost += lost;
    return true;
}

bool redrive_run(const struct redrive_plan *plan, const struct inspection *inspection,
                 struct transactions *transactions, void (*passed)(void *, uint64_t), void *context,
                 struct redrive_result *result, struct error *error) {
    struct redrive redrive = {.plan = plan, .inspection = inspection, .transactions = transactions};
    bool ok = true;
    *result = (struct redrive_result){0};
    finder_init(&redrive.origins, inspection);
    finder_init(&redrive.letters, inspection);
    buffer_init(&redrive.note);
    for (size_t at = 0; ok && at < plan->count;) {
        ok = step(&redrive, &at, result, error);
        if (passed) passed(context, at);
    }
    buffer_release(&redrive.note);
    finder_release(&redrive.letters);
    finder_release(&redrive.origins);
    return ok;
}
