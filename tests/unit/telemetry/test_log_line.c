#include "telemetry/log_line.h"

#include <yyjson.h>

#include "../suite.h"
#include "telemetry/log.h"

static void becomes(const char *line, const char *json) {
    struct buffer out;
    buffer_init(&out);
    log_line_json(span_of(line), &out);
    ck_assert_str_eq(buffer_string(&out), json);
    buffer_release(&out);
}

START_TEST(pairs_become_json) {
    becomes("", "");
    becomes("worker=0 partitions=12 held=1.5MiB", ",\"worker\":0,\"partitions\":12,\"held\":\"1.5MiB\"");
    becomes("  a=  b=-7 c=- d=007 e=0", ",\"a\":\"\",\"b\":-7,\"c\":\"-\",\"d\":\"007\",\"e\":0");
    becomes("n=1234567890123456", ",\"n\":\"1234567890123456\"");
    becomes("error=\"a \\\"b\\\" c\\\\d\\ne\\tf\\rg\" n=\"5\"",
            ",\"error\":\"a \\\"b\\\" c\\\\d\\ne\\tf\\rg\",\"n\":\"5\"");
    becomes("word other=1", ",\"word\":\"\",\"other\":1");
}
END_TEST

START_TEST(what_was_cut_is_closed) {
    becomes("error=\"half", ",\"error\":\"half\"");
    becomes("error=\"half\\", ",\"error\":\"half\\\\\"");
    becomes("error=\"", ",\"error\":\"\"");
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced) {
    becomes("x=\"a\xff\xc3\"", ",\"x\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
    becomes("x=\"\\\xff\"", ",\"x\":\"\\\\\xEF\xBF\xBD\"");
}
END_TEST

START_TEST(anything_becomes_json) {
    struct random random = {5};
    static const char letters[] = "ab= \"\\\n\x01\xff\xc3\xbc{}19-";
    for (int trial = 0; trial < 20000; trial++) {
        char text[24];
        int len = random_below(&random, sizeof text);
        for (int i = 0; i < len; i++) text[i] = letters[random_below(&random, sizeof letters - 1)];
        struct buffer out;
        buffer_init(&out);
        buffer_text(&out, "{\"event\":1");
        log_line_json((struct span){text, (size_t)len}, &out);
        buffer_byte(&out, '}');
        yyjson_doc *doc = yyjson_read(out.data, out.len, 0);
        ck_assert_msg(doc != NULL, "%.*s", (int)out.len, out.data);
        yyjson_doc_free(doc);
        buffer_release(&out);
    }
}
END_TEST

START_TEST(quoting_is_undone) {
    struct random random = {6};
    for (int trial = 0; trial < 5000; trial++) {
        static const char letters[] = "a \"\\\n\t\r=ü";
        char text[20], line[100];
        int len = random_below(&random, sizeof text - 1);
        for (int i = 0; i < len; i++) text[i] = letters[random_below(&random, 8)];
        text[len] = '\0';
        snprintf(line, sizeof line, "x=%s", LOG_QUOTE(text));
        struct buffer out;
        buffer_init(&out);
        buffer_text(&out, "{\"e\":1");
        log_line_json(span_of(line), &out);
        buffer_byte(&out, '}');
        yyjson_doc *doc = yyjson_read(out.data, out.len, 0);
        ck_assert_str_eq(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "x")), text);
        yyjson_doc_free(doc);
        buffer_release(&out);
    }
}
END_TEST

static bool same(const char *a, const char *b) {
    return log_line_key("fetch", span_of(a)) == log_line_key("fetch", span_of(b));
}

START_TEST(what_is_the_same_news) {
    ck_assert(
        same("topic=a partition=1 error=\"after 5003 ms\"", "topic=a partition=1 error=\"after 17 ms\""));
    ck_assert(!same("topic=a partition=1 error=\"x\"", "topic=a partition=2 error=\"x\""));
    ck_assert(!same("topic=a error=\"x\"", "topic=b error=\"x\""));
    ck_assert(!same("topic=a error=\"x\"", "topic=a error=\"y\""));
    ck_assert(same("partition=1 offset=5", "partition=1 offset=6"));
    ck_assert_uint_ne(log_line_key("a", span_of("")), log_line_key("b", span_of("")));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("log_line");
    tcase_add_test(tests, pairs_become_json);
    tcase_add_test(tests, what_was_cut_is_closed);
    tcase_add_test(tests, what_is_not_utf8_is_replaced);
    tcase_add_test(tests, anything_becomes_json);
    tcase_add_test(tests, quoting_is_undone);
    tcase_add_test(tests, what_is_the_same_news);
    return suite_run("telemetry.log_line", tests);
}
