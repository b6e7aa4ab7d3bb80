#include "cleaning.h"

START_TEST(texts) {
    static const struct trial trials[] = {
        {"strip_non_ascii: [a]", "\"a\": \"\xc3\xa9t\xc3\xa9 \xf0\x9f\x8e\x89\\u0001~\\u007f\"",
         "{\"a\":\"t \\u0001~\\u007f\"}"},
        {"strip_non_ascii: [a, b]", "\"a\": \"\xe2\x82\xac\", \"b\": \"\"", "{\"a\":\"\",\"b\":\"\"}"},
        {"strip_non_ascii: [a]", "\"a\": 1.5e3, \"b\": \"\xc3\xa9\"", "{\"a\":1.5e3,\"b\":\"\xc3\xa9\"}"},
        {"strip_non_ascii: [a]", "\"a\": true", "{\"a\":true}"},
        {"strip_non_ascii: [a]", "\"a\": null", "{}"},
        {"trim: [a]", "", "{}"},
        {"trim: [a]", "\"a\": \" \\t\\r\\n x  y \\u00a0\\u2003\\u3000\\u0085\"", "{\"a\":\"x  y\"}"},
        {"trim: [a]", "\"a\": \"\\u2028 \"", "{\"a\":\"\"}"},
        {"trim: [a]", "\"a\": \"\xe2\x80\x8b\xc3\xa0\"", "{\"a\":\"\xe2\x80\x8b\xc3\xa0\"}"},
        {"trim: [a]", "\"a\": [1]", " step 1, trim: field \"a\" is an array, not a text"},
        {"trim: [b], trim: [a]", "\"a\": {}", " step 2, trim: field \"a\" is an object, not a text"},
        {"remove: {fields: [a], text: \",\"}", "\"a\": \",1,,2,\"", "{\"a\":\"12\"}"},
        {"remove: {fields: [a], text: ab}", "\"a\": \"aabb ab\"", "{\"a\":\"ab \"}"},
        {"remove: {fields: [a], text: aa}", "\"a\": \"aaa\"", "{\"a\":\"a\"}"},
        {"remove: {fields: [a], text: x}", "\"a\": \"abc\", \"b\": 7", "{\"a\":\"abc\",\"b\":7}"},
        {"remove: {fields: [a], characters: \"a\xc3\xa9$\"}",
         "\"a\": \"\xc3\xa9$\xc3\xa8"
         "b,a\"",
         "{\"a\":\"\xc3\xa8"
         "b,\"}"},
        {"remove: {fields: [a], characters: \"\\n\\t\"}", "\"a\": \"1\\n2\\t\"", "{\"a\":\"12\"}"},
        {"replace: {fields: [a, b], text: \"_\", with: \" \"}", "\"a\": \"x__y_\", \"b\": \"_\"",
         "{\"a\":\"x  y \",\"b\":\" \"}"},
        {"replace: {fields: [a], text: a, with: aa}", "\"a\": \"banana\"", "{\"a\":\"baanaanaa\"}"},
        {"replace: {fields: [a], text: \"\xc3\xa9\", with: e}", "\"a\": \"\xc3\xa9t\xc3\xa9\"",
         "{\"a\":\"ete\"}"},
        {"replace: {fields: [a], text: \".\", with: \",\"}", "\"a\": 1.5", "{\"a\":1.5}"},
        {"lower: [a]", "\"a\": \"Ada@EXAMPLE.org \xc3\x89\xce\xa3\xd0\x96\"",
         "{\"a\":\"ada@example.org \xc3\xa9\xcf\x83\xd0\xb6\"}"},
        {"lower: [a]", "\"a\": \"already small\"", "{\"a\":\"already small\"}"},
        {"lower: [a]", "\"a\": \"\xc8\xba\xc4\xb0\"", "{\"a\":\"\xe2\xb1\xa5i\"}"},
        {"upper: [a]",
         "\"a\": \"stra\xc3\x9f"
         "e \xc3\xa9\xc4\xb1\"",
         "{\"a\":\"STRA\xc3\x9f"
         "E \xc3\x89I\"}"},
        {"upper: [a]", "\"a\": 7, \"b\": \"b\"", "{\"a\":7,\"b\":\"b\"}"},
        {"trim: [a], lower: [a], replace: {fields: [a], text: x, with: y}", "\"a\": \" XX \"",
         "{\"a\":\"yy\"}"},
    };
    try_all(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(counts) {
    static const struct {
        const char *json, *expected;
    } trials[] = {
        {"\"12k\"", "12000"},
        {"\"1.2k\"", "1200"},
        {"\"3M\"", "3000000"},
        {"\"2B\"", "2000000000"},
        {"\"2b\"", "2000000000"},
        {"\"12\"", "12"},
        {"\" 12 K \"", "12000"},
        {"\"-3k\"", "-3000"},
        {"\"+3\"", "3"},
        {"\"007\"", "7"},
        {"\"12.0\"", "12"},
        {"\"0k\"", "0"},
        {"\"-0.0M\"", "0"},
        {"\".5k\"", "500"},
        {"\"0.001k\"", "1"},
        {"\"9007199254740993\"", "9007199254740993"},
        {"\"123456789012345678901234567890k\"", "123456789012345678901234567890000"},
        {"7", "7"},
        {"7.5", "7.5"},
        {"1e3", "1e3"},
    };
    struct cleaning c;
    cleaning_open(&c, "count_suffix: [a]");
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char json[100], expected[100];
        snprintf(json, sizeof json, "\"a\": %s", trials[i].json);
        snprintf(expected, sizeof expected, "{\"a\":%s}", trials[i].expected);
        cleaned(&c, json, expected);
    }
    cleaned(&c, "\"a\": null", "{}");
    cleaning_close(&c);
}
END_TEST

START_TEST(what_is_no_count) {
    static const char *const bad[] = {"\"\"",
                                      "\"k\"",
                                      "\"User Info Error\"",
                                      "\"1.2345k\"",
                                      "\"1,2k\"",
                                      "\"1e3\"",
                                      "\"1e3k\"",
                                      "\"12kk\"",
                                      "\"12 k k\"",
                                      "\"0x1F\"",
                                      "\"1.5\"",
                                      "\"--1\"",
                                      "\"Infinity\"",
                                      "\"NaN\"",
                                      "\"\xd9\xa1k\"",
                                      "\"1 2k\"",
                                      "true",
                                      "[1]",
                                      "{}"};
    struct cleaning strict, lenient;
    cleaning_open(&strict, "count_suffix: {fields: [a]}");
    cleaning_open(&lenient, "count_suffix: {fields: [a, b], otherwise: 0}");
    for (int i = 0; i < COUNT_OF(bad); i++) {
        char json[100];
        snprintf(json, sizeof json, "{" AT ", \"a\": %s}", bad[i]);
        cleaning_read(&strict, json);
        ck_assert_msg(strict.refused == OUTCOME_STEP_FAILED, "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(decoder_detail(strict.decoder), "step 1, count_suffix: field \"a\""));
        snprintf(json, sizeof json, "\"a\": %s, \"b\": \"2k\"", bad[i]);
        cleaned(&lenient, json, "{\"a\":0,\"b\":2000}");
    }
    cleaned(&lenient, "\"b\": null", "{}");
    cleaning_fails(&strict, "\"a\": \"User Info Error\"",
                   "step 1, count_suffix: field \"a\": \"User Info Error\" is not a count such as 12k");
    cleaning_close(&strict);
    cleaning_close(&lenient);
}
END_TEST

