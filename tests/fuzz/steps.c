/* Fuzz target: an event through cleaning steps. The first byte chooses the steps. What is not refused is
 * whole UTF-8, a number is one, and what has been cleaned stays as it is when it is cleaned again. */
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "event/number.h"
#include "fuzz.h"
#include "transform/steps.h"

static const char *const lists[] = {
    "strip_non_ascii: [a], trim: [a], lower: [b], trim: [b]",
    "remove: {fields: [a], characters: \",\xc3\xa9\"}, upper: [b]",
    "count_suffix: {fields: [a, b], otherwise: 0}",
    "count_suffix: {fields: [a]}, cast: {b: int}",
    "cast: {a: decimal, b: bool}",
    "cast: {a: timestamp}, cast: {b: text}",
    "cast: {a: epoch_ms}, null_if: {b: [x, 1, \"\", true]}, default: {b: y}",
    "where: {a: {min: 1, max: 1e3, not: [7]}, b: {present: true}}, drop: [b]",
    "where: {a: [x, 7, true], b: {min: \"b\"}}, coalesce: {b: [c, a]}",
    "rename: {c: a}, hash: {fields: [a, b]}",
    "replace: {fields: [a, b], text: a, with: bb}",
};
enum { LISTS = sizeof lists / sizeof *lists, UNSTABLE = LISTS - 3 };

static const char *const fields[] = {"a", "b"};

static struct decoder *decoder_for(const char *steps, enum steps_scope scope) {
    char yaml[1000];
    struct error error;
    snprintf(yaml, sizeof yaml,
             "version: 1\npipeline: p\nkafka: {brokers: b}\n"
             "inputs: {t: {kafka: {topic: tt}, time: {field: at, format: epoch_s, zone: Europe/Berlin}, "
             "steps: [%s]},"
             " c: {kafka: {topic: cc}, time: {field: at}}}\n"
             "attribute: {conversions: c, touches: t, key: [k], window: 1h}\n"
             "outputs: [{postgres: {table: r, primary_key: [a], columns: [a]}}]\n",
             steps);
    static struct pipeline *kept[2 * LISTS]; /* as long as the process */
    static int count;
    struct pipeline *pipeline = kept[count++] = pipeline_parse(yaml, strlen(yaml), "p.yaml", stderr);
    if (!pipeline) abort();
    struct decoder_options options = {.fields = fields, .field_count = 2, .time = &pipeline->inputs[0].time};
    struct decoder *decoder = steps_decoder_new(&options, &pipeline->inputs[0], scope, &error);
    if (!decoder) abort();
    return decoder;
}

static void check_value(struct value value) {
    struct number number;
    fuzz_use(value.text);
    if ((value.type == VALUE_NULL) != !value.text.data) abort();
    if (value.type != VALUE_NULL && utf8_valid_prefix(value.text) != value.text.len) abort();
    /* Of an event itself a number may have an exponent that nobody reads. */
    if (value.type == VALUE_NUMBER && !number_parse(value.text, &number) && value.text.len < 10) abort();
}

static void put(struct buffer *json, const char *name, struct value value) {
    if (value.type == VALUE_NULL) return;
    buffer_printf(json, ",\"%s\":", name);
    if (value.type == VALUE_STRING)
        buffer_json(json, value.text);
    else
        buffer_span(json, value.text);
}

static void check_again(struct decoder *decoder, const struct event *event) {
    struct buffer first, second;
    struct event again;
    enum outcome refused;
    buffer_init(&first);
    buffer_init(&second);
    buffer_text(&first, "{\"at\":1");
    for (int i = 0; i < 2; i++) put(&first, fields[i], event->fields[i]);
    buffer_byte(&first, '}');
    struct record record = {.timestamp_us = TIME_NONE, .value = buffer_view(&first)};
    if (decoder_read(decoder, &record, &again, &refused)) {
        buffer_text(&second, "{\"at\":1");
        for (int i = 0; i < 2 && !again.filtered_by; i++) put(&second, fields[i], again.fields[i]);
        buffer_byte(&second, '}');
        if (!again.filtered_by && !span_equal(buffer_view(&first), buffer_view(&second))) abort();
    }
    buffer_release(&first);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct decoder *decoders[2][LISTS];
    if (!size) return 0;
    int list = data[0] % LISTS;
    for (int thorough = 0; thorough < 2; thorough++) {
        struct decoder **decoder = &decoders[thorough][list];
        if (!*decoder) *decoder = decoder_for(lists[list], thorough ? STEPS_THOROUGH : STEPS_ALL);
        struct event event;
        enum outcome refused = OUTCOME_COUNT;
        struct record record = {.timestamp_us = TIME_NONE, .value = {(const char *)data + 1, size - 1}};
        bool good = decoder_read(*decoder, &record, &event, &refused);
        if (good != (refused == OUTCOME_COUNT) || refused == OUTCOME_FILTERED) abort();
        if (good == (*decoder_detail(*decoder) != '\0')) abort();
        for (int i = 0; good && i < 2; i++) check_value(event.fields[i]);
        if (good && !event.filtered_by && list < UNSTABLE && !thorough) check_again(*decoder, &event);
    }
    return 0;
}
