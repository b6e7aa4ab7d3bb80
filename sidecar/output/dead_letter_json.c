#include "output/dead_letter_json.h"

#include <inttypes.h>

void dead_letter_bytes_json(struct buffer *out, struct span bytes) {
    if (!bytes.data) {
        buffer_text(out, "null");
        return;
    }
    buffer_byte(out, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if (c == '"' || c == '\\')
            buffer_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            buffer_printf(out, "\\u%04x", c);
        else
            buffer_byte(out, (char)c);
    }
    buffer_byte(out, '"');
}

void dead_letter_json(struct buffer *out, const char *input, int partition, const struct record *record,
                      enum outcome outcome, struct span detail) {
    buffer_text(out, "{\"input\":");
    buffer_json(out, span_of(input));
    buffer_printf(out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"reason\":\"%s\",\"detail\":", partition,
                  record->offset, outcome_name(outcome));
    buffer_json(out, detail);
    buffer_text(out, ",\"value\":");
    dead_letter_bytes_json(out, record->value);
    buffer_text(out, "}\n");
}
