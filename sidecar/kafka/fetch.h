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

/* For full speed: about as much as is read while a fetch is under way. */
#define FETCH_LIMITS_FULL                                                                                    \
    ((struct fetch_limits){FETCH_QUEUE_FULL, FETCH_QUEUE_FULL / 8, FETCH_QUEUE_FULL / 200})
#define FETCH_QUEUE_FULL (1 << 20)

/* The limits as properties; they point into `texts`. The last one is not known to each version: without a
 * name there. */
enum { FETCH_SETTINGS = 4 };
struct fetch_texts {
    char text[FETCH_SETTINGS][24];
};
void fetch_settings(const struct fetch_limits *limits, struct fetch_texts *texts,
                    struct client_setting *settings);

/* When every queue of a broker is full, librdkafka before 2.2 goes to sleep for up to a second, however soon
 * they are empty. Whoever reads a queue therefore says what it took: for each half of a queue the partition's
 * leader is asked a question whose answer nobody waits for, which wakes the client. Later versions look again
 * by themselves. One for each client, used by the thread that reads; `each_bytes` is half a queue. */
struct fetch_waker {
    rd_kafka_t *client;
    int64_t each_bytes;
    int64_t woken_us; /* monotonic */
};
struct fetch_waker fetch_waker(rd_kafka_t *client, const struct fetch_limits *limits);
/* After each read, of an empty queue too: what could not be asked so soon after the last time is asked then.
 * *taken: the bytes taken of this queue since the client was last woken for it; zero at first. */
void fetch_take(struct fetch_waker *waker, const char *topic, int32_t partition, int64_t *taken,
                rd_kafka_message_t *const *messages, int count);

#endif
