#include "event/decode.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "event/key.h"
#include "reading.h"

static struct hash128 hash_of(const struct value *fields, int count) {
    struct buffer scratch;
    struct hash128 hash;
    int bad;
    buffer_init(&scratch);
    ck_assert_int_eq(key_hash(fields, count, SEED, &scratch, &hash, &bad), KEY_OK);
    buffer_release(&scratch);
    return hash;
}

/* -- what is read -- */

START_TEST(click) {
    static const char *const fields[] = {"click_id", "price", "nowhere"}, *const key[] = {"user_id",
                                                                                          "product_id"};
    struct reading r;
    struct value parts[] = {{VALUE_NUMBER, span_of("42")}, {VALUE_STRING, span_of("p-1")}};
    open_with(&r, TIME_FORMAT_ISO, utc, fields, 3, key, 2);
    assert_read(&r,
                "{\"click_id\": \"c-1\", \"user_id\": 42.0, \"product_id\": \"p-1\", \"product\": \"Chair\", "
                "\"price\": 123.450, \"url\": \"https://shop.example/\", "
                "\"time\": \"2024-06-17 05:00:00.123\"}");
    ck_assert_int_eq(r.event.time_us, JUNE + 123000);
    assert_value(r.event.fields[0], VALUE_STRING, "c-1");
    assert_value(r.event.fields[1], VALUE_NUMBER, "123.450");
    assert_value(r.event.fields[2], VALUE_NULL, NULL);
    struct hash128 expected = hash_of(parts, 2);
    ck_assert(r.event.has_key);
    ck_assert(r.event.key.low == expected.low && r.event.key.high == expected.high);
    close_reading(&r);
}
END_TEST

START_TEST(types) {
    static const struct {
        const char *json;
        enum value_type type;
        const char *text;
    } cases[] = {
        {"null", VALUE_NULL, NULL},
        {"true", VALUE_BOOL, "true"},
        {"false", VALUE_BOOL, "false"},
        {"0", VALUE_NUMBER, "0"},
        {"-0.00", VALUE_NUMBER, "-0.00"},
        {"9007199254740993", VALUE_NUMBER, "9007199254740993"},
        {"0.1000000000000000055511151231257827", VALUE_NUMBER, "0.1000000000000000055511151231257827"},
        {"1E400", VALUE_NUMBER, "1E400"},
        {"\"\"", VALUE_STRING, ""},
        {"\"x\"", VALUE_STRING, "x"},
        {"\"a\\n\\t\\\"\\\\\\/\\u00e9\\ud83d\\ude00\"", VALUE_STRING, "a\n\t\"\\/\xc3\xa9\xf0\x9f\x98\x80"},
        {"\"\xc3\xa9\x7f\"", VALUE_STRING, "\xc3\xa9\x7f"},
        {"[]", VALUE_JSON, "[]"},
        {"{}", VALUE_JSON, "{}"},
        {"[ 1 , 2.50, \"x\" ]", VALUE_JSON, "[1,2.50,\"x\"]"},
        {"{ \"x\" : [ null, true, 1e400, {} ] }", VALUE_JSON, "{\"x\":[null,true,1e400,{}]}"},
        {"[\"\\u00e9\\n\\\"\"]", VALUE_JSON, "[\"\xc3\xa9\\n\\\"\"]"},
        {"[9007199254740993]", VALUE_JSON, "[9007199254740993]"},
    };
    struct reading r;
    open_plain(&r);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char *text = memory_printf("{\"b\": %s, \"k\": 1, " TIME "}", cases[i].json);
        assert_read(&r, text);
        assert_value(r.event.fields[0], VALUE_NULL, NULL);
        assert_value(r.event.fields[1], cases[i].type, cases[i].text);
        free(text);
    }
    close_reading(&r);
}
END_TEST

START_TEST(last_duplicate_stands) {
    struct reading r;
    struct value key = {VALUE_STRING, span_of("second")};
    open_plain(&r);
    assert_read(
        &r, "{\"time\": 5, \"a\": [1], \"k\": {}, \"a\": 1, \"a\": \"last\", \"b\": 2, \"k\": \"second\", "
            "\"b\": null, " TIME "}");
    assert_value(r.event.fields[0], VALUE_STRING, "last");
    assert_value(r.event.fields[1], VALUE_NULL, NULL);
    struct hash128 expected = hash_of(&key, 1);
    ck_assert(r.event.key.low == expected.low);
    ck_assert_int_eq(r.event.time_us, JUNE);
    close_reading(&r);
}
END_TEST

