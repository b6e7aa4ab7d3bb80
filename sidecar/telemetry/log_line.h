/* log_line.h: the pairs of a log line, as log_event's callers write them: key=value or key="value" with
 * backslashes before quotes, backslashes and the letters n, r and t. Pure; any thread. */
#ifndef TRIBUTARY_TELEMETRY_LOG_LINE_H
#define TRIBUTARY_TELEMETRY_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct log_pair {
    struct span name, value; /* the value as written, without the quotes around it */
    bool quoted;
};

/* The first pair of *text, which moves behind it. False when there is none. A quote that is missing at the
 * end, because the line was cut, is as if it were there. */
bool log_line_next(struct span *text, struct log_pair *pair);

/* Appends ,"name":"value" for each pair. What is a whole number without quotes stays a number; what is not
 * UTF-8 becomes U+FFFD. */
void log_line_json(struct span text, struct buffer *out);

/* What makes two lines of the same event the same news: topic, partition, worker, input, client, and quoted
 * text without its digits, which are times and counts. Never 0. */
uint64_t log_line_key(const char *event, struct span text);

#endif
