/* case_value.h: what stands in a case file as the JSON it means. A plain scalar that is a JSON number, true,
 * false or null is that; everything else, quoted scalars always, is a string. Pure; any thread. */
#ifndef TRIBUTARY_TESTING_CASE_VALUE_H
#define TRIBUTARY_TESTING_CASE_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "config/document.h"
#include "event/value.h"

/* The node as a value: lists and maps become VALUE_JSON. Texts are the document's or in the arena. */
struct value case_value(const struct node *node, struct arena *arena);
/* Appends the node as JSON. */
void case_value_json(struct buffer *json, const struct node *node);
/* The bytes of base64 text (RFC 4648, padded, white space allowed), in the arena; false for anything else. */
bool case_value_base64(const char *text, struct arena *arena, struct span *bytes);

#endif
