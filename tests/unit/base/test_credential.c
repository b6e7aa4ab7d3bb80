#include "base/credential.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../suite.h"
#include "base/clock.h"

static char *commands[] = {"sh", "-c", NULL, NULL};

static struct credential *run(char *script, int timeout_ms) {
    static struct credential_source source = {.command = commands};
    commands[2] = script;
    return credential_new(&source, "the password", timeout_ms);
}

static void gives(char *script, const char *expected) {
    struct error error = {0};
    struct credential *credential = run(script, 5000);
    ck_assert_msg(credential_wait(credential, &error), "%s", error.message);
    ck_assert_str_eq(credential_text(credential), expected);
    credential_free(credential);
}

static void fails(char *script, int timeout_ms, enum error_class class, const char *why) {
    struct error error = {0};
    struct credential *credential = run(script, timeout_ms);
    ck_assert(!credential_wait(credential, &error));
    ck_assert_int_eq(error.class, class);
    ck_assert_msg(strstr(error.message, why) != NULL, "%s", error.message);
    ck_assert_msg(strstr(error.message, "hunter2") == NULL, "%s", error.message);
    ck_assert_str_eq(credential_text(credential), "");
    credential_free(credential);
}

START_TEST(output) {
    gives("printf hunter2", "hunter2");
    gives("printf 'hunter2\\r\\n\\n'", "hunter2");
    gives("echo ' with blanks '; echo noise >&2", " with blanks");
    gives("cat; echo end of input", "end of input");
    gives("echo one; sleep 0.1; echo two", "one\ntwo");
}
END_TEST

START_TEST(failures) {
    fails("echo hunter2; exit 7", 5000, ERROR_RETRY,
          "the password: the command \"sh\" failed with exit code 7");
    fails("echo hunter2; kill -9 $$", 5000, ERROR_RETRY, "was ended by signal 9");
    fails("true", 5000, ERROR_CONFIG, "gives nothing");
    fails("printf 'hunter2\\000more'", 5000, ERROR_CONFIG, "gives binary data");
    fails("head -c 70000 /dev/zero | tr '\\000' x", 5000, ERROR_CONFIG, "gives more than 64 KiB");
    fails("yes hunter2", 5000, ERROR_CONFIG, "gives more than 64 KiB");
    fails("echo hunter2; sleep 20", 100, ERROR_RETRY, "took longer than 0.1 s");
}
END_TEST

/* What it has started ends with it. */
START_TEST(whole_group) {
    char file[] = "/tmp/tributary-credential-XXXXXX", script[200];
    int handle = mkstemp(file), child = 0;
    ck_assert_int_ge(handle, 0);
    snprintf(script, sizeof script, "sleep 60 & echo $! >%s; sleep 60", file);
    fails(script, 300, ERROR_RETRY, "took longer");
    FILE *written = fopen(file, "r");
    ck_assert_int_eq(fscanf(written, "%d", &child), 1);
    fclose(written);
    close(handle);
    unlink(file);
    int64_t until = clock_monotonic_us() + 5000000;
    while (kill(child, 0) == 0 && clock_monotonic_us() < until) {
        char path[64], state = 'R';
        snprintf(path, sizeof path, "/proc/%d/stat", child);
        FILE *stat = fopen(path, "r"); /* a zombie waits for whoever adopts it */
        if (stat && fscanf(stat, "%*d %*s %c", &state) != 1) state = 'Z';
        if (stat) fclose(stat);
        if (state == 'Z') return;
    }
    ck_assert_int_ne(kill(child, 0), 0);
}
END_TEST

START_TEST(never_blocks) {
    struct error error;
    int64_t start = clock_monotonic_us();
    struct credential *credential = run("sleep 30", 20000);
    ck_assert_int_eq(credential_poll(credential, &error), CREDENTIAL_WAITING);
    ck_assert_int_ge(credential_fd(credential), 0);
    credential_free(credential);
    ck_assert_int_lt(clock_monotonic_us() - start, 5000000);
}
END_TEST

START_TEST(programs) {
    char *none[] = {"/no/such/program", NULL};
    struct credential_source source = {.command = none};
    struct error error = {0};
    struct credential *credential = credential_new(&source, "the token", 1000);
    ck_assert_int_eq(credential_poll(credential, &error), CREDENTIAL_FAILED);
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "the command \"/no/such/program\" does not exist") != NULL, "%s",
                  error.message);
    credential_free(credential);
}
END_TEST

START_TEST(files) {
    char file[] = "/tmp/tributary-credential-XXXXXX";
    struct credential_source source = {.file = file};
    struct error error = {0};
    int handle = mkstemp(file);
    ck_assert_int_eq(write(handle, "hunter2\n", 8), 8);
    close(handle);
    struct credential *credential = credential_new(&source, "the password", 1000);
    ck_assert_int_eq(credential_poll(credential, &error), CREDENTIAL_READY);
    ck_assert_str_eq(credential_text(credential), "hunter2");
    credential_free(credential);
    unlink(file);
    credential = credential_new(&source, "the password", 1000);
    ck_assert_int_eq(credential_poll(credential, &error), CREDENTIAL_FAILED);
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "does not exist") != NULL, "%s", error.message);
    credential_free(credential);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("credential");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, output);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, whole_group);
    tcase_add_test(tests, never_blocks);
    tcase_add_test(tests, programs);
    tcase_add_test(tests, files);
    return suite_run("base.credential", tests);
}
