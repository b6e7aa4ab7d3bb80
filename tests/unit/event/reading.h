/* reading.h: what the tests of decode.c share: a decoder and the record last read with it. */
#ifndef TRIBUTARY_TESTS_EVENT_READING_H
#define TRIBUTARY_TESTS_EVENT_READING_H

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "event/decode.h"
#include "suite.h"

enum { SEED = 12345 };
#define JUNE   INT64_C(1718600400000000) /* 2024-06-17 05:00:00 UTC */
#define MINUTE (60 * TIME_SECOND)
#define TIME   "\"time\": \"2024-06-17 05:00:00\""

/* A decoder of fields a and b, key k, and one record read with it. */
struct reading {
    struct time_config time;
    struct decoder *decoder;
    struct event event;
    enum outcome refused;
    bool ok;
};

static inline void open_with(struct reading *r, enum time_format format, char *zone,
                             const char *const *fields, int field_count, const char *const *key,
                             int key_count) {
    struct error error = {0};
    *r = (struct reading){.time = {.format = format, .zone = zone, .max_future_us = MINUTE}};
    r->time.field = (char *)(uintptr_t) "time";
    const struct decoder_options options = {fields, field_count, key, key_count, &r->time, SEED, {0}};
    r->decoder = decoder_new(&options, &error);
    ck_assert_msg(r->decoder != NULL, "%s", error.message);
}

static char utc[] = "UTC";

static inline void open_plain(struct reading *r) {
    static const char *const fields[] = {"a", "b"}, *const key[] = {"k"};
    open_with(r, TIME_FORMAT_ISO, utc, fields, 2, key, 1);
}

static inline void close_reading(struct reading *r) {
    decoder_free(r->decoder);
}

/* The record lies in memory of its own, gone before the event is looked at: the sanitizer sees every byte
 * read behind it or too late. */
static inline void read_at(struct reading *r, struct span value, int64_t timestamp_us) {
    char *copy = malloc(value.len ? value.len : 1);
    if (value.len) memcpy(copy, value.data, value.len);
    struct record record = {.offset = 1, .timestamp_us = timestamp_us, .value = {copy, value.len}};
    r->refused = OUTCOME_COUNT;
    r->ok = decoder_read(r->decoder, &record, &r->event, &r->refused);
    memset(copy, 'X', value.len);
    free(copy);
    ck_assert(r->ok == (r->refused == OUTCOME_COUNT));
    ck_assert(r->ok == (decoder_detail(r->decoder)[0] == '\0'));
}

static inline void read_bytes(struct reading *r, const char *bytes, size_t len) {
    read_at(r, (struct span){bytes, len}, TIME_NONE);
}

static inline void read_text(struct reading *r, const char *text) {
    read_bytes(r, text, strlen(text));
}

static inline void assert_read(struct reading *r, const char *text) {
    read_text(r, text);
    ck_assert_msg(r->ok, "%s: %s", text, decoder_detail(r->decoder));
}

/* Asserts how it is refused; `detail` is part of what is said about it. */
static inline void assert_refused(struct reading *r, const char *bytes, size_t len, enum outcome outcome,
                                  const char *detail) {
    read_bytes(r, bytes, len);
    ck_assert_msg(!r->ok, "%.*s", (int)len, bytes);
    ck_assert_msg(r->refused == outcome, "%.*s: %s, %s", (int)len, bytes, outcome_name(r->refused),
                  decoder_detail(r->decoder));
    ck_assert_msg(strstr(decoder_detail(r->decoder), detail), "%s", decoder_detail(r->decoder));
}

static inline void assert_value(struct value value, enum value_type type, const char *text) {
    ck_assert_int_eq(value.type, type);
    if (!text) {
        ck_assert_ptr_null(value.text.data);
        return;
    }
    ck_assert_msg(span_is(value.text, text), "%.*s, not %s", SPAN_ARGS(value.text), text);
}

#define REFUSED(text, outcome, detail) assert_refused(&r, text, sizeof(text) - 1, outcome, detail)

#endif
