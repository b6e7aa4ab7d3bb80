#include "base/error.h"

#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_class class, const char *format, ...) {
    if (!error) return false;
    va_list args;
    va_start(args, format);
    error->class = class;
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...) {
    if (!error) return false;
    char old[sizeof error->message];
    memcpy(old, error->message, sizeof old);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof error->message)
        snprintf(error->message + n, sizeof error->message - (size_t)n, ": %s", old);
    return false;
}

const char *error_class_name(enum error_class class) {
    switch (class) {
    case ERROR_RETRY: return "retry";
    case ERROR_POISON: return "poison";
    case ERROR_CONFIG: return "config";
    case ERROR_FENCED: return "fenced";
    case ERROR_FATAL: return "fatal";
    }
    return "unknown";
}
