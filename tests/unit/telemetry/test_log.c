/* What comes out of standard error. */
#include "telemetry/log.h"

#include <stdio.h>
#include <unistd.h>
#include <yyjson.h>

#include "../suite.h"

static char text[50000];
static FILE *file;
static int saved;

static void divert(void) {
    file = tmpfile();
    saved = dup(STDERR_FILENO);
    ck_assert(file && saved >= 0);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
}

static int restore(void) {
    int lines = 0;
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
    return lines;
}

START_TEST(logfmt) {
    divert();
    log_event(LOG_LEVEL_INFO, "assigned", "worker=%d name=%s", 3, LOG_QUOTE("a \"b\""));
    log_event(LOG_LEVEL_DEBUG, "unseen", "a=1");
    ck_assert_int_eq(restore(), 1);
    ck_assert_ptr_nonnull(strstr(text, "Z level=info event=assigned worker=3 name=\"a \\\"b\\\"\"\n"));
}
END_TEST

START_TEST(json) {
    divert();
    log_set_format(LOG_FORMAT_JSON);
    log_event(LOG_LEVEL_ERROR, "failed", "worker=%d error=%s", 3, LOG_QUOTE("a \"b\"\nc"));
    log_set_format(LOG_FORMAT_LOGFMT);
    ck_assert_int_eq(restore(), 1);
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    ck_assert_ptr_nonnull(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    ck_assert_uint_eq(yyjson_obj_size(root), 5);
    ck_assert_str_eq(yyjson_get_str(yyjson_obj_get(root, "level")), "error");
    ck_assert_str_eq(yyjson_get_str(yyjson_obj_get(root, "event")), "failed");
    ck_assert_int_eq(yyjson_get_int(yyjson_obj_get(root, "worker")), 3);
    ck_assert_str_eq(yyjson_get_str(yyjson_obj_get(root, "error")), "a \"b\"\nc");
    yyjson_doc_free(doc);
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_json) {
    static char words[6000];
    memset(words, 'x', sizeof words - 1);
    divert();
    log_set_format(LOG_FORMAT_JSON);
    log_event(LOG_LEVEL_INFO, "long", "a=1 error=\"%s\"", words);
    log_set_format(LOG_FORMAT_LOGFMT);
    ck_assert_int_eq(restore(), 1);
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    ck_assert_uint_gt(yyjson_get_len(yyjson_obj_get(yyjson_doc_get_root(doc), "error")), 3900);
    yyjson_doc_free(doc);
}
END_TEST

START_TEST(what_repeats_is_said_once) {
    divert();
    for (int i = 0; i < 100; i++)
        log_repeated(LOG_LEVEL_WARN, "fetch", "topic=a partition=%d error=\"after %d ms\"", i % 2, i);
    log_event(LOG_LEVEL_WARN, "fetch", "topic=a partition=0 error=\"after 7 ms\"");
    ck_assert_int_eq(restore(), 3);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("log");
    tcase_add_test(tests, logfmt);
    tcase_add_test(tests, json);
    tcase_add_test(tests, a_long_line_is_cut_and_still_json);
    tcase_add_test(tests, what_repeats_is_said_once);
    return suite_run("telemetry.log", tests);
}
