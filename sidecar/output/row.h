/* row.h: what an output writes: one value a column, in the order of the output's columns. Plain data. */
#ifndef TRIBUTARY_OUTPUT_ROW_H
#define TRIBUTARY_OUTPUT_ROW_H

#include <stdint.h>

#include "base/arena.h"
#include "event/value.h"

struct row {
    struct value *values;
    int partition;
    int64_t offset; /* of the conversion, which orders rows of one partition */
    int touch_number,
        row_count; /* from 1 on, among the rows of the conversion, which stand or fall together */
};

/* How many of the rows, from the first on, are of one conversion. */
static inline int row_together(const struct row *rows, int count) {
    int together = count > 0;
    while (together < count && rows[together].partition == rows->partition &&
           rows[together].offset == rows->offset)
        together++;
    return together;
}

/* Where to halve them without taking a conversion's rows apart: how many go into the first half; 0 when all
 * are of one conversion. */
static inline int row_middle(const struct row *rows, int count) {
    int middle = 0;
    for (int next = row_together(rows, count); next < count && (!middle || next <= count / 2);
         next += row_together(rows + next, count - next))
        middle = next;
    return middle;
}

/* Whether an output can hold a row. It may rewrite values into an equal form (and must where equal keys could
 * be spelled differently). False with the reason in `why`. `accept_key` does the same to the values of the
 * primary key alone. */
struct row_check {
    bool (*accept)(const void *context, struct row *row, struct arena *arena, char *why, size_t why_size);
    const void *context;
    bool (*accept_key)(const void *context, struct row *row, struct arena *arena);
};

#endif
