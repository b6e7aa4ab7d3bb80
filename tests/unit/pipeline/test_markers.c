/* The join of a partition whose inputs are re-keyed: only markers move its watermarks, and what a commit
 * stores of the sources is what was known where its progress ends. */
#include <stdio.h>

#include "pipeline/partition.h"
#include "plans.h"

#define SECOND INT64_C(1000000)
#define BASE   INT64_C(1700000000)

struct scene {
    struct planned planned;
    struct join join;
    struct partition *partition;
    int64_t next[2];
    char text[300];
};

static const char *const rekeyed =
    "version: 1\npipeline: p\nkafka: {brokers: b}\n"
    "defaults: {time: {field: at, format: epoch_s}, repartition: {by: user, partitions: 2}}\n"
    "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}}}\n"
    "attribute: {conversions: c, touches: t, key: [user], window: 1h, allowed_lateness: 0s}\n"
    "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, touch: t.id]}}]\n";

static void open_scene(struct scene *s) {
    struct error error;
    memset(s, 0, sizeof *s);
    s->planned.pipeline = pipeline_parse(rekeyed, strlen(rekeyed), "test.yaml", stderr);
    ck_assert_ptr_nonnull(s->planned.pipeline);
    s->planned.plan = plan_new(s->planned.pipeline);
    ck_assert(join_init(&s->join, s->planned.plan, 1, &error));
    s->partition = partition_new(&s->join, 0, &PROGRESS_START(0, 0), NULL, NULL);
}

static void close_scene(struct scene *s) {
    partition_free(s->partition);
    join_release(&s->join);
    planned_free(&s->planned);
}

static void read_record(struct scene *s, bool touch, struct record record) {
    record.offset = s->next[touch]++;
    record.timestamp_us = (BASE + 1000) * SECOND;
    record.value = span_of(s->text);
    if (touch)
        partition_touch(s->partition, &record);
    else
        partition_conversion(s->partition, &record);
}

/* An event of a user at BASE + second, of the source partition and offset. */
static void event(struct scene *s, bool touch, int user, int second, int source, int offset) {
    snprintf(s->text, sizeof s->text, "{\"at\":%lld,\"user\":%d,\"id\":%d}", (long long)BASE + second, user,
             offset);
    read_record(s, touch,
                (struct record){.rekeyed = true, .source_partition = source, .source_offset = offset});
}

static void marker(struct scene *s, bool touch, const char *format, int a, int b) {
    struct buffer json;
    buffer_init(&json);
    buffer_printf(&json, "{\"sources\":2,\"at\":[[0,%lld,%s],[1,%lld,false]]}",
                  (long long)(BASE + a) * SECOND, format, (long long)(BASE + b) * SECOND);
    snprintf(s->text, sizeof s->text, "%s", buffer_string(&json));
    buffer_release(&json);
    read_record(s, touch, (struct record){.marker = true});
}

static int64_t in_seconds(int64_t time_us) {
    return time_us / SECOND - BASE;
}

START_TEST(events_do_not_move_the_watermark) {
    struct scene s;
    open_scene(&s);
    event(&s, true, 1, 1000, 0, 0);
    event(&s, false, 1, 1000, 0, 0);
    ck_assert_int_eq(partition_touch_watermark(s.partition), TIME_NONE);
    ck_assert_int_eq(partition_conversion_watermark(s.partition), TIME_NONE);
    marker(&s, true, "false", 1000, 400);
    ck_assert_int_eq(in_seconds(partition_touch_watermark(s.partition)), 400);
    ck_assert_int_eq(partition_conversion_watermark(s.partition), TIME_NONE);
    marker(&s, false, "false", 300, 200);
    ck_assert_int_eq(in_seconds(partition_conversion_watermark(s.partition)), 200);
    ck_assert_int_eq(partition_touch_next(s.partition), 2);
    ck_assert_int_eq(partition_conversion_next(s.partition), 2);
    close_scene(&s);
}
END_TEST

START_TEST(it_never_falls) {
    struct scene s;
    open_scene(&s);
    marker(&s, true, "true", 100, 400);
    ck_assert_int_eq(in_seconds(partition_touch_watermark(s.partition)), 400);
    marker(&s, true, "false", 150, 500); /* source 0 comes back, far behind */
    ck_assert_int_eq(in_seconds(partition_touch_watermark(s.partition)), 400);
    marker(&s, true, "false", 450, 500);
    ck_assert_int_eq(in_seconds(partition_touch_watermark(s.partition)), 450);
    close_scene(&s);
}
END_TEST

