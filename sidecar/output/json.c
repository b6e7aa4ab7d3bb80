#include "output/json.h"

void json_value(struct buffer *out, const struct value *value) {
    switch (value->type) {
    case VALUE_NULL: buffer_text(out, "null"); break;
    case VALUE_STRING: buffer_json(out, value->text); break;
    case VALUE_BOOL:
    case VALUE_NUMBER:
    case VALUE_JSON: buffer_span(out, value->text); break;
    }
}

void json_row(struct buffer *out, const struct output_config *output, const struct row *row) {
    for (int i = 0; i < output->column_count; i++) {
        buffer_byte(out, i ? ',' : '{');
        buffer_json(out, span_of(output->columns[i].name));
        buffer_byte(out, ':');
        json_value(out, &row->values[i]);
    }
    buffer_text(out, "}\n");
}
