/* slot.h: one partition that a worker is reading: its join, and for each of its two logs how the reading
 * goes: whether its end is reached, since when it is silent, whether it is proven idle. Used by the worker
 * only. */
#ifndef TRIBUTARY_PIPELINE_SLOT_H
#define TRIBUTARY_PIPELINE_SLOT_H

#include "kafka/consumer.h"
#include "kafka/prober.h"
#include "pipeline/partition.h"

struct flow {
    int64_t active_us; /* monotonic: the last record or error, or when reading began */
    int64_t end;       /* with --once: offsets from here on are left alone */
    bool at_end;       /* the end of the partition was seen after the last record */
    bool idle;         /* proven by a question asked after the silence; until the next record */
    bool probing;
    int64_t
        alive_us; /* monotonic, of a re-keyed input: the last marker that came when all was read; 0: none */
    int64_t marked_us; /* monotonic, of a re-keyed input: since when a marker is waited for */
};

struct slot {
    struct partition *partition;
    struct flow flows[2]; /* by consumer_side */
};

void slot_init(struct slot *slot, struct partition *partition, int64_t touch_end, int64_t conversion_end,
               int64_t now_us);

int64_t slot_next(const struct slot *slot, enum consumer_side side);
/* With --once: everything up to the end has been read. */
bool slot_is_read(const struct slot *slot, enum consumer_side side);
/* Whether to read this side on: drift, unless the other side has ended and nothing can come of waiting. */
bool slot_wants(const struct slot *slot, enum consumer_side side);

/* Where to fetch from when the topic begins at `low`: the last record read, to see that it is still the same,
 * or the next where that is gone or there is none. */
int64_t slot_start(const struct slot *slot, enum consumer_side side, int64_t low);
/* Remembers for that purpose the last record taken of these messages, all of which went through slot_take;
 * the end of the partition may be among them. */
void slot_anchor(struct slot *slot, enum consumer_side side, rd_kafka_message_t *const *messages, int count,
                 const struct input_config *input);

/* Takes one message of the side. False with a config error for a record without a key where the topic has
 * several partitions, for an offset that no longer exists, and for refusals of the cluster. */
bool slot_take(struct slot *slot, enum consumer_side side, const rd_kafka_message_t *message,
               const struct input_config *input, int partition_count, int64_t now_us,
               struct error *error) MUST_CHECK;

/* Whether the side has been silent at its end for the input's idle_timeout, or is re-keyed and all of its
 * sources are said to be idle, so that the brokers should be asked whether that is still the end. */
bool slot_seems_idle(const struct slot *slot, enum consumer_side side, const struct input_config *input,
                     int64_t now_us);
/* Whether the side no longer holds results back. Of a re-keyed one that is so only as long as markers go on
 * saying it: nobody can speak for the sources when the re-keyers are gone. */
bool slot_is_idle(const struct slot *slot, enum consumer_side side, int64_t now_us);
/* Whether the side is re-keyed, read to its end, and no marker has come for MARKER_STALLED_MS and its
 * commit_interval: the re-keyers seem to be gone. */
bool slot_is_stalled(const struct slot *slot, enum consumer_side side, const struct input_config *input,
                     int64_t now_us);
/* While it is not read, nothing can come. */
void slot_is_not_read(struct slot *slot, enum consumer_side side, int64_t now_us);
/* The answer: the high watermark. Idle if nothing has come since. */
void slot_judge_idle(struct slot *slot, enum consumer_side side, int64_t high, int64_t now_us);

#endif
