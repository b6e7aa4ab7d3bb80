/* lookup_table.h: a lookup answered from rows in memory, read from CSV or given one by one: what `replay` and
 * `test` use in the place of a database table. One thread at a time. */
#ifndef TRIBUTARY_TRANSFORM_LOOKUP_TABLE_H
#define TRIBUTARY_TRANSFORM_LOOKUP_TABLE_H

#include "base/error.h"
#include "transform/lookups.h"

struct lookup_table;

/* A table whose questions match `match` columns and want `columns`. The names are not copied. */
struct lookup_table *lookup_table_new(char *const *match, int match_count, const char *const *columns,
                                      int column_count);
void lookup_table_free(struct lookup_table *table);

/* Adds a row by column names; columns that nobody asks for are ignored, absent ones are null. Copied. */
void lookup_table_add(struct lookup_table *table, const struct span *names, const struct value *values,
                      int count);
/* Adds every row of a CSV file whose first line names the columns; an empty unquoted field is null. A config
 * error, with file and line, when it cannot be read or lacks a column that is needed. */
bool lookup_table_load(struct lookup_table *table, const char *file, struct error *error) MUST_CHECK;

/* Answers every question of the batch that has a row; the first row with a key stands. */
void lookup_table_answer(const struct lookup_table *table, struct lookup_batch *batch);
/* Answers everything that the events ask: one table a lookup of the plan. */
void lookup_tables_answer(struct lookup_table *const *tables, struct lookups *lookups);

#endif
