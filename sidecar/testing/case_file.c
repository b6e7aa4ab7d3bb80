#include "testing/case_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "testing/case_reader.h"
#include "testing/case_value.h"

/* --- lookups --- */

static void add_column(const char **names, int *count, const char *name) {
    for (int i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0) return;
    if (*count < CASE_NAMES_MAX) names[(*count)++] = name;
}

/* The columns that the pipeline needs of a lookup: those that match and those that are fetched, for rows and
 * for keys. */
static int needed_columns(const struct case_pipeline *pipeline, int lookup, const char **names) {
    const struct lookups_plan *plans[] = {pipeline->plan->asking, rekey_memory_plan(pipeline->rekey[false]),
                                          rekey_memory_plan(pipeline->rekey[true])};
    const struct lookup_config *config = &pipeline->pipeline->lookups[lookup];
    int count = 0;
    for (int i = 0; i < config->match_count; i++) add_column(names, &count, config->match_columns[i]);
    for (int p = 0; p < 3; p++)
        for (int i = 0; plans[p] && i < plans[p]->items[lookup].column_count; i++)
            add_column(names, &count, plans[p]->items[lookup].columns[i]);
    return count;
}

static void check_columns(struct case_reader *reader, int lookup, const struct node *row) {
    const char *names[CASE_NAMES_MAX];
    int count = needed_columns(reader->pipeline, lookup, names);
    for (int i = 0; i < count; i++) {
        if (node_find(row, names[i])) continue;
        problems_add(reader->problems, row->position, "a row of \"%s\" lacks the column \"%s\"",
                     reader->pipeline->pipeline->lookups[lookup].name, names[i]);
        problems_hint(reader->problems, "write %s: null if it is to be null", names[i]);
    }
}

static void read_lookup_row(struct case_reader *reader, int lookup, const struct node *map,
                            struct case_lookup_row *row) {
    *row = (struct case_lookup_row){0};
    if (!case_expect_map(reader, map, "a row of a lookup")) return;
    check_columns(reader, lookup, map);
    row->names = arena_alloc(reader->arena, (size_t)map->count * sizeof *row->names);
    row->values = arena_alloc(reader->arena, (size_t)map->count * sizeof *row->values);
    for (const struct node *key = map->first; key; key = key->next) {
        row->names[row->count] = span_of(key->written);
        row->values[row->count++] = case_value(key->value, reader->arena);
    }
}

static void read_lookup(struct case_reader *reader, int lookup, const struct node *list,
                        struct case_lookup *out) {
    *out = (struct case_lookup){0};
    char quoted[100];
    snprintf(quoted, sizeof quoted, "\"%.90s\"", reader->pipeline->pipeline->lookups[lookup].name);
    if (!case_expect_list(reader, list, quoted)) return;
    out->rows = arena_alloc(reader->arena, (size_t)list->count * sizeof *out->rows);
    for (const struct node *row = list->first; row; row = row->next)
        read_lookup_row(reader, lookup, row, &out->rows[out->count++]);
}

/* The rows of each of the pipeline's lookups: those given here, or else those in `inherited`. */
static struct case_lookup *read_lookups(struct case_reader *reader, const struct node *map,
                                        const struct case_lookup *inherited) {
    const struct plan *plan = reader->pipeline->plan;
    size_t count = (size_t)plan->lookup_count;
    struct case_lookup *lookups = arena_alloc(reader->arena, count * sizeof *lookups);
    const char **names = arena_alloc(reader->arena, count * sizeof(char *));
    bool good = map && case_expect_map(reader, map, "\"lookups\"");
    for (int i = 0; i < plan->lookup_count; i++) {
        names[i] = plan->lookups[i].config->name;
        lookups[i] = inherited ? inherited[i] : (struct case_lookup){0};
        const struct node *list = good ? node_find(map, names[i]) : NULL;
        if (list) read_lookup(reader, i, list, &lookups[i]);
    }
    for (const struct node *key = good ? map->first : NULL; key; key = key->next) {
        bool known = false;
        for (int i = 0; i < plan->lookup_count; i++) known |= strcmp(names[i], key->written) == 0;
        if (!known) case_unknown(reader, key->position, "lookup", key->written, names, plan->lookup_count);
    }
    return lookups;
}

