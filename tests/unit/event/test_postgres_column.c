#include "event/postgres_column.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "../event/suite.h"
#include "base/buffer.h"
#include "base/memory.h"

#define NUMERIC_TYPMOD(precision, scale) (((precision) << 16 | ((scale)&0x7ff)) + 4)
#define CHARACTERS(n)                    ((n) + 4)

enum { ANY = -1 };

static const struct column_type type_bool = {COLUMN_BOOL, ANY, false}, type_int2 = {COLUMN_INT2, ANY, false},
                                type_int4 = {COLUMN_INT4, ANY, false}, type_int8 = {COLUMN_INT8, ANY, false},
                                type_float4 = {COLUMN_FLOAT4, ANY, false},
                                type_float8 = {COLUMN_FLOAT8, ANY, false},
                                type_numeric = {COLUMN_NUMERIC, ANY, false},
                                type_numeric_5_2 = {COLUMN_NUMERIC, NUMERIC_TYPMOD(5, 2), false},
                                type_numeric_3_m2 = {COLUMN_NUMERIC, NUMERIC_TYPMOD(3, -2), false},
                                type_numeric_2_5 = {COLUMN_NUMERIC, NUMERIC_TYPMOD(2, 5), false},
                                type_numeric_38_0 = {COLUMN_NUMERIC, NUMERIC_TYPMOD(38, 0), false},
                                type_text = {COLUMN_TEXT, ANY, false},
                                type_varchar = {COLUMN_VARCHAR, ANY, false},
                                type_varchar_5 = {COLUMN_VARCHAR, CHARACTERS(5), false},
                                type_varchar_255 = {COLUMN_VARCHAR, CHARACTERS(255), false},
                                type_char_3 = {COLUMN_BPCHAR, CHARACTERS(3), false},
                                type_uuid = {COLUMN_UUID, ANY, false}, type_date = {COLUMN_DATE, ANY, false},
                                type_timestamp = {COLUMN_TIMESTAMP, ANY, false},
                                type_timestamp_3 = {COLUMN_TIMESTAMP, 3, false},
                                type_timestamp_0 = {COLUMN_TIMESTAMP, 0, false},
                                type_timestamptz = {COLUMN_TIMESTAMPTZ, ANY, false},
                                type_timestamptz_0 = {COLUMN_TIMESTAMPTZ, 0, false},
                                type_json = {COLUMN_JSON, ANY, false},
                                type_jsonb = {COLUMN_JSONB, ANY, false},
                                type_bytea = {COLUMN_BYTEA, ANY, false},
                                type_inet = {COLUMN_INET, ANY, false}, type_interval = {1186, ANY, false};

static struct arena arena;
static char why[400];

/* What is sent, terminated, or NULL when the value is refused; valid until the next call. */
static const char *accept_value(struct column_type type, struct value value) {
    struct span text = {"untouched", 9};
    arena_reset(&arena);
    why[0] = '\0';
    if (!column_accept(&type, value, &arena, &text, why, sizeof why)) {
        ck_assert_msg(why[0] != '\0', "no reason");
        return NULL;
    }
    ck_assert_str_eq(why, "");
    return arena_printf(&arena, "%.*s", SPAN_ARGS(text)).data;
}

/* The value in memory of its own, so that the sanitizer sees what is read behind it. */
static const char *accept_text(struct column_type type, enum value_type kind, const char *text) {
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    const char *sent = accept_value(type, (struct value){kind, {copy, len}});
    free(copy);
    return sent;
}

static void sends(struct column_type type, enum value_type kind, const char *text, const char *expected) {
    const char *sent = accept_text(type, kind, text);
    ck_assert_msg(sent != NULL, "\"%s\": %s", text, why);
    ck_assert_msg(strcmp(sent, expected) == 0, "\"%s\" sent as \"%s\", not \"%s\"", text, sent, expected);
}

static void refuses(struct column_type type, enum value_type kind, const char *text, const char *reason) {
    const char *sent = accept_text(type, kind, text);
    ck_assert_msg(sent == NULL, "\"%s\" sent as \"%s\"", text, sent);
    if (reason) ck_assert_str_eq(why, reason);
}

