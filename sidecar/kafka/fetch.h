/* fetch.h: how much a Kafka consumer keeps in memory. librdkafka has a queue for each partition; it stops
 * fetching for one that holds `messages` or `queue_bytes`, and exceeds that by what one fetch brings. Plain
 * data; any thread. */
#ifndef TRIBUTARY_KAFKA_FETCH_H
#define TRIBUTARY_KAFKA_FETCH_H

#include "kafka/client.h"

struct fetch_limits {
    int64_t queue_bytes; /* of messages in a queue */
    int64_t fetch_bytes; /* of one fetch, compressed */
    int messages;        /* in a queue */
};

/* A full queue that was emptied may be noticed only a second later (librdkafka 2.0): for full speed it must
 * hold about as much as is read in that time. */
#define FETCH_LIMITS_FULL ((struct fetch_limits){4 << 20, 512 << 10, 20000})

/* The limits as properties; they point into `texts`. */
enum { FETCH_SETTINGS = 3 };
struct fetch_texts {
    char text[FETCH_SETTINGS][24];
};
void fetch_settings(const struct fetch_limits *limits, struct fetch_texts *texts,
                    struct client_setting *settings);

#endif
