/* The pages of a process with two workers, to the letter where it matters. */
#include "pipeline/view.h"

#include <yyjson.h>

#include "../suite.h"
#include "base/time.h"

#define SECOND INT64_C(1000000)
#define NOW    (500 * SECOND)

struct scene {
    struct partition_gauges partitions[3];
    const struct partition_gauges *listed[3];
    struct worker_gauges workers[2];
    struct health_worker health[2];
    struct lookup_config lookups[2];
    struct enquiry_counts counts[3];
    struct budget budget;
    struct errors_seen errors;
    struct rekeyer_gauges rekeyers[2];
    struct health_worker rekey_health[2];
    struct rekey_source_gauges sources[3];
    const struct rekey_source_gauges *listed_sources[3];
    struct view view;
};

static void set(struct scene *scene) {
    *scene = (struct scene){0};
    scene->partitions[0] = (struct partition_gauges){.number = 0,
                                                     .state = PARTITION_RUNNING,
                                                     .next = {10, 20},
                                                     .committed = {8, 15},
                                                     .high = {12, 18},
                                                     .watermark_us = {100 * SECOND + 1, TIME_NONE},
                                                     .waits = {{true, false}, {false, false}},
                                                     .pending = 5,
                                                     .touches = 7,
                                                     .idle_decided = 3};
    scene->partitions[0].ledgers[0].count[OUTCOME_TOUCH_KEPT] = 8;
    scene->partitions[0].ledgers[1].count[OUTCOME_ATTRIBUTED] = 14;
    scene->partitions[0].ledgers[1].count[OUTCOME_LATE] = 1;
    scene->partitions[1] = (struct partition_gauges){.number = 1, .worker = 1, .high = {-1, -1}};
    scene->partitions[2] = (struct partition_gauges){.number = 2,
                                                     .worker = 1,
                                                     .state = PARTITION_RESTORING,
                                                     .high = {-1, 4},
                                                     .watermark_us = {TIME_NONE, TIME_NONE}};
    for (int i = 0; i < 3; i++) scene->listed[i] = &scene->partitions[i];
    scene->workers[0].commits = (struct commit_gauges){.commits = 2, .rows = 14, .last_us = 7 * SECOND};
    scene->workers[1].commits = (struct commit_gauges){.commits = 1, .rows = 1};
    scene->workers[1].commits.dead_letters[OUTCOME_LATE] = 1;
    scene->workers[0].wait_us[0][WAIT_DRIFT] = 1500000;
    scene->workers[1].wait_us[0][WAIT_DRIFT] = 1000000;
    static char users[] = "users", names[] = "names";
    scene->lookups[0].name = users;
    scene->lookups[1].name = names;
    scene->counts[0] = (struct enquiry_counts){1, 2, 3, 400};
    scene->counts[1] = (struct enquiry_counts){10, 20, 30, 4000};
    scene->counts[2] = (struct enquiry_counts){100, 200, 300, 40000};
    scene->workers[0].lookups = scene->counts;
    scene->workers[0].lookup_count = 2;
    scene->workers[1].lookups = scene->counts + 2; /* it has not said more yet */
    scene->workers[1].lookup_count = 1;
    scene->health[0] = (struct health_worker){NOW - SECOND / 2, true, false, 1, 1, 0};
    scene->health[1] = (struct health_worker){NOW, true, false, 2, 2, 1};
    scene->budget.limit = 1000;
    scene->view = (struct view){.pipeline = "p",
                                .inputs = {"clicks", "orders"},
                                .lookups = scene->lookups,
                                .lookup_count = 2,
                                .now_us = NOW,
                                .wall_us = 103 * SECOND,
                                .budget = &scene->budget,
                                .health = {false, scene->health, 2, NULL},
                                .errors = &scene->errors,
                                .workers = scene->workers,
                                .worker_count = 2,
                                .partitions = scene->listed,
                                .partition_count = 3,
                                .process = {1 * SECOND, 2 * SECOND, 3, 4, -1}};
    struct errors_seen *errors = &scene->errors;
    errors->counts[ERRORS_POSTGRES][0] = (struct errors_count){"40", 6};
    errors->names[ERRORS_POSTGRES] = 1;
    errors->last_us = 60 * SECOND;
    errors->last_source = ERRORS_POSTGRES;
    strcpy(errors->last_code, "40P01");
}

