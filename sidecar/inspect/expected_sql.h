/* expected_sql.h: the statements of expected.c. Pure. */
#ifndef TRIBUTARY_INSPECT_EXPECTED_SQL_H
#define TRIBUTARY_INSPECT_EXPECTED_SQL_H

#include "pipeline/plan.h"
#include "postgres/catalogue.h"

/* Parameters of the insert before those of the columns: partition, offset, optional, uncertain, the row's
 * number among those of its conversion, and how many these are. */
enum { EXPECTED_OWN_COLUMNS = 6 };

/* Creates pg_temp.tributary_expected, with the table's own column types, and pg_temp.tributary_difference. */
void expected_sql_create(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table);
/* Inserts arrays of text. */
void expected_sql_insert(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table);
/* Fills tributary_difference, except for what nothing explains in an upsert table. */
void expected_sql_compare(struct buffer *sql, const struct plan *plan, const struct catalogue_table *table,
                          bool whole);
/* Adds that; upsert only. */
void expected_sql_unexplained(struct buffer *sql, const struct plan *plan,
                              const struct catalogue_table *table);
/* Counts the rows expected. */
void expected_sql_count(struct buffer *sql, const struct plan *plan);

#endif
