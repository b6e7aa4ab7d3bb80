#include "event/zone.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "event/timestamp.h"
#include "suite.h"

static struct zone *load(const char *name) {
    struct error error = {0};
    struct zone *zone = zone_load(name, &error);
    ck_assert_msg(zone != NULL, "%s", error.message);
    return zone;
}

static int64_t seconds(const char *text) {
    struct civil_time civil;
    ck_assert(timestamp_parse_civil(span_of(text), &civil));
    return civil.civil_s;
}

/* Asserts that the civil time is `utc` in UTC. */
static void assert_utc(const struct zone *zone, const char *civil, const char *utc) {
    char got[TIMESTAMP_TEXT_MAX + 1];
    int64_t utc_s = zone_to_utc(zone, seconds(civil));
    got[timestamp_format(utc_s * 1000000, got)] = '\0';
    ck_assert_msg(utc_s == seconds(utc), "%s is %s, not %s", civil, got, utc);
}

START_TEST(fixed) {
    static const struct {
        const char *name;
        int64_t east_s;
    } cases[] = {{"UTC", 0},         {"+00", 0},      {"+05:30", 19800}, {"+0530", 19800},  {"+05", 18000},
                 {"-03:30", -12600}, {"-11", -39600}, {"+15:59", 57540}, {"-15:59", -57540}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct zone *zone = load(cases[i].name);
        ck_assert_int_eq(zone_to_utc(zone, 0), -cases[i].east_s);
        ck_assert_int_eq(zone_to_utc(zone, seconds("0001-01-01 00:00")),
                         seconds("0001-01-01 00:00") - cases[i].east_s);
        ck_assert_int_eq(zone_to_utc(zone, seconds("9999-12-31 23:59:59")),
                         seconds("9999-12-31 23:59:59") - cases[i].east_s);
        zone_free(zone);
    }
}
END_TEST

START_TEST(edmonton) {
    struct zone *zone = load("America/Edmonton");
    assert_utc(zone, "2024-06-17 05:00", "2024-06-17 11:00");
    assert_utc(zone, "2024-01-17 05:00", "2024-01-17 12:00");
    /* Forward: 02:00 to 03:00 on 10 March is skipped and read with the offset before, -07. */
    assert_utc(zone, "2024-03-10 01:59:59", "2024-03-10 08:59:59");
    assert_utc(zone, "2024-03-10 02:00:00", "2024-03-10 09:00:00");
    assert_utc(zone, "2024-03-10 02:30:00", "2024-03-10 09:30:00");
    assert_utc(zone, "2024-03-10 02:59:59", "2024-03-10 09:59:59");
    assert_utc(zone, "2024-03-10 03:00:00", "2024-03-10 09:00:00");
    /* Back: 01:00 to 02:00 on 3 November comes twice and is the second, -07. */
    assert_utc(zone, "2024-11-03 00:59:59", "2024-11-03 06:59:59");
    assert_utc(zone, "2024-11-03 01:00:00", "2024-11-03 08:00:00");
    assert_utc(zone, "2024-11-03 01:59:59", "2024-11-03 08:59:59");
    assert_utc(zone, "2024-11-03 02:00:00", "2024-11-03 09:00:00");
    zone_free(zone);
}
END_TEST

/* Half an hour, negative summer time, a skipped day, and changes long ago. */
START_TEST(odd_zones) {
    struct zone *zone = load("Australia/Lord_Howe");
    assert_utc(zone, "2024-01-15 12:00", "2024-01-15 01:00");
    assert_utc(zone, "2024-07-15 12:00", "2024-07-15 01:30");
    zone_free(zone);
    zone = load("Europe/Dublin");
    assert_utc(zone, "2024-01-15 12:00", "2024-01-15 12:00");
    assert_utc(zone, "2024-07-15 12:00", "2024-07-15 11:00");
    zone_free(zone);
    zone = load("Pacific/Apia");
    assert_utc(zone, "2011-12-29 23:59:59", "2011-12-30 09:59:59");
    assert_utc(zone, "2011-12-30 12:00:00", "2011-12-30 22:00:00"); /* a day that never was */
    assert_utc(zone, "2011-12-31 00:00:00", "2011-12-30 10:00:00");
    zone_free(zone);
    zone = load("Europe/Berlin");
    assert_utc(zone, "1945-05-24 01:59:59", "1945-05-23 23:59:59");
    assert_utc(zone, "1945-05-24 03:00:00", "1945-05-24 00:00:00"); /* double summer time */
    zone_free(zone);
}
END_TEST

/* The rules beyond the tables of the zone files, and the ends of our own. */
START_TEST(far_times) {
    struct zone *zone = load("America/Edmonton");
    assert_utc(zone, "2090-07-01 12:00", "2090-07-01 18:00");
    assert_utc(zone, "2090-12-01 12:00", "2090-12-01 19:00");
    assert_utc(zone, "2199-07-01 12:00", "2199-07-01 18:00");
    assert_utc(zone, "2199-12-31 23:59", "2200-01-01 06:59");
    assert_utc(zone, "2500-07-01 12:00", "2500-07-01 19:00"); /* the last offset holds */
    assert_utc(zone, "9999-12-31 12:00", "9999-12-31 19:00");
    assert_utc(zone, "0001-01-01 00:00", "0001-01-01 07:33:52");
    assert_utc(zone, "1899-12-31 23:59", "1900-01-01 07:32:52");
    zone_free(zone);
}
END_TEST