/* The clicks are re-keyed: by two re-keyers, of which one has not begun. */
static void rekey(struct scene *scene) {
    scene->sources[0] = (struct rekey_source_gauges){.partition = 0,
                                                     .phase = PHASE_RUNNING,
                                                     .next = 30,
                                                     .committed = 25,
                                                     .high = 42,
                                                     .max_time_us = 99 * SECOND,
                                                     .records = {25, 2, 1}};
    scene->sources[1] = (struct rekey_source_gauges){.partition = 1,
                                                     .phase = PHASE_RUNNING,
                                                     .idle = true,
                                                     .next = 7,
                                                     .committed = -1,
                                                     .high = -1,
                                                     .max_time_us = TIME_NONE};
    scene->sources[2] = (struct rekey_source_gauges){.partition = 2, .worker = 1, .phase = PHASE_FETCH};
    for (int i = 0; i < 3; i++) scene->listed_sources[i] = &scene->sources[i];
    scene->rekeyers[0] =
        (struct rekeyer_gauges){.member = true, .begun = true, .transactions = {5, 1, {{0}, 0}}};
    scene->rekeyers[1] = (struct rekeyer_gauges){.member = true, .transactions = {.aborted = 2}};
    histogram_observe(&scene->rekeyers[0].transactions.duration, SECOND / 4);
    scene->rekey_health[0] = (struct health_worker){NOW - 2 * SECOND, true, false, 2, 2, 0};
    scene->rekey_health[1] = (struct health_worker){NOW, true, true, 1, 0, 0};
    scene->partitions[0].stalled[0] = true;
    scene->view.rekeyed[0] = true;
    scene->view.rekeyers = scene->rekeyers;
    scene->view.rekeyer_count = scene->view.health.rekeyer_count = 2;
    scene->view.health.rekeyers = scene->rekey_health;
    scene->view.sources = scene->listed_sources;
    scene->view.source_count = 3;
}

static void has(struct buffer *page, const char *line) {
    char wanted[300];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    ck_assert_msg(strstr(buffer_string(page), wanted) != NULL, "%s\nis not in\n%s", line,
                  buffer_string(page));
}

static void has_no(struct buffer *page, const char *part) {
    ck_assert_msg(strstr(buffer_string(page), part) == NULL, "%s\nis in\n%s", part, buffer_string(page));
}

START_TEST(metrics) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    buffer_init(&page);
    view_metrics(&scene.view, &page);
    has(&page, "tributary_pipeline_info{pipeline=\"p\"} 1");
    has(&page, "tributary_ready 0");
    has(&page, "tributary_records_total{input=\"clicks\",partition=\"0\",outcome=\"touch_kept\"} 8");
    has(&page, "tributary_records_total{input=\"orders\",partition=\"0\",outcome=\"late\"} 1");
    has(&page, "tributary_next_offset{input=\"orders\",partition=\"0\"} 20");
    has(&page, "tributary_committed_offset{input=\"orders\",partition=\"0\"} 15");
    has(&page, "tributary_lag_records{input=\"clicks\",partition=\"0\"} 2");
    has(&page,
        "tributary_lag_records{input=\"orders\",partition=\"0\"} 0"); /* an old end is no negative lag */
    has(&page, "tributary_high_watermark_offset{input=\"orders\",partition=\"2\"} 4");
    has_no(&page, "tributary_high_watermark_offset{input=\"clicks\",partition=\"2\"}");
    has_no(&page, "partition=\"1\""); /* not claimed yet */
    has(&page, "tributary_watermark_timestamp_seconds{input=\"clicks\",partition=\"0\"} 100.000001");
    has(&page, "tributary_watermark_delay_seconds{input=\"clicks\",partition=\"0\"} 2.999999");
    has_no(&page, "tributary_watermark_delay_seconds{input=\"orders\"");
    has(&page, "tributary_input_waiting{input=\"clicks\",partition=\"0\",reason=\"drift\"} 1");
    has(&page, "tributary_input_wait_seconds_total{input=\"clicks\",reason=\"drift\"} 2.5");
    has(&page, "tributary_idle_decided_conversions_total{partition=\"0\"} 3");
    has(&page, "tributary_partitions{worker=\"1\",state=\"assigned\"} 1");
    has(&page, "tributary_partitions{worker=\"1\",state=\"restoring\"} 1");
    has(&page, "tributary_partitions{worker=\"0\",state=\"running\"} 1");
    has(&page, "tributary_commits_total 3");
    has(&page, "tributary_rows_written_total 15");
    has(&page, "tributary_dead_letters_total{reason=\"late\"} 1");
    has(&page, "tributary_dead_letters_total{reason=\"malformed\"} 0");
    has(&page, "tributary_lookup_questions_total{lookup=\"users\",answer=\"found\"} 101");
    has(&page, "tributary_lookup_questions_total{lookup=\"users\",answer=\"missing\"} 202");
    has(&page, "tributary_lookup_questions_total{lookup=\"names\",answer=\"cached\"} 30");
    has(&page, "tributary_lookup_cache_bytes{lookup=\"users\"} 40400");
    has(&page, "tributary_lookup_cache_bytes{lookup=\"names\"} 4000");
    has(&page, "tributary_worker_turn_age_seconds{worker=\"0\"} 0.5");
    has(&page, "tributary_last_commit_timestamp_seconds{worker=\"0\"} 7");
    has_no(&page, "tributary_last_commit_timestamp_seconds{worker=\"1\"}");
    has(&page, "tributary_postgres_errors_total{class=\"40\"} 6");
    has(&page, "tributary_memory_limit_bytes 1000");
    has(&page, "process_open_fds 4");
    has_no(&page, "process_max_fds");
    buffer_release(&page);
}
END_TEST

