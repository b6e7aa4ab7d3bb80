/* suite.h: what all test programs share: a main() in a few lines and numbers that are random but the same in
 * every run. */
#ifndef TRIBUTARY_TESTS_SUITE_H
#define TRIBUTARY_TESTS_SUITE_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

#define COUNT_OF(array) (int)(sizeof(array) / sizeof *(array))

static inline int suite_run(const char *name, TCase *tests) {
    tcase_set_timeout(tests, 300); /* seconds; against hanging only, machines may be slow */
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* splitmix64 */
struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random) {
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int random_below(struct random *random, int n) {
    return (int)(random_next(random) % (uint64_t)n);
}

static inline void assert_span(struct span span, const char *text) {
    if (!text) {
        ck_assert_ptr_null(span.data);
        return;
    }
    ck_assert_ptr_nonnull(span.data);
    ck_assert_msg(span_is(span, text), "\"%.*s\", not \"%s\"", SPAN_ARGS(span), text);
}

#endif
