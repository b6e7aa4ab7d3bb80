#include "output/json.h"

#include "../suite.h"

static void assert_value(struct value value, const char *want) {
    struct buffer out;
    buffer_init(&out);
    json_value(&out, &value);
    ck_assert_str_eq(buffer_string(&out), want);
    buffer_release(&out);
}

START_TEST(values) {
    assert_value((struct value){VALUE_NULL, {0}}, "null");
    assert_value((struct value){VALUE_STRING, {"", 0}}, "\"\"");
    assert_value((struct value){VALUE_STRING, span_of("null")}, "\"null\"");
    assert_value((struct value){VALUE_STRING, span_of("a\"b\nč")}, "\"a\\\"b\\nč\"");
    assert_value((struct value){VALUE_BOOL, span_of("true")}, "true");
    assert_value((struct value){VALUE_JSON, span_of("{\"a\":[1,null]}")}, "{\"a\":[1,null]}");
    /* numbers keep every digit */
    assert_value((struct value){VALUE_NUMBER, span_of("-0.10e+3")}, "-0.10e+3");
    assert_value((struct value){VALUE_NUMBER, span_of("12345678901234567890.50")}, "12345678901234567890.50");
}
END_TEST

START_TEST(rows) {
    static char id[] = "id", odd[] = "odd \"name\"\n", amount[] = "amount";
    struct column_config columns[] = {{.name = id}, {.name = odd}, {.name = amount}};
    const struct output_config output = {.columns = columns, .column_count = 3};
    struct value first[] = {
        {VALUE_STRING, span_of("c1")}, {VALUE_NULL, {0}}, {VALUE_NUMBER, span_of("1.50")}};
    struct value second[] = {{VALUE_NUMBER, span_of("2")}, {VALUE_BOOL, span_of("false")}, {VALUE_NULL, {0}}};
    const struct row of_first = {first, 0, 1, 1, 1}, of_second = {second, 1, 2, 1, 1};
    struct buffer out;
    buffer_init(&out);
    json_row(&out, &output, &of_first);
    json_row(&out, &output, &of_second);
    ck_assert_str_eq(buffer_string(&out), "{\"id\":\"c1\",\"odd \\\"name\\\"\\n\":null,\"amount\":1.50}\n"
                                          "{\"id\":2,\"odd \\\"name\\\"\\n\":false,\"amount\":null}\n");
    buffer_release(&out);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, values);
    tcase_add_test(tests, rows);
    return suite_run("output.json", tests);
}