/* Names of one length with the same first and last byte, prefixes of each other, escapes, the empty name. */
START_TEST(names_apart) {
    static const char *const fields[] = {"abcd", "axxd", "ayyd", "abc", "", "\xc3\xa9", "A"};
    struct reading r;
    open_with(&r, TIME_FORMAT_ISO, utc, fields, COUNT_OF(fields), NULL, 0);
    assert_read(&r, "{\"ayyd\": 3, \"abcd\": 1, \"azzd\": 9, \"axxd\": 2, \"abc\": 4, \"abcde\": 9, \"\": 5, "
                    "\"\\u00e9\": 6, \"\\u0041\": 7, \"a\": 9, " TIME "}");
    for (int i = 0; i < COUNT_OF(fields); i++) {
        char expected[] = {(char)('1' + i), '\0'};
        assert_value(r.event.fields[i], VALUE_NUMBER, expected);
    }
    ck_assert(!r.event.has_key);
    close_reading(&r);
}
END_TEST

/* More wanted names than the decoder's table has places. */
START_TEST(many_names) {
    enum { MANY = 1000 };
    static char names[MANY][8];
    static const char *fields[MANY];
    struct reading r;
    struct buffer json;
    buffer_init(&json);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        fields[i] = names[i];
        buffer_printf(&json, "%c\"f%d\":%d", i ? ',' : '{', i, i);
    }
    buffer_text(&json, "," TIME "}");
    open_with(&r, TIME_FORMAT_ISO, utc, fields, MANY, NULL, 0);
    assert_read(&r, buffer_string(&json));
    for (int i = 0; i < MANY; i++) assert_value(r.event.fields[i], VALUE_NUMBER, names[i] + 1);
    close_reading(&r);
    buffer_release(&json);
}
END_TEST

/* One field as output, key and time at once, and a key field twice. */
START_TEST(shared_fields) {
    static const char *const fields[] = {"time", "k"}, *const key[] = {"k", "time", "k"};
    struct reading r;
    struct value parts[] = {{VALUE_STRING, span_of("x")},
                            {VALUE_STRING, span_of("2024-06-17 05:00:00")},
                            {VALUE_STRING, span_of("x")}};
    open_with(&r, TIME_FORMAT_ISO, utc, fields, 2, key, 3);
    assert_read(&r, "{\"k\": \"x\", " TIME "}");
    struct hash128 expected = hash_of(parts, 3);
    ck_assert(r.event.has_key && r.event.key.high == expected.high);
    assert_value(r.event.fields[0], VALUE_STRING, "2024-06-17 05:00:00");
    assert_value(r.event.fields[1], VALUE_STRING, "x");
    close_reading(&r);
}
END_TEST

/* Names inside other objects are other names. */
START_TEST(nested_names) {
    struct reading r;
    open_plain(&r);
    assert_read(&r, "{\"x\": {\"a\": 1, \"k\": 2, \"time\": 3}, \"y\": [{\"b\": 1}], " TIME ", \"k\": 1}");
    assert_value(r.event.fields[0], VALUE_NULL, NULL);
    assert_value(r.event.fields[1], VALUE_NULL, NULL);
    close_reading(&r);
}
END_TEST

START_TEST(formats_and_zones) {
    static char edmonton[] = "America/Edmonton";
    struct reading r;
    open_with(&r, TIME_FORMAT_ISO, edmonton, NULL, 0, NULL, 0);
    assert_read(&r, "{\"time\": \"2024-06-16T23:00\"}");
    ck_assert_int_eq(r.event.time_us, JUNE);
    assert_read(&r, "{\"time\": \"2024-06-17T05:00Z\"}");
    ck_assert_int_eq(r.event.time_us, JUNE);
    close_reading(&r);
    open_with(&r, TIME_FORMAT_EPOCH_MS, edmonton, NULL, 0, NULL, 0);
    assert_read(&r, "{\"time\": 1718600400123}");
    ck_assert_int_eq(r.event.time_us, JUNE + 123000);
    assert_read(&r, "{\"time\": \"1718600400123\"}");
    ck_assert_int_eq(r.event.time_us, JUNE + 123000);
    close_reading(&r);
}
END_TEST

START_TEST(keys) {
    struct reading r;
    open_plain(&r);
    assert_read(&r, "{\"k\": null, " TIME "}");
    ck_assert(!r.event.has_key);
    assert_read(&r, "{" TIME "}");
    ck_assert(!r.event.has_key);
    assert_read(&r, "{\"k\": false, " TIME "}");
    ck_assert(r.event.has_key);
    assert_refused(&r, "{\"k\": [1], " TIME "}", strlen("{\"k\": [1], " TIME "}"), OUTCOME_KEY_INVALID,
                   "key field \"k\" is an array");
    assert_refused(&r, "{\"k\": {}, " TIME "}", strlen("{\"k\": {}, " TIME "}"), OUTCOME_KEY_INVALID,
                   "key field \"k\" is an object");
    close_reading(&r);
}
END_TEST

