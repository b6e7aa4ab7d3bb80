#include "testing/junit.h"

#include <stdio.h>

#include "../suite.h"

static void assert_document(struct junit *junit, const char *expected) {
    struct span text = junit_finish(junit);
    char *copy = strndup(text.data, text.len);
    ck_assert_str_eq(copy, expected);
    free(copy);
    junit_release(junit);
}

START_TEST(no_suite) {
    struct junit junit;
    junit_init(&junit);
    assert_document(&junit, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n</testsuites>\n");
}
END_TEST

START_TEST(two_suites) {
    struct junit junit;
    junit_init(&junit);
    junit_suite(&junit, "a.yaml", INT64_C(1718600400123456));
    junit_case(&junit, "good", 1500000, (struct span){0});
    junit_case(&junit, "bad", 250, span_of("  first\n    second\n"));
    junit_suite(&junit, "b.yaml", INT64_C(1718600401000000));
    assert_document(&junit, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<testsuites>\n"
                            "  <testsuite name=\"a.yaml\" package=\"tributary\" id=\"0\""
                            " timestamp=\"2024-06-17T05:00:00\" hostname=\"localhost\""
                            " tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500250\">\n"
                            "    <properties/>\n"
                            "    <testcase name=\"good\" classname=\"a.yaml\" time=\"1.500000\"/>\n"
                            "    <testcase name=\"bad\" classname=\"a.yaml\" time=\"0.000250\">\n"
                            "      <failure type=\"expectation\" message=\"first\">  first\n"
                            "    second\n"
                            "</failure>\n"
                            "    </testcase>\n"
                            "    <system-out/>\n"
                            "    <system-err/>\n"
                            "  </testsuite>\n"
                            "  <testsuite name=\"b.yaml\" package=\"tributary\" id=\"1\""
                            " timestamp=\"2024-06-17T05:00:01\" hostname=\"localhost\""
                            " tests=\"0\" failures=\"0\" errors=\"0\" time=\"0.000000\">\n"
                            "    <properties/>\n"
                            "    <system-out/>\n"
                            "    <system-err/>\n"
                            "  </testsuite>\n"
                            "</testsuites>\n");
}
END_TEST

/* The case of this name, escaped. */
static void assert_escaped(const char *name, const char *escaped) {
    struct junit junit;
    junit_init(&junit);
    junit_suite(&junit, "s", 0);
    junit_case(&junit, name, 0, (struct span){0});
    struct span text = junit_finish(&junit);
    char *copy = strndup(text.data, text.len), expected[200];
    snprintf(expected, sizeof expected, "<testcase name=\"%s\" classname=", escaped);
    ck_assert_msg(strstr(copy, expected) != NULL, "%s", copy);
    free(copy);
    junit_release(&junit);
}

START_TEST(escapes) {
    assert_escaped("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'");
    assert_escaped("tab\tline\nreturn\r", "tab&#9;line&#10;return&#13;");
    assert_escaped("\x01\x1b[0m\x7f", "??[0m\x7f");
    assert_escaped("\xc3\xa9 \xf0\x9f\x98\x80", "\xc3\xa9 \xf0\x9f\x98\x80");
    assert_escaped("bad \xff\xc3 end", "bad ?? end");
    assert_escaped("\xef\xbf\xbd \xef\xbf\xbe \xef\xbf\xbf.", "\xef\xbf\xbd ? ?.");
}
END_TEST

START_TEST(failures_are_escaped) {
    struct junit junit;
    junit_init(&junit);
    junit_suite(&junit, "s", 0);
    junit_case(&junit, "n", 0, span_of("a <b>\n\t]]> & \x02\r\n"));
    struct span text = junit_finish(&junit);
    char *copy = strndup(text.data, text.len);
    ck_assert_ptr_nonnull(
        strstr(copy, "message=\"a &lt;b&gt;\">a &lt;b&gt;\n\t]]&gt; &amp; ?&#13;\n</failure>"));
    free(copy);
    junit_release(&junit);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("junit");
    tcase_add_test(tests, no_suite);
    tcase_add_test(tests, two_suites);
    tcase_add_test(tests, escapes);
    tcase_add_test(tests, failures_are_escaped);
    return suite_run("junit", tests);
}
