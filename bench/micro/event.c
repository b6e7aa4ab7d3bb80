/* event.c: benchmarks of sidecar/event: what every record goes through. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/time.h"
#include "event/decode.h"
#include "event/key.h"
#include "event/timestamp.h"
#include "event/uuid.h"
#include "micro.h"

static const char click[] =
    "{\"click_id\": \"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11\", \"user_id\": 42, "
    "\"product_id\": \"0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33\", \"product\": \"Chair\", \"price\": 123.45, "
    "\"url\": \"https://shop.example/p\", \"user_agent\": \"Mozilla/5.0 (X11; Linux x86_64)\", "
    "\"ip_address\": \"198.51.100.23\", \"datetime_occured\": \"2024-06-17 05:00:00.123\"}";

static struct decoder *decoder;
static struct buffer scratch;
static struct zone *zone;

static struct span span_of_click(void) {
    return (struct span){click, sizeof click - 1};
}

static void set_up_decoder(const char *zone_name) {
    static char time_field[] = "datetime_occured", name[64];
    static struct time_config time = {.field = time_field, .zone = name, .max_future_us = 60 * TIME_SECOND};
    static const char *const fields[] = {"click_id"}, *const key[] = {"user_id", "product_id"};
    const struct decoder_options options = {fields, 1, key, 2, &time, 12345, {0}};
    struct error error;
    snprintf(name, sizeof name, "%s", zone_name);
    decoder = decoder_new(&options, &error);
    if (decoder) return;
    fprintf(stderr, "%s\n", error.message);
    exit(1);
}

static void set_up_utc(void) {
    set_up_decoder("UTC");
}

static void set_up_edmonton(void) {
    set_up_decoder("America/Edmonton");
}

static void tear_down_decoder(void) {
    decoder_free(decoder);
}

static void run_decode(int64_t count) {
    const struct record record = {.timestamp_us = INT64_C(1718700000000000), .value = span_of_click()};
    for (int64_t i = 0; i < count; i++) {
        struct event event;
        enum outcome refused;
        if (!decoder_read(decoder, &record, &event, &refused)) abort();
        micro_use(event.key.low + (uint64_t)event.time_us);
    }
}

static void set_up_key(void) {
    buffer_init(&scratch);
}

static void tear_down_key(void) {
    buffer_release(&scratch);
}

static void run_key(int64_t count) {
    const struct value fields[] = {
        {VALUE_NUMBER, {"42", 2}},
        {VALUE_STRING, {"0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33", 36}},
    };
    for (int64_t i = 0; i < count; i++) {
        struct hash128 hash = {0};
        int bad;
        key_hash(fields, 2, 12345, &scratch, &hash, &bad);
        micro_use(hash.low);
    }
}

static void run_timestamp(struct span text, const struct zone *in_zone, enum time_format format,
                          int64_t count) {
    const struct value value = {VALUE_STRING, text};
    for (int64_t i = 0; i < count; i++) {
        int64_t time_us = 0;
        timestamp_parse(value, format, in_zone, &time_us);
        micro_use((uint64_t)time_us);
    }
}

static void run_timestamp_iso(int64_t count) {
    run_timestamp(span_of("2024-06-17 05:00:00.123"), NULL, TIME_FORMAT_ISO, count);
}

static void run_timestamp_epoch(int64_t count) {
    run_timestamp(span_of("1718600400123"), NULL, TIME_FORMAT_EPOCH_MS, count);
}

static void set_up_zone(void) {
    struct error error;
    zone = zone_load("America/Edmonton", &error);
    if (!zone) exit(1);
}

static void tear_down_zone(void) {
    zone_free(zone);
}

static void run_timestamp_zone(int64_t count) {
    run_timestamp(span_of("2024-06-17 05:00:00.123"), zone, TIME_FORMAT_ISO, count);
}

static void run_timestamp_format(int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        char text[TIMESTAMP_TEXT_MAX];
        micro_use(timestamp_format(INT64_C(1718600400123000) + i, text));
    }
}

static void run_uuid_pack(int64_t count) {
    const struct span text = span_of("0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33");
    for (int64_t i = 0; i < count; i++) {
        uint8_t bytes[UUID_BYTES];
        micro_use(uuid_pack(text, bytes) + bytes[15]);
    }
}

static void run_uuid_unpack(int64_t count) {
    const uint8_t bytes[UUID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    for (int64_t i = 0; i < count; i++) {
        char text[UUID_TEXT];
        uuid_unpack(bytes, text);
        micro_use((uint64_t)text[35]);
    }
}

const struct micro event_benchmarks[] = {
    {"decode.click", run_decode, set_up_utc, tear_down_decoder, NULL},
    {"decode.click.zone", run_decode, set_up_edmonton, tear_down_decoder, NULL},
    {"key.hash", run_key, set_up_key, tear_down_key, NULL},
    {"timestamp.parse", run_timestamp_iso, NULL, NULL, NULL},
    {"timestamp.parse.zone", run_timestamp_zone, set_up_zone, tear_down_zone, NULL},
    {"timestamp.parse.epoch_ms", run_timestamp_epoch, NULL, NULL, NULL},
    {"timestamp.format", run_timestamp_format, NULL, NULL, NULL},
    {"uuid.pack", run_uuid_pack, NULL, NULL, NULL},
    {"uuid.unpack", run_uuid_unpack, NULL, NULL, NULL},
    {0},
};
