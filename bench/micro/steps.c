/* steps.c: benchmarks of sidecar/transform/steps.c: a click as in event.c with one step more each; what the
 * step costs is the difference to decode.click. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "micro.h"
#include "transform/steps.h"

static const char click[] =
    "{\"click_id\": \"7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11\", \"user_id\": 42, "
    "\"product_id\": \"0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33\", \"product\": \"Chair\", \"price\": 123.45, "
    "\"url\": \"https://shop.example/p\", \"user_agent\": \"Mozilla/5.0 (X11; Linux x86_64)\", "
    "\"ip_address\": \"198.51.100.23\", \"datetime_occured\": \"2024-06-17 05:00:00.123\"}";

static struct pipeline *pipeline;
static struct decoder *decoder;

static void set_up(const char *steps) {
    static const char *const fields[] = {"click_id"}, *const key[] = {"user_id", "product_id"};
    char yaml[1000];
    struct error error;
    setenv("MICRO_KEY", "0123456789abcdef", 1);
    snprintf(yaml, sizeof yaml,
             "version: 1\npipeline: p\nkafka: {brokers: b}\n"
             "defaults: {time: {field: datetime_occured}}\n"
             "inputs: {t: {kafka: {topic: tt}, steps: [%s]}, c: {kafka: {topic: cc}}}\n"
             "attribute: {conversions: c, touches: t, key: [user_id, product_id], window: 1h}\n"
             "outputs: [{postgres: {table: r, primary_key: [a], columns: [a]}}]\n",
             steps);
    pipeline = pipeline_parse(yaml, strlen(yaml), "p.yaml", stderr);
    if (!pipeline) exit(1);
    struct decoder_options options = {.fields = fields,
                                      .field_count = 1,
                                      .key_fields = key,
                                      .key_count = 2,
                                      .time = &pipeline->inputs[0].time,
                                      .key_seed = 12345};
    decoder = steps_decoder_new(&options, &pipeline->inputs[0], STEPS_ALL, &error);
    if (!decoder) exit(1);
}

static void tear_down(void) {
    decoder_free(decoder);
    pipeline_free(pipeline);
}

static void run(int64_t count) {
    const struct record record = {.timestamp_us = INT64_C(1718700000000000),
                                  .value = {click, sizeof click - 1}};
    for (int64_t i = 0; i < count; i++) {
        struct event event;
        enum outcome refused;
        if (!decoder_read(decoder, &record, &event, &refused)) abort();
        micro_use(event.key.low + (uint64_t)event.time_us);
    }
}

#define SET_UP(name, steps)                                                                                  \
    static void set_up_##name(void) {                                                                        \
        set_up(steps);                                                                                       \
    }

SET_UP(none, "")
SET_UP(where, "where: {product: [Lamp, Chair, Table]}")
SET_UP(filtered, "where: {product: [Lamp, Table]}")
SET_UP(range, "where: {price: {min: 1, max: 1000}}")
SET_UP(strip_non_ascii, "strip_non_ascii: [user_agent]")
SET_UP(remove, "remove: {fields: [user_agent], text: X}")
SET_UP(replace, "replace: {fields: [user_agent], text: \"; \", with: \" \"}")
SET_UP(trim, "trim: [user_agent]")
SET_UP(lower, "lower: [user_agent]")
SET_UP(count_suffix, "count_suffix: {fields: [product], otherwise: 0}")
SET_UP(cast, "cast: {user_id: int}")
SET_UP(cast_text, "cast: {user_id: text}")
SET_UP(null_if, "null_if: {product: [\"\", unknown]}")
SET_UP(fallback, "default: {country: unknown}")
SET_UP(rename, "rename: {product: name}")
SET_UP(coalesce, "coalesce: {name: [title, product]}")
SET_UP(drop, "drop: [product]")
SET_UP(hash, "hash: [ip_address]")
SET_UP(hash_key, "hash: {fields: [ip_address], key: \"${MICRO_KEY}\"}")

#define STEP(name, of)                                                                                       \
    { "steps." name, run, set_up_##of, tear_down, NULL }

const struct micro steps_benchmarks[] = {
    STEP("none", none),
    STEP("where", where),
    STEP("where.filtered", filtered),
    STEP("where.range", range),
    STEP("strip_non_ascii", strip_non_ascii),
    STEP("remove", remove),
    STEP("replace", replace),
    STEP("trim", trim),
    STEP("lower", lower),
    STEP("count_suffix", count_suffix),
    STEP("cast.int", cast),
    STEP("cast.text", cast_text),
    STEP("null_if", null_if),
    STEP("default", fallback),
    STEP("rename", rename),
    STEP("coalesce", coalesce),
    STEP("drop", drop),
    STEP("hash", hash),
    STEP("hash.key", hash_key),
    {0},
};