START_TEST(casts) {
    static const struct {
        const char *type, *json, *expected; /* NULL: none */
    } trials[] = {
        {"int", "7", "7"},
        {"int", "7.0", "7"},
        {"int", "7e2", "700"},
        {"int", "-0", "0"},
        {"int", "\"007\"", "7"},
        {"int", "\" +7.00 \"", "7"},
        {"int", "\"-9223372036854775809\"", "-9223372036854775809"},
        {"int", "9007199254740993", "9007199254740993"},
        {"int", "9007199254740993.0", "9007199254740993"},
        {"int", "123456789012345678901234567890123456789012345",
         "123456789012345678901234567890123456789012345"},
        {"int", "true", "1"},
        {"int", "false", "0"},
        {"int", "7.5", NULL},
        {"int", "\"7.5\"", NULL},
        {"int", "\"\"", NULL},
        {"int", "\"  \"", NULL},
        {"int", "\"12k\"", NULL},
        {"int", "\"0x10\"", NULL},
        {"int", "\"1 000\"", NULL},
        {"int", "[7]", NULL},
        {"int", "1e-3", NULL},
        {"int", "1e2000000000", NULL},
        {"decimal", "1.50", "1.50"},
        {"decimal", "\"1.50\"", "1.50"},
        {"decimal", "\"+001.50\"", "1.50"},
        {"decimal", "\"-000\"", "-0"},
        {"decimal", "\".5\"", "0.5"},
        {"decimal", "\"-.5e+07\"", "-0.5e+07"},
        {"decimal", "\"5.\"", "5"},
        {"decimal", "\"5.e3\"", "5e3"},
        {"decimal", "\"\\t0.1\\n\"", "0.1"},
        {"decimal", "\"123456789.123456789123456789\"", "123456789.123456789123456789"},
        {"decimal", "\"1,5\"", NULL},
        {"decimal", "\".\"", NULL},
        {"decimal", "\"-\"", NULL},
        {"decimal", "\"NaN\"", NULL},
        {"decimal", "\"1e\"", NULL},
        {"decimal", "true", NULL},
        {"text", "1.50", "\"1.50\""},
        {"text", "true", "\"true\""},
        {"text", "\"x\"", "\"x\""},
        {"text", "[1, \"x\"]", "\"[1,\\\"x\\\"]\""},
        {"bool", "true", "true"},
        {"bool", "1", "true"},
        {"bool", "0.0", "false"},
        {"bool", "\"TRUE\"", "true"},
        {"bool", "\" t \"", "true"},
        {"bool", "\"Yes\"", "true"},
        {"bool", "\"on\"", "true"},
        {"bool", "\"1\"", "true"},
        {"bool", "\"n\"", "false"},
        {"bool", "\"off\"", "false"},
        {"bool", "\"0\"", "false"},
        {"bool", "2", NULL},
        {"bool", "\"\"", NULL},
        {"bool", "\"truth\"", NULL},
        {"bool", "{}", NULL},
        {"timestamp", "\"2024-06-17T05:00:00.120+02:00\"", "\"2024-06-17 03:00:00.12+00\""},
        {"timestamp", "\" 2024-06-17 05:00:00 \"", "\"2024-06-17 11:00:00+00\""},
        {"timestamp", "\"2024-02-30 05:00\"", NULL},
        {"timestamp", "1718600400", NULL},
        {"epoch_s", "1718600400", "\"2024-06-17 05:00:00+00\""},
        {"epoch_s", "1718600400.25", "\"2024-06-17 05:00:00.25+00\""},
        {"epoch_ms", "\"1718600400250\"", "\"2024-06-17 05:00:00.25+00\""},
        {"epoch_us", "-1", "\"1969-12-31 23:59:59.999999+00\""},
        {"epoch_ms", "\"x\"", NULL},
        {"epoch_s", "1e300", NULL},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char steps[100], json[200], expected[200];
        struct cleaning c;
        snprintf(steps, sizeof steps, "cast: {a: %s}", trials[i].type);
        cleaning_open_scope(&c, steps, "America/Edmonton", STEPS_ALL);
        snprintf(json, sizeof json, "\"a\": %s", trials[i].json);
        if (trials[i].expected) {
            snprintf(expected, sizeof expected, "{\"a\":%s}", trials[i].expected);
            cleaned(&c, json, expected);
        } else {
            snprintf(json, sizeof json, "{" AT ", \"a\": %s}", trials[i].json);
            cleaning_read(&c, json);
            ck_assert_msg(c.refused == OUTCOME_STEP_FAILED, "%s %s", trials[i].type, trials[i].json);
        }
        cleaned(&c, "\"a\": null", "{}");
        cleaning_close(&c);
    }
}
END_TEST