START_TEST(rekeying) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    rekey(&scene);
    buffer_init(&page);
    view_metrics(&scene.view, &page);
    has(&page, "tributary_rekey_turn_age_seconds{worker=\"0\"} 2");
    has(&page, "tributary_rekey_sources{worker=\"0\",phase=\"running\"} 2");
    has(&page, "tributary_rekey_sources{worker=\"1\",phase=\"running\"} 0");
    has(&page, "tributary_rekey_sources{worker=\"1\",phase=\"fetching_offsets\"} 1");
    has(&page, "tributary_rekey_records_total{input=\"clicks\",partition=\"0\",outcome=\"forwarded\"} 25");
    has(&page, "tributary_rekey_records_total{input=\"clicks\",partition=\"0\",outcome=\"filtered\"} 2");
    has(&page, "tributary_rekey_records_total{input=\"clicks\",partition=\"0\",outcome=\"dead_letters\"} 1");
    has(&page, "tributary_rekey_lag_records{input=\"clicks\",partition=\"0\"} 12");
    has_no(&page, "tributary_rekey_lag_records{input=\"clicks\",partition=\"1\"}");
    has(&page, "tributary_rekey_watermark_timestamp_seconds{input=\"clicks\",partition=\"0\"} 99");
    has_no(&page, "tributary_rekey_watermark_timestamp_seconds{input=\"clicks\",partition=\"1\"}");
    has(&page, "tributary_rekey_source_idle{input=\"clicks\",partition=\"0\"} 0");
    has(&page, "tributary_rekey_source_idle{input=\"clicks\",partition=\"1\"} 1");
    has_no(&page, "tributary_rekey_source_idle{input=\"clicks\",partition=\"2\"}");
    has(&page, "tributary_rekey_transactions_total{result=\"committed\"} 5");
    has(&page, "tributary_rekey_transactions_total{result=\"aborted\"} 3");
    has(&page, "tributary_rekey_transaction_duration_seconds_sum 0.25");
    has(&page, "tributary_rekey_stalled{input=\"clicks\",partition=\"0\"} 1");
    has(&page, "tributary_rekey_stalled{input=\"clicks\",partition=\"2\"} 0");
    has_no(&page, "tributary_rekey_stalled{input=\"orders\"");
    buffer_release(&page);
}
END_TEST

START_TEST(rekeying_elsewhere) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    buffer_init(&page);
    view_metrics(&scene.view, &page);
    has_no(&page, "tributary_rekey_");
    buffer_release(&page);
    scene.view.rekeyed[1] = true;
    buffer_init(&page);
    view_metrics(&scene.view, &page);
    has(&page, "tributary_rekey_stalled{input=\"orders\",partition=\"0\"} 0");
    has_no(&page, "tributary_rekey_sources");
    buffer_release(&page);
}
END_TEST

START_TEST(ready_when_restored) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    scene.health[1].restoring = 0;
    buffer_init(&page);
    view_metrics(&scene.view, &page);
    has(&page, "tributary_ready 1");
    buffer_release(&page);
}
END_TEST

START_TEST(before_there_are_workers) {
    static const struct errors_seen none;
    struct view view = {.pipeline = "p", .inputs = {"a", "b"}, .errors = &none};
    struct buffer page;
    buffer_init(&page);
    view_metrics(&view, &page);
    has(&page, "tributary_ready 0");
    has_no(&page, "tributary_memory_limit_bytes");
    buffer_release(&page);
    buffer_init(&page);
    view_status(&view, &page);
    ck_assert_ptr_nonnull(strstr(buffer_string(&page), "\"workers\": []"));
    buffer_release(&page);
}
END_TEST

static const char *text_at(yyjson_doc *doc, const char *pointer) {
    const char *text = yyjson_get_str(yyjson_doc_ptr_get(doc, pointer));
    return text ? text : "(none)";
}

