/* log.h: lines on standard error, logfmt or JSON, one per event worth a person's attention; never one per
 * record. Any thread; a line is written with one write(2) so that lines of different threads do not mix. */
#ifndef TRIBUTARY_TELEMETRY_LOG_H
#define TRIBUTARY_TELEMETRY_LOG_H

#include <stdarg.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written; default info. Set before threads start. */
void log_set_level(enum log_level level);

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Default logfmt. Set before threads start. */
void log_set_format(enum log_format format);
enum log_format log_format(void);

/* log_event(LOG_LEVEL_INFO, "assigned", "partitions=%d", n) writes
 *   2024-06-17T05:00:00.123Z level=info event=assigned partitions=4
 * or {"time":"2024-06-17T05:00:00.123Z","level":"info","event":"assigned","partitions":4}.
 * The format makes the remaining key=value pairs; quote what may hold blanks with log_quote. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what may happen again and again while somebody else is in trouble: the first line is written
 * at once, then at most one each ten seconds, with suppressed=N when N were not. Lines of one event are told
 * apart by their topic, partition, worker, input and client, and by quoted text, digits aside. */
void log_repeated(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The text in double quotes with quotes, backslashes and control characters escaped, cut to fit; returns
 * `into`. */
const char *log_quote(const char *text, char *into, int size);
/* A quoted copy for one log_event call: LOG_QUOTE(error.message). */
#define LOG_QUOTE(text) log_quote((text), (char[1200]){0}, 1200)

#endif
