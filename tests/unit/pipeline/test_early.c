/* Which undecided conversions a cut writes, and what their rows say. The property test (test_protocol.c) has
 * what becomes of them over many commits. */
#include <stdio.h>

#include "pipeline/batch.h"
#include "plans.h"

enum { BASE_S = 1700000000 };

struct scene {
    struct planned planned;
    struct join join;
    struct partition *partition;
    struct batch batch;
    int64_t next[2];
};

static void open_scene(struct scene *scene, const char *model) {
    struct error error;
    struct progress progress = PROGRESS_START(0, 0);
    char attribute[100];
    snprintf(attribute, sizeof attribute, ", emit: early%s", model);
    *scene = (struct scene){
        .planned = plan_with(
            attribute, "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, touch: t._offset,"
                       " final: attribution.final, revision: attribution.revision]}}]\n")};
    ck_assert(join_init(&scene->join, scene->planned.plan, 1, &error));
    scene->join.early = true;
    scene->partition = partition_new(&scene->join, 0, &progress, NULL, NULL);
    batch_init(&scene->batch, scene->planned.plan);
}

static void close_scene(struct scene *scene) {
    batch_release(&scene->batch);
    partition_free(scene->partition);
    join_release(&scene->join);
    planned_free(&scene->planned);
}

static void read_event(struct scene *scene, bool touch, const char *id, int user, int at_s) {
    char json[200];
    snprintf(json, sizeof json, "{\"id\": \"%s\", \"user\": %d, \"at\": %d}", id, user, BASE_S + at_s);
    struct record record = {.offset = scene->next[touch]++,
                            .timestamp_us = (BASE_S + 9000) * INT64_C(1000000),
                            .value = span_of(json)};
    if (touch)
        partition_touch(scene->partition, &record);
    else
        partition_conversion(scene->partition, &record);
}

static bool take(struct scene *scene, uint64_t most) {
    batch_reset(&scene->batch);
    if (!batch_take(&scene->batch, &scene->partition, 1, most)) return false;
    batch_build(&scene->batch, NULL);
    return true;
}

/* All that is new is inserted. */
static void commit(struct scene *scene) {
    for (int i = 0; i < scene->batch.news.count; i++)
        batch_early_written(&scene->batch, 0, scene->batch.news.items[i].offset, true);
    batch_commit(&scene->batch);
}

static void assert_row(const struct batch_rows *rows, int i, const char *id, const char *touch,
                       const char *final) {
    ck_assert_int_gt(rows->count, i);
    const struct value *values = rows->items[i].values;
    assert_span(values[0].text, id);
    if (touch)
        assert_span(values[1].text, touch);
    else
        ck_assert_int_eq(values[1].type, VALUE_NULL);
    assert_span(values[2].text, final);
    assert_span(values[3].text, "1");
}

START_TEST(a_conversion_is_written_when_it_is_read) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, true, "t", 1, 50);
    read_event(&scene, false, "a", 1, 60);
    read_event(&scene, false, "b", 2, 60);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.row_count, 0);
    ck_assert_int_eq(scene.batch.corrections.count, 0);
    ck_assert_int_eq(scene.batch.news.count, 2);
    assert_row(&scene.batch.news, 0, "a", "0", "false");
    assert_row(&scene.batch.news, 1, "b", NULL, "false");
    commit(&scene);
    ck_assert(!take(&scene, 100));
    close_scene(&scene);
}
END_TEST

START_TEST(only_what_a_touch_changes_is_written_again) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, true, "t", 1, 50);
    read_event(&scene, false, "a", 1, 60);
    read_event(&scene, false, "b", 2, 60);
    ck_assert(take(&scene, 100));
    commit(&scene);
    read_event(&scene, true, "later than the first", 1, 55);
    read_event(&scene, true, "of somebody else", 3, 40);
    read_event(&scene, true, "behind both", 2, 61);
    ck_assert(take(&scene, 100)); /* the touches themselves */
    ck_assert_int_eq(scene.batch.corrections.count + scene.batch.news.count, 0);
    commit(&scene);
    read_event(&scene, true, "the new first", 1, 40);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.corrections.count, 1);
    assert_row(&scene.batch.corrections, 0, "a", "4", "false");
    ck_assert_int_eq(scene.batch.news.count, 0);
    commit(&scene);
    close_scene(&scene);
}
END_TEST

/* With a column that says so; without one it is not written again. */
START_TEST(the_last_row_is_final) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "a", 1, 60);
    ck_assert(take(&scene, 100));
    commit(&scene);
    partition_advance_touches(scene.partition);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.row_count, 1);
    assert_row(&(struct batch_rows){scene.batch.rows, 1}, 0, "a", NULL, "true");
    ck_assert_int_eq(scene.batch.gone.count, 0);
    commit(&scene);
    close_scene(&scene);
}
END_TEST

START_TEST(what_there_is_no_room_for_comes_next) {
    struct scene scene;
    char id[20];
    open_scene(&scene, "");
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "c%d", i);
        read_event(&scene, false, id, i, 60);
    }
    for (int i = 0; i < 10;) {
        ck_assert(take(&scene, 3)); /* and one more, as every partition has */
        ck_assert_int_le(scene.batch.news.count, 4);
        for (int r = 0; r < scene.batch.news.count; r++, i++)
            ck_assert_int_eq(scene.batch.news.items[r].offset, i);
        commit(&scene);
    }
    ck_assert(!take(&scene, 3));
    close_scene(&scene);
}
END_TEST

