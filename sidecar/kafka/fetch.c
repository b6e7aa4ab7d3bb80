#include "kafka/fetch.h"

#include <inttypes.h>
#include <stdio.h>

void fetch_settings(const struct fetch_limits *limits, struct fetch_texts *texts,
                    struct client_setting *settings) {
    static const char *const names[FETCH_SETTINGS] = {"queued.min.messages", "queued.max.messages.kbytes",
                                                      "fetch.message.max.bytes"};
    const int64_t values[FETCH_SETTINGS] = {limits->messages, limits->queue_bytes >> 10, limits->fetch_bytes};
    for (int i = 0; i < FETCH_SETTINGS; i++) {
        snprintf(texts->text[i], sizeof texts->text[i], "%" PRId64, values[i]);
        settings[i] = (struct client_setting){names[i], texts->text[i]};
    }
}
