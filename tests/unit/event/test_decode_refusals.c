#include "event/decode.h"

#include "reading.h"

START_TEST(empty) {
    struct reading r;
    open_plain(&r);
    struct record tombstone = {.timestamp_us = TIME_NONE};
    ck_assert(!decoder_read(r.decoder, &tombstone, &r.event, &r.refused));
    ck_assert_int_eq(r.refused, OUTCOME_EMPTY);
    ck_assert_str_eq(decoder_detail(r.decoder), "the record is a tombstone: it has no value");
    REFUSED("", OUTCOME_EMPTY, "the record is empty");
    REFUSED(" ", OUTCOME_EMPTY, "nothing but blanks");
    REFUSED(" \r\n\t ", OUTCOME_EMPTY, "nothing but blanks");
    close_reading(&r);
}
END_TEST

START_TEST(encoding) {
    struct reading r;
    open_plain(&r);
    REFUSED("{\"a\": \"\xff\"}", OUTCOME_ENCODING, "not UTF-8 at byte 7: \"\\xff\\\"}\"");
    REFUSED("{\"other\": \"caf\xe9\"}", OUTCOME_ENCODING, "not UTF-8 at byte 14");
    REFUSED("{\"caf\xe9\": 1}", OUTCOME_ENCODING, "not UTF-8 at byte 5");
    REFUSED("{\"a\": \"\xc0\x80\"}", OUTCOME_ENCODING, "not UTF-8 at byte 7");
    REFUSED("{\"a\": \"\xed\xa0\x80\"}", OUTCOME_ENCODING, "not UTF-8 at byte 7");
    REFUSED("{\"a\": \"\xf4\x90\x80\x80\"}", OUTCOME_ENCODING, "not UTF-8 at byte 7");
    REFUSED("{\"a\": \"\xe6\x97", OUTCOME_ENCODING, "not UTF-8 at byte 7");
    REFUSED("\xff\xfe{\0}\0", OUTCOME_ENCODING, "not UTF-8 at byte 0");
    REFUSED("not JSON and \xff not UTF-8", OUTCOME_ENCODING, "not UTF-8 at byte 13");
    REFUSED("{\"a\": 1} \x80", OUTCOME_ENCODING, "not UTF-8 at byte 9");
    REFUSED("\0\xff", OUTCOME_ENCODING, "not UTF-8 at byte 1");
    close_reading(&r);
}
END_TEST

START_TEST(nul) {
    struct reading r;
    open_plain(&r);
    REFUSED("{\"a\": \"\\u0000\", " TIME "}", OUTCOME_NUL, "a NUL, written as \\u0000, at byte 7");
    REFUSED("{\"other\": \"x\\u0000\", " TIME "}", OUTCOME_NUL, "at byte 12");
    REFUSED("{\"na\\u0000me\": 1, " TIME "}", OUTCOME_NUL, "\\u0000");
    REFUSED("{\"x\": [{\"y\": [\"\\u0000\"]}], " TIME "}", OUTCOME_NUL, "\\u0000");
    REFUSED("{\"a\": \"\\\\\\u0000\", " TIME "}", OUTCOME_NUL, "at byte 9");
    REFUSED("{\"a\": \"\\n\\u0000\", " TIME "}", OUTCOME_NUL, "at byte 9");
    REFUSED("{\"a\": \"\\u00000\", " TIME "}", OUTCOME_NUL, "at byte 7");
    REFUSED("[\"\\u0000\"]", OUTCOME_NUL, "\\u0000");
    REFUSED("\"\\u0000\"", OUTCOME_NUL, "\\u0000");
    REFUSED("{\"a\": \"x\0y\", " TIME "}", OUTCOME_NUL, "a NUL at byte 8");
    REFUSED("{" TIME "}\0", OUTCOME_NUL, "a NUL at byte");
    REFUSED("{\0" TIME "}", OUTCOME_NUL, "a NUL at byte 1");
    REFUSED("\0", OUTCOME_NUL, "a NUL at byte 0");
    REFUSED("\0\0\0\0\1{" TIME "}", OUTCOME_NUL, "schema registry");
    close_reading(&r);
}
END_TEST

START_TEST(not_quite_nul) {
    struct reading r;
    open_plain(&r);
    assert_read(&r, "{\"a\": \"\\\\u0000\", " TIME "}");
    assert_value(r.event.fields[0], VALUE_STRING, "\\u0000");
    assert_read(&r, "{\"a\": \"\\\\\\\\u0000\", " TIME "}");
    assert_value(r.event.fields[0], VALUE_STRING, "\\\\u0000");
    assert_read(&r, "{\"a\": \"\\u0001\\u0030\\u0100\\u1000\\n\\\\\\\\\", " TIME "}");
    assert_value(r.event.fields[0], VALUE_STRING,
                 "\x01"
                 "0\xc4\x80\xe1\x80\x80\n\\\\");
    assert_read(&r, "{" TIME ", \"a\": \"\\n\"}"); /* an escape at the very end */
    assert_read(&r, "{" TIME ", \"a\\\\\":1}");
    close_reading(&r);
}
END_TEST