/* --- cases --- */

static void check_name(struct case_reader *reader, const struct case_file *file, const struct node *node,
                       const char *name) {
    for (int i = 0; i < file->count; i++) {
        if (!file->cases[i].name || strcmp(file->cases[i].name, name) != 0) continue;
        problems_add(reader->problems, node->position, "two cases of one name: %s (the first in line %d)",
                     node_quote(name, reader->arena), file->cases[i].line);
        return;
    }
}

static void read_settings(struct case_reader *reader, const struct case_file *file, const struct node *map,
                          struct test_case *test) {
    const struct node *name = node_find(map, "name"), *partitions = node_find(map, "partitions");
    const struct node *close = node_find(map, "close");
    int64_t count = 1;
    const char *text = name ? case_text(reader, name, "\"name\"") : NULL;
    if (text) check_name(reader, file, name, text);
    test->name = text;
    if (partitions) case_integer(reader, partitions, "\"partitions\"", 1, CASE_PARTITIONS_MAX, &count);
    test->partitions = count >= 1 && count <= CASE_PARTITIONS_MAX ? (int)count : CASE_PARTITIONS_MAX;
    if (close) case_flag(reader, close, "\"close\"", &test->close);
}

static void read_case(struct case_reader *reader, const struct case_file *file, const struct node *map,
                      struct test_case *test) {
    static const char *const keys[] = {"name", "events", "expect", "lookups", "partitions", "close"};
    enum { NEEDED = 3, KEYS = 6 };
    *test = (struct test_case){.line = map->position.line, .partitions = 1, .close = true};
    if (!case_expect_map(reader, map, "a case")) return;
    case_check_keys(reader, map, keys, KEYS);
    for (int i = 0; i < NEEDED; i++)
        if (!node_find(map, keys[i])) case_missing(reader, map, keys[i], keys, KEYS);
    read_settings(reader, file, map, test);
    test->lookups = read_lookups(reader, node_find(map, "lookups"), reader->lookups);
    const struct node *events = node_find(map, "events"), *expect = node_find(map, "expect");
    if (events) case_read_events(reader, events, test);
    if (expect) case_read_expect(reader, expect, test);
}

static void read_cases(struct case_reader *reader, struct case_file *file, const struct node *list) {
    if (!case_expect_list(reader, list, "\"cases\"")) return;
    if (!list->count) problems_add(reader->problems, list->position, "\"cases\" is empty: nothing to test");
    file->cases = arena_alloc(reader->arena, (size_t)list->count * sizeof *file->cases);
    for (const struct node *item = list->first; item; item = item->next) {
        read_case(reader, file, item, &file->cases[file->count]);
        file->count++;
    }
}

/* --- the file --- */

static void read_defaults(struct case_reader *reader, const struct node *map) {
    if (!case_expect_map(reader, map, "\"defaults\"")) return;
    for (const struct node *key = map->first; key; key = key->next) {
        int side = 0;
        while (side < 2 && strcmp(reader->inputs[side], key->written) != 0) side++;
        if (side == 2)
            case_unknown(reader, key->position, "input", key->written, reader->inputs, 2);
        else if (case_expect_map(reader, key->value, "the fields of an input"))
            reader->defaults[side] = key->value;
    }
}

/* Relative to the folder of the case file. */
static const char *pipeline_path(struct case_reader *reader, const char *path, const char *written) {
    const char *slash = strrchr(path, '/');
    if (*written == '/' || !slash) return written;
    return arena_printf(reader->arena, "%.*s/%s", (int)(slash - path), path, written).data;
}

