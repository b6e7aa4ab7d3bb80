#include "testing/case_value.h"

#include "../suite.h"

/* The JSON of the value in "v: …". */
static void assert_json(const char *yaml, const char *json) {
    struct arena arena;
    struct problems problems;
    struct buffer out;
    char text[300];
    int len = snprintf(text, sizeof text, "v: %s\n", yaml);
    arena_init(&arena);
    problems_init(&problems);
    buffer_init(&out);
    const struct node *root = document_parse(text, (size_t)len, &arena, &problems);
    ck_assert_int_eq(problems.count, 0);
    case_value_json(&out, node_find(root, "v"));
    ck_assert_str_eq(buffer_string(&out), json);
    buffer_release(&out);
    problems_release(&problems);
    arena_release(&arena);
}

START_TEST(json_of_scalars) {
    static const char *const same[] = {"0",      "-0",   "7",     "-7",   "12.50",           "1e5",
                                       "1.5E-7", "true", "false", "null", "9007199254740993"};
    static const struct {
        const char *yaml, *json;
    } others[] = {
        {"", "null"},
        {"~", "null"},
        {"\"7\"", "\"7\""},
        {"'true'", "\"true\""},
        {"\"null\"", "\"null\""},
        {"\"\"", "\"\""},
        {"007", "\"007\""},
        {"+7", "\"+7\""},
        {".5", "\".5\""},
        {"5.", "\"5.\""},
        {"1e", "\"1e\""},
        {"1e+", "\"1e+\""},
        {"--1", "\"--1\""},
        {"7x", "\"7x\""},
        {"0x1f", "\"0x1f\""},
        {"yes", "\"yes\""},
        {"True", "\"True\""},
        {"2024-06-17 05:00:00", "\"2024-06-17 05:00:00\""},
        {"a \"b\"", "\"a \\\"b\\\"\""},
        {"\"a\\nb\"", "\"a\\nb\""},
        {"é", "\"é\""},
    };
    for (int i = 0; i < COUNT_OF(same); i++) assert_json(same[i], same[i]);
    for (int i = 0; i < COUNT_OF(others); i++) assert_json(others[i].yaml, others[i].json);
}
END_TEST

START_TEST(json_of_lists_and_maps) {
    assert_json("[]", "[]");
    assert_json("{}", "{}");
    assert_json("[1, \"1\", [a, null], {b: 2}]", "[1,\"1\",[\"a\",null],{\"b\":2}]");
    assert_json("{a: {b: [true]}, \"7\": x}", "{\"a\":{\"b\":[true]},\"7\":\"x\"}");
}
END_TEST

START_TEST(variables_are_strings) {
    setenv("T_NUMBER", "77123", 1);
    assert_json("\"${T_NUMBER}\"", "\"77123\"");
    assert_json("\"$${T_NUMBER}\"", "\"${T_NUMBER}\"");
}
END_TEST

START_TEST(base64) {
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } trials[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9v\n  YmFy", "foobar"},
        {"/+/+", "\xff\xef\xfe"},
        {"Zg", NULL},
        {"Zg=", NULL},
        {"Zg===", NULL},
        {"Zh==", NULL},
        {"Zg==Zg==", NULL},
        {"Z-==", NULL},
        {"====", NULL},
        {"é===", NULL},
    };
    struct arena arena;
    arena_init(&arena);
    for (int i = 0; i < COUNT_OF(trials); i++) {
        struct span bytes;
        bool good = case_value_base64(trials[i].text, &arena, &bytes);
        ck_assert_msg(good == (trials[i].bytes != NULL), "\"%s\"", trials[i].text);
        if (good) assert_span(bytes, trials[i].bytes);
    }
    arena_release(&arena);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("case_value");
    tcase_add_test(tests, json_of_scalars);
    tcase_add_test(tests, json_of_lists_and_maps);
    tcase_add_test(tests, variables_are_strings);
    tcase_add_test(tests, base64);
    return suite_run("case_value", tests);
}
