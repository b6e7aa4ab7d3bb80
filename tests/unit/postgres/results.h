/* results.h: what the tests of answers share: results made by hand, without a server. */
#ifndef TRIBUTARY_TESTS_POSTGRES_RESULTS_H
#define TRIBUTARY_TESTS_POSTGRES_RESULTS_H

#include <libpq-fe.h>

#include "../suite.h"

enum { RESULT_COLUMNS_MAX = 16 };

/* A result without rows; add_row then fills it. PQclear it. */
static inline PGresult *make_result(int columns) {
    static char name[] = "column";
    PGresAttDesc descriptions[RESULT_COLUMNS_MAX] = {0};
    for (int i = 0; i < columns; i++) descriptions[i].name = name;
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert(PQsetResultAttrs(result, columns, descriptions));
    return result;
}

/* One text a column, NULL for null. */
static inline void add_row(PGresult *result, const char *const *texts) {
    int row = PQntuples(result);
    for (int i = 0; i < PQnfields(result); i++) {
        char *copy = texts[i] ? strdup(texts[i]) : NULL;
        ck_assert(PQsetvalue(result, row, i, copy, copy ? (int)strlen(copy) : -1));
        free(copy);
    }
}

#define ADD_ROW(result, ...) add_row(result, (const char *const[]){__VA_ARGS__})

#endif
