#include "event/csv.h"

#include <string.h>

static void take(struct span *text, size_t n) {
    text->data += n;
    text->len -= n;
}

static bool at_line_end(struct span text) {
    return text.len == 0 || text.data[0] == '\n' ||
           (text.len > 1 && text.data[0] == '\r' && text.data[1] == '\n');
}

static struct span plain_field(struct span *text) {
    struct span field = {text->data, 0};
    while (!at_line_end(*text) && text->data[0] != ',') take(text, 1);
    field.len = (size_t)(text->data - field.data);
    return field.len ? field : (struct span){0};
}

/* At most what the field takes: up to its last quote, of doubled ones both. */
static size_t quoted_length(struct span text) {
    size_t len = 0;
    while (len < text.len && (text.data[len] != '"' || (len + 1 < text.len && text.data[len + 1] == '"')))
        len += text.data[len] == '"' ? 2 : 1;
    return len;
}

static bool quoted_field(struct span *text, struct arena *arena, struct span *field) {
    take(text, 1);
    size_t room = quoted_length(*text);
    char *out = arena_bytes(arena, room), *at = out;
    for (;; take(text, 1)) {
        if (!text->len) return false;
        if (text->data[0] == '"') {
            take(text, 1);
            if (!text->len || text->data[0] != '"') break;
        }
        *at++ = text->data[0];
    }
    *field = (struct span){out, (size_t)(at - out)};
    arena_give_back(arena, room - field->len);
    return at_line_end(*text) || text->data[0] == ',';
}

int csv_row(struct span *text, struct arena *arena, struct span *fields, int max) {
    if (!text->len) return 0;
    for (int count = 0;;) {
        if (count == max) return -2;
        struct span *field = &fields[count++];
        if (text->len && text->data[0] == '"') {
            if (!quoted_field(text, arena, field)) return -1;
        } else {
            *field = plain_field(text);
        }
        if (text->len && text->data[0] == ',') {
            take(text, 1);
            continue;
        }
        if (text->len) take(text, text->data[0] == '\r' ? 2 : 1);
        return count;
    }
}
