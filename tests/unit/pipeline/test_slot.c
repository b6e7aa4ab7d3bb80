/* What needs no broker of the reading of a partition: where it stops with --once. */
#include "pipeline/slot.h"

#include "plans.h"
#include "transform/marker.h"

struct reading {
    struct planned planned;
    struct join join;
    struct slot slot;
};

/* A partition of which 100 records of each log have been read, and which is to be read to these ends. */
static void open_reading(struct reading *r, int64_t touch_end, int64_t conversion_end) {
    struct error error;
    r->planned = plan_of("outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n");
    ck_assert(join_init(&r->join, r->planned.plan, 1, &error));
    struct partition *partition = partition_new(&r->join, 0, &PROGRESS_START(100, 100), NULL, NULL);
    slot_init(&r->slot, partition, touch_end, conversion_end, 0);
}

static void close_reading(struct reading *r) {
    partition_free(r->slot.partition);
    join_release(&r->join);
    planned_free(&r->planned);
}

static rd_kafka_message_t message_of(rd_kafka_resp_err_t code, int64_t offset) {
    static char key[] = "k", value[] = "{\"at\": 1, \"user\": 1, \"id\": 1}";
    return (rd_kafka_message_t){
        .err = code, .payload = value, .len = sizeof value - 1, .key = key, .key_len = 1, .offset = offset};
}

static void take(struct reading *r, enum consumer_side side, rd_kafka_resp_err_t code, int64_t offset) {
    const rd_kafka_message_t message = message_of(code, offset);
    struct error error;
    ck_assert(slot_take(&r->slot, side, &message, r->planned.plan->touches, 1, 0, &error));
}

/* Records that came after the start, and the end of the partition behind them, are in the same fetch as the
 * last that was to be read: the next run must find them. */
START_TEST(leaves_what_came_later) {
    for (enum consumer_side side = 0; side < 2; side++) {
        struct reading r;
        open_reading(&r, 100, 100);
        take(&r, side, RD_KAFKA_RESP_ERR_NO_ERROR, 100);
        take(&r, side, RD_KAFKA_RESP_ERR_NO_ERROR, 101);
        take(&r, side, RD_KAFKA_RESP_ERR__PARTITION_EOF, 102);
        ck_assert_int_eq(slot_next(&r.slot, side), 100);
        ck_assert(slot_is_read(&r.slot, side));
        close_reading(&r);
    }
}
END_TEST

/* The last offsets before the end may hold no record (markers of transactions, compaction): the first record
 * beyond the end shows that everything before it has been read. */
START_TEST(ends_without_a_last_record) {
    for (enum consumer_side side = 0; side < 2; side++) {
        struct reading r;
        open_reading(&r, 103, 103);
        ck_assert(!slot_is_read(&r.slot, side));
        take(&r, side, RD_KAFKA_RESP_ERR_NO_ERROR, 105);
        ck_assert(slot_is_read(&r.slot, side));
        ck_assert_int_eq(slot_next(&r.slot, side), 103);
        close_reading(&r);
    }
}
END_TEST

START_TEST(the_end_moves_the_position) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__PARTITION_EOF, 103);
    ck_assert_int_eq(slot_next(&r.slot, CONSUMER_TOUCHES), 103);
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__PARTITION_EOF, 101); /* of a fetch that began earlier */
    ck_assert_int_eq(slot_next(&r.slot, CONSUMER_TOUCHES), 103);
    ck_assert_int_eq(slot_next(&r.slot, CONSUMER_CONVERSIONS), 100);
    close_reading(&r);
}
END_TEST

/* Progress that speaks of touches held: until they are there, nothing is read, or conversions would be
 * decided without them. */
START_TEST(nothing_is_read_before_the_touches_are_restored) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    struct progress progress = PROGRESS_START(100, 100);
    progress.held = (struct store_held){3, 12345};
    progress.generation = r.join.generation;
    struct partition *partition = partition_new(&r.join, 0, &progress, NULL, NULL);
    struct slot slot;
    slot_init(&slot, partition, INT64_MAX, INT64_MAX, 0);
    ck_assert(!slot_wants(&slot, CONSUMER_TOUCHES) && !slot_wants(&slot, CONSUMER_CONVERSIONS));
    ck_assert(!slot_seems_idle(&slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 1000));
    struct store_held found;
    partition_restore_begin(partition, RESTORE_CHANGELOG);
    ck_assert(!partition_restore_end(partition, &found)); /* three are wanted */
    ck_assert_uint_eq(found.count, 0);
    ck_assert(partition_is_restoring(partition));
    partition_free(partition);
    close_reading(&r);
}
END_TEST

