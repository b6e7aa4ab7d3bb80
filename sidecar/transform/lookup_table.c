#include "transform/lookup_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "event/csv.h"
#include "event/number.h"

enum {
    CSV_COLUMNS_MAX = 1024,
    CSV_FILE_MAX = 1024 * 1024 * 1024, /* all of it is held in memory, twice */
};

struct lookup_table {
    char *const *match;
    const char *const *columns;
    struct lookup_batch rows; /* a batch whose questions are the table's keys */
    struct arena arena;
};

struct lookup_table *lookup_table_new(char *const *match, int match_count, const char *const *columns,
                                      int column_count) {
    struct lookup_table *table = memory_zalloc(1, sizeof *table);
    table->match = match;
    table->columns = columns;
    lookup_batch_init(&table->rows, match_count, column_count);
    arena_init(&table->arena);
    return table;
}

void lookup_table_free(struct lookup_table *table) {
    if (!table) return;
    lookup_batch_release(&table->rows);
    arena_release(&table->arena);
    free(table);
}

static struct value value_named(struct lookup_table *table, const char *name, const struct span *names,
                                const struct value *values, int count) {
    for (int i = 0; i < count; i++)
        if (span_is(names[i], name))
            return (struct value){values[i].type, arena_copy(&table->arena, values[i].text)};
    return (struct value){VALUE_NULL, {0}};
}

/* A table in memory knows texts only: 7 finds the row of "7". */
static void as_texts(struct value *key, int count) {
    for (int i = 0; i < count; i++)
        if (key[i].type != VALUE_NULL) key[i].type = VALUE_STRING;
}

void lookup_table_add(struct lookup_table *table, const struct span *names, const struct value *values,
                      int count) {
    int match_count = table->rows.match_count, column_count = table->rows.column_count;
    struct value *key = arena_alloc(&table->arena, (size_t)(match_count + column_count) * sizeof *key);
    struct value *columns = key + match_count;
    for (int i = 0; i < match_count; i++) key[i] = value_named(table, table->match[i], names, values, count);
    as_texts(key, match_count);
    for (int i = 0; i < column_count; i++)
        columns[i] = value_named(table, table->columns[i], names, values, count);
    int question = lookup_batch_ask(&table->rows, key);
    if (question >= 0) lookup_batch_answer(&table->rows, question, columns);
}

static bool has_column(const char *column, const struct span *names, int count, const char *file,
                       struct error *error) {
    for (int i = 0; i < count; i++)
        if (span_is(names[i], column)) return true;
    return error_set(error, ERROR_CONFIG, "\"%s\" has no column \"%s\" in its first line", file, column);
}

static bool check_header(const struct lookup_table *table, const struct span *names, int count,
                         const char *file, struct error *error) {
    for (int i = 0; i < table->rows.match_count; i++)
        if (!has_column(table->match[i], names, count, file, error)) return false;
    for (int i = 0; i < table->rows.column_count; i++)
        if (!has_column(table->columns[i], names, count, file, error)) return false;
    return true;
}

static bool read_whole(const char *file, struct buffer *text, struct error *error) {
    FILE *in = fopen(file, "r");
    if (!in) return error_set(error, ERROR_CONFIG, "cannot open \"%s\": %s", file, strerror(errno));
    for (;;) {
        size_t got = fread(buffer_reserve(text, 65536), 1, 65536, in);
        text->len += got;
        if (!got) break;
        if (text->len <= CSV_FILE_MAX) continue;
        fclose(in);
        return error_set(error, ERROR_CONFIG, "\"%s\" is larger than 1 GiB", file);
    }
    bool failed = ferror(in) != 0;
    fclose(in);
    return !failed || error_set(error, ERROR_CONFIG, "cannot read \"%s\"", file);
}

/* A file of this kind has no types: what is written as a number is written is one. */
static struct value value_of(struct span field, struct buffer *scratch) {
    struct number number;
    if (!field.data) return (struct value){VALUE_NULL, {0}};
    buffer_clear(scratch);
    if (!number_parse(field, &number)) return (struct value){VALUE_STRING, field};
    number_canonical(&number, scratch);
    return (struct value){span_equal(buffer_view(scratch), field) ? VALUE_NUMBER : VALUE_STRING, field};
}

static bool load_rows(struct lookup_table *table, struct span text, const char *file, struct buffer *scratch,
                      struct error *error) {
    struct span names[CSV_COLUMNS_MAX], fields[CSV_COLUMNS_MAX];
    struct value values[CSV_COLUMNS_MAX];
    /* what spreadsheets write first is no part of a name */
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = (struct span){text.data + 3, text.len - 3};
    int named = csv_row(&text, &table->arena, names, CSV_COLUMNS_MAX);
    if (named == -2)
        return error_set(error, ERROR_CONFIG, "\"%s\" has more than %d columns", file, CSV_COLUMNS_MAX);
    if (named <= 0)
        return error_set(error, ERROR_CONFIG, "\"%s\" does not begin with a line of column names", file);
    if (!check_header(table, names, named, file, error)) return false;
    for (int row = 2; text.len; row++) {
        int count = csv_row(&text, &table->arena, fields, CSV_COLUMNS_MAX);
        if (count == 1 && !fields[0].data) continue; /* an empty line */
        if (count != named)
            return error_set(error, ERROR_CONFIG, "\"%s\" row %d: %s", file, row,
                             count == -1 ? "a quoted field does not end"
                                         : "the number of fields is not that of the first line");
        for (int i = 0; i < count; i++) values[i] = value_of(fields[i], scratch);
        lookup_table_add(table, names, values, count);
    }
    return true;
}

bool lookup_table_load(struct lookup_table *table, const char *file, struct error *error) {
    struct buffer text, scratch;
    buffer_init(&text);
    buffer_init(&scratch);
    bool ok = read_whole(file, &text, error) && load_rows(table, buffer_view(&text), file, &scratch, error);
    buffer_release(&scratch);
    buffer_release(&text);
    return ok;
}

void lookup_table_answer(const struct lookup_table *table, struct lookup_batch *batch) {
    const struct lookup_batch *rows = &table->rows;
    size_t size = (size_t)rows->match_count * sizeof(struct value);
    struct value *key = memory_alloc(size);
    for (int i = 0; i < batch->count; i++) {
        memcpy(key, lookup_batch_key(batch, i), size);
        as_texts(key, rows->match_count);
        int known = lookup_batch_find(rows, key);
        if (known >= 0) lookup_batch_answer(batch, i, lookup_batch_result(rows, known));
        lookup_batch_answer_none(batch, i); /* unless there was a row */
    }
    free(key);
}

void lookup_tables_answer(struct lookup_table *const *tables, struct lookups *lookups) {
    const struct lookups_plan *plan = lookups->plan;
    for (int i = 0; i < plan->order_count; i++)
        lookup_table_answer(tables[plan->order[i]], lookups_ask(lookups, plan->order[i]));
}
