/* json_schema.h: the table of options as a JSON Schema (draft 7, which editors understand), for completion
 * and checking while typing. It is a little more lenient than the reader, which alone knows how names belong
 * together. Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_JSON_SCHEMA_H
#define TRIBUTARY_CONFIG_JSON_SCHEMA_H

#include "base/buffer.h"

/* Appends the schema with a line break at its end. */
void json_schema_write(struct buffer *out);

#endif
