/* span.h: a view of bytes owned by someone else. Not terminated; an absent value is {NULL, 0}. */
#ifndef TRIBUTARY_BASE_SPAN_H
#define TRIBUTARY_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *data;
    size_t len;
};

/* For printf: printf("%.*s", SPAN_ARGS(s)). */
#define SPAN_ARGS(s) (int)(s).len, (s).data ? (s).data : ""

static inline struct span span_of(const char *text) {
    return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text) {
    return span_equal(a, span_of(text));
}

#endif
