#include "telemetry/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "telemetry/limiter.h"
#include "telemetry/log_line.h"

enum { PAIRS_MAX = 4000 };

static enum log_level max_level = LOG_LEVEL_INFO;
static enum log_format format_now = LOG_FORMAT_LOGFMT;
static pthread_mutex_t limiter_lock = PTHREAD_MUTEX_INITIALIZER; /* over the limiter */
static struct limiter limiter;

void log_set_format(enum log_format format) {
    format_now = format;
}

enum log_format log_format(void) {
    return format_now;
}

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

static void write_time(char *text, size_t size) {
    struct timespec now;
    struct tm utc;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

static void write_logfmt(enum log_level level, const char *event, const char *time, struct span pairs,
                         uint64_t suppressed, struct buffer *line) {
    buffer_printf(line, "%s level=%s event=%s ", time, level_name(level), event);
    buffer_span(line, pairs);
    while (line->len && line->data[line->len - 1] == ' ') line->len--;
    if (suppressed) buffer_printf(line, " suppressed=%" PRIu64, suppressed);
}

static void write_json(enum log_level level, const char *event, const char *time, struct span pairs,
                       uint64_t suppressed, struct buffer *line) {
    buffer_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time, level_name(level), event);
    log_line_json(pairs, line);
    if (suppressed) buffer_printf(line, ",\"suppressed\":%" PRIu64, suppressed);
    buffer_byte(line, '}');
}

static void write_line(enum log_level level, const char *event, struct span pairs, uint64_t suppressed) {
    struct buffer line;
    char time[48];
    buffer_init(&line);
    write_time(time, sizeof time);
    (format_now == LOG_FORMAT_JSON ? write_json : write_logfmt)(level, event, time, pairs, suppressed, &line);
    buffer_byte(&line, '\n');
    /* nothing sensible can be done about a standard error that is gone */
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
    buffer_release(&line);
}

static struct span print(char *text, size_t size, const char *format, va_list args) {
    int n = vsnprintf(text, size, format, args);
    size_t len = n > 0 ? (size_t)n : 0;
    return (struct span){text, len < size ? len : size - 1};
}

void log_event(enum log_level level, const char *event, const char *format, ...) {
    if (level > max_level) return;
    char text[PAIRS_MAX];
    va_list args;
    va_start(args, format);
    struct span pairs = print(text, sizeof text, format, args);
    va_end(args);
    write_line(level, event, pairs, 0);
}

static bool may_say(const char *event, struct span pairs, uint64_t *suppressed) {
    pthread_mutex_lock(&limiter_lock);
    bool may = limiter_pass(&limiter, log_line_key(event, pairs), clock_monotonic_us(), suppressed);
    pthread_mutex_unlock(&limiter_lock);
    return may;
}

void log_repeated(enum log_level level, const char *event, const char *format, ...) {
    if (level > max_level) return;
    char text[PAIRS_MAX];
    uint64_t suppressed;
    va_list args;
    va_start(args, format);
    struct span pairs = print(text, sizeof text, format, args);
    va_end(args);
    if (may_say(event, pairs, &suppressed)) write_line(level, event, pairs, suppressed);
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
