/* arrays.h: what the tests of statements share: Postgres' binary arrays read back, as its array_recv does. */
#ifndef TRIBUTARY_TESTS_POSTGRES_ARRAYS_H
#define TRIBUTARY_TESTS_POSTGRES_ARRAYS_H

#include <stdio.h>

#include "../suite.h"
#include "postgres/connection.h"

static inline uint32_t read_be32(const char **at, const char *end) {
    const unsigned char *bytes = (const unsigned char *)*at;
    ck_assert_int_ge(end - *at, 4);
    *at += 4;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Asserts that the parameter is a text array of these elements, joined by '|', with NULL for nulls; "{}" is
 * the empty array. */
static inline void assert_array(const struct parameter *parameter, const char *want) {
    const char *at = parameter->data, *end = at + parameter->len;
    char got[4000] = "{}";
    ck_assert(parameter->binary);
    uint32_t dimensions = read_be32(&at, end);
    ck_assert_uint_le(dimensions, 1);
    ck_assert_uint_le(read_be32(&at, end), 1); /* whether there may be nulls */
    ck_assert_uint_eq(read_be32(&at, end), 25);
    uint32_t count = dimensions ? read_be32(&at, end) : 0;
    if (dimensions) ck_assert_uint_eq(read_be32(&at, end), 1);
    for (uint32_t i = 0, used = 0; i < count; i++) {
        uint32_t len = read_be32(&at, end);
        bool null = len == UINT32_MAX;
        if (!null) ck_assert_int_ge(end - at, (int64_t)len);
        used += (uint32_t)snprintf(got + used, sizeof got - used, "%s%.*s", i ? "|" : "", null ? 4 : (int)len,
                                   null ? "NULL" : at);
        if (!null) at += len;
    }
    ck_assert_ptr_eq(at, end);
    ck_assert_str_eq(got, want);
}

static inline void assert_text_parameter(const struct parameter *parameter, const char *want) {
    ck_assert(!parameter->binary);
    ck_assert_str_eq(parameter->data, want);
}

#endif
