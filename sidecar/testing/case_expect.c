#include <string.h>

#include "testing/case_reader.h"
#include "testing/case_value.h"

const char *const case_dead_letter_columns[DEAD_COLUMNS] = {"input", "partition", "offset", "reason",
                                                            "detail"};

/* Reads one entry of a row into a cell; `column` is set already. */
typedef void read_cell(struct case_reader *reader, const struct node *node, struct expected_cell *cell);

static void read_any(struct case_reader *reader, const struct node *node, struct expected_cell *cell) {
    cell->value = case_value(node, reader->arena);
}

static void check_input(struct case_reader *reader, const struct node *node) {
    case_word(reader, node, "input", reader->inputs, 2);
}

static void check_reason(struct case_reader *reader, const struct node *node) {
    const char *reasons[OUTCOME_COUNT];
    int count = 0;
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_is_dead_letter(i)) reasons[count++] = outcome_name(i);
    case_word(reader, node, "reason", reasons, count);
}

static void read_dead_letter(struct case_reader *reader, const struct node *node,
                             struct expected_cell *cell) {
    int64_t number;
    char quoted[20];
    snprintf(quoted, sizeof quoted, "\"%s\"", case_dead_letter_columns[cell->column]);
    switch (cell->column) {
    case DEAD_INPUT: check_input(reader, node); break;
    case DEAD_REASON: check_reason(reader, node); break;
    case DEAD_DETAIL: case_text(reader, node, quoted); break;
    default: case_integer(reader, node, quoted, 0, INT64_MAX, &number); break;
    }
    cell->value = case_value(node, reader->arena);
    cell->part = cell->column == DEAD_DETAIL;
    bool is_text = cell->column == DEAD_DETAIL && node->kind == NODE_SCALAR && node->text;
    if (is_text) cell->value = (struct value){VALUE_STRING, span_of(node->text)};
}

static int index_of(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) return i;
    return -1;
}

/* What a row is made of. */
struct shape {
    const char *noun; /* "row" */
    const char *const *columns;
    const char *column_noun;
    int column_count;
    read_cell *read;
};

static void read_row(struct case_reader *reader, const struct node *map, const struct shape *shape,
                     struct expected_row *row) {
    *row = (struct expected_row){.line = map->position.line};
    char what[40];
    snprintf(what, sizeof what, "a %s", shape->noun);
    if (!case_expect_map(reader, map, what)) return;
    if (!map->count) {
        problems_add(reader->problems, map->position, "a %s that names no %s", shape->noun,
                     shape->column_noun);
        return;
    }
    row->cells = arena_alloc(reader->arena, (size_t)map->count * sizeof *row->cells);
    for (const struct node *key = map->first; key; key = key->next) {
        int column = index_of(key->written, shape->columns, shape->column_count);
        if (column < 0) {
            case_unknown(reader, key->position, shape->column_noun, key->written, shape->columns,
                         shape->column_count);
            continue;
        }
        struct expected_cell *cell = &row->cells[row->count++];
        *cell = (struct expected_cell){.column = column};
        shape->read(reader, key->value, cell);
    }
}

static void read_rows(struct case_reader *reader, const struct node *list, const char *what,
                      const struct shape *shape, struct expected_rows *rows) {
    if (!case_expect_list(reader, list, what)) return;
    rows->given = true;
    rows->items = arena_alloc(reader->arena, (size_t)list->count * sizeof *rows->items);
    for (const struct node *item = list->first; item; item = item->next)
        read_row(reader, item, shape, &rows->items[rows->count++]);
}

static void read_table(struct case_reader *reader, const struct node *list, struct expected_rows *rows) {
    const struct output_config *output = reader->pipeline->plan->output;
    const char **columns = arena_alloc(reader->arena, (size_t)output->column_count * sizeof(char *));
    for (int i = 0; i < output->column_count; i++) columns[i] = output->columns[i].name;
    struct shape shape = {"row", columns, "column", output->column_count, read_any};
    read_rows(reader, list, "\"rows\"", &shape, rows);
}

static void read_dead_letters(struct case_reader *reader, const struct node *list,
                              struct expected_rows *rows) {
    struct shape shape = {"dead letter", case_dead_letter_columns, "key", DEAD_COLUMNS, read_dead_letter};
    read_rows(reader, list, "\"dead_letters\"", &shape, rows);
}

static void read_outcomes(struct case_reader *reader, const struct node *map,
                          struct case_expectation *expect) {
    const char *names[OUTCOME_COUNT];
    if (!case_expect_map(reader, map, "\"outcomes\"")) return;
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++) names[i] = outcome_name(i);
    expect->has_outcomes = true;
    for (const struct node *key = map->first; key; key = key->next) {
        int64_t number;
        enum outcome outcome = outcome_of_name(span_of(key->written));
        if (outcome == OUTCOME_COUNT)
            case_unknown(reader, key->position, "outcome", key->written, names, OUTCOME_COUNT);
        else if (case_integer(reader, key->value, "the number of an outcome", 0, INT64_MAX, &number))
            expect->outcomes.count[outcome] = (uint64_t)number;
    }
}

void case_read_expect(struct case_reader *reader, const struct node *map, struct test_case *test) {
    static const char *const keys[] = {"rows", "dead_letters", "outcomes"};
    if (!case_expect_map(reader, map, "\"expect\"")) return;
    case_check_keys(reader, map, keys, 3);
    const struct node *rows = node_find(map, "rows"), *dead_letters = node_find(map, "dead_letters");
    const struct node *outcomes = node_find(map, "outcomes");
    if (rows) read_table(reader, rows, &test->expect.rows);
    if (dead_letters) read_dead_letters(reader, dead_letters, &test->expect.dead_letters);
    if (outcomes) read_outcomes(reader, outcomes, &test->expect);
    if (map->count) return;
    problems_add(reader->problems, map->position, "\"expect\" is empty: such a case cannot fail");
    problems_hint(reader->problems, "name at least one of rows, dead_letters and outcomes");
}
