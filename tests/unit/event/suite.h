/* suite.h: what the tests of event/ share: a main() in three lines. */
#ifndef TRIBUTARY_TESTS_EVENT_SUITE_H
#define TRIBUTARY_TESTS_EVENT_SUITE_H

#include <check.h>
#include <stdlib.h>

#define COUNT_OF(array) (int)(sizeof(array) / sizeof *(array))

static inline int suite_run(const char *name, TCase *tests) {
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
