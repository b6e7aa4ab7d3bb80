#include "testing/case_value.h"

#include <ctype.h>

static const char *skip_digits(const char *at) {
    while (isdigit((unsigned char)*at)) at++;
    return at;
}

/* JSON's own grammar: no '+', no leading zeros, digits on both sides of a point. */
static bool is_number(const char *text) {
    const char *at = text + (*text == '-'), *digits = at;
    at = skip_digits(at);
    if (at == digits || (*digits == '0' && at > digits + 1)) return false;
    if (*at == '.') {
        digits = ++at;
        at = skip_digits(at);
        if (at == digits) return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        digits = at;
        at = skip_digits(at);
        if (at == digits) return false;
    }
    return *at == '\0';
}

static enum value_type scalar_type(const struct node *node) {
    if (!node->plain) return VALUE_STRING;
    if (node_is_nothing(node)) return VALUE_NULL;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) return VALUE_BOOL;
    return is_number(node->text) ? VALUE_NUMBER : VALUE_STRING;
}

static void scalar_json(struct buffer *json, const struct node *node) {
    if (!node->text) return; /* has been reported, and nothing will run */
    switch (scalar_type(node)) {
    case VALUE_NULL: buffer_text(json, "null"); return;
    case VALUE_BOOL:
    case VALUE_NUMBER: buffer_text(json, node->text); return;
    case VALUE_STRING:
    case VALUE_JSON: buffer_json(json, span_of(node->text)); return;
    }
}

void case_value_json(struct buffer *json, const struct node *node) {
    if (node->kind == NODE_SCALAR) {
        scalar_json(json, node);
        return;
    }
    buffer_byte(json, node->kind == NODE_LIST ? '[' : '{');
    for (const struct node *item = node->first; item; item = item->next) {
        if (item != node->first) buffer_byte(json, ',');
        if (node->kind == NODE_MAP) {
            buffer_json(json, span_of(item->written));
            buffer_byte(json, ':');
        }
        case_value_json(json, node->kind == NODE_MAP ? item->value : item);
    }
    buffer_byte(json, node->kind == NODE_LIST ? ']' : '}');
}

struct value case_value(const struct node *node, struct arena *arena) {
    if (node->kind == NODE_SCALAR) {
        enum value_type type = node->text ? scalar_type(node) : VALUE_NULL;
        return (struct value){type, type == VALUE_NULL ? (struct span){0} : span_of(node->text)};
    }
    struct buffer json;
    buffer_init(&json);
    case_value_json(&json, node);
    struct value value = {VALUE_JSON, arena_copy(arena, buffer_view(&json))};
    buffer_release(&json);
    return value;
}

static int sextet(char c) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool case_value_base64(const char *text, struct arena *arena, struct span *bytes) {
    char *out = arena_bytes(arena, strlen(text) + 1);
    unsigned bits = 0, held = 0, padding = 0;
    size_t count = 0, len = 0;
    for (; *text; text++) {
        if (isspace((unsigned char)*text)) continue;
        count++;
        if (*text == '=' && ++padding) continue;
        int value = sextet(*text);
        if (value < 0 || padding) return false;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[len++] = (char)(bits >> held & 0xff);
    }
    *bytes = (struct span){out, len};
    return count % 4 == 0 && padding <= 2 && (bits & ((1u << held) - 1)) == 0;
}
