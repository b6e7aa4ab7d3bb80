#include "telemetry/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level) {
    max_level = level;
}

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_ERROR: return "error";
    case LOG_LEVEL_WARN: return "warn";
    case LOG_LEVEL_INFO: return "info";
    case LOG_LEVEL_DEBUG: return "debug";
    }
    return "info";
}

static int prefix(char *line, size_t size, enum log_level level, const char *event) {
    struct timespec now;
    struct tm utc;
    char time[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    return snprintf(line, size, "%s.%03ldZ level=%s event=%s ", time, now.tv_nsec / 1000000,
                    level_name(level), event);
}

void log_event(enum log_level level, const char *event, const char *format, ...) {
    if (level > max_level) return;
    char line[4096];
    size_t len = (size_t)prefix(line, sizeof line, level, event);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + len, sizeof line - len, format, args);
    va_end(args);
    len += n > 0 ? (size_t)n : 0;
    if (len > sizeof line - 1) len = sizeof line - 1;
    while (len && line[len - 1] == ' ') len--;
    line[len++] = '\n';
    /* nothing sensible can be done about a standard error that is gone */
    if (write(STDERR_FILENO, line, len) < 0) return;
}

const char *log_quote(const char *text, char *into, int size) {
    static const char escapes[] = "\nn\tt\rr\"\"\\\\";
    char *at = into, *end = into + size - 3;
    *at++ = '"';
    for (; *text && at < end - 1; text++) {
        const char *escape = NULL;
        for (const char *e = escapes; *e; e += 2)
            if (*e == *text) escape = e + 1;
        if (escape) {
            *at++ = '\\';
            *at++ = *escape;
        } else {
            *at++ = (unsigned char)*text < 0x20 ? '?' : *text;
        }
    }
    *at++ = '"';
    *at = '\0';
    return into;
}
