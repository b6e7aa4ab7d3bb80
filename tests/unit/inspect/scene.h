/* scene.h: a pipeline "p" with the topics "clicks" (two partitions), "checkouts" and "p.dead-letters" in a
 * mock cluster, and what tests write into them. */
#ifndef TRIBUTARY_TESTS_INSPECT_SCENE_H
#define TRIBUTARY_TESTS_INSPECT_SCENE_H

#include <stdio.h>

#include "../kafka/mock.h"
#include "inspect/letters.h"
#include "kafka/producer.h"
#include "telemetry/log.h"

enum { SCENE_FLUSH_MS = 30000, SCENE_HEADERS = 12 };

struct scene {
    struct mock mock;
    struct input_config inputs[2];
    struct pipeline pipeline;
    struct inspection inspection;
    struct producer *producer;
};

static inline void scene_init(struct scene *scene) {
    static char clicks[] = "clicks", checkouts[] = "checkouts", t[] = "t", c[] = "c", name[] = "p",
                letters[] = "p.dead-letters";
    struct error error = {0};
    log_set_level(LOG_LEVEL_ERROR);
    mock_init(&scene->mock, clicks, 2);
    ck_assert_int_eq(rd_kafka_mock_topic_create(scene->mock.cluster, checkouts, 1, 1), 0);
    ck_assert_int_eq(rd_kafka_mock_topic_create(scene->mock.cluster, letters, 1, 1), 0);
    scene->inputs[0] = (struct input_config){.name = t, .topic = clicks, .source_topic = clicks};
    scene->inputs[1] = (struct input_config){.name = c, .topic = checkouts, .source_topic = checkouts};
    scene->pipeline = (struct pipeline){.name = name,
                                        .kafka = scene->mock.config,
                                        .inputs = scene->inputs,
                                        .input_count = 2,
                                        .dead_letter_topic = letters};
    struct inspection_options options = {.pipeline = &scene->pipeline, .command = "test"};
    ck_assert_msg(inspection_open_topics(&scene->inspection, &options, &error), "%s", error.message);
    scene->producer = producer_new(&scene->pipeline.kafka, "test", 0, &error);
    ck_assert_msg(scene->producer != NULL, "%s", error.message);
}

static inline void scene_release(struct scene *scene) {
    producer_free(scene->producer);
    inspection_close(&scene->inspection);
    mock_release(&scene->mock);
}

static inline void scene_send(struct scene *scene, const struct producer_record *record, int partition) {
    struct error error = {0};
    ck_assert_msg(producer_send_to(scene->producer, record, partition, &error) &&
                      producer_flush(scene->producer, SCENE_FLUSH_MS, &error),
                  "%s", error.message);
}

static inline struct producer_header scene_header(const char *name, const char *value) {
    return (struct producer_header){name, span_of(value)};
}

/* A letter of "p" with these headers and no others but `pipeline`; a name of NULL ends them. */
static inline void scene_letter(struct scene *scene, const char *value,
                                const struct producer_header *headers) {
    struct producer_header all[SCENE_HEADERS] = {{"pipeline", span_of("p")}};
    int count = 1;
    for (; headers->name; headers++) all[count++] = *headers;
    struct producer_record record = {.topic = "p.dead-letters",
                                     .value = span_of(value),
                                     .timestamp_ms = 5000,
                                     .headers = all,
                                     .header_count = count};
    scene_send(scene, &record, 0);
}

/* A usual one, of a record whose timestamp is 1000 ms. */
static inline void scene_usual(struct scene *scene, const char *topic, int partition, int64_t offset,
                               const char *reason, const char *time, const char *value) {
    char partition_text[24], offset_text[24];
    snprintf(partition_text, sizeof partition_text, "%d", partition);
    snprintf(offset_text, sizeof offset_text, "%lld", (long long)offset);
    struct producer_header headers[] = {
        scene_header("reason", reason),
        scene_header("detail", "why not"),
        scene_header("topic", topic),
        scene_header("partition", partition_text),
        scene_header("offset", offset_text),
        scene_header("timestamp", "1000"),
        scene_header("time", time),
        scene_header("key", "k"),
        {NULL, {0}},
    };
    scene_letter(scene, value, headers);
}

/* A note of what was redriven. */
static inline void scene_note(struct scene *scene, const char *pipeline, struct span origins) {
    struct producer_header headers[] = {scene_header(DEAD_LETTER_REDRIVEN, "1"),
                                        scene_header("pipeline", pipeline)};
    struct producer_record record = {
        .topic = "p.dead-letters", .value = origins, .headers = headers, .header_count = 2};
    scene_send(scene, &record, 0);
}

static const struct letters_filter SCENE_EVERYTHING = {.since_us = TIME_NONE, .until_us = TIME_END};

static inline struct letters scene_letters(struct scene *scene, const struct letters_filter *filter) {
    struct letters letters;
    struct error error = {0};
    ck_assert_msg(letters_read(&letters, &scene->inspection, filter, NULL, NULL, &error), "%s",
                  error.message);
    return letters;
}

#endif