START_TEST(status) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    buffer_init(&page);
    view_status(&scene.view, &page);
    yyjson_doc *doc = yyjson_read(page.data, page.len, 0);
    ck_assert_ptr_nonnull(doc);
    ck_assert_str_eq(text_at(doc, "/pipeline"), "p");
    ck_assert(!yyjson_get_bool(yyjson_doc_ptr_get(doc, "/ready")));
    ck_assert(yyjson_get_bool(yyjson_doc_ptr_get(doc, "/alive")));
    ck_assert_double_eq(yyjson_get_real(yyjson_doc_ptr_get(doc, "/uptime_seconds")), 102);
    ck_assert_str_eq(text_at(doc, "/last_error/code"), "40P01");
    ck_assert_str_eq(text_at(doc, "/last_error/at"), "1970-01-01T00:01:00Z");
    ck_assert_str_eq(text_at(doc, "/workers/0/last_commit"), "1970-01-01T00:00:07Z");
    ck_assert_str_eq(text_at(doc, "/workers/0/partitions/0/state"), "running");
    ck_assert_str_eq(text_at(doc, "/workers/0/partitions/0/inputs/0/watermark"), "1970-01-01T00:01:40Z");
    ck_assert_str_eq(text_at(doc, "/workers/0/partitions/0/inputs/0/waiting_because_of"), "drift");
    ck_assert_int_eq(yyjson_get_int(yyjson_doc_ptr_get(doc, "/workers/0/partitions/0/inputs/0/lag_records")),
                     2);
    ck_assert_str_eq(text_at(doc, "/workers/1/partitions/0/state"), "assigned");
    ck_assert_str_eq(text_at(doc, "/workers/1/partitions/1/state"), "restoring");
    ck_assert(yyjson_is_null(yyjson_doc_ptr_get(doc, "/refused")));
    yyjson_doc_free(doc);
    buffer_release(&page);
    scene.view.health.refused = "_AUTHENTICATION";
    buffer_init(&page);
    view_status(&scene.view, &page);
    ck_assert_ptr_nonnull(strstr(buffer_string(&page), "\"refused\": \"_AUTHENTICATION\""));
    buffer_release(&page);
}
END_TEST

START_TEST(status_of_rekeying) {
    static struct scene scene;
    struct buffer page;
    set(&scene);
    buffer_init(&page);
    view_status(&scene.view, &page);
    ck_assert_ptr_null(strstr(buffer_string(&page), "repartition"));
    ck_assert_ptr_null(strstr(buffer_string(&page), "stalled"));
    buffer_clear(&page);
    rekey(&scene);
    view_status(&scene.view, &page);
    yyjson_doc *doc = yyjson_read(page.data, page.len, 0);
    ck_assert_ptr_nonnull(doc);
    ck_assert_str_eq(text_at(doc, "/repartition/0/sources/0/phase"), "running");
    ck_assert_str_eq(text_at(doc, "/repartition/0/sources/0/input"), "clicks");
    ck_assert_str_eq(text_at(doc, "/repartition/0/sources/0/watermark"), "1970-01-01T00:01:39Z");
    ck_assert_int_eq(yyjson_get_int(yyjson_doc_ptr_get(doc, "/repartition/0/sources/0/next_offset")), 30);
    ck_assert_int_eq(yyjson_get_int(yyjson_doc_ptr_get(doc, "/repartition/0/sources/0/lag_records")), 12);
    ck_assert(yyjson_get_bool(yyjson_doc_ptr_get(doc, "/repartition/0/sources/1/idle")));
    ck_assert(yyjson_is_null(yyjson_doc_ptr_get(doc, "/repartition/0/sources/1/watermark")));
    ck_assert(yyjson_get_bool(yyjson_doc_ptr_get(doc, "/repartition/0/begun")));
    ck_assert(!yyjson_get_bool(yyjson_doc_ptr_get(doc, "/repartition/1/begun")));
    ck_assert_str_eq(text_at(doc, "/repartition/1/sources/0/phase"), "fetching_offsets");
    ck_assert(yyjson_get_bool(yyjson_doc_ptr_get(doc, "/workers/0/partitions/0/inputs/0/stalled")));
    ck_assert_ptr_null(yyjson_doc_ptr_get(doc, "/workers/0/partitions/0/inputs/1/stalled"));
    yyjson_doc_free(doc);
    buffer_release(&page);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("view");
    tcase_add_test(tests, metrics);
    tcase_add_test(tests, ready_when_restored);
    tcase_add_test(tests, before_there_are_workers);
    tcase_add_test(tests, status);
    tcase_add_test(tests, rekeying);
    tcase_add_test(tests, rekeying_elsewhere);
    tcase_add_test(tests, status_of_rekeying);
    return suite_run("pipeline.view", tests);
}
