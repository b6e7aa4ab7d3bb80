#include "config/document.h"

#include "base/buffer.h"

#include "support.h"

static struct arena arena;
static struct problems problems;

static void set_up(void) {
    arena_init(&arena);
    problems_init(&problems);
}

static void tear_down(void) {
    problems_release(&problems);
    arena_release(&arena);
}

static const struct node *parse(const char *text) {
    return document_parse(text, strlen(text), &arena, &problems);
}

static void is_at(const struct node *node, int line, int column) {
    ck_assert_int_eq(node->position.line, line);
    ck_assert_int_eq(node->position.column, column);
}

START_TEST(tree) {
    const struct node *root = parse("# a comment\na: 1\nbé: [x, 'y z', {q: \"w\"}]\nc:\n  - d\n");
    ck_assert_int_eq(problems.count, 0);
    ck_assert_int_eq(root->kind, NODE_MAP);
    ck_assert_int_eq(root->count, 3);
    is_at(root, 2, 1);
    const struct node *a = node_find(root, "a"), *b = node_find(root, "bé"), *c = node_find(root, "c");
    ck_assert_str_eq(a->text, "1");
    is_at(a, 2, 4);
    ck_assert_int_eq(b->kind, NODE_LIST);
    ck_assert_int_eq(b->count, 3);
    is_at(b, 3, 5); /* columns count characters, not bytes */
    ck_assert_str_eq(b->first->next->text, "y z");
    ck_assert(!b->first->next->plain);
    ck_assert_str_eq(node_find(b->first->next->next, "q")->text, "w");
    is_at(c, 5, 3);
    ck_assert_int_eq(c->named.line, 4);
    ck_assert_int_eq(c->named.column, 1);
    ck_assert_ptr_null(node_find(root, "d"));
}
END_TEST

START_TEST(scalars) {
    const struct node *root;
    root = parse("a:\nb: ~\nc: NULL\nd: ''\ne: '~'\nf: |-\n  x\n  y\n\"g\": yes\n");
    ck_assert_int_eq(problems.count, 0);
    ck_assert(node_is_nothing(node_find(root, "a")));
    ck_assert(node_is_nothing(node_find(root, "b")));
    ck_assert(node_is_nothing(node_find(root, "c")));
    ck_assert(!node_is_nothing(node_find(root, "d")));
    ck_assert(!node_is_nothing(node_find(root, "e")));
    ck_assert_str_eq(node_find(root, "f")->text, "x\ny");
    ck_assert_str_eq(node_find(root, "g")->text, "yes");
}
END_TEST

/* Variables are replaced after the YAML has been read: what they hold cannot become structure. */
START_TEST(variables_cannot_inject) {
    setenv("T_INJECT", "x\ny: [1, 2]\n# ", 1);
    const struct node *root = parse("a: ${T_INJECT}\nb: \"${T_NONE:-}\"\n");
    ck_assert_int_eq(problems.count, 0);
    ck_assert_int_eq(root->count, 2);
    ck_assert_str_eq(node_find(root, "a")->text, "x\ny: [1, 2]\n# ");
    ck_assert_str_eq(node_find(root, "a")->written, "${T_INJECT}");
    ck_assert_str_eq(node_find(root, "b")->text, "");
    ck_assert(!node_is_nothing(node_find(root, "b")));
}
END_TEST