/* Of each list, ended by NULL: all sent as they are, or all refused. */
static void sends_all(struct column_type type, enum value_type kind, const char *const *texts) {
    for (; *texts; texts++) sends(type, kind, *texts, *texts);
}

static void refuses_all(struct column_type type, enum value_type kind, const char *const *texts) {
    for (; *texts; texts++) refuses(type, kind, *texts, NULL);
}

#define LIST(...)                                                                                            \
    (const char *const[]) {                                                                                  \
        __VA_ARGS__, NULL                                                                                    \
    }

START_TEST(nulls) {
    struct value null = {VALUE_NULL, {0}};
    struct span text = {"untouched", 9};
    struct column_type type = type_int4;
    ck_assert(column_accept(&type, null, &arena, &text, why, sizeof why));
    ck_assert_ptr_null(text.data);
    type.not_null = true;
    ck_assert(!column_accept(&type, null, &arena, &text, why, sizeof why));
    ck_assert_str_eq(why, "null in a column that is not null");
    ck_assert_ptr_nonnull(accept_text(type, VALUE_NUMBER, "1"));
    type = (struct column_type){COLUMN_TEXT, ANY, true};
    sends(type, VALUE_STRING, "", "");
    sends(type, VALUE_STRING, "null", "null");
}
END_TEST

START_TEST(booleans) {
    static const char *const yes[] = {"t",   "tr", "tru", "true", "TRUE",   "True",     "y", "ye",
                                      "YES", "on", "oN",  "1",    " true ", "\ttrue\n", NULL};
    static const char *const no[] = {"f",  "fa",  "fals", "false", "FALSE", "n",    "no",
                                     "of", "off", "OFF",  "0",     " f\v",  "\rno", NULL};
    for (int i = 0; yes[i]; i++) sends(type_bool, VALUE_STRING, yes[i], "true");
    for (int i = 0; no[i]; i++) sends(type_bool, VALUE_STRING, no[i], "false");
    refuses_all(type_bool, VALUE_STRING,
                LIST("", " ", "o", "truee", "yess", "noo", "onn", "offf", "01", "1.0", "2", "-1", "true x",
                     "t rue", "null"));
    sends(type_bool, VALUE_BOOL, "true", "true");
    sends(type_bool, VALUE_BOOL, "false", "false");
    sends(type_bool, VALUE_NUMBER, "1", "true");
    sends(type_bool, VALUE_NUMBER, "0", "false");
    refuses(type_bool, VALUE_NUMBER, "2", "2 is not a boolean");
    refuses(type_bool, VALUE_NUMBER, "1.0", "1.0 is not a boolean");
    refuses(type_bool, VALUE_STRING, "maybe", "\"maybe\" is not a boolean");
    refuses(type_bool, VALUE_JSON, "[true]", "[true] is not a boolean");
}
END_TEST

