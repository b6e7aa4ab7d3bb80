/* value.h: one field of an event as it was written. Numbers keep their text, so that no digit is lost.
 * A value is a view: its text belongs to the record, the decoder's arena or the place it was copied to. */
#ifndef TRIBUTARY_EVENT_VALUE_H
#define TRIBUTARY_EVENT_VALUE_H

#include "base/span.h"

enum value_type {
    VALUE_NULL,   /* JSON null, or the field is not there */
    VALUE_BOOL,   /* text is "true" or "false" */
    VALUE_NUMBER, /* text is a JSON number */
    VALUE_STRING, /* text is UTF-8 without NUL */
    VALUE_JSON,   /* text is a JSON array or object */
};

struct value {
    enum value_type type;
    struct span text; /* absent for VALUE_NULL */
};

/* What it is, for messages: "a number". */
static inline const char *value_kind(struct value value) {
    switch (value.type) {
    case VALUE_NULL: return "null";
    case VALUE_BOOL: return "a boolean";
    case VALUE_NUMBER: return "a number";
    case VALUE_STRING: return "a string";
    case VALUE_JSON: break;
    }
    return value.text.len && value.text.data[0] == '[' ? "an array" : "an object";
}

#endif