START_TEST(descriptions) {
    const struct node *root = parse("{a: [], b: {}, c: [1], d: {e: 1}, f: , g: \"x\\n\\e[1m\\\"\"}");
    char text[400];
    ck_assert_str_eq(node_describe(node_find(root, "a"), &arena), "an empty list");
    ck_assert_str_eq(node_describe(node_find(root, "b"), &arena), "an empty map");
    ck_assert_str_eq(node_describe(node_find(root, "c"), &arena), "a list");
    ck_assert_str_eq(node_describe(node_find(root, "d"), &arena), "a map");
    ck_assert_str_eq(node_describe(node_find(root, "f"), &arena), "nothing");
    ck_assert_str_eq(node_describe(node_find(root, "g"), &arena), "\"x\\n\\u001b[1m\\\"\"");
    for (int i = 0; i < 199; i++) strcpy(text + 2 * i, "é");
    /* Cut after at most 80 bytes, and never within a character. */
    ck_assert_uint_eq(strlen(node_quote(text, &arena)), strlen("\"\"…") + 80);
    text[0] = 'x';
    memmove(text + 1, text + 2, strlen(text + 1));
    ck_assert_uint_eq(strlen(node_quote(text, &arena)), strlen("\"\"…") + 79);
}
END_TEST

static void refused(const char *text, int line, int column, const char *message) {
    problems_release(&problems);
    parse(text);
    ck_assert_msg(problems.count > 0, "%s", text);
    ck_assert_str_eq(problems.items[0].message, message);
    ck_assert_int_eq(problems.items[0].position.line, line);
    ck_assert_int_eq(problems.items[0].position.column, column);
}

START_TEST(keys) {
    refused("a: 1\nb: 2\na: 3\n", 3, 1, "the key \"a\" is given twice (first in line 1)");
    refused("x: {a: 1, \"a\": 2}\n", 1, 11, "the key \"a\" is given twice (first in line 1)");
    refused("? [a, b]\n: 1\n", 1, 3, "a key must be a name, not a list");
    refused("? {a: b}\n: 1\n", 1, 3, "a key must be a name, not a map");
    refused("\"a${X}\": 1\n", 1, 1, "the key \"a${X}\" cannot hold a variable: only values can");
    refused("\"a\\0b\": 1\n", 1, 1, "a value cannot contain a NUL");
}
END_TEST

START_TEST(what_is_left_out_of_yaml) {
    refused("a: &x 1\n", 1, 4, "anchors such as \"&x\" are not supported");
    refused("a: &x [1]\n", 1, 4, "anchors such as \"&x\" are not supported");
    refused("a: 1\nb: *x\n", 2, 4, "aliases such as \"*x\" are not supported");
    refused("*x : 1\n", 1, 1, "aliases such as \"*x\" are not supported");
    refused("a: !!str 1\n", 1, 4, "tags such as \"tag:yaml.org,2002:str\" are not supported");
    refused("a: !secret\n", 1, 4, "tags such as \"!secret\" are not supported");
    refused("a: 1\n---\nb: 2\n", 3, 1, "a second document in one file");
    refused("", 1, 1, "the file is empty");
    refused("# nothing\n", 1, 1, "the file is empty");
    refused("a: \"x\\0y\"\n", 1, 4, "a value cannot contain a NUL");
}
END_TEST

START_TEST(syntax) {
    refused("a: [1, 2\nb: 3\n", 2, 2,
            "not YAML: did not find expected ',' or ']', while parsing a flow sequence");
    refused("a: 1\n b: 2\n", 2, 3, "not YAML: mapping values are not allowed in this context");
    refused("a: 'x\n", 2, 1, "not YAML: found unexpected end of stream, while scanning a quoted scalar");
    refused("a: {b: ${X}}\n", 1, 9,
            "not YAML: did not find expected ',' or '}', while parsing a flow mapping");
    ck_assert_str_eq(problems.items[0].hint, "put a value with a variable in quotes: \"${NAME}\"");
    refused("a:\n\tb: 1\n", 2, 1,
            "not YAML: found character that cannot start any token, while scanning for the next token");
    ck_assert_str_eq(problems.items[0].hint, "indent with blanks, not with tabs");
}
END_TEST

