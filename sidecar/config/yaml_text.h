/* yaml_text.h: a text as a scalar of YAML that every reader takes for that text. Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_YAML_TEXT_H
#define TRIBUTARY_CONFIG_YAML_TEXT_H

#include "base/buffer.h"

/* Appends it, in quotes where another reader of YAML might take it for something else; "${" is written so
 * that it is not taken for a variable. */
void yaml_text(const char *text, struct buffer *out);

#endif
