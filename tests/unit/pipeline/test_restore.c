/* A store that is filled again from the touches, where only the first of a key and bucket are held and the
 * settings are others than those under which the progress was made. */
#include "pipeline/partition.h"

#include <inttypes.h>
#include <stdio.h>

#include "plans.h"

enum { BASE_S = 1700000000, BUCKET_S = 225, TOUCHES = 3 }; /* a sixteenth of the hour */

static struct record record_of(int64_t offset, int64_t time_s, char *json) {
    sprintf(json, "{\"id\": 1, \"user\": 1, \"at\": %" PRId64 "}", time_s);
    return (struct record){.offset = offset, .timestamp_us = TIME_NONE, .value = span_of(json)};
}

static struct record touch_at(int64_t offset, char *json) {
    return record_of(offset, BASE_S + offset, json);
}

/* With the touches' bucket the first that 5m of lateness still hold, and none of less do. */
static struct progress made_with(const struct join *join) {
    struct progress progress = PROGRESS_START(0, 0);
    struct partition *partition = partition_new(join, 0, &progress, NULL, NULL);
    struct cut cut;
    char json[100];
    for (int i = 0; i < TOUCHES; i++) {
        struct record record = touch_at(i, json);
        partition_touch(partition, &record);
    }
    struct record record = record_of(0, ((int64_t)BASE_S / BUCKET_S + 17) * BUCKET_S + 10, json);
    partition_conversion(partition, &record);
    partition_advance_touches(partition);
    ck_assert(partition_cut(partition, 10, &cut));
    progress = cut.progress;
    partition_free(partition);
    return progress;
}

START_TEST(what_was_not_kept_is_not_found) {
    const char *rest = "outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n";
    struct planned planned = plan_with(", touch_cap: 2", rest);
    struct join join, less;
    struct error error;
    struct store_held found;
    char json[100];
    ck_assert(join_init(&join, planned.plan, 1, &error));
    struct progress progress = made_with(&join);
    ck_assert_uint_eq(progress.held.count, 2);
    ck_assert_uint_eq(progress.touch_ledger.count[OUTCOME_CAPPED], 1);
    planned.pipeline->attribute.allowed_lateness_us = 0;
    struct plan *plan = plan_new(planned.pipeline);
    ck_assert(join_init(&less, plan, 1, &error));
    struct partition *partition = partition_new(&less, 0, &progress, NULL, NULL);
    ck_assert(partition_is_restoring(partition) && !partition_needs_touches(partition));
    partition_restore_begin(partition, RESTORE_TOUCHES);
    for (int i = 0; i < TOUCHES; i++) {
        struct record record = touch_at(i, json);
        partition_restore_touch(partition, &record);
    }
    ck_assert(partition_restore_end(partition, &found));
    ck_assert_uint_eq(found.count, 2);
    partition_free(partition);
    join_release(&less);
    join_release(&join);
    plan_free(plan);
    planned_free(&planned);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("restore");
    tcase_add_test(tests, what_was_not_kept_is_not_found);
    return suite_run("pipeline.restore", tests);
}
