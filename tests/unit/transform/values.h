/* values.h: what the tests of transform/ share: values written shortly. */
#ifndef TRIBUTARY_TESTS_TRANSFORM_VALUES_H
#define TRIBUTARY_TESTS_TRANSFORM_VALUES_H

#include "../suite.h"
#include "event/decode.h"
#include "transform/rekey.h"

#define NOTHING ((struct value){VALUE_NULL, {0}})

static inline struct value string_value(const char *text) {
    return text ? (struct value){VALUE_STRING, span_of(text)} : NOTHING;
}

static inline struct value number_value(const char *text) {
    return (struct value){VALUE_NUMBER, span_of(text)};
}

/* A string, or null for NULL. */
static inline void assert_string(struct value value, const char *text) {
    ck_assert_int_eq(value.type, text ? VALUE_STRING : VALUE_NULL);
    assert_span(value.text, text);
}

/* The join key of an event with this JSON object as its value. */
static inline struct hash128 join_key_of(struct decoder *decoder, struct span object) {
    const struct record record = {.value = object, .timestamp_us = INT64_MIN};
    struct event event;
    enum outcome refused;
    ck_assert_msg(decoder_read(decoder, &record, &event, &refused), "%s", decoder_detail(decoder));
    ck_assert(event.has_key);
    return event.key;
}

/* Whether an event that got the value from a lookup, before its key was taken, joins with one that has `json`
 * in the place of it. */
static inline bool joins_with(struct value value, const char *json) {
    static const char *const keys[] = {"users.id"};
    static char field[] = "at", zone[] = "UTC";
    static const struct time_config time = {field, TIME_FORMAT_EPOCH_S, zone, 0, 0};
    struct decoder_options options = {.key_fields = keys, .key_count = 1, .time = &time};
    struct error error;
    struct decoder *decoder = decoder_new(&options, &error);
    ck_assert_msg(decoder != NULL, "%s", error.message);
    struct buffer extended;
    char other[200];
    buffer_init(&extended);
    rekey_extend(span_of("{\"at\": 1}"), keys, &value, 1, &extended);
    snprintf(other, sizeof other, "{\"at\": 1, \"users.id\": %s}", json);
    struct hash128 key = join_key_of(decoder, buffer_view(&extended));
    struct hash128 wanted = join_key_of(decoder, span_of(other));
    buffer_release(&extended);
    decoder_free(decoder);
    return memcmp(&key, &wanted, sizeof key) == 0;
}

#endif
