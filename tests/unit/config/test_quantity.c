#include "config/quantity.h"

#include "support.h"

static void duration_is(const char *text, int64_t us) {
    int64_t got = -1;
    ck_assert_msg(quantity_duration(text, &got) == QUANTITY_OK, "%s", text);
    ck_assert_int_eq(got, us);
}

START_TEST(durations) {
    duration_is("0", 0);
    duration_is("0s", 0);
    duration_is("250us", 250);
    duration_is("10ms", 10000);
    duration_is("15s", 15000000);
    duration_is("1m", 60000000);
    duration_is("1h", INT64_C(3600000000));
    duration_is("7d", INT64_C(604800000000));
    duration_is("1h30m", INT64_C(5400000000));
    duration_is("1d2h3m4s5ms6us", INT64_C(93784005006));
    duration_is("9223372036854775807us", INT64_MAX);
}
END_TEST

START_TEST(durations_refused) {
    int64_t us;
    const char *bad[] = {"",
                         "s",
                         "1x",
                         "1.5h",
                         "-1s",
                         "+1s",
                         "1 s",
                         " 1s",
                         "1s ",
                         "30m1h",
                         "1m1m",
                         "1h30",
                         "1S",
                         "1H",
                         "0x1s",
                         "1e3s",
                         "1ss",
                         "1s5",
                         "1mm",
                         "١s",
                         "9223372036854775808us",
                         "106751992d",
                         "99999999999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(quantity_duration(bad[i], &us) == QUANTITY_INVALID, "\"%s\"", bad[i]);
    ck_assert_int_eq(quantity_duration("60", &us), QUANTITY_NO_UNIT);
    ck_assert_int_eq(quantity_duration("00", &us), QUANTITY_NO_UNIT);
}
END_TEST

START_TEST(sizes) {
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"64MiB", INT64_C(67108864)},
                {"512MB", INT64_C(512000000)},
                {"2GiB", INT64_C(2147483648)},
                {"1KiB", 1024},
                {"1KB", 1000},
                {"7B", 7},
                {"1TiB", INT64_C(1099511627776)},
                {"3TB", INT64_C(3000000000000)},
                {"4GB", INT64_C(4000000000)}};
    int64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_int_eq(quantity_size(good[i].text, &bytes), QUANTITY_OK);
        ck_assert_int_eq(bytes, good[i].bytes);
    }
    ck_assert_int_eq(quantity_size("64", &bytes), QUANTITY_NO_UNIT);
    const char *bad[] = {"",         "MiB",   "1 MiB", "1mib",          "1.5GiB",
                         "1GiB1MiB", "-1MiB", "1Mi",   "9999999999TiB", "1GiBx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(quantity_size(bad[i], &bytes) == QUANTITY_INVALID, "\"%s\"", bad[i]);
}
END_TEST

START_TEST(integers) {
    int64_t number;
    ck_assert_int_eq(quantity_integer("0042", &number), QUANTITY_OK);
    ck_assert_int_eq(number, 42);
    const char *bad[] = {"", "-1", "1.0", "1e3", "0x10", "1_000", " 1", "9223372036854775808"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(quantity_integer(bad[i], &number) == QUANTITY_INVALID, "\"%s\"", bad[i]);
}
END_TEST

START_TEST(instants) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"1970-01-01", 0},
        {"2024-06-17", INT64_C(1718582400000000)},
        {"2024-06-17T05:00:00Z", INT64_C(1718600400000000)},
        {"2024-06-17 05:00", INT64_C(1718600400000000)},
        {"2024-06-17T05:00:00", INT64_C(1718600400000000)},
        {"2024-06-17T05:00:00.25Z", INT64_C(1718600400250000)},
        {"2024-06-17T05:00:00.1234569", INT64_C(1718600400123456)},
        {"2024-06-17T07:00:00+02:00", INT64_C(1718600400000000)},
        {"2024-06-17T07:00:00+0200", INT64_C(1718600400000000)},
        {"2024-06-16T23:30-05:30", INT64_C(1718600400000000)},
        {"2024-06-17T07:00+02", INT64_C(1718600400000000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
    };
    int64_t us;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(quantity_instant(good[i].text, &us) == QUANTITY_OK, "%s", good[i].text);
        ck_assert_int_eq(us, good[i].us);
    }
}
END_TEST