/* -- sizes -- */

static char *repeat(const char *head, char fill, size_t count, const char *tail) {
    size_t head_len = strlen(head), tail_len = strlen(tail);
    char *text = malloc(head_len + count + tail_len + 1);
    memcpy(text, head, head_len);
    memset(text + head_len, fill, count);
    memcpy(text + head_len + count, tail, tail_len + 1);
    return text;
}

/* Around the size from which records are parsed into memory of their own, and up and down again. */
START_TEST(large_records) {
    static const size_t sizes[] = {100,        4096,    262000,  262144 - 64, 262144,
                                   262144 + 1, 1 << 20, 5 << 20, 10,          70000};
    struct reading r;
    open_plain(&r);
    for (int i = 0; i < COUNT_OF(sizes); i++) {
        char *text = repeat("{\"k\": 7, " TIME ", \"a\": \"", 'x', sizes[i], "\"}");
        assert_read(&r, text);
        ck_assert_uint_eq(r.event.fields[0].text.len, sizes[i]);
        ck_assert(r.event.fields[0].text.data[sizes[i] - 1] == 'x');
        ck_assert(r.event.has_key);
        free(text);
    }
    close_reading(&r);
}
END_TEST

/* Nothing but values: the parse that takes most memory for its size. */
START_TEST(dense_records) {
    static const size_t sizes[] = {50, 1000, 2000, 60000, 130000, 300000};
    struct reading r;
    open_plain(&r);
    for (int i = 0; i < COUNT_OF(sizes); i++) {
        struct buffer json;
        buffer_init(&json);
        buffer_text(&json, "{\"a\":[1");
        for (size_t k = 1; k < sizes[i]; k++) buffer_append(&json, ",1", 2);
        buffer_text(&json, "]," TIME "}");
        assert_read(&r, buffer_string(&json));
        ck_assert_int_eq(r.event.fields[0].type, VALUE_JSON);
        ck_assert_uint_eq(r.event.fields[0].text.len, 2 * sizes[i] + 1);
        buffer_release(&json);
    }
    close_reading(&r);
}
END_TEST

START_TEST(deep_records) {
    enum { DEPTH = 1 << 20 };
    struct reading r;
    struct buffer json;
    open_plain(&r);
    char *open = repeat("", '[', DEPTH, ""), *objects = repeat("{\"a\":", '[', DEPTH, "");
    read_text(&r, open);
    ck_assert_int_eq(r.refused, OUTCOME_MALFORMED);
    read_text(&r, objects);
    ck_assert_int_eq(r.refused, OUTCOME_MALFORMED);
    free(open);
    free(objects);
    buffer_init(&json);
    buffer_text(&json, "{\"a\":");
    for (int i = 0; i < DEPTH; i++) buffer_byte(&json, '[');
    for (int i = 0; i < DEPTH; i++) buffer_byte(&json, ']');
    buffer_text(&json, "," TIME "}");
    assert_read(&r, buffer_string(&json));
    ck_assert_uint_eq(r.event.fields[0].text.len, 2 * DEPTH);
    buffer_release(&json);
    close_reading(&r);
}
END_TEST

START_TEST(too_large) {
    struct reading r;
    open_plain(&r);
    char *text = repeat("{" TIME ", \"k\": 1", ' ', DECODER_RECORD_MAX, "}");
    struct record record = {.timestamp_us = TIME_NONE, .value = {text, DECODER_RECORD_MAX + 1}};
    ck_assert(!decoder_read(r.decoder, &record, &r.event, &r.refused));
    ck_assert_int_eq(r.refused, OUTCOME_MALFORMED);
    ck_assert_str_eq(decoder_detail(r.decoder),
                     "the record has 12582913 bytes; no more than 12582912 are read");
    text[DECODER_RECORD_MAX - 1] = '}';
    record.value.len = DECODER_RECORD_MAX;
    ck_assert(decoder_read(r.decoder, &record, &r.event, &r.refused));
    record.key = span_of("k"); /* it may be kept as well */
    ck_assert(!decoder_read(r.decoder, &record, &r.event, &r.refused));
    ck_assert_int_eq(r.refused, OUTCOME_MALFORMED);
    ck_assert_str_eq(decoder_detail(r.decoder),
                     "the record has 12582913 bytes with its key; no more than 12582912 are read");
    free(text);
    close_reading(&r);
}
END_TEST