/* Against the C library, at many times of a few zones. */
START_TEST(agrees_with_the_library) {
    static const char *const names[] = {"America/Edmonton",  "Europe/London",     "Asia/Kolkata",
                                        "Africa/Casablanca", "America/Sao_Paulo", "Antarctica/Troll",
                                        "Etc/GMT+5"};
    const char *kept = getenv("TZ");
    ck_assert_ptr_null(kept);
    for (int i = 0; i < COUNT_OF(names); i++) {
        struct zone *zone = load(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        int same = 0, all = 0;
        for (int64_t utc = seconds("1901-01-01 00:00"); utc < seconds("2199-01-01 00:00"); utc += 999983) {
            struct tm civil;
            time_t time = (time_t)utc;
            localtime_r(&time, &civil);
            same += zone_to_utc(zone, utc + civil.tm_gmtoff) == utc;
            all++;
        }
        unsetenv("TZ");
        tzset();
        /* Those that differ are first occurrences: at most an hour or three twice a year. */
        ck_assert_msg(same >= all - all / 1000 - 3, "%s: %d of %d", names[i], same, all);
        zone_free(zone);
    }
}
END_TEST

START_TEST(refuses) {
    static const char *const cases[] = {"",
                                        "Utc",
                                        "Mars/Olympus",
                                        "America",
                                        "America/",
                                        "america/edmonton",
                                        "America/Edmonton ",
                                        " UTC",
                                        "../zoneinfo/UTC",
                                        "America/../UTC",
                                        "/usr/share/zoneinfo/UTC",
                                        "/etc/passwd",
                                        ":UTC",
                                        "tzdata.zi",
                                        "zone.tab",
                                        "leapseconds",
                                        "MST7MDT,M3.2.0,M11.1.0",
                                        "<+05>-5",
                                        "+5",
                                        "+053",
                                        "+05:3",
                                        "+05:60",
                                        "+16:00",
                                        "+05:30:00",
                                        "+0a:00",
                                        "++0500",
                                        "+05-30",
                                        "05:30",
                                        "America/Edmonton\n"};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct error error = {.class = ERROR_FATAL};
        ck_assert_msg(zone_load(cases[i], &error) == NULL, "\"%s\"", cases[i]);
        ck_assert_int_eq(error.class, ERROR_CONFIG);
        ck_assert_ptr_nonnull(strstr(error.message, cases[i]));
        ck_assert_ptr_nonnull(strstr(error.message, "\nhint: "));
    }
    ck_assert_ptr_null(zone_load("Mars/Olympus", NULL));
}
END_TEST

START_TEST(no_zone_data) {
    struct error error;
    setenv("TZDIR", "/nonexistent", 1);
    ck_assert_ptr_null(zone_load("America/Edmonton", &error));
    struct zone *zone = zone_load("UTC", &error); /* needs none */
    unsetenv("TZDIR");
    ck_assert_ptr_nonnull(strstr(error.message, "tzdata"));
    ck_assert_ptr_nonnull(zone);
    zone_free(zone);
}
END_TEST

/* A file with the zone's name that is no zone: the C library would take UTC without a word. */
START_TEST(not_a_zone_file) {
    char directory[] = "/tmp/tributary-zone-XXXXXX", path[64];
    struct error error;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/Moon", directory);
    FILE *file = fopen(path, "w");
    fputs("not a zone", file);
    fclose(file);
    setenv("TZDIR", directory, 1);
    struct zone *zone = zone_load("Moon", &error);
    unsetenv("TZDIR");
    unlink(path);
    rmdir(directory);
    ck_assert_ptr_null(zone);
    ck_assert_ptr_nonnull(strstr(error.message, "Moon"));
}
END_TEST

START_TEST(puts_tz_back) {
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    struct zone *zone = load("America/Edmonton");
    char kept[64];
    time_t zero = 0;
    struct tm civil;
    snprintf(kept, sizeof kept, "%s", getenv("TZ"));
    localtime_r(&zero, &civil);
    unsetenv("TZ");
    tzset();
    ck_assert_str_eq(kept, "Asia/Kolkata");
    ck_assert_int_eq(civil.tm_gmtoff, 19800);
    zone_free(zone);
    zone = load("America/Edmonton");
    ck_assert_ptr_null(getenv("TZ"));
    zone_free(zone);
}
END_TEST

START_TEST(free_accepts_null) {
    zone_free(NULL);
}
END_TEST

int main(void) {
    unsetenv("TZ");
    unsetenv("TZDIR");
    tzset();
    TCase *tests = tcase_create("zone");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fixed);
    tcase_add_test(tests, edmonton);
    tcase_add_test(tests, odd_zones);
    tcase_add_test(tests, far_times);
    tcase_add_test(tests, agrees_with_the_library);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, no_zone_data);
    tcase_add_test(tests, not_a_zone_file);
    tcase_add_test(tests, puts_tz_back);
    tcase_add_test(tests, free_accepts_null);
    return suite_run("event.zone", tests);
}
