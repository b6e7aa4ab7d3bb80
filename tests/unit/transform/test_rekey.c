#include "transform/rekey.h"

#include "../suite.h"

static struct value value_of(enum value_type type, const char *text) {
    return (struct value){type, text ? span_of(text) : (struct span){0}};
}

static void key(enum value_type type, const char *text, const char *expected) {
    struct value value = value_of(type, text);
    struct buffer key;
    buffer_init(&key);
    buffer_text(&key, "of the record before");
    ck_assert_int_eq(rekey_key(&value, &key), expected != NULL);
    ck_assert_str_eq(buffer_string(&key), expected ? expected : "");
    buffer_release(&key);
}

START_TEST(equal_numbers_have_one_key) {
    static const char *const sevens[] = {"7", "7.0", "7e0", "70e-1", "0.7E+1"};
    for (int i = 0; i < COUNT_OF(sevens); i++) key(VALUE_NUMBER, sevens[i], "7");
    key(VALUE_NUMBER, "-7.50", "-7.5");
    key(VALUE_NUMBER, "0", "0");
    key(VALUE_NUMBER, "-0.0", "0");
    key(VALUE_NUMBER, "123456789012345678901234567890", "123456789012345678901234567890");
}
END_TEST

START_TEST(texts_are_kept_as_they_are) {
    key(VALUE_STRING, "7.0", "7.0"); /* no number: the producer's own key would be these bytes */
    key(VALUE_STRING, "", "");
    key(VALUE_STRING, "k\xc5\xaf\xc5\x88 \"1\"", "k\xc5\xaf\xc5\x88 \"1\"");
    key(VALUE_BOOL, "true", "true");
    key(VALUE_BOOL, "false", "false");
}
END_TEST

START_TEST(these_are_no_keys) {
    key(VALUE_NULL, NULL, NULL);
    key(VALUE_JSON, "[1]", NULL);
    key(VALUE_JSON, "{\"id\":1}", NULL);
}
END_TEST

static void extended(const char *object, const char *expected) {
    static const char *const names[] = {"users.id", "a\"b"};
    const struct value values[] = {value_of(VALUE_NUMBER, "7.0"), value_of(VALUE_STRING, "x\n\"y\"")};
    struct buffer out;
    buffer_init(&out);
    buffer_text(&out, "of the record before");
    rekey_extend(span_of(object), names, values, 2, &out);
    ck_assert_str_eq(buffer_string(&out), expected);
    buffer_release(&out);
}

START_TEST(fields_are_added_behind) {
    extended("{\"a\":{}}", "{\"a\":{},\"users.id\":7.0,\"a\\\"b\":\"x\\n\\\"y\\\"\"}");
    extended("{}", "{\"users.id\":7.0,\"a\\\"b\":\"x\\n\\\"y\\\"\"}");
    extended("{ \t\r\n}", "{ \t\r\n\"users.id\":7.0,\"a\\\"b\":\"x\\n\\\"y\\\"\"}");
    extended(" {\"a\": 1 } \n", " {\"a\": 1 ,\"users.id\":7.0,\"a\\\"b\":\"x\\n\\\"y\\\"\"}");
}
END_TEST

START_TEST(every_kind_of_value) {
    static const char *const names[] = {"n", "b", "j", "e"};
    const struct value values[] = {value_of(VALUE_NULL, NULL), value_of(VALUE_BOOL, "false"),
                                   value_of(VALUE_JSON, "[1,{}]"), value_of(VALUE_STRING, "")};
    struct buffer out;
    buffer_init(&out);
    rekey_extend(span_of("{\"n\":1}"), names, values, 4, &out);
    ck_assert_str_eq(buffer_string(&out), "{\"n\":1,\"n\":null,\"b\":false,\"j\":[1,{}],\"e\":\"\"}");
    rekey_extend(span_of("{\"n\":1}"), names, values, 0, &out);
    ck_assert_str_eq(buffer_string(&out), "{\"n\":1}");
    buffer_release(&out);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("rekey");
    tcase_add_test(tests, equal_numbers_have_one_key);
    tcase_add_test(tests, texts_are_kept_as_they_are);
    tcase_add_test(tests, these_are_no_keys);
    tcase_add_test(tests, fields_are_added_behind);
    tcase_add_test(tests, every_kind_of_value);
    return suite_run("transform.rekey", tests);
}
