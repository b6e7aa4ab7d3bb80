/* trials.h: one good pipeline file, and trying what is said when a piece of it is replaced by something
 * wrong. */
#ifndef TRIBUTARY_TESTS_CONFIG_TRIALS_H
#define TRIBUTARY_TESTS_CONFIG_TRIALS_H

#include "support.h"

static const char base[] = "version: 1\n"
                           "pipeline: p\n"
                           "kafka: {brokers: b}\n"
                           "postgres: {url: \"postgresql://h/d\"}\n"
                           "inputs:\n"
                           "  t: {kafka: {topic: tt}, time: {field: at}}\n"
                           "  c: {kafka: {topic: cc}, time: {field: at}}\n"
                           "attribute:\n"
                           "  conversions: c\n"
                           "  touches: t\n"
                           "  key: [k]\n"
                           "  window: 1h\n"
                           "lookups:\n"
                           "  u: {table: u, match: {id: k}}\n"
                           "outputs:\n"
                           "  - postgres:\n"
                           "      table: r\n"
                           "      primary_key: [a]\n"
                           "      columns:\n"
                           "        - a\n"
                           "        - b: t.x\n";

struct trial {
    const char *from, *to; /* what of the good file is replaced by what */
    const char *errors;
};

static inline void set_variables(void) {
    setenv("T_SECRET", "s3cr3t!", 1); /* must never be seen in a message */
    setenv("T_NUMBER", "77123", 1);
    setenv("T_EMPTY", "", 1);
    unsetenv("T_UNSET");
}

static inline void try_all(const struct trial *trials, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *text = replaced(base, trials[i].from, trials[i].to);
        assert_errors(text, trials[i].errors);
        free(text);
    }
}

#endif