/* Touches have passed 400, so the first conversion is final and the second, without a touch, is not: the
 * progress ends between them, before the later marker of the conversions, which is read and does not count
 * yet. */
START_TEST(a_commit_stores_the_sources_of_its_cut) {
    struct scene s;
    struct cut cut;
    open_scene(&s);
    event(&s, true, 1, 90, 0, 0);
    marker(&s, true, "false", 500, 400);
    marker(&s, false, "false", 50, 60);
    event(&s, false, 1, 100, 0, 1);
    event(&s, false, 2, 450, 0, 2);
    marker(&s, false, "false", 450, 460);
    ck_assert_int_eq(in_seconds(partition_conversion_watermark(s.partition)), 450);
    ck_assert(partition_cut(s.partition, 100, &cut));
    ck_assert_uint_eq(cut.to - cut.from, 1);
    ck_assert_int_eq(cut.progress.conversion_offset, 2);
    ck_assert_int_eq(cut.progress.touch_offset, 2);
    ck_assert_int_eq(in_seconds(cut.conversion_watermark), 50);
    ck_assert_int_eq(cut.conversion_sources->count, 2);
    ck_assert_int_eq(in_seconds(cut.conversion_sources->items[0].max_time_us), 50);
    ck_assert_int_eq(in_seconds(cut.conversion_sources->items[1].max_time_us), 60);
    ck_assert_int_eq(in_seconds(cut.touch_sources->items[0].max_time_us), 500);
    ck_assert_int_eq(in_seconds(cut.touch_sources->items[1].max_time_us), 400);
    partition_cut_ledger(s.partition, &cut);
    partition_committed(s.partition, &cut);
    marker(&s, true, "false", 500, 470); /* now the second is final, too */
    ck_assert(partition_cut(s.partition, 100, &cut));
    ck_assert_int_eq(cut.progress.conversion_offset, 4);
    ck_assert_int_eq(in_seconds(cut.conversion_sources->items[0].max_time_us), 450);
    close_scene(&s);
}
END_TEST

/* A restart goes on with the vector: one marker that speaks of the other source only is enough. */
START_TEST(the_stored_sources_are_gone_on_with) {
    struct scene s;
    struct sources stored = {0};
    open_scene(&s);
    sources_grow(&stored, 2);
    sources_set(&stored, 0, (struct source_time){(BASE + 300) * SECOND, false});
    sources_set(&stored, 1, (struct source_time){(BASE + 100) * SECOND, true});
    partition_set_sources(s.partition, true, &stored);
    sources_release(&stored);
    snprintf(s.text, sizeof s.text, "{\"sources\":2,\"at\":[[1,%lld,false]]}",
             (long long)(BASE + 200) * SECOND);
    read_record(&s, true, (struct record){.marker = true});
    ck_assert_int_eq(in_seconds(partition_touch_watermark(s.partition)), 200);
    close_scene(&s);
}
END_TEST

/* Two touches of one time: the first by source, not the first in the log, whose order a re-keyer decides. */
START_TEST(ties_are_decided_by_the_source) {
    struct scene s;
    struct cut cut;
    open_scene(&s);
    event(&s, true, 1, 90, 1, 5);
    event(&s, true, 1, 90, 0, 7);
    event(&s, true, 1, 90, 0, 30);
    marker(&s, true, "false", 500, 400);
    event(&s, false, 1, 100, 0, 0);
    ck_assert(partition_cut(s.partition, 100, &cut));
    const struct pending *decided = partition_pending_at(s.partition, cut.from);
    ck_assert_int_eq(decided->touch_count, 1);
    ck_assert_int_eq(decided->touch.offset, 1);
    close_scene(&s);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("markers");
    tcase_add_test(tests, events_do_not_move_the_watermark);
    tcase_add_test(tests, it_never_falls);
    tcase_add_test(tests, a_commit_stores_the_sources_of_its_cut);
    tcase_add_test(tests, the_stored_sources_are_gone_on_with);
    tcase_add_test(tests, ties_are_decided_by_the_source);
    return suite_run("pipeline.markers", tests);
}
