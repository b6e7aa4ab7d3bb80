#include "commands/arguments.h"

#include "../suite.h"
#include "base/time.h"
#include "commands/command.h"

START_TEST(counts) {
    static const struct {
        const char *text;
        uint64_t count;
    } good[] = {{"0", 0},
                {"7", 7},
                {"500k", 500000},
                {"500K", 500000},
                {"2M", 2000000},
                {"1G", 1000000000},
                {"18446744073709551615", UINT64_MAX}};
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "1kk",
                                      "1.5",
                                      "0x10",
                                      "18446744073709551616",
                                      "99999999999999999999G"};
    struct error error;
    uint64_t count;
    for (int i = 0; i < COUNT_OF(good); i++) {
        ck_assert(arguments_count("--n", good[i].text, 0, UINT64_MAX, &count, &error));
        ck_assert_uint_eq(count, good[i].count);
    }
    for (int i = 0; i < COUNT_OF(bad); i++) {
        error.class = ERROR_FATAL;
        ck_assert_msg(!arguments_count("--n", bad[i], 0, UINT64_MAX, &count, &error), "\"%s\"", bad[i]);
        ck_assert_int_eq(error.class, ERROR_CONFIG);
        ck_assert_int_eq(strncmp(error.message, "--n: ", 5), 0);
    }
    ck_assert(!arguments_count("--n", "11", 1, 10, &count, &error));
    ck_assert_str_eq(error.message, "--n: \"11\" is not between 1 and 10");
    ck_assert(!arguments_count("--n", "0", 1, 10, &count, &error));
    ck_assert(arguments_count("--n", "10", 1, 10, &count, &error));
}
END_TEST

START_TEST(spans_and_times) {
    struct error error;
    int64_t us;
    ck_assert(arguments_span("--s", "1h30m", 0, INT64_MAX, &us, &error));
    ck_assert_int_eq(us, 5400 * TIME_SECOND);
    ck_assert(!arguments_span("--s", "90", 0, INT64_MAX, &us, &error));
    ck_assert_str_eq(error.message, "--s: \"90\" has no unit; write for instance 90s");
    ck_assert(!arguments_span("--s", "soon", 0, INT64_MAX, &us, &error));
    ck_assert(!arguments_span("--s", "2h", 0, 3600 * TIME_SECOND, &us, &error));
    ck_assert_str_eq(error.message, "--s: \"2h\" is not between 0 and 1h");
    ck_assert(arguments_time("--t", "2024-06-17T05:00:00Z", &us, &error));
    ck_assert_int_eq(us, INT64_C(1718600400) * TIME_SECOND);
    ck_assert(!arguments_time("--t", "yesterday", &us, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
}
END_TEST

START_TEST(properties) {
    struct kafka_config kafka = {0};
    struct error error;
    ck_assert(arguments_property("a.b=c=d", &kafka, &error));
    ck_assert(arguments_property("empty=", &kafka, &error));
    ck_assert_int_eq(kafka.property_count, 2);
    ck_assert_str_eq(kafka.properties[0].name, "a.b");
    ck_assert_str_eq(kafka.properties[0].value, "c=d");
    ck_assert_str_eq(kafka.properties[1].value, "");
    ck_assert(!arguments_property("nothing", &kafka, &error));
    ck_assert(!arguments_property("=x", &kafka, &error));
    ck_assert_int_eq(kafka.property_count, 2);
    arguments_release_kafka(&kafka);
    ck_assert_ptr_null(kafka.properties);
}
END_TEST

START_TEST(brokers_come_from_the_option_or_the_environment) {
    struct kafka_config kafka = {0};
    unsetenv("KAFKA_BROKERS");
    ck_assert(!arguments_brokers(NULL, &kafka));
    setenv("KAFKA_BROKERS", "", 1);
    ck_assert(!arguments_brokers(NULL, &kafka));
    setenv("KAFKA_BROKERS", "b:1", 1);
    ck_assert(arguments_brokers(NULL, &kafka));
    ck_assert_str_eq(kafka.brokers, "b:1");
    ck_assert(arguments_brokers("a:1", &kafka));
    ck_assert_str_eq(kafka.brokers, "a:1");
    unsetenv("KAFKA_BROKERS");
    arguments_release_kafka(&kafka);
}
END_TEST

/* What a command prints on standard error. */
static char *errors_of(int (*run)(int argc, char **argv), char **argv, int *result) {
    static char text[2000];
    int argc = 0;
    while (argv[argc]) argc++;
    FILE *real = stderr, *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    stderr = file;
    *result = run(argc, argv);
    stderr = real;
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(a_wrong_command_line_is_explained) {
    static const struct {
        const char *words[4];
        const char *part;
    } cases[] = {{{"generate", "--cliks", "3"}, "no option \"--cliks\"; did you mean \"--clicks\"?"},
                 {{"generate", "--cliks=3"}, "no option \"--cliks\"; did you mean \"--clicks\"?"},
                 {{"generate", "--rate"}, "option \"--rate\" needs a value"},
                 {{"generate", "-o"}, "option \"-o\" needs a value"},
                 {{"generate", "--quiet=1"}, "option \"--quiet\" takes no value"},
                 {{"generate", "-x"}, "no option \"-x\""},
                 {{"generate", "--zzzzzzzzzz"}, "no option \"--zzzzzzzzzz\"\n"},
                 {{"generate"}, "where to?"},
                 {{"generate", "-o", "x", "y"}, "\"y\" belongs to no option"}};
    unsetenv("KAFKA_BROKERS");
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char words[4][32], *argv[5] = {NULL};
        int result;
        for (int j = 0; j < 4 && cases[i].words[j]; j++) {
            snprintf(words[j], sizeof words[j], "%s", cases[i].words[j]);
            argv[j] = words[j];
        }
        const char *errors = errors_of(command_generate, argv, &result);
        ck_assert_int_eq(result, EXIT_CONFIG);
        ck_assert_msg(strstr(errors, cases[i].part) != NULL, "%s", errors);
        ck_assert_ptr_nonnull(strstr(errors, "hint: \"tributary generate --help\""));
    }
}
END_TEST

START_TEST(classes_are_exit_codes) {
    FILE *real = stderr, *file = tmpfile();
    struct error error = {.class = ERROR_CONFIG, .message = "m"};
    stderr = file;
    ck_assert_int_eq(arguments_fail("x", &error), EXIT_CONFIG);
    error.class = ERROR_RETRY;
    ck_assert_int_eq(arguments_fail("x", &error), EXIT_FAILED);
    stderr = real;
    fclose(file);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("arguments");
    tcase_add_test(tests, counts);
    tcase_add_test(tests, spans_and_times);
    tcase_add_test(tests, properties);
    tcase_add_test(tests, brokers_come_from_the_option_or_the_environment);
    tcase_add_test(tests, a_wrong_command_line_is_explained);
    tcase_add_test(tests, classes_are_exit_codes);
    return suite_run("commands.arguments", tests);
}
