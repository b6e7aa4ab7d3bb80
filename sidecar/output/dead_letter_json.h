/* dead_letter_json.h: a dead letter as a JSON line, for `replay --dead-letters` and `test`. Pure. */
#ifndef TRIBUTARY_OUTPUT_DEAD_LETTER_JSON_H
#define TRIBUTARY_OUTPUT_DEAD_LETTER_JSON_H

#include "base/buffer.h"
#include "event/outcome.h"
#include "event/record.h"

/* Appends {"input","partition","offset","reason","detail","value"} and a line break; bytes of the value that
 * are not ASCII text are escaped as \u00XX each. */
void dead_letter_json(struct buffer *out, const char *input, int partition, const struct record *record,
                      enum outcome outcome, struct span detail);

/* Appends the bytes as a JSON string, escaped in that way; null when they are absent. */
void dead_letter_bytes_json(struct buffer *out, struct span bytes);

#endif
