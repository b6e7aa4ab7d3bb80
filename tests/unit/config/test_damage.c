/* Damaged pipeline files: whatever is done to one, it is read without a crash or a leak, and either it is a
 * whole pipeline or every line said about it has a place in the file. (parse_bytes asserts the first half.)
 */
#include "support.h"

static char *flagship;
static size_t flagship_len;

static void set_up(void) {
    flagship = slurp(FLAGSHIP, &flagship_len);
}

static void tear_down(void) {
    free(flagship);
}

/* Every line is "p.yaml:LINE:COLUMN: something" or a hint, in the order of the file. */
static void check_errors(const char *errors) {
    int last_line = 0, last_column = 0;
    for (const char *at = errors; *at; at = strchr(at, '\n') + 1) {
        int line, column, len = 0;
        ck_assert_msg(strchr(at, '\n') != NULL, "no line break at the end: %s", errors);
        if (strncmp(at, "  hint: ", 8) == 0) continue;
        ck_assert_msg(sscanf(at, "p.yaml:%d:%d: %n", &line, &column, &len) == 2 && len > 0, "%s", errors);
        ck_assert_msg(line >= 1 && column >= 1, "%s", errors);
        ck_assert_msg(line > last_line || (line == last_line && column >= last_column), "%s", errors);
        last_line = line;
        last_column = column;
    }
}

/* Reads the text from memory of exactly its size, so that reading beyond its end is noticed. Was it good? */
static bool read_whatever(const char *text, size_t len) {
    char *errors, *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    struct pipeline *pipeline = parse_bytes(exact, len, &errors);
    check_errors(errors);
    if (pipeline) free(print(pipeline));
    bool good = pipeline != NULL;
    pipeline_free(pipeline);
    free(errors);
    free(exact);
    return good;
}

START_TEST(cut_off_anywhere) {
    int good = 0;
    for (size_t len = 0; len < flagship_len; len++) good += read_whatever(flagship, len);
    /* Only near the end, within the dead letters and behind the needed columns, can the rest be missed. */
    ck_assert_int_gt(good, 0);
    ck_assert_int_lt(good, (int)(flagship_len / 2));
    ck_assert(read_whatever(flagship, flagship_len));
}
END_TEST

START_TEST(cut_off_in_front) {
    for (size_t from = 0; from < flagship_len; from++) read_whatever(flagship + from, flagship_len - from);
}
END_TEST

START_TEST(each_line_missing) {
    char *text = malloc(flagship_len);
    int good = 0, bad = 0;
    for (const char *line = flagship; *line;) {
        const char *end = strchr(line, '\n') + 1;
        size_t before = (size_t)(line - flagship), after = flagship_len - (size_t)(end - flagship);
        memcpy(text, flagship, before);
        memcpy(text + before, end, after);
        if (read_whatever(text, before + after))
            good++;
        else
            bad++;
        line = end;
    }
    ck_assert_int_gt(good, 5);
    ck_assert_int_gt(bad, 10);
    free(text);
}
END_TEST

/* Each byte replaced by each of the characters that mean something to YAML, and by one that is not UTF-8. */
START_TEST(each_byte_changed) {
    static const char bytes[] = "{}[]:,#&*!|>'\"%@`-?~\n\t $\x01\xff";
    char *text = malloc(flagship_len);
    memcpy(text, flagship, flagship_len);
    for (size_t i = 0; i < flagship_len; i++) {
        text[i] = bytes[i % (sizeof bytes - 1)];
        read_whatever(text, flagship_len);
        text[i] = flagship[i];
    }
    free(text);
}
END_TEST

static uint32_t next(uint32_t *random) {
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

/* Pieces of the file copied over other pieces: keys where values belong, sections within sections. */
START_TEST(pieces_moved) {
    char *text = malloc(flagship_len);
    uint32_t random = 7;
    for (int round = 0; round < 3000; round++) {
        memcpy(text, flagship, flagship_len);
        for (uint32_t times = 1 + next(&random) % 3; times > 0; times--) {
            size_t len = 1 + next(&random) % 40;
            size_t from = next(&random) % (flagship_len - len), to = next(&random) % (flagship_len - len);
            memcpy(text + to, flagship + from, len);
        }
        read_whatever(text, flagship_len);
    }
    free(text);
}
END_TEST

/* A whole line put where another one is: good YAML more often than not, and wrong in other ways. */
START_TEST(each_line_in_place_of_each) {
    const char *lines[100];
    int count = 0;
    for (const char *line = flagship; *line; line = strchr(line, '\n') + 1) lines[count++] = line;
    lines[count] = flagship + flagship_len;
    char *text = malloc(2 * flagship_len);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            size_t before = (size_t)(lines[i] - flagship), len = (size_t)(lines[j + 1] - lines[j]);
            size_t after = (size_t)(lines[count] - lines[i + 1]);
            memcpy(text, flagship, before);
            memcpy(text + before, lines[j], len);
            memcpy(text + before + len, lines[i + 1], after);
            read_whatever(text, before + len + after);
        }
    }
    free(text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("damage");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, cut_off_anywhere);
    tcase_add_test(tests, cut_off_in_front);
    tcase_add_test(tests, each_line_missing);
    tcase_add_test(tests, each_byte_changed);
    tcase_add_test(tests, pieces_moved);
    tcase_add_test(tests, each_line_in_place_of_each);
    return run_suite("config.damage", tests);
}