START_TEST(integers) {
    sends_all(type_int4, VALUE_NUMBER, LIST("0", "7", "-7", "2147483647", "-2147483648"));
    sends_all(type_int4, VALUE_STRING, LIST("0", "7", "-7", "2147483647", "-2147483648"));
    sends(type_int4, VALUE_NUMBER, "7.0", "7");
    sends(type_int4, VALUE_NUMBER, "7e0", "7");
    sends(type_int4, VALUE_NUMBER, "1.2e3", "1200");
    sends(type_int4, VALUE_NUMBER, "-700e-2", "-7");
    sends(type_int4, VALUE_NUMBER, "-0", "0");
    sends(type_int4, VALUE_NUMBER, "-0.0e99", "0");
    sends(type_int4, VALUE_NUMBER, "2147483647.000", "2147483647");
    sends(type_int4, VALUE_STRING, "+7", "7");
    sends(type_int4, VALUE_STRING, " 007\n", "7");
    sends(type_int4, VALUE_STRING, "-007", "-7");
    sends(type_int4, VALUE_STRING, "-0", "0");
    sends(type_int4, VALUE_STRING, "\v\f7\r", "7");
    refuses(type_int4, VALUE_NUMBER, "7.5", "7.5 is not an integer");
    refuses(type_int4, VALUE_NUMBER, "1e-5", "1e-5 is not an integer");
    refuses(type_int4, VALUE_STRING, "abc", "\"abc\" is not an integer");
    refuses(type_int4, VALUE_STRING, "7.0", "\"7.0\" is not an integer");
    refuses_all(type_int4, VALUE_STRING,
                LIST("", " ", "-", "+", "- 7", "+-7", "--7", "7 7", "7,0", "1e3", "0x1", "1_000", "true"));
    refuses(type_int4, VALUE_BOOL, "true", "true is not an integer");
    refuses(type_int4, VALUE_JSON, "[7]", "[7] is not an integer");
    refuses(type_int4, VALUE_NUMBER, "2147483648", "2147483648 is out of range for integer");
    refuses(type_int4, VALUE_NUMBER, "-2147483649", "-2147483649 is out of range for integer");
    refuses(type_int4, VALUE_STRING, "2147483648", "2147483648 is out of range for integer");
    refuses(type_int4, VALUE_NUMBER, "1e100", "1e100 is out of range for integer");
    sends_all(type_int2, VALUE_NUMBER, LIST("32767", "-32768"));
    refuses(type_int2, VALUE_NUMBER, "32768", "32768 is out of range for smallint");
    refuses(type_int2, VALUE_NUMBER, "-32769", "-32769 is out of range for smallint");
    sends_all(type_int8, VALUE_NUMBER,
              LIST("9223372036854775807", "-9223372036854775808", "9007199254740993"));
    refuses(type_int8, VALUE_NUMBER, "9223372036854775808", "9223372036854775808 is out of range for bigint");
    refuses(type_int8, VALUE_NUMBER, "-9223372036854775809",
            "-9223372036854775809 is out of range for bigint");
    refuses_all(type_int8, VALUE_STRING, LIST("99999999999999999999999999999999999"));
}
END_TEST

START_TEST(numerics) {
    sends_all(type_numeric, VALUE_NUMBER,
              LIST("0", "-0", "0.00", "12.3450", "1e5", "9007199254740993",
                   "0.1000000000000000055511151231257827", "1e131071", "1e-16383"));
    sends_all(type_numeric, VALUE_STRING, LIST("12.50", "+.5", "5.", "007", "1.e5"));
    sends(type_numeric, VALUE_STRING, " \t12.50\n", "12.50");
    refuses(type_numeric, VALUE_STRING, "abc", "\"abc\" is not a number");
    refuses(type_numeric, VALUE_STRING, "1,5", "\"1,5\" is not a number");
    refuses_all(type_numeric, VALUE_STRING,
                LIST("", " ", ".", "e5", "1e", "1 2", "1e 5", "0x1", "1_0", "--1", "12k"));
    refuses(type_numeric, VALUE_BOOL, "true", "true is not a number");
    refuses(type_numeric, VALUE_JSON, "[1]", "[1] is not a number");
    refuses(type_numeric, VALUE_NUMBER, "1e131072", "1e131072 has more digits than any numeric holds");
    refuses_all(type_numeric, VALUE_NUMBER, LIST("9e131072", "1e-16384", "0e-16384", "0.1e131073"));
    sends_all(type_numeric, VALUE_NUMBER, LIST("0e200000", "9e131071", "0.1e131072"));
}
END_TEST

START_TEST(numerics_limited) {
    sends_all(type_numeric_5_2, VALUE_NUMBER,
              LIST("12.345", "999.99", "-999.99", "999.994", "999.9949999999999999999999", "0.001", "1e2",
                   "1e-300", "0.00499"));
    refuses(type_numeric_5_2, VALUE_NUMBER, "1000.00", "1000.00 does not fit numeric(5,2)");
    refuses(type_numeric_5_2, VALUE_STRING, "999.995", "\"999.995\" does not fit numeric(5,2)");
    refuses_all(type_numeric_5_2, VALUE_NUMBER,
                LIST("999.995", "-999.995", "1e3", "1000", "9.99995e2", "1e131071"));
    sends_all(type_numeric_3_m2, VALUE_NUMBER,
              LIST("99900", "99949", "99949.99", "49", "50", "0.5", "-99949"));
    refuses(type_numeric_3_m2, VALUE_NUMBER, "99950", "99950 does not fit numeric(3,-2)");
    sends_all(type_numeric_2_5, VALUE_NUMBER, LIST("0.00099", "0.000994", "0.000001", "0"));
    refuses(type_numeric_2_5, VALUE_NUMBER, "0.000995", "0.000995 does not fit numeric(2,5)");
    refuses_all(type_numeric_2_5, VALUE_NUMBER, LIST("0.001", "0.1", "1"));
    sends_all(type_numeric_38_0, VALUE_NUMBER,
              LIST("99999999999999999999999999999999999999", "99999999999999999999999999999999999999.4"));
    refuses_all(type_numeric_38_0, VALUE_NUMBER, LIST("99999999999999999999999999999999999999.5", "1e38"));
    /* Digits that no numeric has room for are refused even where rounding would drop them: the cast comes
     * before the column's limits. */
    refuses_all(type_numeric_5_2, VALUE_NUMBER, LIST("1e-16384", "0e-16384"));
}
END_TEST

