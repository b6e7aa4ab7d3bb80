/* What the markers have said up to the next record, and up to where the progress of a cut ends. */
#include "pipeline/source_log.h"

#include "../suite.h"

static bool take(struct source_log *log, int64_t offset, const char *json) {
    const struct record record = {.offset = offset, .value = span_of(json), .marker = true};
    return source_log_take(log, &record);
}

static void open_log(struct source_log *log) {
    struct sources stored = {0};
    sources_grow(&stored, 2);
    sources_set(&stored, 0, (struct source_time){100, false});
    sources_set(&stored, 1, (struct source_time){200, false});
    source_log_init(log, &stored);
    sources_release(&stored);
}

START_TEST(a_cut_stays_behind) {
    struct source_log log;
    open_log(&log);
    ck_assert(take(&log, 10, "{\"sources\":2,\"at\":[[0,150,false]]}"));
    ck_assert(take(&log, 20, "{\"sources\":2,\"at\":[[0,300,false],[1,250,true]]}"));
    ck_assert_int_eq(sources_time(&log.now), 300);
    ck_assert_int_eq(sources_time(&log.cut), 100);
    source_log_cut(&log, 10); /* the marker at 10 is not among what is before it */
    ck_assert_int_eq(sources_time(&log.cut), 100);
    source_log_cut(&log, 11);
    ck_assert_int_eq(sources_time(&log.cut), 150);
    ck_assert(!log.cut.items[1].idle);
    source_log_cut(&log, 21);
    ck_assert_int_eq(sources_time(&log.cut), 300);
    ck_assert(log.cut.items[1].idle);
    ck_assert_int_eq(log.count, 0);
    source_log_release(&log);
}
END_TEST

START_TEST(only_news_is_remembered) {
    struct source_log log;
    open_log(&log);
    for (int i = 0; i < 100; i++)
        ck_assert(take(&log, i, "{\"sources\":2,\"at\":[[0,100,false],[1,7,false]]}"));
    ck_assert_int_eq(log.count, 0);
    ck_assert(take(&log, 100, "{\"sources\":2,\"at\":[[0,7,true]]}")); /* idle, its time as it was */
    ck_assert_int_eq(log.count, 1);
    source_log_cut(&log, 101);
    ck_assert_int_eq(log.cut.items[0].max_time_us, 100);
    ck_assert(log.cut.items[0].idle);
    source_log_release(&log);
}
END_TEST

START_TEST(sources_are_added) {
    struct source_log log;
    open_log(&log);
    ck_assert(take(&log, 10, "{\"sources\":3,\"at\":[]}"));
    ck_assert_int_eq(log.now.count, 3);
    ck_assert_int_eq(sources_time(&log.now), TIME_NONE);
    ck_assert(take(&log, 11, "{\"sources\":4,\"at\":[[2,500,false],[3,400,false]]}"));
    ck_assert_int_eq(sources_time(&log.now), 100);
    ck_assert_int_eq(log.cut.count, 2);
    source_log_cut(&log, 12);
    ck_assert_int_eq(log.cut.count, 4);
    ck_assert_int_eq(log.cut.items[2].max_time_us, 500);
    source_log_release(&log);
}
END_TEST

START_TEST(what_cannot_be_read_changes_nothing) {
    struct source_log log;
    open_log(&log);
    ck_assert(!take(&log, 10, "{\"sources\":9,\"at\":[[0,900,false],[9,1,false]]}"));
    ck_assert(!take(&log, 11, "marker"));
    ck_assert_int_eq(log.now.count, 2);
    ck_assert_int_eq(sources_time(&log.now), 100);
    ck_assert_int_eq(log.count, 0);
    source_log_release(&log);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("source_log");
    tcase_add_test(tests, a_cut_stays_behind);
    tcase_add_test(tests, only_news_is_remembered);
    tcase_add_test(tests, sources_are_added);
    tcase_add_test(tests, what_cannot_be_read_changes_nothing);
    return suite_run("pipeline.source_log", tests);
}
