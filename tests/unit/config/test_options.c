#include "config/options.h"

#include "support.h"

static bool has_default(enum kind kind) {
    return kind_is_text(kind) || (kind >= KIND_INTEGER && kind <= KIND_START);
}

static int each_option(void (*check)(enum section, const struct option_row *)) {
    int count = 0;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct option_row *option = NULL;
        while ((option = options_next((enum section)section, option))) {
            check((enum section)section, option);
            count++;
        }
    }
    return count;
}

static void check_row(enum section section, const struct option_row *option) {
    ck_assert_msg(options_find(section, option->name) == option, "%s is there twice", option->name);
    ck_assert_msg(option->doc && option->doc[strlen(option->doc) - 1] == '.', "%s", option->name);
    ck_assert_msg(option->example != NULL, "%s", option->name);
    ck_assert_msg(strchr(option->doc, '|') == NULL && strchr(option->doc, '\n') == NULL, "%s", option->name);
    ck_assert_msg((option->kind == KIND_WORD) == (option->words != NULL), "%s", option->name);
    ck_assert_msg(!option->fallback || has_default(option->kind), "%s", option->name);
    ck_assert_msg(!option->fallback || option->need == NEED_NONE, "%s", option->name);
    ck_assert_msg(option->min <= option->max, "%s", option->name);
    if (has_default(option->kind) && option->kind != KIND_START && strcmp(option->name, "version") != 0)
        ck_assert_msg(option->size > 0, "%s is stored nowhere", option->name);
}

START_TEST(rows) {
    ck_assert_int_gt(each_option(check_row), 45);
}
END_TEST

/* YAML 1.1, which Helm reads, takes these for booleans and nothing. */
static void check_name(enum section section, const struct option_row *option) {
    static const char *const bad[] = {"on", "off", "yes", "no", "y", "n", "true", "false", "null", "~"};
    (void)section;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_str_ne(option->name, bad[i]);
        if (option->fallback) ck_assert_str_ne(option->fallback, bad[i]);
        for (int word = 0; option->words && option->words[word]; word++)
            ck_assert_str_ne(option->words[word], bad[i]);
    }
}

START_TEST(no_yaml_traps) {
    each_option(check_name);
}
END_TEST

START_TEST(lookups) {
    ck_assert_ptr_null(options_find(SECTION_ATTRIBUTE, "windw"));
    ck_assert_str_eq(options_find(SECTION_ATTRIBUTE, "window")->name, "window");
    ck_assert_str_eq(options_elsewhere("window"), "attribute");
    ck_assert_str_eq(options_elsewhere("workers"), "");
    ck_assert_ptr_null(options_elsewhere("windw"));
}
END_TEST

static void expects(enum section section, const char *name, const char *expected) {
    struct buffer text;
    buffer_init(&text);
    options_expected(options_find(section, name), &text);
    ck_assert_str_eq(buffer_string(&text), expected);
    buffer_release(&text);
}

START_TEST(expectations) {
    expects(SECTION_PIPELINE, "version", "1");
    expects(SECTION_PIPELINE, "workers", "a whole number from 1 to 256");
    expects(SECTION_PIPELINE, "commit_interval", "a duration from 10ms to 5m");
    expects(SECTION_PIPELINE, "memory_limit", "a size of at least 16MiB, or auto");
    expects(SECTION_OUTPUT_POSTGRES, "write", "upsert or append");
    expects(SECTION_LOOKUP, "missing", "keep, drop or dead_letter");
    expects(SECTION_ATTRIBUTE, "model", "first, last, linear, position or time_decay");
    expects(SECTION_WEIGHTS, "first", "a decimal number from 0 to 1");
}
END_TEST

START_TEST(kinds) {
    ck_assert(kind_matches(KIND_TOPIC, "checkouts.dead-letters_1"));
    ck_assert(!kind_matches(KIND_TOPIC, "a b"));
    ck_assert(!kind_matches(KIND_TOPIC, ""));
    char topic[251];
    memset(topic, 't', 250);
    topic[250] = '\0';
    ck_assert(!kind_matches(KIND_TOPIC, topic));
    topic[249] = '\0';
    ck_assert(kind_matches(KIND_TOPIC, topic));
    ck_assert(kind_matches(KIND_FIELD, "Größe 1"));
    ck_assert(!kind_matches(KIND_FIELD, "a\nb"));
    ck_assert(!kind_matches(KIND_FIELD, "_a"));
    ck_assert(kind_matches(KIND_TABLE, "commerce.users"));
    ck_assert(kind_matches(KIND_TABLE, "users"));
    ck_assert(!kind_matches(KIND_TABLE, ".users"));
    ck_assert(!kind_matches(KIND_TABLE, "commerce."));
    ck_assert(kind_matches(KIND_URL, "postgres://h/d"));
    ck_assert(kind_matches(KIND_URL, "host=h"));
    ck_assert(!kind_matches(KIND_URL, "localhost"));
    ck_assert(kind_matches(KIND_SOURCE, "a"));
    ck_assert(kind_matches(KIND_SOURCE, "a.b c"));
    ck_assert(!kind_matches(KIND_SOURCE, "1a.b"));
    ck_assert(!kind_matches(KIND_SOURCE, "a.b.c"));
    ck_assert(!kind_matches(KIND_INPUT_NAME, "1a"));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, rows);
    tcase_add_test(tests, no_yaml_traps);
    tcase_add_test(tests, lookups);
    tcase_add_test(tests, expectations);
    tcase_add_test(tests, kinds);
    return run_suite("config.options", tests);
}
