/* The properties passed on to librdkafka. */
#include "base/memory.h"
#include "config/property.h"
#include "config/reader.h"

static bool check_property(struct reader *reader, const struct node *key) {
    const struct node *value = key->value;
    const char *name = node_quote(key->written, reader->arena);
    const struct property_rule *rule = property_rule(key->written);
    if (rule) {
        problems_add(reader->problems, key->position, "the property %s cannot be set: %s", name, rule->why);
        return false;
    }
    if (value->kind != NODE_SCALAR || node_is_nothing(value)) {
        problems_add(reader->problems, value->position, "the property %s must be a text or a number, not %s",
                     name, node_describe(value, reader->arena));
        return false;
    }
    if (!value->text) return false;
    if (property_secret(key->written) && reader_written(value)) {
        problems_add(reader->problems, value->position, "the property %s is a secret written in the file",
                     name);
        problems_hint(reader->problems, "take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
                                        "${file:/run/secrets/password}");
        return false;
    }
    return true;
}

void reader_properties(struct reader *reader, const struct option_row *option, const struct place *place,
                       struct kafka_config *kafka) {
    if (!reader_expect(reader, option, place, NODE_MAP)) return;
    kafka->properties = memory_zalloc((size_t)place->node->count, sizeof *kafka->properties);
    for (const struct node *key = place->node->first; key; key = key->next) {
        if (!check_property(reader, key)) continue;
        struct property *property = &kafka->properties[kafka->property_count++];
        property->name = memory_strdup(key->written);
        property->value = memory_strdup(key->value->text);
    }
}
