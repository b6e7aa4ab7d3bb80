/* compare.h: what a case expects against what came, with a report that people can read: which row, which
 * column, what was expected, what was found. Pure; any thread. */
#ifndef TRIBUTARY_TESTING_COMPARE_H
#define TRIBUTARY_TESTING_COMPARE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "event/outcome.h"
#include "event/value.h"

struct expected_cell {
    int column;
    bool part; /* the text only needs to be part of what is found */
    struct value value;
};

struct expected_row {
    int line; /* of the case file */
    struct expected_cell *cells;
    int count;
};

struct expected_rows {
    bool given; /* otherwise nothing is compared */
    struct expected_row *items;
    int count;
};

struct actual_row {
    struct value *values; /* one a column */
    const char *where;    /* "checkouts[0]@3": the record it came from */
};

struct actual_rows {
    const char *noun, *order; /* for the report: "row", "the table is compared by partition and offset" */
    const char *const *columns;
    int column_count;
    const struct actual_row *items;
    int count;
};

/* Numbers by value, times (ISO-like, UTC without a zone) by instant, JSON by structure, other text exactly; a
 * number is no string, and null only null. */
bool compare_value(const struct expected_cell *expected, const struct value *found);

/* Whether row by row the named columns are equal, in order, and no row is missing or too many. Appends a
 * report, lines indented by two, when they are not. */
bool compare_rows(const struct expected_rows *expected, const struct actual_rows *found,
                  struct buffer *report);
bool compare_outcomes(const struct ledger *expected, const struct ledger *found, struct buffer *report);

/* Appends {column: value, …} without the nulls: a row as a case file would have it. */
void compare_print_row(struct buffer *out, const struct actual_rows *rows, const struct actual_row *row);

#endif
