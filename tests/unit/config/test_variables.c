#include "config/variables.h"

#include <unistd.h>

#include "support.h"

static struct problems problems;
static struct buffer out;

static void set_up(void) {
    problems_init(&problems);
    buffer_init(&out);
    setenv("T_NAME", "value", 1);
    setenv("T_EMPTY", "", 1);
    setenv("T_YAML", "a: [b, c] # ${T_NAME}", 1);
    setenv("T_BYTES", "\xff", 1);
    unsetenv("T_UNSET");
}

static void tear_down(void) {
    problems_release(&problems);
    buffer_release(&out);
}

static void expands_to(const char *written, const char *expected) {
    buffer_clear(&out);
    ck_assert_msg(variables_expand(written, (struct position){1, 1}, &out, &problems), "%s", written);
    ck_assert_str_eq(buffer_string(&out), expected);
    ck_assert_int_eq(problems.count, 0);
}

static void refused(const char *written, const char *message, const char *hint) {
    int before = problems.count;
    buffer_clear(&out);
    ck_assert_msg(!variables_expand(written, (struct position){3, 4}, &out, &problems), "%s", written);
    ck_assert_int_eq(problems.count, before + 1);
    const struct problem *problem = &problems.items[before];
    ck_assert_str_eq(problem->message, message);
    ck_assert_pstr_eq(problem->hint, hint);
    ck_assert_int_eq(problem->position.line, 3);
    ck_assert_int_eq(problem->position.column, 4);
}

START_TEST(environment) {
    expands_to("${T_NAME}", "value");
    expands_to("a${T_NAME}b${T_NAME}", "avaluebvalue");
    expands_to("${T_EMPTY}", "");
    expands_to("${T_NAME:-other}", "value");
    expands_to("${T_EMPTY:-other}", "other");
    expands_to("${T_UNSET:-other}", "other");
    expands_to("${T_UNSET:-}", "");
    expands_to("${T_UNSET:-a:-b$c}", "a:-b$c");
}
END_TEST

/* What a variable holds is not looked at again. */
START_TEST(values_are_not_expanded) {
    expands_to("${T_YAML}", "a: [b, c] # ${T_NAME}");
}
END_TEST

START_TEST(literals) {
    expands_to("$T_NAME $ $$ } {", "$T_NAME $ $$ } {");
    expands_to("$${T_NAME}", "${T_NAME}");
    expands_to("$${", "${");
    expands_to("$$${T_NAME}", "$${T_NAME}");
    expands_to("a$", "a$");
}
END_TEST

START_TEST(files) {
    char path[] = "/tmp/tributary-test-XXXXXX", written[100], message[200];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "s3cret\n", 7), 7);
    snprintf(written, sizeof written, "x${file:%s}y", path);
    expands_to(written, "xs3crety");
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(pwrite(fd, "two\nlines\r\n", 11, 0), 11);
    expands_to(written, "xtwo\nlinesy");
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    expands_to(written, "xy");

    ck_assert_int_eq(pwrite(fd, "a\0b", 3, 0), 3);
    snprintf(message, sizeof message, "cannot use the file \"%s\": it contains a NUL", path);
    refused(written, message, NULL);
    ck_assert_int_eq(pwrite(fd,
                            "a\xff"
                            "b",
                            3, 0),
                     3);
    snprintf(message, sizeof message, "cannot use the file \"%s\": it is not UTF-8 text", path);
    refused(written, message, NULL);
    ck_assert_int_eq(ftruncate(fd, 64 * 1024 + 1), 0);
    snprintf(message, sizeof message, "cannot use the file \"%s\": it is larger than 64 KiB", path);
    refused(written, message, NULL);
    close(fd);
    unlink(path);
    snprintf(message, sizeof message, "cannot use the file \"%s\": No such file or directory", path);
    refused(written, message, NULL);
    refused("${file:/}", "cannot use the file \"/\": Is a directory", NULL);
}
END_TEST

/* A file that is named again and again would make a small pipeline file a large one. */
START_TEST(too_long) {
    static char value[VARIABLES_BYTES + 1];
    memset(value, 'x', VARIABLES_BYTES);
    setenv("T_LONG", value, 1);
    buffer_clear(&out);
    ck_assert(variables_expand("${T_LONG}", (struct position){1, 1}, &out, &problems));
    ck_assert_uint_eq(out.len, VARIABLES_BYTES);
    refused("${T_LONG}y", "with its variables the value is longer than 64 KiB", NULL);
    refused("${T_LONG}${T_LONG}${T_LONG}", "with its variables the value is longer than 64 KiB", NULL);
    ck_assert_uint_eq(out.len, 2 * VARIABLES_BYTES); /* the third was not looked at */
    unsetenv("T_LONG");
}
END_TEST

START_TEST(unset) {
    refused("a${T_UNSET}b", "the environment variable \"T_UNSET\" is not set",
            "set it, or give a default: ${T_UNSET:-value}");
    refused("${T_BYTES}", "the environment variable \"T_BYTES\" is not UTF-8 text", NULL);
}
END_TEST

START_TEST(malformed) {
    const char *hint = "write ${NAME}, ${NAME:-default} or ${file:/path}; $${ stands for ${ itself";
    refused("${T_NAME", "\"${T_NAME\" has no closing brace", hint);
    refused("x ${", "\"${\" has no closing brace", hint);
    refused("${}", "\"${}\" is not a variable", hint);
    refused("${1A}", "\"${1A}\" is not a variable", hint);
    refused("${A B}", "\"${A B}\" is not a variable", hint);
    refused("${A-b}", "\"${A-b}\" is not a variable", hint);
    refused("${A:b}", "\"${A:b}\" is not a variable", hint);
    refused("${:-b}", "\"${:-b}\" is not a variable", hint);
    refused("${file:}", "\"${file:}\" is not a variable", hint);
    refused("${T_UNSET:-${T_NAME}}", "\"${T_UNSET:-${T_NAME}\" is not a variable", hint);
}
END_TEST

START_TEST(every_trouble_is_told) {
    ck_assert(!variables_expand("${T_UNSET} ${} ${T_UNSET}", (struct position){1, 1}, &out, &problems));
    ck_assert_int_eq(problems.count, 3);
}
END_TEST

static void literal_is(const char *written, const char *expected) {
    buffer_clear(&out);
    variables_literal(written, &out);
    ck_assert_str_eq(buffer_string(&out), expected);
}

START_TEST(what_stands_in_the_file) {
    literal_is("plain", "plain");
    literal_is("a${T_NAME}b${file:/x}", "a\001b\001");
    literal_is("${T_NAME:-default}", "default");
    literal_is("$${x}", "${x}");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("variables");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, environment);
    tcase_add_test(tests, values_are_not_expanded);
    tcase_add_test(tests, literals);
    tcase_add_test(tests, files);
    tcase_add_test(tests, too_long);
    tcase_add_test(tests, unset);
    tcase_add_test(tests, malformed);
    tcase_add_test(tests, every_trouble_is_told);
    tcase_add_test(tests, what_stands_in_the_file);
    return run_suite("config.variables", tests);
}