START_TEST(encoding) {
    refused("a: 1\nb: é\xff\n", 2, 5, "not UTF-8 text");
    refused("\xff\xfe"
            "a",
            1, 1, "not UTF-8 text");
    refused("a: 1\nbé: \x01\n", 2, 5, "not YAML: control characters are not allowed");
    problems_release(&problems);
    ck_assert_ptr_nonnull(parse("\xef\xbb\xbf"
                                "a: 1\n")); /* a byte order mark */
    ck_assert_int_eq(problems.count, 0);
    ck_assert_ptr_null(document_parse("a: 1\0\n", 6, &arena, &problems));
    ck_assert_int_eq(problems.count, 1);
}
END_TEST

START_TEST(bounds) {
    struct buffer text;
    buffer_init(&text);
    buffer_text(&text, "a: ");
    for (int i = 0; i < DOCUMENT_DEPTH; i++) buffer_byte(&text, '[');
    refused(buffer_string(&text), 1, 3 + DOCUMENT_DEPTH, "nested more than 16 levels deep");

    buffer_clear(&text);
    for (int i = 0; i < 100000; i++) buffer_text(&text, "{[");
    refused(buffer_string(&text), 1, 1 + DOCUMENT_DEPTH, "nested more than 16 levels deep");

    buffer_clear(&text);
    for (int i = 0; i <= DOCUMENT_WIDTH; i++) buffer_printf(&text, "k%d: 1\n", i);
    refused(buffer_string(&text), DOCUMENT_WIDTH + 1, 1, "more than 2000 entries");

    buffer_clear(&text);
    buffer_text(&text, "a: b #");
    while (text.len < DOCUMENT_BYTES) buffer_byte(&text, 'x');
    problems_release(&problems);
    ck_assert_ptr_nonnull(document_parse(text.data, text.len, &arena, &problems));
    buffer_byte(&text, 'x');
    refused(buffer_string(&text), 1, 1, "the file is larger than 1 MiB");
    buffer_release(&text);
}
END_TEST

/* The tree of a file is larger than the file; by how much is bounded too. */
START_TEST(bounds_what_variables_add) {
    enum { EACH = 60000, FIT = DOCUMENT_EXPANDED / EACH };
    static char value[EACH + 1];
    struct buffer text;
    memset(value, 'x', EACH);
    setenv("T_LONG", value, 1);
    buffer_init(&text);
    for (int i = 0; i < FIT; i++) buffer_printf(&text, "- ${T_LONG}\n");
    ck_assert_ptr_nonnull(parse(buffer_string(&text)));
    ck_assert_int_eq(problems.count, 0);
    for (int i = 0; i < DOCUMENT_WIDTH - FIT; i++) buffer_printf(&text, "- ${T_LONG}\n");
    refused(buffer_string(&text), FIT + 1, 3,
            "all values with variables, up to this one, are longer than 1 MiB");
    ck_assert_int_eq(problems.count, 1);
    buffer_release(&text);
    unsetenv("T_LONG");
}
END_TEST

/* Each level would be nine times the one below. */
START_TEST(laughs) {
    const char *text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
                       "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                       "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                       "d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n";
    refused(text, 1, 4, "anchors such as \"&a\" are not supported");
    ck_assert_int_eq(problems.count, 3 + 27);
}
END_TEST

START_TEST(prints_no_more_than_a_hundred_problems) {
    char *printed;
    size_t len;
    FILE *out = open_memstream(&printed, &len);
    for (int i = 0; i < 1000; i++) problems_add(&problems, (struct position){1000 - i, 1}, "wrong");
    problems_print(&problems, "p.yaml", out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(printed, "p.yaml:100:1: wrong\np.yaml: and 900 more problems\n"));
    free(printed);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("document");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, tree);
    tcase_add_test(tests, scalars);
    tcase_add_test(tests, variables_cannot_inject);
    tcase_add_test(tests, descriptions);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, what_is_left_out_of_yaml);
    tcase_add_test(tests, syntax);
    tcase_add_test(tests, encoding);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, bounds_what_variables_add);
    tcase_add_test(tests, laughs);
    tcase_add_test(tests, prints_no_more_than_a_hundred_problems);
    return run_suite("config.document", tests);
}
