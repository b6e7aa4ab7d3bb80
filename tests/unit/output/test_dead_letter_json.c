#include "output/dead_letter_json.h"

#include <yyjson.h>

#include "../suite.h"

static void assert_line(const struct record *record, enum outcome outcome, const char *detail,
                        const char *want) {
    struct buffer out;
    buffer_init(&out);
    dead_letter_json(&out, "clicks", 3, record, outcome, span_of(detail));
    ck_assert_str_eq(buffer_string(&out), want);
    buffer_release(&out);
}

START_TEST(lines) {
    const struct record plain = {.offset = 42, .value = span_of("{\"a\": 1}")};
    assert_line(&plain, OUTCOME_TIME_INVALID, "field \"at\" is missing",
                "{\"input\":\"clicks\",\"partition\":3,\"offset\":42,\"reason\":\"time_invalid\","
                "\"detail\":\"field \\\"at\\\" is missing\",\"value\":\"{\\\"a\\\": 1}\"}\n");
    const struct record tombstone = {.offset = INT64_C(9007199254740993)};
    assert_line(&tombstone, OUTCOME_EMPTY, "the record is a tombstone",
                "{\"input\":\"clicks\",\"partition\":3,\"offset\":9007199254740993,\"reason\":\"empty\","
                "\"detail\":\"the record is a tombstone\",\"value\":null}\n");
    const struct record empty = {.offset = 0, .value = {"", 0}};
    assert_line(&empty, OUTCOME_LATE, NULL,
                "{\"input\":\"clicks\",\"partition\":3,\"offset\":0,\"reason\":\"late\","
                "\"detail\":\"\",\"value\":\"\"}\n");
}
END_TEST

START_TEST(bytes_that_are_no_text) {
    const struct record record = {.value = {"a\0\x1f\x7f\xc4\x8d\xff\\\n", 9}};
    assert_line(&record, OUTCOME_ENCODING, "x",
                "{\"input\":\"clicks\",\"partition\":3,\"offset\":0,\"reason\":\"encoding\",\"detail\":\"x\","
                "\"value\":\"a\\u0000\\u001f\\u007f\\u00c4\\u008d\\u00ff\\\\\\u000a\"}\n");
}
END_TEST

/* Any byte comes back from a JSON parser as the character of its number. */
START_TEST(every_byte_comes_back) {
    char bytes[256];
    for (int i = 0; i < 256; i++) bytes[i] = (char)i;
    const struct record record = {.value = {bytes, sizeof bytes}};
    struct buffer out;
    buffer_init(&out);
    dead_letter_json(&out, "in\"put", 0, &record, OUTCOME_NUL, span_of("d"));
    yyjson_doc *document = yyjson_read(out.data, out.len, 0);
    ck_assert_ptr_nonnull(document);
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(document), "value");
    const unsigned char *at = (const unsigned char *)yyjson_get_str(value);
    for (unsigned i = 0; i < 256; i++) {
        unsigned c = *at++;
        if (c >= 0x80) c = (c & 0x1f) << 6 | (*at++ & 0x3f);
        ck_assert_uint_eq(c, i);
    }
    ck_assert_str_eq(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(document), "input")), "in\"put");
    yyjson_doc_free(document);
    buffer_release(&out);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("dead_letter_json");
    tcase_add_test(tests, lines);
    tcase_add_test(tests, bytes_that_are_no_text);
    tcase_add_test(tests, every_byte_comes_back);
    return suite_run("output.dead_letter_json", tests);
}
