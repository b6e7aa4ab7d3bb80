#include "pipeline/slot.h"

#include <inttypes.h>

#include "pipeline/message.h"
#include "transform/marker.h"

void slot_init(struct slot *slot, struct partition *partition, int64_t touch_end, int64_t conversion_end,
               int64_t now_us) {
    *slot = (struct slot){.partition = partition};
    slot->flows[CONSUMER_TOUCHES] = (struct flow){.active_us = now_us, .marked_us = now_us, .end = touch_end};
    slot->flows[CONSUMER_CONVERSIONS] =
        (struct flow){.active_us = now_us, .marked_us = now_us, .end = conversion_end};
}

int64_t slot_next(const struct slot *slot, enum consumer_side side) {
    return side == CONSUMER_TOUCHES ? partition_touch_next(slot->partition)
                                    : partition_conversion_next(slot->partition);
}

bool slot_is_read(const struct slot *slot, enum consumer_side side) {
    return slot_next(slot, side) >= slot->flows[side].end;
}

bool slot_wants(const struct slot *slot, enum consumer_side side) {
    if (partition_is_restoring(slot->partition)) return false;
    if (slot_is_read(slot, side)) return false;
    if (slot_is_read(slot, !side)) return true;
    return side == CONSUMER_TOUCHES ? partition_wants_touch(slot->partition)
                                    : partition_wants_conversion(slot->partition);
}

static bool refuse_unkeyed(const struct input_config *input, const rd_kafka_message_t *message,
                           int partition_count, struct error *error) {
    return error_set(error, ERROR_CONFIG,
                     "topic \"%s\" has %d partitions, but its record at [%d] offset %" PRId64
                     " has no key: records that belong together may lie in different partitions\nhint: let "
                     "Tributary re-key the "
                     "input (`repartition: {by: %s, partitions: %d}`), let the producer set the key on every "
                     "record of both "
                     "topics, or use a topic with one partition",
                     input->topic, partition_count, message->partition, message->offset,
                     input->partitioned_by ? input->partitioned_by : "FIELD", partition_count);
}

static bool take_error(struct flow *flow, const rd_kafka_message_t *message, const struct input_config *input,
                       int64_t next, int64_t now_us, struct error *error) {
    flow->active_us = now_us;
    flow->at_end = flow->idle = flow->probing = false;
    return message_take_error(message, input->topic, next, error);
}

/* A record before the next: read again only to see that it is still the same. */
static bool judge_anchor(const struct slot *slot, enum consumer_side side, const rd_kafka_message_t *message,
                         const struct input_config *input, struct error *error) {
    struct anchor anchor = partition_anchor(slot->partition, side == CONSUMER_TOUCHES);
    struct record record = record_of_message(message, input);
    return record.offset != anchor.offset || anchor_matches(&anchor, &record) ||
           message_refuse_other(message, input->topic, error);
}

void slot_anchor(struct slot *slot, enum consumer_side side, rd_kafka_message_t *const *messages, int count,
                 const struct input_config *input) {
    for (int i = count - 1; i >= 0; i--) {
        if (messages[i]->err || messages[i]->offset >= slot_next(slot, side)) continue;
        struct record record = record_of_message(messages[i], input);
        partition_set_anchor(slot->partition, side == CONSUMER_TOUCHES, &record);
        return;
    }
}

int64_t slot_start(const struct slot *slot, enum consumer_side side, int64_t low) {
    struct anchor anchor = partition_anchor(slot->partition, side == CONSUMER_TOUCHES);
    int64_t next = slot_next(slot, side);
    return anchor.offset >= low && anchor.offset >= 0 && anchor.offset < next ? anchor.offset : next;
}

static void skip(struct slot *slot, enum consumer_side side, int64_t next) {
    if (side == CONSUMER_TOUCHES)
        partition_touch_skip(slot->partition, next);
    else
        partition_conversion_skip(slot->partition, next);
}

/* With --once, what lies beyond the end is left to the next run. */
static void take_end(struct slot *slot, enum consumer_side side, int64_t next) {
    if (next < slot_next(slot, side)) return; /* of a fetch that began earlier */
    skip(slot, side, next < slot->flows[side].end ? next : slot->flows[side].end);
    slot->flows[side].at_end = true;
}

bool slot_take(struct slot *slot, enum consumer_side side, const rd_kafka_message_t *message,
               const struct input_config *input, int partition_count, int64_t now_us, struct error *error) {
    struct flow *flow = &slot->flows[side];
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        take_end(slot, side, message->offset);
        return true;
    }
    if (message->err) return take_error(flow, message, input, slot_next(slot, side), now_us, error);
    if (message->offset < slot_next(slot, side)) return judge_anchor(slot, side, message, input, error);
    if (message->offset >= flow->end) {
        skip(slot, side, flow->end);
        return true;
    }
    bool was_at_end = flow->at_end;
    flow->active_us = now_us;
    flow->at_end = flow->idle = flow->probing = false;
    if (!message->key && partition_count > 1 && !input->repartition.present)
        return refuse_unkeyed(input, message, partition_count, error);
    struct record record = record_of_message(message, input);
    if (record.marker) flow->marked_us = now_us;
    if (record.marker && was_at_end) flow->alive_us = now_us;
    if (side == CONSUMER_TOUCHES)
        partition_touch(slot->partition, &record);
    else
        partition_conversion(slot->partition, &record);
    return true;
}

static bool is_alive(const struct flow *flow, int64_t now_us) {
    return flow->alive_us && now_us - flow->alive_us < (int64_t)MARKER_FRESH_MS * 1000;
}

bool slot_seems_idle(const struct slot *slot, enum consumer_side side, const struct input_config *input,
                     int64_t now_us) {
    const struct flow *flow = &slot->flows[side];
    if (!flow->at_end || flow->idle || flow->probing || partition_is_restoring(slot->partition)) return false;
    if (input->repartition.present)
        return is_alive(flow, now_us) &&
               partition_sources_are_idle(slot->partition, side == CONSUMER_TOUCHES);
    return input->idle_timeout_us > 0 && now_us - flow->active_us >= input->idle_timeout_us;
}

bool slot_is_idle(const struct slot *slot, enum consumer_side side, int64_t now_us) {
    const struct flow *flow = &slot->flows[side];
    return flow->idle && (!flow->alive_us || is_alive(flow, now_us));
}

bool slot_is_stalled(const struct slot *slot, enum consumer_side side, const struct input_config *input,
                     int64_t now_us) {
    const struct flow *flow = &slot->flows[side];
    int64_t patience_us = (int64_t)MARKER_STALLED_MS * 1000 + input->repartition.commit_interval_us;
    return input->repartition.present && flow->at_end && now_us - flow->marked_us > patience_us;
}

void slot_is_not_read(struct slot *slot, enum consumer_side side, int64_t now_us) {
    slot->flows[side].marked_us = now_us;
}

void slot_judge_idle(struct slot *slot, enum consumer_side side, int64_t high, int64_t now_us) {
    struct flow *flow = &slot->flows[side];
    if (!flow->probing) return; /* a record or an error has come since the question */
    flow->probing = false;
    flow->idle = flow->at_end && slot_next(slot, side) == high;
    if (!flow->idle) flow->active_us = now_us;
}