START_TEST(malformed) {
    struct reading r;
    open_plain(&r);
    REFUSED("x", OUTCOME_MALFORMED, "not JSON at byte 0");
    REFUSED("{", OUTCOME_MALFORMED, "not JSON at byte 1");
    REFUSED("{" TIME, OUTCOME_MALFORMED, "not JSON at byte");
    REFUSED("{" TIME "}}", OUTCOME_MALFORMED, "unexpected content");
    REFUSED("{" TIME "} {" TIME "}", OUTCOME_MALFORMED, "unexpected content");
    REFUSED("{" TIME "}x", OUTCOME_MALFORMED, "unexpected content");
    REFUSED("{" TIME ",}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{,}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{'a': 1}", OUTCOME_MALFORMED, "near \"{'a': 1}\"");
    REFUSED("{a: 1}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\" 1}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": 01}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": +1}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": .5}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": 1.}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": NaN}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": Infinity}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": tru}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": /* no */ 1}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{" TIME "} // no", OUTCOME_MALFORMED, "unexpected content");
    REFUSED("{\"a\": \"\n\"}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": \"\\x41\"}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": \"\\u00g0\"}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": \"\\ud800\"}", OUTCOME_MALFORMED, "not JSON"); /* lone surrogates */
    REFUSED("{\"a\": \"\\udc00\"}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": \"\\ud800\\u0041\"}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("{\"a\": [1, 2}", OUTCOME_MALFORMED, "not JSON");
    REFUSED("\xef\xbb\xbf{" TIME "}", OUTCOME_MALFORMED, "byte order mark");
    REFUSED("\xef\xbb\xbf", OUTCOME_MALFORMED, "byte order mark");
    /* Where in a long record it is wrong, without the rest of it. */
    REFUSED("{\"some_long_name\": \"and a long value\", \"a\": wrong, \"b\": 1}", OUTCOME_MALFORMED,
            "near \"a long value\\\", \\\"a\\\": wrong, \\\"b\\\": 1}\"");
    close_reading(&r);
}
END_TEST

START_TEST(not_an_object) {
    struct reading r;
    open_plain(&r);
    REFUSED("[]", OUTCOME_NOT_AN_OBJECT, "the record is an array, not an object");
    REFUSED("[{" TIME "}]", OUTCOME_NOT_AN_OBJECT, "an array");
    REFUSED("\"text\"", OUTCOME_NOT_AN_OBJECT, "a string");
    REFUSED(" 12 ", OUTCOME_NOT_AN_OBJECT, "a number");
    REFUSED("null", OUTCOME_NOT_AN_OBJECT, "null");
    REFUSED("true", OUTCOME_NOT_AN_OBJECT, "a boolean");
    close_reading(&r);
}
END_TEST

START_TEST(time_invalid) {
    struct reading r;
    open_plain(&r);
    REFUSED("{}", OUTCOME_TIME_INVALID, "field \"time\", the event time, is missing");
    REFUSED("{\"Time\": \"2024-06-17 05:00\"}", OUTCOME_TIME_INVALID, "is missing");
    REFUSED("{\"time\": null}", OUTCOME_TIME_INVALID, "field \"time\", the event time, is null");
    REFUSED("{" TIME ", \"time\": null}", OUTCOME_TIME_INVALID, "is null");
    REFUSED("{\"time\": \"2024-13-01\"}", OUTCOME_TIME_INVALID,
            "field \"time\": \"2024-13-01\" is not a time");
    REFUSED("{\"time\": \"\"}", OUTCOME_TIME_INVALID, "field \"time\": \"\" is not a time");
    REFUSED("{\"time\": 1718600400}", OUTCOME_TIME_INVALID,
            "field \"time\": 1718600400 is not a time; is \"format\" (iso) right?");
    REFUSED("{\"time\": [1]}", OUTCOME_TIME_INVALID, "field \"time\" is an array, not a time");
    REFUSED("{\"time\": {}}", OUTCOME_TIME_INVALID, "field \"time\" is an object, not a time");
    REFUSED("{\"time\": true}", OUTCOME_TIME_INVALID, "field \"time\" is a boolean, not a time");
    REFUSED("{\"time\": \"\\u001b[31mred\"}", OUTCOME_TIME_INVALID, "\"\\x1b[31mred\" is not a time");
    close_reading(&r);
    open_with(&r, TIME_FORMAT_EPOCH_MS, utc, NULL, 0, NULL, 0);
    REFUSED("{" TIME "}", OUTCOME_TIME_INVALID,
            "field \"time\": \"2024-06-17 05:00:00\" is not a time in milliseconds since 1970; is \"format\" "
            "(epoch_ms) right?");
    REFUSED("{\"time\": 1e30}", OUTCOME_TIME_INVALID, "1e30 is not a time in milliseconds");
    close_reading(&r);
}
END_TEST