static bool read_pipeline(struct case_reader *reader, const char *path, const struct node *node,
                          struct case_pipelines *pipelines, FILE *errors) {
    const char *written = case_text(reader, node, "\"pipeline\"");
    if (!written) return false;
    const char *file = pipeline_path(reader, path, written);
    reader->pipeline = case_pipelines_get(pipelines, file, errors);
    if (!reader->pipeline) {
        problems_add(reader->problems, node->position, "the pipeline %s cannot be used, see above",
                     node_quote(file, reader->arena));
        return false;
    }
    reader->inputs[CASE_TOUCHES] = reader->pipeline->plan->touches->name;
    reader->inputs[CASE_CONVERSIONS] = reader->pipeline->plan->conversions->name;
    return true;
}

/* What can only be checked against the pipeline. */
static void read_content(struct case_reader *reader, struct case_file *file, const struct node *root) {
    const struct node *cases = node_find(root, "cases"), *defaults = node_find(root, "defaults");
    file->pipeline = reader->pipeline;
    if (defaults) read_defaults(reader, defaults);
    reader->lookups = read_lookups(reader, node_find(root, "lookups"), NULL);
    if (cases) read_cases(reader, file, cases);
}

static void read_root(struct case_reader *reader, struct case_file *file, const struct node *root,
                      struct case_pipelines *pipelines, FILE *errors) {
    enum { KEYS = 4 };
    static const char *const keys[KEYS] = {"pipeline", "defaults", "lookups", "cases"};
    if (root->kind != NODE_MAP) {
        problems_add(reader->problems, root->position, "a case file must be a map, not %s",
                     node_describe(root, reader->arena));
        problems_hint(reader->problems, "it begins like this: pipeline: ../pipeline.yaml");
        return;
    }
    case_check_keys(reader, root, keys, KEYS);
    if (!node_find(root, "cases")) case_missing(reader, root, "cases", keys, KEYS);
    if (!node_find(root, "pipeline"))
        case_missing(reader, root, "pipeline", keys, KEYS);
    else if (read_pipeline(reader, file->path, node_find(root, "pipeline"), pipelines, errors))
        read_content(reader, file, root);
}

struct case_file *case_file_parse(const char *text, size_t len, const char *path,
                                  struct case_pipelines *pipelines, FILE *errors) {
    struct case_file *file = memory_zalloc(1, sizeof *file);
    struct problems problems;
    arena_init(&file->arena);
    problems_init(&problems);
    file->path = arena_printf(&file->arena, "%s", path).data;
    struct case_reader reader = {.arena = &file->arena, .problems = &problems};
    const struct node *root = document_parse(text, len, &file->arena, &problems);
    if (root) read_root(&reader, file, root, pipelines, errors);
    problems_print(&problems, path, errors);
    if (problems.count) {
        case_file_free(file);
        file = NULL;
    }
    problems_release(&problems);
    return file;
}

/* Reads at most one byte more than a document may have; NULL or why it could not. */
static const char *read_text(const char *path, struct buffer *out) {
    FILE *file = fopen(path, "re");
    if (!file) return strerror(errno);
    out->len = fread(buffer_reserve(out, DOCUMENT_BYTES + 1), 1, DOCUMENT_BYTES + 1, file);
    const char *why = ferror(file) ? strerror(errno) : NULL;
    fclose(file);
    return why;
}

struct case_file *case_file_load(const char *path, struct case_pipelines *pipelines, FILE *errors) {
    struct buffer text;
    struct case_file *file = NULL;
    buffer_init(&text);
    const char *why = read_text(path, &text);
    if (why)
        fprintf(errors, "%s: cannot be read: %s\n", path, why);
    else
        file = case_file_parse(text.data, text.len, path, pipelines, errors);
    buffer_release(&text);
    return file;
}

void case_file_free(struct case_file *file) {
    if (!file) return;
    arena_release(&file->arena);
    free(file);
}
