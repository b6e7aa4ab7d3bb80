/* Names of values: "input.field", "lookup.column", or a field of the conversion. */
#include <string.h>

#include "base/memory.h"
#include "config/reader.h"

static const char *const own_fields[] = {"_time", "_partition", "_offset", "_timestamp", "_key"};
enum { OWN_FIELDS = sizeof own_fields / sizeof *own_fields };

/* Names with a leading underscore are the record's own. */
static bool check_field(struct reader *reader, const struct node *node, const char *field) {
    if (*field != '_') return true;
    for (int i = 0; i < OWN_FIELDS; i++)
        if (strcmp(own_fields[i], field) == 0) return true;
    const char *word = strcmp(node->written, node->text) == 0 ? field : node->written;
    reader_unknown(reader, node->position, "field of the record itself", word, own_fields, OWN_FIELDS);
    return false;
}

const char *const reader_attribution_fields[ATTRIBUTION_FIELDS] = {
    [ATTRIBUTION_CREDIT] = "credit",
    [ATTRIBUTION_TOUCH_NUMBER] = "touch_number",
    [ATTRIBUTION_TOUCH_COUNT] = "touch_count",
    [ATTRIBUTION_AMOUNT] = "amount",
    [ATTRIBUTION_FINAL] = "final",
    [ATTRIBUTION_REVISION] = "revision",
};

static bool find_attribution(struct reader *reader, const struct node *node, const char *field,
                             struct source *source) {
    for (int i = 0; i < ATTRIBUTION_FIELDS; i++) {
        source->attribution = (enum attribution_field)i;
        if (strcmp(reader_attribution_fields[i], field) == 0) return true;
    }
    const char *word = strcmp(node->written, node->text) == 0 ? field : node->written;
    reader_unknown(reader, node->position, "field of \"" ATTRIBUTION_NAME "\"", word,
                   reader_attribution_fields, ATTRIBUTION_FIELDS);
    return false;
}

static bool same(const char *name, const char *text, size_t len) {
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* Finds the input or lookup that the first `len` bytes of the text name. */
static bool find_owner(const struct pipeline *pipeline, const char *text, size_t len, struct source *source) {
    if (same(ATTRIBUTION_NAME, text, len)) {
        source->kind = SOURCE_ATTRIBUTION;
        return true;
    }
    for (int i = 0; i < pipeline->input_count; i++) {
        if (!same(pipeline->inputs[i].name, text, len)) continue;
        source->kind = i == pipeline->attribute.touches ? SOURCE_TOUCH : SOURCE_CONVERSION;
        return true;
    }
    for (int i = 0; i < pipeline->lookup_count; i++) {
        if (!same(pipeline->lookups[i].name, text, len)) continue;
        source->kind = SOURCE_LOOKUP;
        source->lookup = i;
        return true;
    }
    return false;
}

static void unknown_owner(struct reader *reader, const struct node *node, size_t len) {
    const struct pipeline *pipeline = reader->pipeline;
    int count = 0;
    if (pipeline->input_count == 0) return; /* that is the problem, and it has been reported */
    const char **names =
        arena_alloc(reader->arena, (size_t)(pipeline->input_count + pipeline->lookup_count) * sizeof *names);
    for (int i = 0; i < pipeline->input_count; i++) names[count++] = pipeline->inputs[i].name;
    for (int i = 0; i < pipeline->lookup_count; i++) names[count++] = pipeline->lookups[i].name;
    const char *word = node->written;
    if (strcmp(word, node->text) == 0) word = arena_printf(reader->arena, "%.*s", (int)len, word).data;
    reader_unknown(reader, node->position, "input or lookup", word, names, count);
}

bool reader_source(struct reader *reader, const struct node *node, struct source *source) {
    const char *text = reader_item(reader, node, KIND_SOURCE, "a source");
    if (!text) return false;
    const char *dot = strchr(text, '.'), *field = dot ? dot + 1 : text;
    *source = (struct source){.kind = SOURCE_CONVERSION, .position = node->position};
    if (dot && !find_owner(reader->pipeline, text, (size_t)(dot - text), source)) {
        unknown_owner(reader, node, (size_t)(dot - text));
        return false;
    }
    if (source->kind == SOURCE_ATTRIBUTION) {
        if (!find_attribution(reader, node, field, source)) return false;
    } else if (source->kind != SOURCE_LOOKUP && !check_field(reader, node, field)) {
        return false;
    }
    source->field = memory_strdup(field);
    return true;
}