START_TEST(time_in_future) {
    static const char json[] = "{" TIME "}";
    struct reading r;
    open_plain(&r);
    read_at(&r, span_of(json), JUNE - MINUTE); /* exactly max_future */
    ck_assert(r.ok);
    read_at(&r, span_of(json), JUNE - MINUTE - 1);
    ck_assert(!r.ok);
    ck_assert_int_eq(r.refused, OUTCOME_TIME_IN_FUTURE);
    ck_assert_str_eq(decoder_detail(r.decoder),
                     "the event time 2024-06-17T05:00:00Z lies 60 seconds after the "
                     "record's timestamp; is \"zone\" (UTC) right?");
    read_at(&r, span_of(json), TIME_NONE);
    ck_assert(r.ok);
    read_at(&r, span_of(json), INT64_MAX);
    ck_assert(r.ok);
    read_at(&r, span_of(json), INT64_MIN + 1);
    ck_assert_int_eq(r.refused, OUTCOME_TIME_IN_FUTURE);
    r.time.max_future_us = 0;
    read_at(&r, span_of(json), JUNE);
    ck_assert(r.ok);
    read_at(&r, span_of(json), JUNE - 1);
    ck_assert(!r.ok);
    ck_assert_ptr_nonnull(strstr(decoder_detail(r.decoder), "lies 0 milliseconds after"));
    close_reading(&r);
}
END_TEST

START_TEST(time_in_future_units) {
    static const struct {
        int64_t ahead_us;
        const char *text;
    } cases[] = {
        {119 * TIME_SECOND, "lies 119 seconds after"},
        {120 * TIME_SECOND, "lies 2 minutes after"},
        {7199 * TIME_SECOND, "lies 119 minutes after"},
        {6 * 3600 * TIME_SECOND + 5, "lies 6 hours after"},
        {47 * 3600 * TIME_SECOND, "lies 47 hours after"},
        {48 * 3600 * TIME_SECOND, "lies 2 days after"},
        {INT64_C(700) * 86400 * TIME_SECOND, "lies 700 days after"},
        {INT64_C(800) * 86400 * TIME_SECOND, "lies 2 years after"},
        {INT64_C(73) * 31556952 * TIME_SECOND, "lies 73 years after"},
    };
    struct reading r;
    open_plain(&r);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        read_at(&r, span_of("{" TIME "}"), JUNE - cases[i].ahead_us);
        ck_assert_int_eq(r.refused, OUTCOME_TIME_IN_FUTURE);
        ck_assert_msg(strstr(decoder_detail(r.decoder), cases[i].text), "%s", decoder_detail(r.decoder));
    }
    close_reading(&r);
}
END_TEST

START_TEST(time_in_future_doubts) {
    static char edmonton[] = "America/Edmonton";
    struct reading r;
    open_with(&r, TIME_FORMAT_ISO, edmonton, NULL, 0, NULL, 0);
    read_at(&r, span_of("{" TIME "}"), JUNE);
    ck_assert_ptr_nonnull(
        strstr(decoder_detail(r.decoder),
               "lies 6 hours after the record's timestamp; is \"zone\" (America/Edmonton) right?"));
    read_at(&r, span_of("{\"time\": \"2024-06-17T05:00-06:00\"}"), JUNE);
    ck_assert_ptr_nonnull(strstr(decoder_detail(r.decoder), "its own zone; is the producer's clock right?"));
    close_reading(&r);
    open_with(&r, TIME_FORMAT_EPOCH_S, utc, NULL, 0, NULL, 0);
    read_at(&r, span_of("{\"time\": 171860040000}"), JUNE);
    ck_assert_ptr_nonnull(strstr(decoder_detail(r.decoder), "is \"format\" (epoch_s) right?"));
    close_reading(&r);
}
END_TEST

/* Of several faults the first in the header's order is told. */
START_TEST(order_of_faults) {
    struct reading r;
    open_plain(&r);
    REFUSED("{\"a\": \"\\u0000\xff\"", OUTCOME_ENCODING, "");
    REFUSED("{\"a\": \0 nonsense", OUTCOME_NUL, "");
    REFUSED("{\"a\": \"\\u0000\"", OUTCOME_MALFORMED, "");
    REFUSED("[\"\\u0000\"]", OUTCOME_NUL, "");
    REFUSED("{\"k\": [], \"time\": 1}", OUTCOME_TIME_INVALID, "");
    read_at(&r, span_of("{\"k\": [], " TIME "}"), JUNE - 2 * MINUTE);
    ck_assert_int_eq(r.refused, OUTCOME_TIME_IN_FUTURE);
    close_reading(&r);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("decode_refusals");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, empty);
    tcase_add_test(tests, encoding);
    tcase_add_test(tests, nul);
    tcase_add_test(tests, not_quite_nul);
    tcase_add_test(tests, malformed);
    tcase_add_test(tests, not_an_object);
    tcase_add_test(tests, time_invalid);
    tcase_add_test(tests, time_in_future);
    tcase_add_test(tests, time_in_future_units);
    tcase_add_test(tests, time_in_future_doubts);
    tcase_add_test(tests, order_of_faults);
    return suite_run("event.decode_refusals", tests);
}
