#include "transform/rekey.h"

#include "event/number.h"

bool rekey_key(const struct value *value, struct buffer *key) {
    struct number number;
    buffer_clear(key);
    if (value->type == VALUE_NULL || value->type == VALUE_JSON) return false;
    if (value->type == VALUE_NUMBER && number_parse(value->text, &number))
        number_canonical(&number, key);
    else
        buffer_span(key, value->text);
    return true;
}

static void add_value(struct buffer *out, const struct value *value) {
    if (value->type == VALUE_NULL)
        buffer_text(out, "null");
    else if (value->type == VALUE_STRING)
        buffer_json(out, value->text);
    else
        buffer_span(out, value->text);
}

static size_t last_brace(struct span object) {
    size_t at = object.len;
    while (at > 0 && object.data[at - 1] != '}') at--;
    return at ? at - 1 : 0;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the object, up to its last brace, has no field of its own. */
static bool is_empty(struct span object, size_t brace) {
    while (brace > 0 && is_blank(object.data[brace - 1])) brace--;
    return brace > 0 && object.data[brace - 1] == '{';
}

void rekey_extend(struct span object, const char *const *names, const struct value *values, int count,
                  struct buffer *out) {
    size_t brace = last_brace(object);
    bool empty = is_empty(object, brace);
    buffer_clear(out);
    buffer_append(out, object.data, brace);
    for (int i = 0; i < count; i++) {
        if (i || !empty) buffer_byte(out, ',');
        buffer_json(out, span_of(names[i]));
        buffer_byte(out, ':');
        add_value(out, &values[i]);
    }
    buffer_byte(out, '}');
}
