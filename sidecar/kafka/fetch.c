#include "kafka/fetch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

enum { LOOKS_AGAIN_SINCE = 0x02020000, LOOK_AGAIN_MS = 10, WAKE_US = 5000 };

void fetch_settings(const struct fetch_limits *limits, struct fetch_texts *texts,
                    struct client_setting *settings) {
    static const char *const names[FETCH_SETTINGS] = {"queued.min.messages", "queued.max.messages.kbytes",
                                                      "fetch.message.max.bytes", "fetch.queue.backoff.ms"};
    const int64_t values[FETCH_SETTINGS] = {limits->messages, limits->queue_bytes >> 10, limits->fetch_bytes,
                                            LOOK_AGAIN_MS};
    for (int i = 0; i < FETCH_SETTINGS; i++) {
        snprintf(texts->text[i], sizeof texts->text[i], "%" PRId64, values[i]);
        settings[i] = (struct client_setting){names[i], texts->text[i]};
    }
    if (rd_kafka_version() < LOOKS_AGAIN_SINCE) settings[FETCH_SETTINGS - 1].name = NULL;
}

struct fetch_waker fetch_waker(rd_kafka_t *client, const struct fetch_limits *limits) {
    int64_t each = rd_kafka_version() < LOOKS_AGAIN_SINCE ? limits->queue_bytes / 2 : INT64_MAX;
    return (struct fetch_waker){.client = client, .each_bytes = each};
}

/* With no time to wait the request is sent, and its answer thrown away when it comes. */
static void wake(rd_kafka_t *client, const char *topic, int32_t partition) {
    rd_kafka_topic_partition_list_t *question = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(question, topic, partition)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(client, question, 0);
    rd_kafka_topic_partition_list_destroy(question);
}

void fetch_take(struct fetch_waker *waker, const char *topic, int32_t partition, int64_t *taken,
                rd_kafka_message_t *const *messages, int count) {
    for (int i = 0; i < count; i++) *taken += (int64_t)messages[i]->len;
    if (*taken < waker->each_bytes) return;
    int64_t now = clock_monotonic_us();
    if (now - waker->woken_us < WAKE_US) return;
    wake(waker->client, topic, partition);
    waker->woken_us = now;
    *taken = 0;
}
