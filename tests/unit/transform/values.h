/* values.h: what the tests of transform/ share: values written shortly. */
#ifndef TRIBUTARY_TESTS_TRANSFORM_VALUES_H
#define TRIBUTARY_TESTS_TRANSFORM_VALUES_H

#include "../suite.h"
#include "event/value.h"

#define NOTHING ((struct value){VALUE_NULL, {0}})

static inline struct value string_value(const char *text) {
    return text ? (struct value){VALUE_STRING, span_of(text)} : NOTHING;
}

static inline struct value number_value(const char *text) {
    return (struct value){VALUE_NUMBER, span_of(text)};
}

/* A string, or null for NULL. */
static inline void assert_string(struct value value, const char *text) {
    ck_assert_int_eq(value.type, text ? VALUE_STRING : VALUE_NULL);
    assert_span(value.text, text);
}

#endif
