/* The cases of the examples and the ones of docs/testing-pipelines.md: they pass, and every single thing that
 * they expect is compared: they fail when it is falsified. */
#include <glob.h>

#include "cases.h"

static bool passes(const struct case_file *file, const struct test_case *test) {
    struct buffer report;
    buffer_init(&report);
    bool passed = case_run(file->pipeline, test, &report);
    ck_assert(passed == (report.len == 0));
    buffer_release(&report);
    return passed;
}

static void assert_noticed(const struct case_file *file, const struct test_case *test, const char *what) {
    ck_assert_msg(!passes(file, test), "%s:%d: %s: %s was not noticed", file->path, test->line, test->name,
                  what);
}

static void falsify_cells(const struct case_file *file, const struct test_case *test,
                          struct expected_rows *rows) {
    for (int r = 0; r < rows->count; r++)
        for (int c = 0; c < rows->items[r].count; c++) {
            struct value *value = &rows->items[r].cells[c].value, good = *value;
            *value = (struct value){VALUE_STRING, span_of("falsified")};
            assert_noticed(file, test, "a wrong value");
            if (good.type != VALUE_NULL) {
                *value = (struct value){VALUE_NULL, {0}};
                assert_noticed(file, test, "a null");
            }
            *value = good;
        }
}

static void falsify_rows(const struct case_file *file, const struct test_case *test,
                         struct expected_rows *rows) {
    if (!rows->given) return;
    struct expected_row more[100] = {0};
    struct expected_rows good = *rows;
    ck_assert_int_lt(rows->count, COUNT_OF(more));
    falsify_cells(file, test, rows);
    if (rows->count) {
        rows->count--;
        assert_noticed(file, test, "a row too few");
        memcpy(more, good.items, (size_t)good.count * sizeof *more);
    }
    rows->items = more;
    rows->count = good.count + 1;
    assert_noticed(file, test, "a row too many");
    *rows = good;
}

static void falsify_outcomes(const struct case_file *file, struct test_case *test) {
    if (!test->expect.has_outcomes) return;
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
        test->expect.outcomes.count[i]++;
        assert_noticed(file, test, "an outcome too many");
        test->expect.outcomes.count[i]--;
    }
}

static void try_case(const struct case_file *file, struct test_case *test) {
    ck_assert_msg(passes(file, test), "%s:%d: %s: failed", file->path, test->line, test->name);
    falsify_rows(file, test, &test->expect.rows);
    falsify_rows(file, test, &test->expect.dead_letters);
    falsify_outcomes(file, test);
    ck_assert(passes(file, test));
}

START_TEST(examples) {
    glob_t paths;
    int cases = 0;
    struct case_pipelines pipelines;
    case_pipelines_init(&pipelines);
    ck_assert_int_eq(glob("examples/*/cases/*.yaml", 0, NULL, &paths), 0);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        struct case_file *file = case_file_load(paths.gl_pathv[i], &pipelines, stderr);
        ck_assert_ptr_nonnull(file);
        for (int c = 0; c < file->count; c++) try_case(file, &file->cases[c]);
        cases += file->count;
        case_file_free(file);
    }
    ck_assert_int_ge(cases, 20);
    globfree(&paths);
    case_pipelines_release(&pipelines);
}
END_TEST

/* --- the page */

#define PAGE "docs/testing-pipelines.md"

static char *read_page(void) {
    FILE *file = fopen(PAGE, "r");
    ck_assert_msg(file != NULL, "cannot open " PAGE ": run the tests from the root of the repository");
    char *text = calloc(1, 1 << 16);
    ck_assert_uint_lt(fread(text, 1, (1 << 16) - 1, file), (1 << 16) - 1);
    fclose(file);
    return text;
}

/* The first fenced block of this kind at or behind `from`; free() it. */
static char *block(const char *from, const char *fence) {
    const char *start = strstr(from, fence);
    ck_assert_msg(start != NULL, "no %s in " PAGE, fence);
    start = strchr(start + 1, '\n') + 1;
    const char *end = strstr(start, "\n```");
    ck_assert_ptr_nonnull(end);
    return strndup(start, (size_t)(end - start) + 1);
}

/* The example of the page, as if it were a file beside the cases of the flagship. */
static struct case_file *read_example(const char *text, struct case_pipelines *pipelines) {
    char *errors;
    struct case_file *file = read_cases(text, "examples/checkouts/cases/example.yaml", pipelines, &errors);
    ck_assert_msg(file != NULL, "%s", errors);
    free(errors);
    return file;
}

START_TEST(the_example_of_the_page) {
    struct case_pipelines pipelines;
    char *page = read_page(), *yaml = block(page, "\n```yaml");
    case_pipelines_init(&pipelines);
    struct case_file *file = read_example(yaml, &pipelines);
    for (int c = 0; c < file->count; c++) try_case(file, &file->cases[c]);
    case_file_free(file);
    case_pipelines_release(&pipelines);
    free(yaml);
    free(page);
}
END_TEST

START_TEST(the_failure_of_the_page) {
    struct case_pipelines pipelines;
    struct buffer out;
    char *page = read_page(), *yaml = block(page, "\n```yaml"), *shown = block(page, "\n```text");
    char *wrong = strstr(yaml, "click_id: c1, user_name");
    ck_assert_ptr_nonnull(wrong);
    memcpy(wrong, "click_id: c2", strlen("click_id: c2"));
    case_pipelines_init(&pipelines);
    buffer_init(&out);
    struct case_file *file = read_example(yaml, &pipelines);
    buffer_printf(&out, "not ok 1 - %s:%d: %s\n", file->path, file->cases[0].line, file->cases[0].name);
    ck_assert(!case_run(file->pipeline, &file->cases[0], &out));
    ck_assert_str_eq(shown, buffer_string(&out));
    buffer_release(&out);
    case_file_free(file);
    case_pipelines_release(&pipelines);
    free(shown);
    free(yaml);
    free(page);
}
END_TEST

START_TEST(the_page_names_every_outcome) {
    char *page = read_page();
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
        char name[80];
        snprintf(name, sizeof name, "`%s`", outcome_name(i));
        ck_assert_msg(strstr(page, name) != NULL, "%s is not in " PAGE, name);
    }
    free(page);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("examples");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, examples);
    tcase_add_test(tests, the_example_of_the_page);
    tcase_add_test(tests, the_failure_of_the_page);
    tcase_add_test(tests, the_page_names_every_outcome);
    return suite_run("examples", tests);
}
