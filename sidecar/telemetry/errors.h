/* errors.h: how often Postgres and Kafka have failed in this process, by what they called it, and what the
 * last failure was. Any thread; a lock is held for a moment, and only when something has failed or somebody
 * looks. Beyond ERRORS_NAMES names of one source the rest is counted as "other". */
#ifndef TRIBUTARY_TELEMETRY_ERRORS_H
#define TRIBUTARY_TELEMETRY_ERRORS_H

#include <stdint.h>

enum errors_source { ERRORS_POSTGRES, ERRORS_KAFKA, ERRORS_SOURCES };
enum { ERRORS_NAMES = 48, ERRORS_NAME_MAX = 64 };

struct errors_count {
    char name[ERRORS_NAME_MAX];
    uint64_t count;
};

struct errors_seen {
    struct errors_count counts[ERRORS_SOURCES][ERRORS_NAMES];
    int names[ERRORS_SOURCES];
    int64_t last_us; /* wall clock; 0: there was none */
    enum errors_source last_source;
    char last_code[ERRORS_NAME_MAX];
};

/* Counted as `name`; `code` says it more exactly, or the same. What the server said goes to the log alone: it
 * may show values of records. */
void errors_count(enum errors_source source, const char *name, const char *code);
/* A copy of what there is. */
void errors_look(struct errors_seen *seen);

#endif
