/* tables.h: what the tests of statements share: tables as the catalogue would describe them. */
#ifndef TRIBUTARY_TESTS_POSTGRES_TABLES_H
#define TRIBUTARY_TESTS_POSTGRES_TABLES_H

#include <stdint.h>

#include "event/postgres_column.h"
#include "postgres/catalogue.h"

/* A string constant where the structures want char *. */
#define MUTABLE(text) ((char *)(uintptr_t)(text))

#define COLUMN(column_name, oid, modifier, cast_name)                                                        \
    { .name = MUTABLE(column_name), .type = (oid), .typmod = (modifier), .cast = MUTABLE(cast_name) }

#define NUMERIC(precision, scale) (((precision) << 16 | (scale)) + 4)

#endif