/* -- robustness -- */

static const char sample[] =
    "{\"k\": -1.5e3, \"a\": \"x\\u00e9\\n\\\\\xc3\xa9\", \"b\": [1, {\"c\": null}], " TIME "}";

START_TEST(every_prefix) {
    struct reading r;
    open_plain(&r);
    for (size_t len = 1; len < sizeof sample - 1; len++) {
        read_bytes(&r, sample, len);
        bool cut_character = (unsigned char)sample[len - 1] == 0xc3;
        ck_assert_int_eq(r.refused, cut_character ? OUTCOME_ENCODING : OUTCOME_MALFORMED);
    }
    assert_read(&r, sample);
    close_reading(&r);
}
END_TEST

/* Any byte at any place: read or refused with a reason, and the decoder is as good as new. read_at checks. */
START_TEST(every_byte) {
    struct reading r;
    open_plain(&r);
    int read = 0, nuls = 0, not_utf8 = 0;
    for (size_t at = 0; at < sizeof sample - 1; at++) {
        for (int byte = 0; byte < 256; byte += at % 8 ? 5 : 1) {
            char text[sizeof sample];
            memcpy(text, sample, sizeof sample);
            text[at] = (char)byte;
            read_bytes(&r, text, sizeof sample - 1);
            read += r.ok;
            nuls += r.refused == OUTCOME_NUL;
            not_utf8 += r.refused == OUTCOME_ENCODING;
        }
    }
    ck_assert_int_gt(read, 100);
    ck_assert_int_gt(not_utf8, 100);
    ck_assert_int_eq(nuls, (int)sizeof sample - 1 - 2); /* in the é it makes bad UTF-8 instead */
    assert_read(&r, sample);
    close_reading(&r);
}
END_TEST

/* However much is wrong, what is said about it stays short. */
START_TEST(detail_is_cut) {
    struct reading r;
    open_plain(&r);
    char *text = repeat("{\"time\": \"", '\x7f', 100000, "\"}");
    assert_refused(&r, text, strlen(text), OUTCOME_TIME_INVALID, "...\" is not a time");
    ck_assert_uint_lt(strlen(decoder_detail(r.decoder)), 600);
    free(text);
    text = repeat("", '\xff', 100000, "");
    assert_refused(&r, text, strlen(text), OUTCOME_ENCODING, "...");
    ck_assert_uint_lt(strlen(decoder_detail(r.decoder)), 600);
    free(text);
    assert_read(&r, "{" TIME "}");
    close_reading(&r);
}
END_TEST

START_TEST(unknown_zone) {
    static char zone[] = "Mars/Olympus", field[] = "time";
    struct time_config time = {.field = field, .zone = zone};
    const struct decoder_options options = {.time = &time};
    struct error error = {0};
    ck_assert_ptr_null(decoder_new(&options, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.message, "Mars/Olympus"));
    decoder_free(NULL);
}
END_TEST

/* Only the time's description must outlive decoder_new. */
START_TEST(options_are_copied) {
    static char field[] = "time";
    struct time_config time = {.field = field, .zone = utc, .max_future_us = MINUTE};
    char a[] = "a", k[] = "k";
    const char *fields[] = {a}, *key[] = {k};
    struct reading r = {.refused = OUTCOME_COUNT};
    struct decoder_options options = {fields, 1, key, 1, &time, SEED, {0}};
    r.decoder = decoder_new(&options, NULL);
    ck_assert_ptr_nonnull(r.decoder);
    a[0] = k[0] = 'z';
    fields[0] = key[0] = NULL;
    options = (struct decoder_options){0};
    assert_read(&r, "{\"a\": 1, \"k\": 2, " TIME "}");
    assert_value(r.event.fields[0], VALUE_NUMBER, "1");
    ck_assert(r.event.has_key);
    close_reading(&r);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("decode");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, click);
    tcase_add_test(tests, types);
    tcase_add_test(tests, last_duplicate_stands);
    tcase_add_test(tests, names_apart);
    tcase_add_test(tests, many_names);
    tcase_add_test(tests, shared_fields);
    tcase_add_test(tests, nested_names);
    tcase_add_test(tests, formats_and_zones);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, large_records);
    tcase_add_test(tests, dense_records);
    tcase_add_test(tests, deep_records);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, every_prefix);
    tcase_add_test(tests, every_byte);
    tcase_add_test(tests, detail_is_cut);
    tcase_add_test(tests, unknown_zone);
    tcase_add_test(tests, options_are_copied);
    return suite_run("event.decode", tests);
}