START_TEST(instants_refused) {
    int64_t us;
    const char *bad[] = {"",
                         "2024",
                         "2024-6-17",
                         "2024-13-01",
                         "2024-02-30",
                         "2023-02-29",
                         "2024-00-10",
                         "2024-06-00",
                         "1969-12-31",
                         "1970-01-01T00:00+01:00",
                         "2024-06-17T",
                         "2024-06-17T24:00",
                         "2024-06-17T05",
                         "2024-06-17T05:60",
                         "2024-06-17T05:00:60",
                         "2024-06-17T05:00:00.",
                         "2024-06-17T05:00:00Zx",
                         "2024-06-17T05:00:00+2",
                         "2024-06-17T05:00:00+02:",
                         "2024-06-17T05:00:00+02:60",
                         "2024-06-17T05:00:00+16:00",
                         "2024-06-17x",
                         "2024-06-17Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(quantity_instant(bad[i], &us) == QUANTITY_INVALID, "\"%s\"", bad[i]);
}
END_TEST

START_TEST(texts) {
    char text[QUANTITY_TEXT_MAX];
    ck_assert_str_eq(quantity_duration_text(0, text), "0");
    ck_assert_str_eq(quantity_duration_text(INT64_C(5400000000), text), "1h30m");
    ck_assert_str_eq(quantity_duration_text(INT64_C(93784005006), text), "1d2h3m4s5ms6us");
    ck_assert_str_eq(quantity_size_text(64 << 20, text), "64MiB");
    ck_assert_str_eq(quantity_size_text(512000000, text), "512MB");
    ck_assert_str_eq(quantity_size_text(1001, text), "1001B");
    ck_assert_str_eq(quantity_size_text(0, text), "0B");
    ck_assert_str_eq(quantity_instant_text(INT64_C(1718600400000000), text), "2024-06-17T05:00:00Z");
    ck_assert_str_eq(quantity_instant_text(INT64_C(1718600400000001), text), "2024-06-17T05:00:00.000001Z");
}
END_TEST

/* Whatever is printed is read back as the same. */
START_TEST(round_trips) {
    char text[QUANTITY_TEXT_MAX];
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int64_t value = (int64_t)(random >> (1 + i % 60)), back;
        ck_assert_int_eq(quantity_duration(quantity_duration_text(value, text), &back), QUANTITY_OK);
        ck_assert_int_eq(back, value);
        ck_assert_int_eq(quantity_size(quantity_size_text(value, text), &back), QUANTITY_OK);
        ck_assert_int_eq(back, value);
        int64_t instant = value % INT64_C(253402300800000000); /* the year 10000 */
        ck_assert_int_eq(quantity_instant(quantity_instant_text(instant, text), &back), QUANTITY_OK);
        ck_assert_int_eq(back, instant);
    }
}
END_TEST

START_TEST(decimals) {
    static const struct {
        const char *text;
        int64_t billionths;
        const char *back;
    } want[] = {{"0", 0, "0"},
                {"1", QUANTITY_ONE, "1"},
                {"0.4", 400000000, "0.4"},
                {".5", 500000000, "0.5"},
                {"1.", QUANTITY_ONE, "1"},
                {"0.123456789", 123456789, "0.123456789"},
                {"0.000000001", 1, "0.000000001"},
                {"0010.50", 10500000000, "10.5"}};
    static const char *const wrong[] = {"",      ".",   "-1", "+1",         "1e3", "0.1234567891",
                                        "1.2.3", "0,4", " 1", "99999999999"};
    char text[QUANTITY_TEXT_MAX];
    int64_t billionths;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        ck_assert_int_eq(quantity_decimal(want[i].text, &billionths), QUANTITY_OK);
        ck_assert_int_eq(billionths, want[i].billionths);
        ck_assert_str_eq(quantity_decimal_text(billionths, text), want[i].back);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(quantity_decimal(wrong[i], &billionths), QUANTITY_INVALID);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("quantity");
    tcase_add_test(tests, decimals);
    tcase_add_test(tests, durations);
    tcase_add_test(tests, durations_refused);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, instants);
    tcase_add_test(tests, instants_refused);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, round_trips);
    return run_suite("config.quantity", tests);
}
