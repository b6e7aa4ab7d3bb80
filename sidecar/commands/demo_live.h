/* demo_live.h: the events of demo_events.h, sent to Kafka as they happen: event time is the present. One
 * thread, the one that handles the signals. */
#ifndef TRIBUTARY_COMMANDS_DEMO_LIVE_H
#define TRIBUTARY_COMMANDS_DEMO_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "commands/demo_events.h"
#include "config/pipeline.h"

struct demo_live {
    const struct kafka_config *kafka;
    const char *clicks_topic, *checkouts_topic;
    uint32_t partitions; /* of topics that are made because they are not there */
    uint64_t rate;       /* events per second */
    int64_t duration_us; /* 0: no end */
    bool endless;        /* the shop's numbers of clicks and checkouts are only their ratio */
    bool quiet;
};

/* Sends until SIGINT, SIGTERM, the duration or the numbers end it, waits for the acknowledgements and says on
 * standard output how many events there were. False when not all of them were acknowledged. `demo` needs no
 * demo_prepare; its times are filled in here. */
bool demo_live_run(const struct demo_live *live, struct demo *demo, struct error *error) MUST_CHECK;

#endif
