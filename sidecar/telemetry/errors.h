/* errors.h: how often Postgres and Kafka have failed in this process, by what they called it, and what the
 * last failure was. Any thread; a lock is held for a moment, and only when something has failed or somebody
 * looks. Beyond ERRORS_NAMES names of one source the rest is counted as "other". */
#ifndef TRIBUTARY_TELEMETRY_ERRORS_H
#define TRIBUTARY_TELEMETRY_ERRORS_H

#include <stdint.h>

enum errors_source { ERRORS_POSTGRES, ERRORS_KAFKA, ERRORS_SOURCES };
enum { ERRORS_NAMES = 48, ERRORS_NAME_MAX = 64 };

/* A refusal counts for so long: who is refused is told so again and again, but the client library passes on
 * the same words once in half a minute only. */
#define ERRORS_REFUSED_US (INT64_C(45) * 1000000)

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
    int64_t refused_us; /* monotonic: when Kafka last refused us; 0: never … */
    char refused_code[ERRORS_NAME_MAX];
};

/* Counted as `name`; `code` says it more exactly, or the same. What the server said goes to the log alone: it
 * may show values of records. */
void errors_count(enum errors_source source, const char *name, const char *code);
/* Kafka does not let us in, for instance with these credentials: tried again without end, but a person's to
 * mend. */
void errors_refused(const char *code);
/* Whether that is so now: the code, or NULL. */
const char *errors_refusal(const struct errors_seen *seen, int64_t now_us);
/* A copy of what there is. */
void errors_look(struct errors_seen *seen);

#endif