START_TEST(decided_rows_come_before_early_ones) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "a", 1, 60);
    read_event(&scene, false, "b", 2, 61);
    partition_advance_touches(scene.partition);
    read_event(&scene, false, "c", 3, 8000);
    ck_assert(take(&scene, 0)); /* room for one */
    ck_assert_int_eq(scene.batch.row_count, 1);
    ck_assert_int_eq(scene.batch.news.count, 0);
    commit(&scene);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.row_count, 1);
    ck_assert_int_eq(scene.batch.news.count, 1);
    commit(&scene);
    close_scene(&scene);
}
END_TEST

START_TEST(of_one_id_only_the_first_is_written_early) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "twin", 1, 60);
    read_event(&scene, false, "twin", 2, 61);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.news.count, 1);
    ck_assert_int_eq(scene.batch.news.items[0].offset, 0);
    commit(&scene);
    read_event(&scene, true, "t", 2, 50);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.news.count + scene.batch.corrections.count, 0);
    commit(&scene);
    close_scene(&scene);
}
END_TEST

/* And when that is decided without a row, it is the next one's turn, not that of one which is new. */
START_TEST(the_next_of_one_id_follows) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "twin", 1, 60);
    read_event(&scene, false, "twin", 2, 9000);
    ck_assert(take(&scene, 100));
    batch_refuse(&scene.batch, 0, 0, "no");
    batch_commit(&scene.batch);
    read_event(&scene, true, "t", 5, 8000);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.row_count, 1);
    batch_refuse(&scene.batch, 0, 0, "no");
    commit(&scene);
    read_event(&scene, false, "twin", 3, 9001);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.news.count, 1);
    ck_assert_int_eq(scene.batch.news.items[0].offset, 1);
    close_scene(&scene);
}
END_TEST

START_TEST(a_refused_row_is_taken_back_when_it_is_decided) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "a", 1, 60);
    ck_assert(take(&scene, 100));
    commit(&scene);
    partition_advance_touches(scene.partition);
    ck_assert(take(&scene, 100));
    batch_refuse(&scene.batch, 0, 0, "no");
    ck_assert_int_eq(scene.batch.row_count, 0);
    ck_assert_int_eq(scene.batch.dead_count, 1);
    ck_assert_int_eq(scene.batch.gone.count, 1);
    assert_span(scene.batch.gone.items[0].values[0].text, "a");
    close_scene(&scene);
}
END_TEST

START_TEST(a_refused_early_row_is_only_left_out) {
    struct scene scene;
    open_scene(&scene, "");
    read_event(&scene, false, "a", 1, 60);
    ck_assert(take(&scene, 100));
    batch_refuse(&scene.batch, 0, 0, "no");
    ck_assert_int_eq(scene.batch.news.count, 0);
    ck_assert_int_eq(scene.batch.dead_count, 0);
    batch_commit(&scene.batch);
    ck_assert(!take(&scene, 100));
    read_event(&scene, true, "t", 1, 50); /* another row, another try */
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.news.count, 1);
    close_scene(&scene);
}
END_TEST

START_TEST(all_rows_of_a_shared_conversion_are_corrected) {
    struct scene scene;
    struct error error;
    struct progress progress = PROGRESS_START(0, 0);
    scene = (struct scene){
        .planned = plan_with(", emit: early, model: linear",
                             "outputs: [{postgres: {table: r, primary_key: [id, n], columns: [id,"
                             " touch: t._offset, final: attribution.final, revision: attribution.revision,"
                             " n: attribution.touch_number]}}]\n")};
    ck_assert(join_init(&scene.join, scene.planned.plan, 1, &error));
    scene.join.early = true;
    scene.partition = partition_new(&scene.join, 0, &progress, NULL, NULL);
    batch_init(&scene.batch, scene.planned.plan);
    read_event(&scene, true, "t", 1, 50);
    read_event(&scene, false, "a", 1, 60);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.news.count, 1);
    commit(&scene);
    read_event(&scene, true, "t", 1, 55);
    ck_assert(take(&scene, 100));
    ck_assert_int_eq(scene.batch.corrections.count, 2);
    assert_row(&scene.batch.corrections, 0, "a", "0", "false");
    assert_row(&scene.batch.corrections, 1, "a", "1", "false");
    ck_assert_int_eq(scene.batch.corrections.items[1].row_count, 2);
    close_scene(&scene);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("early");
    tcase_add_test(tests, a_conversion_is_written_when_it_is_read);
    tcase_add_test(tests, only_what_a_touch_changes_is_written_again);
    tcase_add_test(tests, the_last_row_is_final);
    tcase_add_test(tests, what_there_is_no_room_for_comes_next);
    tcase_add_test(tests, decided_rows_come_before_early_ones);
    tcase_add_test(tests, of_one_id_only_the_first_is_written_early);
    tcase_add_test(tests, the_next_of_one_id_follows);
    tcase_add_test(tests, a_refused_row_is_taken_back_when_it_is_decided);
    tcase_add_test(tests, a_refused_early_row_is_only_left_out);
    tcase_add_test(tests, all_rows_of_a_shared_conversion_are_corrected);
    return suite_run("early", tests);
}
