#include "testing/case_reader.h"

#include <inttypes.h>
#include <string.h>

#include "config/quantity.h"
#include "config/suggest.h"

static bool is_bad(const struct node *node) {
    return node->kind == NODE_SCALAR && !node->text; /* has been reported */
}

static void wrong(struct case_reader *reader, const struct node *node, const char *what,
                  const char *expected) {
    if (is_bad(node)) return;
    problems_add(reader->problems, node->position, "%s must be %s, not %s", what, expected,
                 node_describe(node, reader->arena));
}

bool case_expect_list(struct case_reader *reader, const struct node *node, const char *what) {
    if (node->kind != NODE_LIST) wrong(reader, node, what, "a list");
    return node->kind == NODE_LIST;
}

bool case_expect_map(struct case_reader *reader, const struct node *node, const char *what) {
    if (node->kind != NODE_MAP) wrong(reader, node, what, "a map");
    return node->kind == NODE_MAP;
}

const char *case_text(struct case_reader *reader, const struct node *node, const char *what) {
    if (node->kind == NODE_SCALAR && node->text && *node->text && !node_is_nothing(node)) return node->text;
    wrong(reader, node, what, "a text");
    return NULL;
}

bool case_integer(struct case_reader *reader, const struct node *node, const char *what, int64_t min,
                  int64_t max, int64_t *number) {
    if (node->kind == NODE_SCALAR && node->text && quantity_integer(node->text, number) == QUANTITY_OK &&
        *number >= min && *number <= max)
        return true;
    char expected[80];
    if (max == INT64_MAX)
        snprintf(expected, sizeof expected, "a whole number of at least %" PRId64, min);
    else
        snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, min, max);
    wrong(reader, node, what, expected);
    return false;
}

bool case_flag(struct case_reader *reader, const struct node *node, const char *what, bool *flag) {
    const char *text = node->kind == NODE_SCALAR && node->plain && node->text ? node->text : "";
    *flag = strcmp(text, "true") == 0;
    if (*flag || strcmp(text, "false") == 0) return true;
    wrong(reader, node, what, "true or false");
    return false;
}

int case_word(struct case_reader *reader, const struct node *node, const char *what, const char *const *words,
              int count) {
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\"", what);
    const char *text = case_text(reader, node, quoted);
    if (!text) return -1;
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0) return i;
    case_unknown(reader, node->position, what, text, words, count);
    return -1;
}

void case_unknown(struct case_reader *reader, struct position position, const char *what, const char *word,
                  const char *const *candidates, int count) {
    const char *shown = node_quote(word, reader->arena);
    const char *near = suggest_nearest(word, candidates, count);
    if (near) {
        problems_add(reader->problems, position, "unknown %s %s; did you mean \"%s\"?", what, shown, near);
        return;
    }
    struct buffer known;
    buffer_init(&known);
    for (int i = 0; i < count; i++) buffer_printf(&known, "%s%s", i ? ", " : "", candidates[i]);
    problems_add(reader->problems, position, "unknown %s %s", what, shown);
    if (count) problems_hint(reader->problems, "known here: %s", buffer_string(&known));
    buffer_release(&known);
}

static bool is_among(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) return true;
    return false;
}

void case_check_keys(struct case_reader *reader, const struct node *map, const char *const *keys, int count) {
    for (const struct node *key = map->first; key; key = key->next)
        if (!is_among(key->written, keys, count))
            case_unknown(reader, key->position, "key", key->written, keys, count);
}

void case_missing(struct case_reader *reader, const struct node *map, const char *key,
                  const char *const *keys, int count) {
    for (const struct node *other = map->first; other; other = other->next) {
        if (is_among(other->written, keys, count)) continue;
        const char *near = suggest_nearest(other->written, keys, count);
        if (near && strcmp(near, key) == 0) return; /* one mistake, one message */
    }
    problems_add(reader->problems, map->position, "\"%s\" is missing", key);
}