/* A record is fetched once more to see that the topic is still the one that was read. */
START_TEST(another_topic_under_the_same_name_is_noticed) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    struct record read = {.offset = 102, .timestamp_us = 5, .value = {"one", 3}};
    struct record other = {.offset = 102, .timestamp_us = 5, .value = {"two", 3}};
    struct anchor anchor = anchor_of(&read);
    ck_assert(anchor_matches(&anchor, &read));
    ck_assert(!anchor_matches(&anchor, &other));
    other = read;
    other.timestamp_us = 6;
    ck_assert(!anchor_matches(&anchor, &other));
    char text[ANCHOR_TEXT_MAX];
    anchor_format(&anchor, text);
    struct anchor parsed = anchor_parse(text);
    ck_assert(anchor_matches(&parsed, &read));
    ck_assert_int_eq(anchor_parse(NULL).offset, -1);
    ck_assert_int_eq(anchor_parse("x").offset, -1);
    ck_assert_int_eq(slot_start(&r.slot, CONSUMER_TOUCHES, 0),
                     slot_next(&r.slot, CONSUMER_TOUCHES)); /* none yet */
    close_reading(&r);
}
END_TEST

/* Whatever else the same fetch brought behind it. */
START_TEST(the_last_record_read_is_remembered) {
    static const struct {
        rd_kafka_resp_err_t code;
        int64_t offset;
    } behind[] = {{RD_KAFKA_RESP_ERR__PARTITION_EOF, 102}, /* 101 was the marker of a transaction */
                  {RD_KAFKA_RESP_ERR_NO_ERROR, 103},       /* the first beyond the end */
                  {RD_KAFKA_RESP_ERR__TRANSPORT, 0}};
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        for (enum consumer_side side = 0; side < 2; side++) {
            struct reading r;
            open_reading(&r, 103, 103);
            rd_kafka_message_t first = message_of(RD_KAFKA_RESP_ERR_NO_ERROR, 100);
            rd_kafka_message_t second = message_of(behind[i].code, behind[i].offset);
            rd_kafka_message_t *const messages[] = {&first, &second};
            for (int m = 0; m < 2; m++) take(&r, side, messages[m]->err, messages[m]->offset);
            slot_anchor(&r.slot, side, messages, 2, &(struct input_config){0});
            ck_assert_int_eq(partition_anchor(r.slot.partition, side == CONSUMER_TOUCHES).offset, 100);
            ck_assert_int_eq(slot_start(&r.slot, side, 0), 100);
            close_reading(&r);
        }
}
END_TEST

/* Idle is who was silent at the end, was asked about after the silence, and has read all there is. */
START_TEST(idleness_is_proven) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    struct flow *flow = &r.slot.flows[CONSUMER_TOUCHES];
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10},
                               1000)); /* not at the end */
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__PARTITION_EOF, 103);
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 9));
    ck_assert(slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 10));
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 0},
                               1000)); /* never */
    flow->probing = true;
    ck_assert(
        !slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 1000));
    slot_judge_idle(&r.slot, CONSUMER_TOUCHES, 104, 20); /* there is one more: the silence begins anew */
    ck_assert(!flow->idle);
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 29));
    ck_assert(slot_seems_idle(&r.slot, CONSUMER_TOUCHES, &(struct input_config){.idle_timeout_us = 10}, 30));
    slot_judge_idle(&r.slot, CONSUMER_TOUCHES, 103, 40); /* an answer that nobody waits for any more */
    ck_assert(!flow->idle);
    flow->probing = true;
    slot_judge_idle(&r.slot, CONSUMER_TOUCHES, 103, 40);
    ck_assert(flow->idle);
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__TRANSPORT, 0); /* errors are no silence */
    ck_assert(!flow->idle && !flow->at_end);
    close_reading(&r);
}
END_TEST

/* Markers that do not come are missed at the end only, and only while somebody reads. */
START_TEST(a_stall_is_seen) {
    const struct input_config rekeyed = {.repartition = {.present = true, .commit_interval_us = 7}},
                              plain = {.topic = NULL};
    const int64_t patience_us = (int64_t)MARKER_STALLED_MS * 1000 + 7;
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    ck_assert(!slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &rekeyed, 10 * patience_us)); /* not at the end */
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__PARTITION_EOF, 103);
    ck_assert(!slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &rekeyed, patience_us));
    ck_assert(slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &rekeyed, patience_us + 1));
    ck_assert(!slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &plain, patience_us + 1));
    ck_assert(!slot_is_stalled(&r.slot, CONSUMER_CONVERSIONS, &rekeyed, patience_us + 1));
    slot_is_not_read(&r.slot, CONSUMER_TOUCHES, 5);
    ck_assert(!slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &rekeyed, patience_us + 5));
    ck_assert(slot_is_stalled(&r.slot, CONSUMER_TOUCHES, &rekeyed, patience_us + 6));
    close_reading(&r);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("slot");
    tcase_add_test(tests, leaves_what_came_later);
    tcase_add_test(tests, ends_without_a_last_record);
    tcase_add_test(tests, the_end_moves_the_position);
    tcase_add_test(tests, nothing_is_read_before_the_touches_are_restored);
    tcase_add_test(tests, another_topic_under_the_same_name_is_noticed);
    tcase_add_test(tests, the_last_record_read_is_remembered);
    tcase_add_test(tests, idleness_is_proven);
    tcase_add_test(tests, a_stall_is_seen);
    return suite_run("pipeline.slot", tests);
}
