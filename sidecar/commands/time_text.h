/* time_text.h: a point in time, to be printed. Any thread. */
#ifndef TRIBUTARY_COMMANDS_TIME_TEXT_H
#define TRIBUTARY_COMMANDS_TIME_TEXT_H

#include "base/buffer.h"
#include "event/timestamp.h"

/* A text that needs no owner: printf("%s", time_text(us).text). */
struct time_text {
    char text[TIMESTAMP_TEXT_MAX + 1];
};

/* As ISO 8601 in UTC; "-" for a time that there is not (TIME_NONE, TIME_END). */
struct time_text time_text(int64_t time_us);

/* The same as a JSON string, or null. */
void time_text_json(struct buffer *out, int64_t time_us);

#endif
