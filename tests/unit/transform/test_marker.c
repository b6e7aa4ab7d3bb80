#include "transform/marker.h"

#include <stdio.h>

#include "../suite.h"

static void written(const struct marker *marker, const char *json) {
    struct buffer out;
    buffer_init(&out);
    marker_write(marker, &out);
    ck_assert_str_eq(buffer_string(&out), json);
    buffer_release(&out);
}

#define EXAMPLE "{\"sources\":4,\"at\":[[0,1718600400123456,false],[3,null,true]]}"

START_TEST(comes_back_as_it_was) {
    struct marker marker = {0}, read = {0};
    marker_begin(&marker, 4);
    marker_add(&marker, 0, (struct source_time){1718600400123456, false});
    marker_add(&marker, 3, (struct source_time){TIME_NONE, true});
    written(&marker, EXAMPLE);
    ck_assert(marker_parse(&read, span_of(EXAMPLE)));
    ck_assert_int_eq(read.sources, 4);
    ck_assert_int_eq(read.count, 2);
    ck_assert_int_eq(read.entries[0].time.max_time_us, 1718600400123456);
    ck_assert(!read.entries[0].time.idle && read.entries[1].time.idle);
    ck_assert_int_eq(read.entries[1].source, 3);
    ck_assert_int_eq(read.entries[1].time.max_time_us, TIME_NONE);
    written(&read, EXAMPLE);
    marker_release(&marker);
    marker_release(&read);
}
END_TEST

START_TEST(takes_what_can_be) {
    static const char *const good[] = {
        "{\"sources\":0,\"at\":[]}",
        "{\"sources\":100000,\"at\":[]}",
        "{\"sources\":1,\"at\":[[0,-9223372036854775807,false]]}",
        "{\"sources\":1,\"at\":[[0,9223372036854775807,true]]}",
        "{\"at\":[[0,1,true,\"and what comes later\"]],\"sources\":1,\"more\":{}}",
    };
    struct marker marker = {0};
    for (int i = 0; i < COUNT_OF(good); i++)
        ck_assert_msg(marker_parse(&marker, span_of(good[i])), "%s", good[i]);
    marker_release(&marker);
}
END_TEST

START_TEST(refuses_the_rest) {
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        EXAMPLE "x",
        "{\"sources\":4}",
        "{\"at\":[]}",
        "{\"sources\":-1,\"at\":[]}",
        "{\"sources\":1.0,\"at\":[]}",
        "{\"sources\":\"4\",\"at\":[]}",
        "{\"sources\":100001,\"at\":[]}",
        "{\"sources\":18446744073709551615,\"at\":[]}",
        "{\"sources\":4,\"at\":{}}",
        "{\"sources\":4,\"at\":[0]}",
        "{\"sources\":4,\"at\":[[]]}",
        "{\"sources\":4,\"at\":[[4,1,false]]}", /* of four the last is 3 */
        "{\"sources\":4,\"at\":[[-1,1,false]]}",
        "{\"sources\":4,\"at\":[[4294967296,1,false]]}",
        "{\"sources\":4,\"at\":[[null,1,false]]}",
        "{\"sources\":4,\"at\":[[0,1.5,false]]}",
        "{\"sources\":4,\"at\":[[0,\"1\",false]]}",
        "{\"sources\":4,\"at\":[[0,1,null]]}",
        "{\"sources\":4,\"at\":[[0,1,0]]}",
        "{\"sources\":4,\"at\":[[0,1]]}",
        "{\"sources\":4,\"at\":[[0,1,false],[9,1,false]]}",
        "{\"sources\":1,\"at\":[[0,9223372036854775808,false]]}", /* no time has that many bits */
    };
    struct marker marker = {0};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        ck_assert_msg(!marker_parse(&marker, span_of(bad[i])), "%s", bad[i]);
        ck_assert_int_eq(marker.count, 0);
        ck_assert_int_eq(marker.sources, 0);
    }
    ck_assert(!marker_parse(&marker, (struct span){0}));
    marker_release(&marker);
}
END_TEST

START_TEST(all_that_is_known) {
    struct sources sources = {0}, again = {0};
    struct marker marker = {0};
    ck_assert(marker_parse(&marker, span_of(EXAMPLE)));
    marker_apply(&marker, &sources);
    ck_assert_int_eq(sources.count, 4);
    ck_assert(sources.items[3].idle && !sources.items[1].idle);
    marker_of_sources(&marker, &sources);
    written(&marker, EXAMPLE);
    marker_apply(&marker, &again);
    ck_assert_int_eq(again.items[0].max_time_us, 1718600400123456);
    ck_assert(marker_parse(&marker, span_of("{\"sources\":2,\"at\":[[0,5,true]]}")));
    marker_apply(&marker, &again); /* an old one: nothing shrinks, no time falls */
    ck_assert_int_eq(again.count, 4);
    ck_assert_int_eq(again.items[0].max_time_us, 1718600400123456);
    ck_assert(again.items[0].idle);
    marker_release(&marker);
    sources_release(&sources);
    sources_release(&again);
}
END_TEST

START_TEST(where_a_record_comes_from) {
    char text[MARKER_SOURCE_MAX];
    int32_t partition;
    int64_t offset;
    size_t len = marker_source_format(INT32_MAX, INT64_MAX, text);
    ck_assert_str_eq(text, "2147483647/9223372036854775807");
    ck_assert(marker_source_parse((struct span){text, len}, &partition, &offset));
    ck_assert_int_eq(partition, INT32_MAX);
    ck_assert_int_eq(offset, INT64_MAX);
    ck_assert(marker_source_parse(span_of("0/0"), &partition, &offset));
    ck_assert_int_eq(partition, 0);
    ck_assert_int_eq(offset, 0);
}
END_TEST

START_TEST(no_place) {
    static const char *const bad[] = {
        "",     "/",     "1",   "1/",  "/1",   "-1/1",  "1/-1", "1/1 ",         " 1/1",
        "1//1", "1/1/1", "a/1", "1/a", "+1/1", "1.0/1", "1/1x", "2147483648/1", "1/9223372036854775808"};
    int32_t partition;
    int64_t offset;
    for (int i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!marker_source_parse(span_of(bad[i]), &partition, &offset), "%s", bad[i]);
    ck_assert(!marker_source_parse((struct span){0}, &partition, &offset));
    ck_assert(!marker_source_parse((struct span){"1/1\0", 4}, &partition, &offset));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("marker");
    tcase_add_test(tests, comes_back_as_it_was);
    tcase_add_test(tests, takes_what_can_be);
    tcase_add_test(tests, refuses_the_rest);
    tcase_add_test(tests, all_that_is_known);
    tcase_add_test(tests, where_a_record_comes_from);
    tcase_add_test(tests, no_place);
    return suite_run("transform.marker", tests);
}
