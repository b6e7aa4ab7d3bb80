/* Fuzz target: a record's bytes to an event. The first byte chooses the time format. What is not refused is
 * whole. */
#include <stdint.h>
#include <stdlib.h>

#include "event/decode.h"
#include "fuzz.h"

static char field[] = "time", zone[] = "Europe/Berlin";

static struct decoder *decoder_for(enum time_format format, struct time_config *time) {
    static const char *const fields[] = {"a", "b"}, *const key[] = {"k", "a"};
    *time =
        (struct time_config){.field = field, .format = format, .zone = zone, .max_future_us = TIME_SECOND};
    const struct decoder_options options = {fields, 2, key, 2, time, 1, {0}};
    struct error error;
    struct decoder *decoder = decoder_new(&options, &error);
    if (!decoder) abort();
    return decoder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct decoder *decoders[TIME_FORMAT_EPOCH_US + 1];
    static struct time_config times[TIME_FORMAT_EPOCH_US + 1];
    if (!size) return 0;
    enum time_format format = data[0] % (TIME_FORMAT_EPOCH_US + 1);
    if (!decoders[format]) decoders[format] = decoder_for(format, &times[format]);
    struct event event;
    enum outcome refused = OUTCOME_COUNT;
    struct record record = {.timestamp_us = TIME_NONE, .value = {(const char *)data + 1, size - 1}};
    bool good = decoder_read(decoders[format], &record, &event, &refused);
    if (good != (refused == OUTCOME_COUNT)) abort();
    if (good == (*decoder_detail(decoders[format]) != '\0')) abort();
    for (int i = 0; good && i < 2; i++) fuzz_use(event.fields[i].text);
    return 0;
}
