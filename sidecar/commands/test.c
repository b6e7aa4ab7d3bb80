#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "testing/case_run.h"
#include "testing/junit.h"

static const char usage[] =
    "usage: tributary test CASES.yaml… [--junit FILE]\n"
    "\n"
    "Runs test cases of pipelines, without Kafka and without a database: events with their times go in, "
    "rows,\n"
    "dead letters and outcomes come out and are compared with what is expected. The clock is a virtual one, "
    "so\n"
    "that nothing waits and every run is the same.\n"
    "\n"
    "  -j, --junit FILE   the results as JUnit XML too\n"
    "  -h, --help         this text\n"
    "\n"
    "A file of cases; docs/testing-pipelines.md explains it in full:\n"
    "\n"
    "  pipeline: ../pipeline.yaml           # relative to this file\n"
    "  defaults:                            # fields of every event of an input that does not give them "
    "itself\n"
    "    clicks: {product_id: lamp}\n"
    "  lookups: {}                          # rows of lookups for every case that does not give them itself\n"
    "  cases:\n"
    "    - name: the earliest click counts\n"
    "      lookups: {users: [{id: 7, username: ada}]}\n"
    "      partitions: 1                    # default: 1\n"
    "      events:                          # read in this order; offsets count from 0\n"
    "        - clicks: {click_id: c1, user_id: 7, datetime_occured: \"2024-06-17 05:00:00\"}\n"
    "          partition: 0                 # these three may be left out\n"
    "          timestamp: \"2024-06-17T05:00:01Z\"\n"
    "          key: \"7\"\n"
    "        - checkouts: {checkout_id: k1, user_id: 7, product_id: lamp, datetime_occured: \"2024-06-17 "
    "05:09:00\"}\n"
    "        - {input: clicks, raw: \"{broken\"}     # or base64: \"…\", or tombstone: true\n"
    "        - advance: 31s                 # the clock: silent partitions become idle\n"
    "      close: true                      # default; false: only what is final by then is a row\n"
    "      expect:                          # at least one of the three; what is left out is not compared\n"
    "        rows: [{checkout_id: k1, click_id: c1}]        # the whole table; of each row only these "
    "columns\n"
    "        dead_letters: [{input: clicks, offset: 1, reason: malformed, detail: not JSON}]\n"
    "        outcomes: {attributed: 1, touch_kept: 1, malformed: 1}     # every one that is not 0\n"
    "\n"
    "The exit code is 0 when every case passed, 3 when one failed, 2 when a file is wrong: nothing is run "
    "then.\n"
    "\n"
    "Examples:\n"
    "  tributary test examples/checkouts/cases/*.yaml --junit results.xml\n";

static const struct option options[] = {
    {"junit", required_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct test_command {
    struct case_file **files;
    int file_count;
    struct junit *junit; /* NULL without --junit */
    int passed, failed;
};

static void run_case(struct test_command *command, const struct case_file *file,
                     const struct test_case *test) {
    struct buffer report;
    buffer_init(&report);
    int64_t started_us = clock_monotonic_us();
    bool passed = case_run(file->pipeline, test, &report);
    int64_t elapsed_us = clock_monotonic_us() - started_us;
    command->passed += passed;
    command->failed += !passed;
    int number = command->passed + command->failed;
    if (passed)
        printf("ok %d - %s: %s\n", number, file->path, test->name);
    else
        printf("not ok %d - %s:%d: %s\n%.*s", number, file->path, test->line, test->name, (int)report.len,
               report.data);
    if (command->junit)
        junit_case(command->junit, test->name, elapsed_us, passed ? (struct span){0} : buffer_view(&report));
    buffer_release(&report);
}

static void run_files(struct test_command *command) {
    for (int i = 0; i < command->file_count; i++) {
        const struct case_file *file = command->files[i];
        if (command->junit) junit_suite(command->junit, file->path, clock_wall_us());
        for (int c = 0; c < file->count; c++) run_case(command, file, &file->cases[c]);
    }
    printf("%d passed, %d failed\n", command->passed, command->failed);
}

static bool load_files(struct test_command *command, char **paths, struct case_pipelines *pipelines) {
    bool good = true;
    for (int i = 0; i < command->file_count; i++) {
        command->files[i] = case_file_load(paths[i], pipelines, stderr);
        good &= command->files[i] != NULL;
    }
    return good;
}

static bool write_junit(struct junit *junit, FILE *out) {
    struct span text = junit_finish(junit);
    return fwrite(text.data, 1, text.len, out) == text.len && fflush(out) == 0;
}

static int run_with_junit(struct test_command *command, const char *path) {
    struct junit junit;
    FILE *out = fopen(path, "we");
    if (!out) {
        struct error error;
        error_set(&error, ERROR_CONFIG, "cannot write \"%s\": %s", path, strerror(errno));
        return arguments_fail("test", &error);
    }
    junit_init(&junit);
    command->junit = &junit;
    run_files(command);
    bool written = write_junit(&junit, out);
    if (!written) fprintf(stderr, "tributary test: cannot write \"%s\": %s\n", path, strerror(errno));
    command->junit = NULL;
    junit_release(&junit);
    fclose(out);
    return written ? EXIT_OK : EXIT_FAILED;
}

static int test_files(char **paths, int count, const char *junit) {
    struct test_command command = {.file_count = count};
    struct case_pipelines pipelines;
    int code = EXIT_CONFIG;
    command.files = memory_zalloc((size_t)count, sizeof(struct case_file *));
    case_pipelines_init(&pipelines);
    if (load_files(&command, paths, &pipelines)) {
        code = EXIT_OK;
        if (junit)
            code = run_with_junit(&command, junit);
        else
            run_files(&command);
        if (code == EXIT_OK && command.failed) code = EXIT_TESTS_FAILED;
    }
    for (int i = 0; i < count; i++) case_file_free(command.files[i]);
    free(command.files);
    case_pipelines_release(&pipelines);
    return code;
}

int command_test(int argc, char **argv) {
    const char *junit = NULL;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":j:h", options, NULL)) != -1) switch (option) {
        case 'j': junit = optarg; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind >= argc) return arguments_refuse("test", "name at least one file of cases");
    return test_files(argv + optind, argc - optind, junit);
}

const struct command_text test_text = {usage, options};
