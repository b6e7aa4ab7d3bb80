#include "event/number.h"

#include <stdio.h>

#include "suite.h"

START_TEST(int64_accepts) {
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-12", -12},
        {"007", 7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"00000000000000000000000001", 1},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 99;
        ck_assert_msg(number_int64(span_of(cases[i].text), &value), "%s", cases[i].text);
        ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(int64_refuses) {
    static const char *const cases[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "--1",
                                        "1-",
                                        "0x1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999",
                                        "a"};
    int64_t value;
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(!number_int64(span_of(cases[i]), &value), "\"%s\"", cases[i]);
    ck_assert(!number_int64((struct span){0}, &value));
}
END_TEST

START_TEST(parse_refuses) {
    static const char *const cases[] = {"",
                                        "-",
                                        "+",
                                        ".",
                                        "-.",
                                        "e5",
                                        ".e5",
                                        "1e",
                                        "1e+",
                                        "1e-",
                                        "1e+-5",
                                        "1e++5",
                                        "1.2.3",
                                        "1 ",
                                        " 1",
                                        "1e5 ",
                                        "1e 5",
                                        "--1",
                                        "+-1",
                                        "0x1f",
                                        "1_000",
                                        "NaN",
                                        "nan",
                                        "Infinity",
                                        "inf",
                                        "1d",
                                        "1e5.",
                                        "1e5e5",
                                        "1,5",
                                        "1e1000000001",
                                        "1e-1000000001",
                                        "1e99999999999999999999",
                                        "0e1000000001"};
    struct number number;
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(!number_parse(span_of(cases[i]), &number), "\"%s\"", cases[i]);
    ck_assert(!number_parse((struct span){0}, &number));
}
END_TEST

/* text -> canonical text and scale as written */
static const struct {
    const char *text, *canonical;
    int64_t scale;
} parsed[] = {
    {"0", "0", 0},
    {"-0", "0", 0},
    {"+0", "0", 0},
    {"0.00", "0", 2},
    {"-0.0e5", "0", 0},
    {"0e-20", "0", 20},
    {"7", "7", 0},
    {"+7", "7", 0},
    {"7.0", "7", 1},
    {"7e0", "7", 0},
    {"70e-1", "7", 1},
    {"0.7E+1", "7", 0},
    {"007", "7", 0},
    {"5.", "5", 0},
    {".5", "0.5", 1},
    {"+.5", "0.5", 1},
    {"-.5e1", "-5", 0},
    {"-1.50", "-1.5", 2},
    {"12", "12", 0},
    {"1200", "1200", 0},
    {"1.2e3", "1200", 0},
    {"120.034500", "120.0345", 6},
    {"0.00012", "0.00012", 5},
    {"10.01", "10.01", 2},
    {"1e-3", "0.001", 3},
    {"9007199254740993", "9007199254740993", 0},
    {"9007199254740993.0", "9007199254740993", 1},
    {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789", 9},
    {"1e40", "10000000000000000000000000000000000000000", 0},
    {"1e41", "1e41", 0},
    {"10e40", "1e41", 0},
    {"1.5e41",
     "15"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000",
     0},
    {"1.5e42", "1.5e42", 0},
    {"1e100", "1e100", 0},
    {"-12.5e200", "-1.25e201", 0},
    {"1e-41",
     "0.0000000000000000000000000000000000000000"
     "1",
     41},
    {"1e-42", "1e-42", 42},
    {"0.000000000000000000000000000000000000000001", "1e-42", 42},
    {"1.5e-50", "1.5e-50", 51},
    {"1e1000000000", "1e1000000000", 0},
    {"1e-1000000000", "1e-1000000000", 1000000000},
};

START_TEST(parse_and_canonical) {
    struct buffer text;
    buffer_init(&text);
    for (int i = 0; i < COUNT_OF(parsed); i++) {
        struct number number, again;
        ck_assert_msg(number_parse(span_of(parsed[i].text), &number), "%s", parsed[i].text);
        ck_assert_msg(number.scale == parsed[i].scale, "%s: scale %ld", parsed[i].text, (long)number.scale);
        buffer_clear(&text);
        number_canonical(&number, &text);
        ck_assert_str_eq(buffer_string(&text), parsed[i].canonical);
        /* The canonical text is a number and its own canonical text. */
        ck_assert(number_parse(span_of(parsed[i].canonical), &again));
        buffer_clear(&text);
        number_canonical(&again, &text);
        ck_assert_str_eq(buffer_string(&text), parsed[i].canonical);
    }
    buffer_release(&text);
}
END_TEST

START_TEST(canonical_appends) {
    struct buffer text;
    struct number number;
    buffer_init(&text);
    buffer_text(&text, "x=");
    ck_assert(number_parse(span_of("7.10"), &number));
    number_canonical(&number, &text);
    ck_assert_str_eq(buffer_string(&text), "x=7.1");
    buffer_release(&text);
}
END_TEST

START_TEST(parts) {
    struct number number;
    ck_assert(number_parse(span_of("-00120.03450"), &number));
    ck_assert(number.negative);
    ck_assert_int_eq(number.digits, 7); /* 1200345 */
    ck_assert_int_eq(number.exponent, 3);
    ck_assert_int_eq(number.point, 3);
    char digits[8] = {0};
    for (int i = 0; i < 7; i++) digits[i] = number_digit(&number, i);
    ck_assert_str_eq(digits, "1200345");
    ck_assert(number_parse(span_of("0.00120"), &number));
    ck_assert_int_eq(number.digits, 2);
    ck_assert_int_eq(number.exponent, -2);
    ck_assert_int_eq(number_digit(&number, 1), '2');
    ck_assert(number_parse(span_of("-0.0"), &number));
    ck_assert_int_eq(number.digits, 0);
    ck_assert(!number.negative);
}
END_TEST

START_TEST(to_int64) {
    static const struct {
        const char *text;
        bool integer, fits;
        int64_t value;
    } cases[] = {
        {"0", true, true, 0},
        {"-0.0", true, true, 0},
        {"7.0", true, true, 7},
        {"7e2", true, true, 700},
        {"1200e-2", true, true, 12},
        {"7.5", false, false, 0},
        {"1e-1", false, false, 0},
        {"0.0001", false, false, 0},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775807.000", true, true, INT64_MAX},
        {"9223372036854775808", true, false, 0},
        {"-9223372036854775808", true, true, INT64_MIN},
        {"-9223372036854775809", true, false, 0},
        {"1e18", true, true, 1000000000000000000},
        {"1e19", true, false, 0},
        {"1e1000000000", true, false, 0},
        {"0e1000000000", true, true, 0},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct number number;
        int64_t value = 0;
        ck_assert(number_parse(span_of(cases[i].text), &number));
        ck_assert_msg(number_is_integer(&number) == cases[i].integer, "%s", cases[i].text);
        ck_assert_msg(number_to_int64(&number, &value) == cases[i].fits, "%s", cases[i].text);
        if (cases[i].fits) ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

/* As judged by Postgres 15: value, precision, scale, does it overflow, and what it is rounded to. */
static const struct {
    const char *text;
    int precision, scale;
    bool overflows;
    const char *rounded;
} rounded[] = {
    {"0", 5, 2, false, "0"},
    {"12.345", 5, 2, false, "12.35"},
    {"-12.345", 5, 2, false, "-12.35"},
    {"12.344999", 5, 2, false, "12.34"},
    {"999.99", 5, 2, false, "999.99"},
    {"999.994", 5, 2, false, "999.99"},
    {"999.9949999", 5, 2, false, "999.99"},
    {"999.995", 5, 2, true, "1000"},
    {"-999.995", 5, 2, true, "-1000"},
    {"99.995", 5, 2, false, "100"},
    {"1000", 5, 2, true, "1000"},
    {"1e3", 5, 2, true, "1000"},
    {"1e-300", 5, 2, false, "0"},
    {"0.005", 5, 2, false, "0.01"},
    {"0.0049", 5, 2, false, "0"},
    {"-0.0049", 5, 2, false, "0"},
    {"0.0005", 5, 2, false, "0"},
    {"9", 1, 0, false, "9"},
    {"9.4", 1, 0, false, "9"},
    {"9.5", 1, 0, true, "10"},
    {"0.5", 1, 0, false, "1"},
    {"0.95", 1, 1, true, "1"},
    {"0.94", 1, 1, false, "0.9"},
    /* scale greater than precision: only so many zeros behind the point */
    {"0.00099", 2, 5, false, "0.00099"},
    {"0.000994", 2, 5, false, "0.00099"},
    {"0.000995", 2, 5, true, "0.001"},
    {"0.001", 2, 5, true, "0.001"},
    {"0.000004", 2, 5, false, "0"},
    {"0.000005", 2, 5, false, "0.00001"},
    /* negative scale: rounds before the point */
    {"99900", 3, -2, false, "99900"},
    {"99949", 3, -2, false, "99900"},
    {"99949.99", 3, -2, false, "99900"},
    {"99950", 3, -2, true, "100000"},
    {"49", 3, -2, false, "0"},
    {"50", 3, -2, false, "100"},
    {"-50", 3, -2, false, "-100"},
    {"4.9", 3, -2, false, "0"},
    {"12345678901234567890123456789012345678", 38, 0, false, "12345678901234567890123456789012345678"},
    {"99999999999999999999999999999999999999.4", 38, 0, false, "99999999999999999999999999999999999999"},
    {"99999999999999999999999999999999999999.5", 38, 0, true, "100000000000000000000000000000000000000"},
    {"1e1000000000", 1000, 1000, true, "1e1000000000"},
    {"1e-1000000000", 1000, 1000, false, "0"},
};

START_TEST(overflows_and_rounds) {
    struct buffer text;
    buffer_init(&text);
    for (int i = 0; i < COUNT_OF(rounded); i++) {
        struct number number;
        ck_assert(number_parse(span_of(rounded[i].text), &number));
        ck_assert_msg(number_overflows(&number, rounded[i].precision, rounded[i].scale) ==
                          rounded[i].overflows,
                      "%s in numeric(%d,%d)", rounded[i].text, rounded[i].precision, rounded[i].scale);
        buffer_clear(&text);
        number_canonical_rounded(&number, rounded[i].scale, &text);
        ck_assert_str_eq(buffer_string(&text), rounded[i].rounded);
    }
    buffer_release(&text);
}
END_TEST

/* Every number of up to four digits, split at every place: all spellings of one value agree. */
START_TEST(spellings_agree) {
    struct buffer one, other;
    buffer_init(&one);
    buffer_init(&other);
    for (int value = 0; value < 10000; value += 7) {
        for (int shift = -4; shift <= 4; shift++) {
            char plain[32], shifted[32];
            struct number a, b;
            snprintf(plain, sizeof plain, "%de%d", value, shift);
            snprintf(shifted, sizeof shifted, "%d.%04d0e%d", value / 10000, value % 10000, shift + 4);
            ck_assert(number_parse(span_of(plain), &a) && number_parse(span_of(shifted), &b));
            buffer_clear(&one);
            buffer_clear(&other);
            number_canonical(&a, &one);
            number_canonical(&b, &other);
            ck_assert_str_eq(buffer_string(&one), buffer_string(&other));
            ck_assert_double_eq_tol(atof(buffer_string(&one)), atof(plain), 1e-9);
        }
    }
    buffer_release(&one);
    buffer_release(&other);
}
END_TEST

START_TEST(compare) {
    static const char *const ascending[] = {"-1e400",
                                            "-10",
                                            "-9.99",
                                            "-1.5",
                                            "-1.49",
                                            "-0.5",
                                            "-1e-9",
                                            "0",
                                            "1e-400",
                                            "0.009",
                                            "0.01",
                                            "0.0101",
                                            "1",
                                            "1.0000000000000000000001",
                                            "2",
                                            "9007199254740992",
                                            "9007199254740993",
                                            "1e20",
                                            "1e400"};
    struct number one, other;
    for (int a = 0; a < COUNT_OF(ascending); a++) {
        for (int b = 0; b < COUNT_OF(ascending); b++) {
            ck_assert(number_parse(span_of(ascending[a]), &one) &&
                      number_parse(span_of(ascending[b]), &other));
            int order = number_compare(&one, &other);
            ck_assert_msg((order > 0) - (order < 0) == (a > b) - (a < b), "%s %s", ascending[a],
                          ascending[b]);
        }
    }
    ck_assert(number_parse(span_of("-0.0"), &one) && number_parse(span_of("0e9"), &other));
    ck_assert_int_eq(number_compare(&one, &other), 0);
    ck_assert(number_parse(span_of("12.50e1"), &one) && number_parse(span_of("125"), &other));
    ck_assert_int_eq(number_compare(&one, &other), 0);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("number");
    tcase_add_test(tests, compare);
    tcase_add_test(tests, int64_accepts);
    tcase_add_test(tests, int64_refuses);
    tcase_add_test(tests, parse_refuses);
    tcase_add_test(tests, parse_and_canonical);
    tcase_add_test(tests, canonical_appends);
    tcase_add_test(tests, parts);
    tcase_add_test(tests, to_int64);
    tcase_add_test(tests, overflows_and_rounds);
    tcase_add_test(tests, spellings_agree);
    return suite_run("event.number", tests);
}
