#include "base/buffer.h"

#include <yyjson.h>

#include "../suite.h"

START_TEST(starts_empty) {
    struct buffer buffer;
    buffer_init(&buffer);
    assert_span(buffer_view(&buffer), NULL);
    ck_assert_str_eq(buffer_string(&buffer), "");
    ck_assert_uint_eq(buffer.len, 0);
    buffer_release(&buffer);
    buffer_release(&buffer);
}
END_TEST

START_TEST(appends) {
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_append(&buffer, NULL, 0);
    buffer_append(&buffer, "ab", 2);
    buffer_byte(&buffer, 'c');
    buffer_text(&buffer, "de");
    buffer_text(&buffer, "");
    buffer_span(&buffer, (struct span){"fgh", 2});
    buffer_span(&buffer, (struct span){0});
    buffer_printf(&buffer, "%d%s", 7, "x");
    assert_span(buffer_view(&buffer), "abcdefg7x");
    ck_assert_str_eq(buffer_string(&buffer), "abcdefg7x");
    ck_assert_uint_eq(buffer.len, 9);
    buffer_clear(&buffer);
    buffer_byte(&buffer, 'z');
    ck_assert_str_eq(buffer_string(&buffer), "z");
    buffer_release(&buffer);
}
END_TEST

/* Every way to append, at every length around the places where the memory grows. */
START_TEST(grows) {
    for (size_t len = 250; len < 262; len++) {
        struct buffer buffer;
        buffer_init(&buffer);
        for (size_t i = 0; i < len; i++) buffer_byte(&buffer, (char)('a' + i % 26));
        ck_assert_uint_eq(strlen(buffer_string(&buffer)), len);
        buffer_be32(&buffer, 0);
        buffer_printf(&buffer, "%s", "tail");
        ck_assert_uint_eq(buffer.len, len + 8);
        for (size_t i = 0; i < len; i++) ck_assert_int_eq(buffer.data[i], (char)('a' + i % 26));
        ck_assert_int_eq(memcmp(buffer.data + len, "\0\0\0\0tail", 8), 0);
        buffer_release(&buffer);
    }
}
END_TEST

START_TEST(reserves) {
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_byte(&buffer, 'a');
    char *at = buffer_reserve(&buffer, 100000);
    memset(at, 'b', 100000);
    ck_assert_uint_eq(buffer.len, 1);
    buffer.len += 100000;
    ck_assert_int_eq(buffer.data[0], 'a');
    ck_assert_int_eq(buffer.data[100000], 'b');
    ck_assert_ptr_eq(buffer_reserve(&buffer, 0), buffer.data + buffer.len);
    buffer_release(&buffer);
}
END_TEST

START_TEST(prints_long_text) {
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_printf(&buffer, "%*d", 5000, 1);
    ck_assert_uint_eq(buffer.len, 5000);
    ck_assert_int_eq(buffer.data[4999], '1');
    buffer_release(&buffer);
}
END_TEST

START_TEST(big_endian) {
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_be32(&buffer, 0x01020304);
    buffer_be32(&buffer, UINT32_MAX);
    buffer_be32(&buffer, 0x80000000);
    ck_assert_uint_eq(buffer.len, 12);
    ck_assert_int_eq(memcmp(buffer.data, "\1\2\3\4\xff\xff\xff\xff\x80\0\0\0", 12), 0);
    buffer_release(&buffer);
}
END_TEST

static void assert_json(struct span text, const char *json) {
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_json(&buffer, text);
    ck_assert_str_eq(buffer_string(&buffer), json);
    buffer_release(&buffer);
}

START_TEST(json_text) {
    assert_json(span_of("plain"), "\"plain\"");
    assert_json((struct span){0}, "\"\"");
    assert_json(span_of("\"\\/"), "\"\\\"\\\\/\"");
    assert_json(span_of("\n\r\t\b\f\v"), "\"\\n\\r\\t\\u0008\\u000c\\u000b\"");
    assert_json(span_of("\x1b[2J\x7f"), "\"\\u001b[2J\\u007f\"");
    assert_json((struct span){"a\0b", 3}, "\"a\\u0000b\"");
    assert_json(span_of("Žluťoučký 🐴"), "\"Žluťoučký 🐴\"");
}
END_TEST

/* What is written is read back by a JSON parser as what it was: every character of the first plane's start,
 * alone and between others. */
START_TEST(json_is_read_back) {
    for (unsigned c = 0; c < 0x80; c++) {
        char text[] = {'a', (char)c, 'z'};
        struct buffer buffer;
        buffer_init(&buffer);
        buffer_json(&buffer, (struct span){text, 3});
        yyjson_doc *document = yyjson_read(buffer.data, buffer.len, 0);
        ck_assert_msg(document != NULL, "%.*s", (int)buffer.len, buffer.data);
        yyjson_val *root = yyjson_doc_get_root(document);
        ck_assert_uint_eq(yyjson_get_len(root), 3);
        ck_assert_int_eq(memcmp(yyjson_get_str(root), text, 3), 0);
        for (size_t i = 0; i < buffer.len; i++) ck_assert_int_ge(buffer.data[i], 0x20);
        yyjson_doc_free(document);
        buffer_release(&buffer);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("buffer");
    tcase_add_test(tests, starts_empty);
    tcase_add_test(tests, appends);
    tcase_add_test(tests, grows);
    tcase_add_test(tests, reserves);
    tcase_add_test(tests, prints_long_text);
    tcase_add_test(tests, big_endian);
    tcase_add_test(tests, json_text);
    tcase_add_test(tests, json_is_read_back);
    return suite_run("base.buffer", tests);
}
