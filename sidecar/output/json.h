/* json.h: rows as JSON lines: the output of `replay`. Pure. */
#ifndef TRIBUTARY_OUTPUT_JSON_H
#define TRIBUTARY_OUTPUT_JSON_H

#include "base/buffer.h"
#include "config/pipeline.h"
#include "output/row.h"

/* Appends {"column":value,…} and a line break. Numbers keep their text. */
void json_row(struct buffer *out, const struct output_config *output, const struct row *row);
void json_value(struct buffer *out, const struct value *value);

#endif
