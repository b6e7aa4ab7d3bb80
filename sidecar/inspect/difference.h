/* difference.h: how a table may differ from what it should hold. Plain data. */
#ifndef TRIBUTARY_INSPECT_DIFFERENCE_H
#define TRIBUTARY_INSPECT_DIFFERENCE_H

#include <stdint.h>

/* What a difference is. */
enum difference_kind {
    DIFFERENCE_MISSING,     /* expected and not there */
    DIFFERENCE_WRONG,       /* other values than expected */
    DIFFERENCE_DOUBLED,     /* append: there more often than expected */
    DIFFERENCE_UNEXPLAINED, /* there, and no conversion leads to it */
    DIFFERENCE_DROPPED,     /* missing, but a lookup with `missing: drop` may have been the reason */
    DIFFERENCE_LOOKED_UP,   /* only columns of lookups differ, which hold something else now */
    DIFFERENCE_KINDS,
};
/* "missing", "wrong", "doubled", "unexplained", "dropped", "looked_up". */
const char *difference_name(enum difference_kind kind);

struct differences {
    uint64_t rows; /* expected, of distinct keys where there is a primary key */
    uint64_t count[DIFFERENCE_KINDS];
};

/* Views, good during the call that hands it over. */
struct difference {
    enum difference_kind kind;
    int partition; /* of the conversion; -1 when there is none */
    int64_t offset;
    const char *columns;          /* JSON array of the names of those that differ */
    const char *expected, *found; /* JSON objects; NULL */
};

#endif
