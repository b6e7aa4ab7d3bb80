/* What needs no broker of the reading of a partition: where it stops with --once. */
#include "pipeline/slot.h"

#include "plans.h"

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

static void take(struct reading *r, enum consumer_side side, rd_kafka_resp_err_t code, int64_t offset) {
    static char key[] = "k", value[] = "{\"at\": 1, \"user\": 1, \"id\": 1}";
    const rd_kafka_message_t message = {
        .err = code, .payload = value, .len = sizeof value - 1, .key = key, .key_len = 1, .offset = offset};
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

/* Progress that speaks of touches held, and no record left to read them from: that must be noticed before a
 * conversion is decided without them, so the slot has to wait for the judgement on its rebuild. */
START_TEST(missing_touches_are_noticed) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    struct progress progress = PROGRESS_START(100, 100);
    progress.held = (struct store_held){3, 12345};
    struct partition *partition = partition_new(&r.join, 0, &progress, NULL, NULL);
    partition_rebuild_from(partition, 100);
    ck_assert(!partition_is_whole(partition));
    struct slot slot;
    slot_init(&slot, partition, INT64_MAX, INT64_MAX, 0);
    ck_assert(slot.rebuilding);
    ck_assert(!r.slot.rebuilding); /* where nothing is held, nothing is missing */
    partition_free(partition);
    close_reading(&r);
}
END_TEST

/* Idle is who was silent at the end, was asked about after the silence, and has read all there is. */
START_TEST(idleness_is_proven) {
    struct reading r;
    open_reading(&r, INT64_MAX, INT64_MAX);
    struct flow *flow = &r.slot.flows[CONSUMER_TOUCHES];
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 1000)); /* not at the end */
    take(&r, CONSUMER_TOUCHES, RD_KAFKA_RESP_ERR__PARTITION_EOF, 103);
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 9));
    ck_assert(slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 10));
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 0, 1000)); /* never */
    flow->probing = true;
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 1000));
    slot_judge_idle(&r.slot, CONSUMER_TOUCHES, 104, 20); /* there is one more: the silence begins anew */
    ck_assert(!flow->idle);
    ck_assert(!slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 29));
    ck_assert(slot_seems_idle(&r.slot, CONSUMER_TOUCHES, 10, 30));
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

int main(void) {
    TCase *tests = tcase_create("slot");
    tcase_add_test(tests, leaves_what_came_later);
    tcase_add_test(tests, ends_without_a_last_record);
    tcase_add_test(tests, the_end_moves_the_position);
    tcase_add_test(tests, missing_touches_are_noticed);
    tcase_add_test(tests, idleness_is_proven);
    return suite_run("pipeline.slot", tests);
}
