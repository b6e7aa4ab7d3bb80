/* cleaning.h: what the tests of steps.c share: steps as YAML, an event as JSON, and what becomes of it. */
#ifndef TRIBUTARY_TESTS_TRANSFORM_CLEANING_H
#define TRIBUTARY_TESTS_TRANSFORM_CLEANING_H

#include <stdio.h>

#include "../suite.h"
#include "base/time.h"
#include "transform/steps.h"

#define AT "\"at\": \"2024-06-17 05:00:00\""

/* A pipeline whose touches have these steps: flow YAML, the items of a list. */
static inline struct pipeline *cleaning_pipeline(const char *steps, const char *zone) {
    static const char format[] =
        "version: 1\n"
        "pipeline: p\n"
        "kafka: {brokers: b}\n"
        "inputs:\n"
        "  t:\n"
        "    kafka: {topic: tt}\n"
        "    time: {field: at, zone: %s}\n"
        "    steps: [%s]\n"
        "  c: {kafka: {topic: cc}, time: {field: at}}\n"
        "attribute: {conversions: c, touches: t, key: {t: [k], c: [k]}, window: 1h}\n"
        "outputs: [{postgres: {table: r, primary_key: [a], columns: [a]}}]\n";
    char text[8192];
    ck_assert_int_lt(snprintf(text, sizeof text, format, zone, steps), (int)sizeof text);
    struct pipeline *pipeline = pipeline_parse(text, strlen(text), "p.yaml", stderr);
    ck_assert_msg(pipeline != NULL, "%s", steps);
    return pipeline;
}

struct cleaning {
    struct pipeline *pipeline;
    struct decoder *decoder;
    struct event event;
    enum outcome refused;
    bool ok;
};

static const char *const cleaning_fields[] = {"a", "b", "c", "d"};

static inline void cleaning_open_scope(struct cleaning *c, const char *steps, const char *zone,
                                       enum steps_scope scope) {
    static const char *const key[] = {"k"};
    struct error error;
    *c = (struct cleaning){.pipeline = cleaning_pipeline(steps, zone)};
    struct decoder_options options = {.fields = cleaning_fields,
                                      .field_count = COUNT_OF(cleaning_fields),
                                      .key_fields = key,
                                      .key_count = 1,
                                      .time = &c->pipeline->inputs[0].time,
                                      .key_seed = 7};
    c->decoder = steps_decoder_new(&options, &c->pipeline->inputs[0], scope, &error);
    ck_assert_msg(c->decoder != NULL, "%s", error.message);
}

static inline void cleaning_open(struct cleaning *c, const char *steps) {
    cleaning_open_scope(c, steps, "UTC", STEPS_ALL);
}

static inline void cleaning_close(struct cleaning *c) {
    decoder_free(c->decoder);
    pipeline_free(c->pipeline);
}

/* The record's bytes are gone before the event is looked at. */
static inline void cleaning_read(struct cleaning *c, const char *json) {
    size_t len = strlen(json);
    char *copy = malloc(len);
    memcpy(copy, json, len);
    struct record record = {.timestamp_us = TIME_NONE, .value = {copy, len}};
    c->refused = OUTCOME_COUNT;
    c->ok = decoder_read(c->decoder, &record, &c->event, &c->refused);
    memset(copy, 'X', len);
    free(copy);
    ck_assert(c->ok == (decoder_detail(c->decoder)[0] == '\0'));
}

/* `{"a":"x","b":7}`: the fields that are not null. */
static inline void cleaning_format(const struct cleaning *c, struct buffer *out) {
    buffer_byte(out, '{');
    for (int i = 0; i < COUNT_OF(cleaning_fields); i++) {
        struct value value = c->event.fields[i];
        if (value.type == VALUE_NULL) continue;
        buffer_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", cleaning_fields[i]);
        if (value.type == VALUE_STRING)
            buffer_json(out, value.text);
        else
            buffer_span(out, value.text);
    }
    buffer_byte(out, '}');
}

/* Asserts what the fields a to d are after the steps; of an event whose other fields are `json`: "\"a\": 1".
 */
static inline void cleaned(struct cleaning *c, const char *json, const char *expected) {
    struct buffer event, found;
    buffer_init(&event);
    buffer_init(&found);
    buffer_printf(&event, "{" AT "%s%s}", *json ? ", " : "", json);
    cleaning_read(c, buffer_string(&event));
    ck_assert_msg(c->ok, "%s: %s", json, decoder_detail(c->decoder));
    ck_assert_msg(!c->event.filtered_by, "%s: filtered", json);
    cleaning_format(c, &found);
    ck_assert_msg(strcmp(buffer_string(&found), expected) == 0, "%s: %s, not %s", json, buffer_string(&found),
                  expected);
    buffer_release(&event);
    buffer_release(&found);
}

static inline void cleaned_to_nothing(struct cleaning *c, const char *json, int step) {
    char event[4096];
    snprintf(event, sizeof event, "{" AT "%s%s}", *json ? ", " : "", json);
    cleaning_read(c, event);
    ck_assert_msg(c->ok, "%s: %s", json, decoder_detail(c->decoder));
    ck_assert_msg(c->event.filtered_by == step, "%s: %d", json, c->event.filtered_by);
    ck_assert(!c->event.has_key);
    ck_assert_int_eq(c->event.time_us, INT64_C(1718600400000000));
}

static inline void cleaning_fails(struct cleaning *c, const char *json, const char *detail) {
    char event[4096];
    snprintf(event, sizeof event, "{" AT "%s%s}", *json ? ", " : "", json);
    cleaning_read(c, event);
    ck_assert_msg(!c->ok, "%s is taken", json);
    ck_assert_int_eq(c->refused, OUTCOME_STEP_FAILED);
    ck_assert_str_eq(decoder_detail(c->decoder), detail);
}

/* One pipeline after the other: steps, fields, what they become, or with a blank in front why it fails. */
struct trial {
    const char *steps, *json, *expected;
};

static inline void try_all(const struct trial *trials, int count) {
    for (int i = 0; i < count; i++) {
        struct cleaning c;
        cleaning_open(&c, trials[i].steps);
        if (trials[i].expected[0] == ' ')
            cleaning_fails(&c, trials[i].json, trials[i].expected + 1);
        else
            cleaned(&c, trials[i].json, trials[i].expected);
        cleaning_close(&c);
    }
}

#endif