START_TEST(what_a_cast_says) {
    static const struct trial trials[] = {
        {"cast: {a: int}", "\"a\": \"ab\\nc\\\"\"",
         " step 1, cast: field \"a\": \"ab\\nc\\\"\" is not a whole number"},
        {"cast: {a: int}", "\"a\": 7.5", " step 1, cast: field \"a\": 7.5 is not a whole number"},
        {"cast: {b: decimal}", "\"b\": \"x\"", " step 1, cast: field \"b\": \"x\" is not a number"},
        {"cast: {b: bool}", "\"b\": [true]", " step 1, cast: field \"b\" is an array, not true or false"},
        {"cast: {b: timestamp}", "\"b\": \"x\"", " step 1, cast: field \"b\": \"x\" is not a time"},
        {"cast: {b: epoch_ms}", "\"b\": \"x\"",
         " step 1, cast: field \"b\": \"x\" is not a time in milliseconds since 1970"},
    };
    try_all(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(nulls_and_names) {
    static const struct trial trials[] = {
        {"null_if: {a: [\"\", N/A, 7], b: x}", "\"a\": \"N/A\", \"b\": \"x\", \"c\": \"x\"", "{\"c\":\"x\"}"},
        {"null_if: {a: [\"\", N/A, 7]}", "\"a\": 7.0", "{}"},
        {"null_if: {a: [\"\", N/A, 7]}", "\"a\": \"7\"", "{\"a\":\"7\"}"},
        {"null_if: {a: [true]}", "\"a\": true, \"b\": \"true\"", "{\"b\":\"true\"}"},
        {"default: {a: unknown, b: 0, c: true}", "\"b\": null", "{\"a\":\"unknown\",\"b\":0,\"c\":true}"},
        {"default: {a: \"7\", b: 007, c: 1.50, d: \"\"}", "",
         "{\"a\":\"7\",\"b\":\"007\",\"c\":1.50,\"d\":\"\"}"},
        {"default: {a: x}", "\"a\": \"\"", "{\"a\":\"\"}"},
        {"default: {a: x}", "\"a\": []", "{\"a\":[]}"},
        {"rename: {old: a}", "\"old\": 7", "{\"a\":7}"},
        {"rename: {old: a}", "\"a\": 1, \"old\": 7", "{\"a\":7}"},
        {"rename: {old: a}", "\"a\": 1", "{\"a\":1}"},
        {"rename: {old: a}", "\"a\": 1, \"old\": null", "{\"a\":1}"},
        {"rename: {a: b}", "\"a\": [1]", "{\"b\":[1]}"},
        {"rename: {a: x}, rename: {b: a}, rename: {x: b}", "\"a\": 1, \"b\": 2", "{\"a\":2,\"b\":1}"},
        {"coalesce: {a: [b, c]}", "\"a\": 1, \"c\": 3", "{\"a\":3,\"c\":3}"},
        {"coalesce: {a: [a, b]}", "\"a\": null, \"b\": 2", "{\"a\":2,\"b\":2}"},
        {"coalesce: {a: [b]}", "\"a\": 1", "{}"},
        {"coalesce: {a: [x, y], b: [a]}", "\"y\": \"\"", "{\"a\":\"\",\"b\":\"\"}"},
        {"drop: [a, b]", "\"a\": 1, \"b\": [2], \"c\": 3", "{\"c\":3}"},
        {"drop: [a], coalesce: {a: [b]}", "\"a\": 1, \"b\": 2", "{\"a\":2,\"b\":2}"},
        {"null_if: {a: \"\"}, default: {a: none}", "\"a\": \"\"", "{\"a\":\"none\"}"},
    };
    try_all(trials, COUNT_OF(trials));
}
END_TEST

/* The first is that of FIPS 180, the second that of RFC 4231 with the key "Jefe". */
START_TEST(hashes) {
    setenv("T_HASH_KEY", "Jefe", 1);
    static const struct trial trials[] = {
        {"hash: [a]", "\"a\": \"abc\"",
         "{\"a\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}"},
        {"hash: {fields: [a, b], key: \"${T_HASH_KEY}\"}",
         "\"a\": \"what do ya want for nothing?\", \"b\": \"what do ya want for nothing?\"",
         "{\"a\":\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\",\"b\":"
         "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"}"},
        {"hash: [a]", "\"a\": \"\"",
         "{\"a\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}"},
        {"hash: [a, b]", "\"a\": 7, \"b\": 7.0",
         "{\"a\":\"7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451\",\"b\":"
         "\"7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451\"}"},
        {"hash: [a]", "\"a\": \"7\"",
         "{\"a\":\"7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451\"}"},
        {"hash: [a]", "\"a\": null", "{}"},
        {"hash: [a]", "\"a\": {\"secret\": 1}",
         " step 1, hash: field \"a\" is an object, not a text, a number or a boolean"},
    };
    try_all(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(filters) {
    static const struct {
        const char *condition, *json;
        bool holds;
    } trials[] = {
        {"[art, travel]", "\"art\"", true},
        {"[art, travel]", "\"Art\"", false},
        {"[art, travel]", "null", false},
        {"art", "\"art\"", true},
        {"[7, \"8\"]", "7.00", true},
        {"[7, \"8\"]", "\"7\"", false},
        {"[7, \"8\"]", "8", false},
        {"[7, \"8\"]", "\"8\"", true},
        {"[9007199254740993]", "9007199254740992", false},
        {"[true]", "true", true},
        {"[true]", "\"true\"", false},
        {"[a]", "[\"a\"]", false},
        {"{not: [a, b]}", "\"c\"", true},
        {"{not: [a, b]}", "\"a\"", false},
        {"{not: a}", "null", true},
        {"{not: 1}", "1e0", false},
        {"{min: 10}", "10", true},
        {"{min: 10}", "9.999999999999999999999999", false},
        {"{min: 10}", "null", false},
        {"{max: -1.5}", "-1.50", true},
        {"{max: -1.5}", "-1.49", false},
        {"{min: 9007199254740993}", "9007199254740992", false},
        {"{min: 1, max: 3}", "2e0", true},
        {"{min: 1, max: 3}", "0", false},
        {"{min: 1, max: 3}", "31e-1", false},
        {"{min: \"2024\", max: \"2024-12-31\"}", "\"2024-06-17\"", true},
        {"{min: \"2024\", max: \"2024-12-31\"}", "\"2024-12-31 00:00\"", false},
        {"{min: \"b\"}", "\"ba\"", true},
        {"{min: \"b\"}", "\"a\"", false},
        {"{present: true}", "0", true},
        {"{present: true}", "\"\"", true},
        {"{present: true}", "null", false},
        {"{present: false}", "null", true},
        {"{present: false}", "false", false},
        {"{min: 1, not: [5]}", "5", false},
        {"{min: 1, not: [5]}", "6", true},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        struct cleaning c;
        char steps[200], json[200];
        snprintf(steps, sizeof steps, "where: {a: %s}, drop: [a]", trials[i].condition);
        snprintf(json, sizeof json, "\"a\": %s", trials[i].json);
        cleaning_open(&c, steps);
        if (trials[i].holds)
            cleaned(&c, json, "{}");
        else
            cleaned_to_nothing(&c, json, 1);
        cleaning_close(&c);
    }
}
END_TEST

START_TEST(what_a_filter_cannot_compare) {
    static const struct trial trials[] = {
        {"where: {a: {min: 10}}", "\"a\": \"12\"",
         " step 1, where: field \"a\": \"12\" cannot be compared with 10"},
        {"where: {a: {max: x}}", "\"a\": 12",
         " step 1, where: field \"a\": 12 cannot be compared with \"x\""},
        {"where: {a: {min: 1}}", "\"a\": true",
         " step 1, where: field \"a\": true cannot be compared with 1"},
        {"where: {a: {min: 1}}", "\"a\": 1e2000000000",
         " step 1, where: field \"a\": 1e2000000000 cannot be compared with 1"},
    };
    try_all(trials, COUNT_OF(trials));
}
END_TEST

START_TEST(several_conditions_must_all_hold) {
    struct cleaning c;
    cleaning_open(&c, "trim: [a], where: {a: x, b: {present: true}}, where: {c: [1, 2]}");
    cleaned(&c, "\"a\": \" x\", \"b\": 1, \"c\": 2", "{\"a\":\"x\",\"b\":1,\"c\":2}");
    cleaned_to_nothing(&c, "\"a\": \"x\", \"c\": 2", 2);
    cleaned_to_nothing(&c, "\"a\": \"y\", \"b\": 1, \"c\": 2", 2);
    cleaned_to_nothing(&c, "\"a\": \"x\", \"b\": 1, \"c\": 3", 3);
    /* Its key is nobody's business. */
    cleaned_to_nothing(&c, "\"a\": \"y\", \"k\": 7", 2);
    cleaned_to_nothing(&c, "\"a\": \"y\", \"k\": [7]", 2);
    cleaned(&c, "\"a\": \"x\", \"b\": 1, \"c\": 1.0", "{\"a\":\"x\",\"b\":1,\"c\":1.0}");
    cleaning_close(&c);
}
END_TEST

/* -- time and key -- */

START_TEST(a_filtered_event_has_its_time) {
    struct cleaning c;
    cleaning_open(&c, "where: {a: x}, coalesce: {at: [ts]}, trim: [at], cast: {b: int}");
    cleaning_read(&c, "{\"ts\": \" 2024-06-17 05:00:00 \", \"a\": \"y\", \"b\": \"bad\"}");
    ck_assert_msg(c.ok, "%s", decoder_detail(c.decoder));
    ck_assert_int_eq(c.event.filtered_by, 1);
    ck_assert_int_eq(c.event.time_us, INT64_C(1718600400000000));
    cleaning_read(&c, "{\"ts\": \"soon\", \"a\": \"y\"}");
    ck_assert_int_eq(c.refused, OUTCOME_TIME_INVALID);
    cleaning_read(&c, "{\"ts\": [], \"a\": \"y\"}");
    ck_assert_int_eq(c.refused, OUTCOME_STEP_FAILED);
    ck_assert_str_eq(decoder_detail(c.decoder), "step 3, trim: field \"at\" is an array, not a text");
    cleaning_close(&c);
}
END_TEST

START_TEST(a_time_that_a_step_took_away) {
    struct cleaning c;
    cleaning_open(&c, "null_if: {at: never}");
    cleaning_read(&c, "{\"at\": \"never\"}");
    ck_assert_int_eq(c.refused, OUTCOME_TIME_INVALID);
    ck_assert_str_eq(decoder_detail(c.decoder), "field \"at\", the event time, is made null by a step");
    cleaning_read(&c, "{\"at\": null}");
    ck_assert_str_eq(decoder_detail(c.decoder), "field \"at\", the event time, is null");
    cleaning_close(&c);
}
END_TEST

static struct hash128 key_of(const char *steps, const char *json) {
    struct cleaning c;
    char event[300];
    cleaning_open(&c, steps);
    snprintf(event, sizeof event, "{" AT ", %s}", json);
    cleaning_read(&c, event);
    ck_assert_msg(c.ok, "%s", decoder_detail(c.decoder));
    struct hash128 key = c.event.has_key ? c.event.key : (struct hash128){0};
    cleaning_close(&c);
    return key;
}

START_TEST(the_key_is_that_after_the_steps) {
    struct hash128 plain = key_of("trim: [z]", "\"k\": \"ada\""), none = {0};
    ck_assert_mem_ne(&plain, &none, sizeof plain);
    struct hash128 cleaned_key = key_of("trim: [k], lower: [k]", "\"k\": \" ADA \"");
    ck_assert_mem_eq(&plain, &cleaned_key, sizeof plain);
    struct hash128 renamed = key_of("rename: {who: k}", "\"who\": \"ada\"");
    ck_assert_mem_eq(&plain, &renamed, sizeof plain);
    struct hash128 number = key_of("trim: [z]", "\"k\": 7"),
                   cast = key_of("cast: {k: int}", "\"k\": \"007\"");
    ck_assert_mem_eq(&number, &cast, sizeof number);
    struct hash128 nulled = key_of("null_if: {k: \"\"}", "\"k\": \"\"");
    ck_assert_mem_eq(&none, &nulled, sizeof none);
}
END_TEST

/* -- scopes -- */

START_TEST(explaining_goes_on) {
    struct cleaning c;
    cleaning_open_scope(&c, "where: {a: x}, cast: {b: int}, lower: [c], trim: [d]", "UTC", STEPS_THOROUGH);
    cleaning_read(&c, "{" AT ", \"a\": \"y\", \"b\": \"bad\", \"c\": \"C\", \"d\": [1]}");
    ck_assert(c.ok);
    ck_assert_int_eq(c.event.filtered_by, 1);
    assert_span(c.event.fields[1].text, "bad");
    assert_span(c.event.fields[2].text, "c");
    cleaning_close(&c);
}
END_TEST

/* A decoder of one field does only what that field needs. */
static void one_field(const char *steps, enum steps_scope scope, const char *json, bool ok, int filtered_by,
                      const char *expected) {
    struct pipeline *pipeline = cleaning_pipeline(steps, "UTC");
    static const char *const fields[] = {"a"};
    struct decoder_options options = {.fields = fields, .field_count = 1, .time = &pipeline->inputs[0].time};
    struct error error;
    struct decoder *decoder = steps_decoder_new(&options, &pipeline->inputs[0], scope, &error);
    struct record record = {.timestamp_us = TIME_NONE, .value = span_of(json)};
    struct event event;
    enum outcome refused;
    ck_assert_msg(decoder_read(decoder, &record, &event, &refused) == ok, "%s", decoder_detail(decoder));
    if (ok) ck_assert_int_eq(event.filtered_by, filtered_by);
    if (ok) assert_span(event.fields[0].text, expected);
    decoder_free(decoder);
    pipeline_free(pipeline);
}

START_TEST(only_what_a_field_needs) {
    const char *json = "{" AT ", \"x\": \" A \", \"y\": \"bad\"}";
    one_field("trim: [x], cast: {y: int}, where: {y: 1}, rename: {x: a}, lower: [a]", STEPS_FIELDS, json,
              true, 0, "a");
    one_field("trim: [x], where: {y: 1}, coalesce: {a: [z, x]}, cast: {w: int}", STEPS_FIELDS_FILTERED, json,
              true, 2, NULL);
    one_field("cast: {y: int}, where: {y: 1}, trim: [x]", STEPS_FIELDS_FILTERED, json, false, 0, NULL);
    one_field("cast: {y: int}, where: {z: 1}, coalesce: {a: [x]}", STEPS_FIELDS_FILTERED, json, true, 2,
              NULL);
    one_field("coalesce: {a: [x]}, drop: [x, a], coalesce: {a: [y]}", STEPS_FIELDS, json, true, 0, "bad");
    one_field("cast: {at: timestamp}, cast: {y: int}", STEPS_FIELDS, json, true, 0, NULL);
}
END_TEST

START_TEST(marks) {
    struct pipeline *pipeline = cleaning_pipeline(
        "trim: [x, y], where: {y: 1}, rename: {x: a}, lower: [b], trim: [at], drop: [b]", "UTC");
    bool of_a[6] = {0}, filtered[6] = {0}, of_b[6] = {0};
    steps_mark(&pipeline->inputs[0], (const char *const[]){"a"}, 1, false, of_a);
    steps_mark(&pipeline->inputs[0], (const char *const[]){"a"}, 1, true, filtered);
    steps_mark(&pipeline->inputs[0], (const char *const[]){"b"}, 1, false, of_b);
    ck_assert_mem_eq(of_a, ((bool[]){1, 0, 1, 0, 0, 0}), sizeof of_a);
    ck_assert_mem_eq(filtered, ((bool[]){1, 1, 1, 0, 0, 0}), sizeof of_a);
    ck_assert_mem_eq(of_b, ((bool[]){0, 0, 0, 0, 0, 1}), sizeof of_a);
    pipeline_free(pipeline);
}
END_TEST

/* -- bounds -- */

static char *long_text(size_t len, char filler) {
    char *text = malloc(len + 100);
    size_t head = (size_t)sprintf(text, "{" AT ", \"b\": \"keep\", \"a\": \"");
    memset(text + head, filler, len);
    strcpy(text + head + len, "\"}");
    return text;
}

START_TEST(nothing_grows_without_bound) {
    struct cleaning c;
    char *text = long_text(1 << 20, 'x');
    cleaning_open(&c, "replace: {fields: [a], text: x, with: xxxxxxxxxxxxx}");
    cleaning_read(&c, text);
    ck_assert_int_eq(c.refused, OUTCOME_STEP_FAILED);
    ck_assert_str_eq(decoder_detail(c.decoder),
                     "step 1, replace: field \"a\" would become longer than 12582912 bytes");
    cleaned(&c, "\"a\": \"x\"", "{\"a\":\"xxxxxxxxxxxxx\"}");
    cleaning_close(&c);
    /* Each value is good, but not all of them together. */
    cleaning_open(&c, "replace: {fields: [a], text: x, with: xxxxxxxxxx}, coalesce: {b: [a]}");
    cleaning_read(&c, text);
    ck_assert_int_eq(c.refused, OUTCOME_STEP_FAILED);
    ck_assert_str_eq(decoder_detail(c.decoder),
                     "the fields have 20971539 bytes after the steps; no more than 12582912 are taken");
    cleaning_close(&c);
    /* Much is made on the way to little. */
    cleaning_open(&c, "replace: {fields: [a], text: x, with: XXXXXXXXX}, lower: [a], upper: [a], lower: [a], "
                      "upper: [a], lower: [a], drop: [a]");
    cleaning_read(&c, text);
    ck_assert_int_eq(c.refused, OUTCOME_STEP_FAILED);
    ck_assert_ptr_nonnull(
        strstr(decoder_detail(c.decoder), "the steps before have made more than 50331648 bytes"));
    cleaned(&c, "\"a\": \"x\"", "{}");
    cleaning_close(&c);
    free(text);
}
END_TEST

START_TEST(detail_is_cut) {
    struct cleaning c;
    char *text = long_text(100000, '\x7f');
    cleaning_open(&c, "cast: {a: int}");
    cleaning_read(&c, text);
    ck_assert_int_eq(c.refused, OUTCOME_STEP_FAILED);
    ck_assert_uint_lt(strlen(decoder_detail(c.decoder)), 600);
    ck_assert_ptr_nonnull(strstr(decoder_detail(c.decoder), "\\x7f..."));
    cleaning_close(&c);
    free(text);
}
END_TEST

/* What one event leaves behind is not seen by the next. */
START_TEST(event_after_event) {
    struct cleaning c;
    cleaning_open(&c, "lower: [a], null_if: {b: x}, hash: [c]");
    for (int i = 0; i < 3; i++) {
        cleaned(&c, "\"a\": \"ABC\", \"b\": \"x\"", "{\"a\":\"abc\"}");
        cleaned(&c, "", "{}");
        cleaned(&c, "\"a\": \"D\", \"b\": 1", "{\"a\":\"d\",\"b\":1}");
    }
    cleaning_close(&c);
}
END_TEST

START_TEST(without_steps) {
    struct cleaning c;
    cleaning_open(&c, "");
    cleaned(&c, "\"a\": \" A \", \"b\": 7.0", "{\"a\":\" A \",\"b\":7.0}");
    cleaning_close(&c);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("steps");
    tcase_add_test(tests, texts);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, what_is_no_count);
    tcase_add_test(tests, casts);
    tcase_add_test(tests, what_a_cast_says);
    tcase_add_test(tests, nulls_and_names);
    tcase_add_test(tests, hashes);
    tcase_add_test(tests, filters);
    tcase_add_test(tests, what_a_filter_cannot_compare);
    tcase_add_test(tests, several_conditions_must_all_hold);
    tcase_add_test(tests, a_filtered_event_has_its_time);
    tcase_add_test(tests, a_time_that_a_step_took_away);
    tcase_add_test(tests, the_key_is_that_after_the_steps);
    tcase_add_test(tests, explaining_goes_on);
    tcase_add_test(tests, only_what_a_field_needs);
    tcase_add_test(tests, marks);
    tcase_add_test(tests, nothing_grows_without_bound);
    tcase_add_test(tests, detail_is_cut);
    tcase_add_test(tests, event_after_event);
    tcase_add_test(tests, without_steps);
    return suite_run("transform.steps", tests);
}