START_TEST(not_finite) {
    sends(type_numeric, VALUE_STRING, "nan", "NaN");
    sends(type_numeric, VALUE_STRING, " NaN ", "NaN");
    sends(type_numeric, VALUE_STRING, "Infinity", "Infinity");
    sends(type_numeric, VALUE_STRING, "+inf", "Infinity");
    sends(type_numeric, VALUE_STRING, "-INF", "-Infinity");
    sends(type_numeric_5_2, VALUE_STRING, "NaN", "NaN");
    refuses(type_numeric_5_2, VALUE_STRING, "-inf", "\"-inf\" does not fit numeric(5,2)");
    refuses_all(type_numeric, VALUE_STRING, LIST("+nan", "-nan", "infinit", "in", "nan(1)"));
    sends(type_float8, VALUE_STRING, "nan", "NaN");
    sends(type_float4, VALUE_STRING, "-infinity", "-Infinity");
    refuses_all(type_float8, VALUE_STRING, LIST("nan(1)", "+nan", "infinit"));
}
END_TEST

START_TEST(floats) {
    sends_all(type_float8, VALUE_NUMBER,
              LIST("0", "-0.0", "0.1", "12.50", "1e308", "-1e308", "1.7976931348623157e308", "5e-324",
                   "3e-324", "1e-323", "0e-400", "9007199254740993"));
    refuses(type_float8, VALUE_NUMBER, "1e309", "1e309 is out of range for double precision");
    refuses_all(type_float8, VALUE_NUMBER,
                LIST("-1e309", "1.7976931348623159e308", "2e-324", "1e-400", "1e1000000000"));
    sends_all(type_float4, VALUE_NUMBER,
              LIST("3.4028235e38", "3.402823567e38", "1e-45", "7.1e-46", "1e-30", "1e30", "0.1"));
    refuses(type_float4, VALUE_NUMBER, "1e39", "1e39 is out of range for real");
    refuses_all(type_float4, VALUE_NUMBER, LIST("3.4028236e38", "3.402823669e38", "7e-46", "1e-46", "-1e39"));
    sends(type_float8, VALUE_STRING, " +1.5e3 ", "+1.5e3");
    refuses(type_float8, VALUE_STRING, "1d", "\"1d\" is not a number");
    refuses_all(type_float8, VALUE_STRING, LIST("", ".", "1e", "0x1p3", "1 2"));
    refuses(type_float8, VALUE_BOOL, "true", "true is not a number");
}
END_TEST

