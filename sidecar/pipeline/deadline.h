/* deadline.h: a process that was told to stop ends in time. The Kafka client has calls that ignore the
 * timeout they are given while a broker is away (rd_kafka_send_offsets_to_transaction in each version so far:
 * https://github.com/confluentinc/librdkafka/issues/5456); nothing can interrupt them. What is not committed
 * by then is done again by whoever comes next, as after a crash. */
#ifndef TRIBUTARY_PIPELINE_DEADLINE_H
#define TRIBUTARY_PIPELINE_DEADLINE_H

enum { DEADLINE_MS = 15000 };

/* From now on the process has DEADLINE_MS to end by itself; after that it is ended, with a log line and exit
 * code 0. */
void deadline_begin(void);

#endif
