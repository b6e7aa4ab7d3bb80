/* error.h: the one error type. An error is composed once, where it happens, with a message fit to print as it
 * is (lower case, no full stop, the subject in quotes), and a class that tells the worker loop, and only the
 * loop, what follows. A function that can fail returns bool and fills the caller's struct error. */
#ifndef TRIBUTARY_BASE_ERROR_H
#define TRIBUTARY_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

enum error_class {
    ERROR_RETRY,  /* the other side is away or busy: try again with back-off */
    ERROR_POISON, /* this record is at fault: dead letter */
    ERROR_CONFIG, /* the pipeline or its surroundings are set up wrongly: stop, exit code 2 */
    ERROR_FENCED, /* another member has taken our place for good: stop, exit code 4 */
    ERROR_FATAL,  /* nothing sensible can follow: stop, exit code 1 */
};

struct error {
    enum error_class class;
    char message[1000];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills `error` (which may be NULL) and returns false, so that a failing function can end with it. */
bool error_set(struct error *error, enum error_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message of an error already set; returns false. */
bool error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "retry", "poison", "config", "fenced" or "fatal". */
const char *error_class_name(enum error_class class);

#endif