START_TEST(texts) {
    sends_all(type_text, VALUE_STRING, LIST("", " ", "abc", "a\nb", "\xc3\xa9\xf0\x9f\x98\x80", "null"));
    sends(type_text, VALUE_NUMBER, "1.50", "1.50");
    sends(type_text, VALUE_BOOL, "true", "true");
    sends(type_text, VALUE_JSON, "{\"a\":[1]}", "{\"a\":[1]}");
    sends(type_varchar, VALUE_STRING, "any length at all", "any length at all");
    sends(type_varchar_5, VALUE_STRING, "12345", "12345");
    /* characters, not bytes */
    sends(type_varchar_5, VALUE_STRING, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
          "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    sends(type_varchar_5, VALUE_STRING,
          "\xf0\x9f\x98\x80"
          "1234",
          "\xf0\x9f\x98\x80"
          "1234");
    refuses(type_varchar_5, VALUE_STRING, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
            "value has 6 characters, varchar(5) holds 5");
    /* spaces too many are cut off, other blanks are not */
    sends(type_varchar_5, VALUE_STRING, "123     ", "123  ");
    sends(type_varchar_5, VALUE_STRING, "12345  ", "12345");
    sends(type_varchar_5, VALUE_STRING, "         ", "     ");
    sends(type_varchar_5, VALUE_STRING, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 ",
          "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    refuses(type_varchar_5, VALUE_STRING, "12345\t", "value has 6 characters, varchar(5) holds 5");
    refuses(type_varchar_5, VALUE_STRING, "12345 6", "value has 7 characters, varchar(5) holds 5");
    refuses(type_varchar_5, VALUE_NUMBER, "123456", "value has 6 characters, varchar(5) holds 5");
    refuses(type_char_3, VALUE_STRING, "abcd", "value has 4 characters, char(3) holds 3");
    sends(type_char_3, VALUE_STRING, "abc ", "abc");
    sends(type_char_3, VALUE_STRING, "a", "a");
    char *long_text = memory_printf("%0300d", 7);
    refuses(type_varchar_255, VALUE_STRING, long_text, "value has 300 characters, varchar(255) holds 255");
    free(long_text);
    sends(type_interval, VALUE_STRING, "3 days", "3 days");
    sends(type_interval, VALUE_NUMBER, "3", "3");
}
END_TEST

START_TEST(bytes_that_are_no_text) {
    static const struct column_type types[] = {{COLUMN_TEXT, ANY, false},  {COLUMN_JSONB, ANY, false},
                                               {COLUMN_BYTEA, ANY, false}, {COLUMN_INT4, ANY, false},
                                               {COLUMN_INET, ANY, false},  {1186, ANY, false}};
    for (int i = 0; i < COUNT_OF(types); i++) {
        ck_assert_ptr_null(accept_value(types[i], (struct value){VALUE_STRING, {"1\0", 2}}));
        ck_assert_str_eq(why, "a NUL at byte 1 of the value");
        ck_assert_ptr_null(accept_value(types[i], (struct value){VALUE_STRING, {"12345678\xff\0", 10}}));
        ck_assert_str_eq(why, "the value is not UTF-8 at byte 8");
    }
}
END_TEST

START_TEST(uuids) {
    static const char canonical[] = "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11";
    static const char *const spellings[] = {canonical,
                                            "7E0BA57B-9D4C-4A5B-8F6E-1F0F3A6D2C11",
                                            "{7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11}",
                                            "7e0ba57b9d4c4a5b8f6e1f0f3a6d2c11",
                                            "7e0b-a57b-9d4c-4a5b-8f6e-1f0f-3a6d-2c11",
                                            NULL};
    for (int i = 0; spellings[i]; i++) sends(type_uuid, VALUE_STRING, spellings[i], canonical);
    refuses(type_uuid, VALUE_STRING, "abc", "\"abc\" is not a uuid");
    refuses_all(type_uuid, VALUE_STRING,
                LIST("", " 7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11", "{7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11"));
    refuses(type_uuid, VALUE_NUMBER, "7", "7 is not a uuid");
}
END_TEST

START_TEST(times) {
    sends(type_timestamptz, VALUE_STRING, "2024-06-17 05:00:00", "2024-06-17 05:00:00+00");
    sends(type_timestamptz, VALUE_STRING, "2024-06-17T05:00:00.123400Z", "2024-06-17 05:00:00.1234+00");
    sends(type_timestamptz, VALUE_STRING, "2024-06-17 05:00+05:30", "2024-06-16 23:30:00+00");
    sends(type_timestamptz, VALUE_STRING, "2024-06-17 05:00:00.123456+00", "2024-06-17 05:00:00.123456+00");
    sends(type_timestamptz, VALUE_STRING, " 2024-06-17\n", "2024-06-17 00:00:00+00");
    sends(type_timestamptz, VALUE_STRING, "0001-01-01 00:00", "0001-01-01 00:00:00+00");
    sends(type_timestamptz, VALUE_STRING, "9999-12-31 23:59:59.9999999", "9999-12-31 23:59:59.999999+00");
    refuses(type_timestamptz, VALUE_STRING, "0001-01-01 00:00+15:59",
            "\"0001-01-01 00:00+15:59\" lies outside the years 1 to 9999 in UTC");
    refuses_all(type_timestamptz, VALUE_STRING, LIST("9999-12-31 23:59-15:59"));
    /* a zone is ignored, as Postgres does */
    sends(type_timestamp, VALUE_STRING, "2024-06-17T05:00:00.5-07:00", "2024-06-17 05:00:00.5");
    sends(type_timestamp, VALUE_STRING, "0001-01-01 00:00+15:59", "0001-01-01 00:00:00");
    sends(type_timestamp, VALUE_STRING, "2024-06-17 05:00:00,123", "2024-06-17 05:00:00.123");
    sends(type_timestamp_3, VALUE_STRING, "2024-06-17 05:00:00.123456", "2024-06-17 05:00:00.123456");
    sends(type_date, VALUE_STRING, "2024-06-17", "2024-06-17");
    sends(type_date, VALUE_STRING, "2024-06-17 23:59:59-07", "2024-06-17");
    sends(type_date, VALUE_STRING, " 2024-02-29 ", "2024-02-29");
    sends(type_timestamp, VALUE_STRING, "infinity", "infinity");
    sends(type_timestamptz, VALUE_STRING, " -Infinity ", "-infinity");
    sends(type_date, VALUE_STRING, "INFINITY", "infinity");
    refuses(type_date, VALUE_STRING, "2023-02-29", "\"2023-02-29\" is not a date");
    refuses(type_timestamp, VALUE_STRING, "yesterday", "\"yesterday\" is not a time");
    static const char *const bad[] = {"",
                                      "2024-06-31",
                                      "2024-13-01",
                                      "0000-01-01",
                                      "2024-06-17 25:00",
                                      "2024-06-17 05:60",
                                      "2024-06-17 05:00+16",
                                      "1718600400",
                                      "20240617",
                                      "12024-06-17",
                                      "294277-01-01",
                                      "2024-6-17",
                                      "17/06/2024",
                                      "+infinity",
                                      "inf",
                                      "now",
                                      "2024-06-17 24:00",
                                      "2024-06-17 23:59:60",
                                      "2024-06-17x",
                                      "2024-06-1 00:00",
                                      NULL};
    refuses_all(type_timestamp, VALUE_STRING, bad);
    refuses_all(type_timestamptz, VALUE_STRING, bad);
    refuses_all(type_date, VALUE_STRING, bad);
    refuses(type_timestamp, VALUE_NUMBER, "1718600400", "1718600400 is not a time");
    refuses(type_date, VALUE_NUMBER, "20240617", "20240617 is not a date");
    refuses(type_timestamptz, VALUE_BOOL, "true", "true is not a time");
}
END_TEST

START_TEST(json) {
    static const struct column_type types[] = {{COLUMN_JSON, ANY, false}, {COLUMN_JSONB, ANY, false}};
    for (int i = 0; i < COUNT_OF(types); i++) {
        sends_all(types[i], VALUE_JSON,
                  LIST("[]", "{}", "{\"a\":[1,null,true,\"x\"]}", "[1e131071,-0.5]",
                       "[\"1e999999 [[[ \\\"\"]", "{\"\\\\\":1}"));
        sends_all(types[i], VALUE_NUMBER, LIST("1.50", "-0", "1e5"));
        sends_all(types[i], VALUE_BOOL, LIST("true", "false"));
        sends(types[i], VALUE_STRING, "", "\"\"");
        sends(types[i], VALUE_STRING, "a\"b\\c\nd\x01", "\"a\\\"b\\\\c\\nd\\u0001\"");
        sends(types[i], VALUE_STRING, "{\"a\":1}", "\"{\\\"a\\\":1}\"");
        sends(types[i], VALUE_STRING, "\xc3\xa9", "\"\xc3\xa9\"");
    }
    /* jsonb keeps numbers as numeric, json as text */
    sends_all(type_json, VALUE_JSON, LIST("[1e131072]", "{\"a\":1e-16384}"));
    sends_all(type_json, VALUE_NUMBER, LIST("1e400000"));
    refuses(type_jsonb, VALUE_JSON, "[0,1e131072]", "1e131072 has more digits than a number in jsonb holds");
    refuses_all(type_jsonb, VALUE_JSON, LIST("{\"a\":1e-16384}", "[[-1e400000]]", "[\"\\\\\",1e400000]"));
    refuses(type_jsonb, VALUE_NUMBER, "1e400000", "1e400000 has more digits than a number in jsonb holds");
}
END_TEST

static char *nested(int depth) {
    char *text = malloc(2 * (size_t)depth + 1);
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    text[2 * depth] = '\0';
    return text;
}

START_TEST(json_depth) {
    char *most = nested(COLUMN_JSON_DEPTH_MAX), *more = nested(COLUMN_JSON_DEPTH_MAX + 1);
    sends(type_jsonb, VALUE_JSON, most, most);
    refuses(type_jsonb, VALUE_JSON, more, "JSON nested more than 5000 deep");
    refuses(type_json, VALUE_JSON, more, "JSON nested more than 5000 deep");
    sends(type_text, VALUE_JSON, more, more);
    free(most);
    free(more);
    /* side by side is not deep */
    struct buffer flat;
    buffer_init(&flat);
    buffer_byte(&flat, '[');
    for (int i = 0; i < 2 * COLUMN_JSON_DEPTH_MAX; i++) buffer_text(&flat, i ? ",[{}]" : "[{}]");
    buffer_byte(&flat, ']');
    ck_assert_ptr_nonnull(accept_text(type_jsonb, VALUE_JSON, buffer_string(&flat)));
    buffer_release(&flat);
}
END_TEST

START_TEST(byteas) {
    sends_all(type_bytea, VALUE_STRING,
              LIST("", "abc", "\\x", "\\x00ffAB", "\\xab cd", "\\x \n41", "\\x41 ", "\\\\", "\\001", "\\377",
                   "a\\\\b\\012", "\xc3\xa9"));
    refuses(type_bytea, VALUE_STRING, "\\x0", "\"\\\\x0\" is not a bytea");
    refuses_all(
        type_bytea, VALUE_STRING,
        LIST("\\xa b", "\\x0g", "\\x\v41", "\\", "a\\b", "\\400", "\\378", "\\18", "\\1", "\\X41", "\\\\\\"));
    sends(type_bytea, VALUE_NUMBER, "12", "12");
}
END_TEST

START_TEST(inets) {
    sends_all(type_inet, VALUE_STRING,
              LIST("10.1.2.3", "0.0.0.0", "255.255.255.255", "10.1.2.3/32", "10.1.2.3/0", "010.1.2.3",
                   "10.1.2.3/08", "10/8", "10/15", "10.1/16", "10.1.2./24", "::1", "::", "::1/128",
                   "fe80::1/64", "ABCD:ef01::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4"));
    refuses(type_inet, VALUE_STRING, "10.1.2.256", "\"10.1.2.256\" is not an IP address");
    refuses_all(type_inet, VALUE_STRING,
                LIST("", "10", "10.1.2", "10.1.2.", "10..1.2", ".1.2.3.4", "10.1.2.3.4", "10.1.2.3/33",
                     "10.1.2.3/", "10.1.2.3/a", "10.1.2.3/24 ", "10.1.2.3 ", " 10.1.2.3", "10/16", "10.1/24",
                     "1.2.3/32", "0x0a.1.2.3", "10.1.2.-3", "localhost", "::1/129", "::1/", "::1/08",
                     "::1/0128", "::1/1x", "1::2::3", ":::", "12345::", "fe80::1%eth0", "::1 ",
                     "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.256", "[::1]",
                     "1111:2222:3333:4444:5555:6666:255.255.255.2555555555555"));
}
END_TEST

/* -- keys -- */

static const char *key_of(struct column_type type, const char *text) {
    return arena_printf(&arena, "%.*s", SPAN_ARGS(column_key(&type, span_of(text), &arena))).data;
}

START_TEST(keys) {
    static const struct {
        const struct column_type *type;
        const char *text, *key;
    } cases[] = {
        {&type_numeric, "7.00", "7"},
        {&type_numeric, "+.50", "0.5"},
        {&type_numeric, "1e5", "100000"},
        {&type_numeric, "-0.0", "0"},
        {&type_numeric, "NaN", "NaN"},
        {&type_numeric, "-Infinity", "-Infinity"},
        {&type_numeric, "9007199254740993.0", "9007199254740993"},
        {&type_numeric_5_2, "12.345", "12.35"},
        {&type_numeric_5_2, "12.35", "12.35"},
        {&type_numeric_5_2, "-0.004", "0"},
        {&type_numeric_5_2, "99.995", "100"},
        {&type_numeric_3_m2, "150", "200"},
        {&type_float8, "0.10", "0.10000000000000001"},
        {&type_float8, "0.1000000000000000055511151231257827", "0.10000000000000001"},
        {&type_float8, "1e0", "1"},
        {&type_float8, "-0.0", "0"},
        {&type_float8, "-Infinity", "-Infinity"},
        {&type_float8, "NaN", "NaN"},
        {&type_float4, "0.1", "0.10000000149011612"},
        {&type_float4, "0.100000001", "0.10000000149011612"},
        {&type_timestamp, "2024-06-17 05:00:00.123456", "2024-06-17 05:00:00.123456"},
        {&type_timestamp_3, "2024-06-17 05:00:00.1234", "2024-06-17 05:00:00.123"},
        {&type_timestamp_3, "2024-06-17 05:00:00.1235", "2024-06-17 05:00:00.124"},
        {&type_timestamp_3, "2024-06-17 05:00:00.9995", "2024-06-17 05:00:01"},
        {&type_timestamp_3, "infinity", "infinity"},
        {&type_timestamp_0, "2024-06-17 05:00:00.5", "2024-06-17 05:00:01"},
        {&type_timestamp_0, "1999-06-17 05:00:00.5", "1999-06-17 05:00:00"}, /* away from 2000 */
        {&type_timestamp_0, "1999-06-17 05:00:00.6", "1999-06-17 05:00:01"},
        {&type_timestamptz_0, "2024-06-17 05:00:00.5+00", "2024-06-17 05:00:01+00"},
        {&type_char_3, "a  ", "a"},
        {&type_char_3, "a", "a"},
        {&type_varchar_5, "a  ", "a  "},
        {&type_text, "7.0", "7.0"},
        {&type_int4, "7", "7"},
        {&type_date, "2024-06-17", "2024-06-17"},
        {&type_interval, "3 days", "3 days"},
    };
    struct column_type type = type_numeric;
    ck_assert_ptr_null(column_key(&type, (struct span){0}, &arena).data);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const char *key = key_of(*cases[i].type, cases[i].text);
        ck_assert_msg(strcmp(key, cases[i].key) == 0, "%s has key %s, not %s", cases[i].text, key,
                      cases[i].key);
        /* A key is its own key. */
        ck_assert_str_eq(key_of(*cases[i].type, cases[i].key), cases[i].key);
    }
}
END_TEST

START_TEST(reasons_are_cut) {
    char small[16];
    struct span text;
    struct column_type type = type_int4;
    struct value value = {VALUE_STRING, span_of("a long text that is no integer")};
    ck_assert(!column_accept(&type, value, &arena, &text, small, sizeof small));
    ck_assert_str_eq(small, "\"a long text th");
    char *digits = memory_printf("%0200d", 7);
    digits[0] = '9';
    refuses(type_int4, VALUE_NUMBER, digits, NULL);
    ck_assert_uint_lt(strlen(why), 200);
    free(digits);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("postgres_column");
    tcase_add_test(tests, nulls);
    tcase_add_test(tests, booleans);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, numerics);
    tcase_add_test(tests, numerics_limited);
    tcase_add_test(tests, not_finite);
    tcase_add_test(tests, floats);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, bytes_that_are_no_text);
    tcase_add_test(tests, uuids);
    tcase_add_test(tests, times);
    tcase_add_test(tests, json);
    tcase_add_test(tests, json_depth);
    tcase_add_test(tests, byteas);
    tcase_add_test(tests, inets);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, reasons_are_cut);
    int status = suite_run("output.postgres_column", tests);
    arena_release(&arena);
    return status;
}
