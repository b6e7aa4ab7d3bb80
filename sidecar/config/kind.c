#include "config/kind.h"

#include <regex.h>
#include <string.h>

static const struct kind_rule rules[KIND_COUNT] = {
    [KIND_TEXT] = {"text", "a text that is not empty", NULL, 0, NULL},
    [KIND_LABEL] = {"text", "a text of at most 240 bytes that is not empty", "^.+$", 240, NULL},
    [KIND_NAME] = {"name", "a name of letters, digits, '.', '_' and '-', at most 200", "^[A-Za-z0-9._-]+$",
                   200, NULL},
    [KIND_TOPIC] = {"topic", "the name of a topic: letters, digits, '.', '_' and '-', at most 249",
                    "^[A-Za-z0-9._-]+$", 249, NULL},
    [KIND_FIELD] = {"field", "the name of a field at the top level of an event, without '.' or a leading '_'",
                    "^[^_.][^.]*$", 200,
                    "The name of a field at the top level of the event, without a dot. Names with a leading "
                    "underscore are reserved."},
    [KIND_ZONE] = {"time zone", "a time zone such as UTC, +05:30 or America/Edmonton", "^[A-Za-z0-9_+:/-]+$",
                   64,
                   "`UTC`, an offset such as `+05:30`, or a name of the zone database such as "
                   "`America/Edmonton`."},
    [KIND_TABLE] = {"table", "a table, perhaps with its schema, without quotes: schema.table",
                    "^[^.\"]+([.][^.\"]+)?$", 127,
                    "The name of a table, perhaps with its schema: `schema.table`. Written as it is in the "
                    "catalogue, in the same case and without quotes."},
    [KIND_SECRET] = {"secret", "a secret that is not empty", NULL, 0,
                     "A password. It comes from a variable, `\"${NAME}\"` or `\"${file:/run/secrets/x}\"`, "
                     "never from the file itself, and is shown nowhere."},
    [KIND_URL] = {"Postgres URL", "a URL such as postgresql://user@host:5432/database",
                  "^(postgres(ql)?://.*|.*=.*)$", 0,
                  "`postgresql://user@host:5432/database?sslmode=verify-full`, or libpq's "
                  "`host=… dbname=…`. A password comes from a variable, never from the file itself."},
    [KIND_LISTEN] =
        {"address", "none, or an address and a port such as 127.0.0.1:9469",
         "^(none|([A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5})$", 270,
         "`HOST:PORT`; without a host all interfaces, IPv6 in brackets: `[::1]:9469`. Port 0 is any "
         "that is free. `none`: nothing."},
    [KIND_INTEGER] = {"whole number", "a whole number", "^[0-9]+$", 18, NULL},
    [KIND_DECIMAL] = {"decimal", "a decimal number", "^([0-9]+([.][0-9]{1,9})?|[.][0-9]{1,9})$", 30,
                      "A number with at most nine decimals, such as `0.4`. It is exact."},
    [KIND_DURATION] = {"duration", "a duration", "^(0|([0-9]+(d|h|m|s|ms|us))+)$", 0,
                       "Whole numbers with units, the largest first: `7d`, `1h30m`, `15s`, `10ms`, `250us`. "
                       "Only `0` needs no unit."},
    [KIND_SIZE] =
        {"size", "a size", "^(auto|[0-9]+(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB))$", 0,
         "A whole number with a unit: `64MiB`, `2GiB` (units of 1024: `KiB`, `MiB`, `GiB`, `TiB`), or "
         "`512MB` (units of 1000: `KB`, `MB`, `GB`, `TB`)."},
    [KIND_WORD] = {"word", "one of the words", NULL, 0, NULL},
    [KIND_START] =
        {"starting point", "earliest, latest or a time such as 2024-06-17T05:00:00Z",
         "^(earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
         "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?)$",
         0,
         "`earliest`, `latest`, or a time such as `2024-06-17T05:00:00Z`, `2024-06-17 05:00+02:00` or "
         "`2024-06-17`, in UTC unless it names its offset."},
    [KIND_INPUT] = {"input", "the name of an input", "^[A-Za-z_][A-Za-z0-9_]*$", 63, NULL},
    [KIND_BY] =
        {"field or lookup", "a field such as user_id, or a column of a lookup such as users.id",
         "^([^_.][^.]*|[A-Za-z_][A-Za-z0-9_]*[.][^.]+)$", 200,
         "`user_id` is a field of this input; `users.id` a column of a lookup, whose `match` then names "
         "fields of this input only."},
    [KIND_KEY] =
        {"key", "a list of fields, or a map with such a list for each of the two inputs", NULL, 0,
         "A list of fields that both inputs have, `[user_id, product_id]`; or, where they differ in name, "
         "a list for each input in the same order: `{clicks: [uid], checkouts: [user_id]}`. Values "
         "compare by value: `7` equals `7.0`, but a number never equals a string."},
    [KIND_MATCH] =
        {"match", "a map of the table's columns to fields of the conversion or columns of other lookups",
         NULL, 0,
         "A map of columns of the lookup's table to what each must equal, a field of the conversion, "
         "`{id: checkouts.user_id}`, or a column of another lookup, `{id: accounts.user_id}`. A lookup that "
         "only "
         "gives the keys of copied touches (`repartition`) names fields of the touch instead: `{email: "
         "clicks.email}`."},
    [KIND_PRIMARY_KEY] = {"list of columns", "a list of columns", NULL, 0, NULL},
    [KIND_COLUMNS] =
        {"columns", "a list of columns", NULL, 0,
         "A list. `- total_amount` fills the column of that name with the conversion's own field of "
         "that name; `- user_name: users.username` fills a column from any source."},
    [KIND_PROPERTIES] = {"properties", "a map of librdkafka's properties to values", NULL, 0,
                         "A map of librdkafka's properties to their values: "
                         "`{security.protocol: SASL_SSL, sasl.password: \"${KAFKA_PASSWORD}\"}`."},
    [KIND_COMMAND] = {"command", "a list of texts, a program and its arguments", NULL, 0,
                      "A list: a program, found by `PATH` or by its whole path, and its arguments. No shell "
                      "looks at it."},
    [KIND_SECTION] = {"section", "a map", NULL, 0, NULL},
    [KIND_DEFAULTS] = {"section", "a map", NULL, 0, NULL},
    [KIND_INPUTS] = {"map of names to sections", "a map of names to inputs", NULL, 0, NULL},
    [KIND_LOOKUPS] = {"map of names to sections", "a map of names to lookups", NULL, 0, NULL},
    [KIND_OUTPUTS] = {"list of sections", "a list of outputs", NULL, 0, NULL},
    [KIND_INPUT_NAME] = {"name", "a name of letters, digits and '_' that does not begin with a digit",
                         "^[A-Za-z_][A-Za-z0-9_]*$", 63, NULL},
    [KIND_COLUMN] = {"column", "the name of a column, at most 63 bytes, without '.' or quotes", "^[^.\"]+$",
                     63, NULL},
    [KIND_SOURCE] =
        {"source", "a field such as total_amount or clicks.click_id", "^([A-Za-z_][A-Za-z0-9_]*[.])?[^.]+$",
         0,
         "Where a value comes from: `clicks.click_id` is a field of an input, `users.username` a column "
         "of a lookup, and a bare `total_amount` a field of the conversion. The record's own are "
         "`_time` (the event time), `_partition`, `_offset`, `_timestamp` and `_key`."},
};

const struct kind_rule *kind_rule(enum kind kind) {
    return &rules[kind];
}

bool kind_is_text(enum kind kind) {
    return kind <= KIND_URL;
}

static bool printable(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) return false;
    return true;
}

bool kind_matches(enum kind kind, const char *text) {
    const struct kind_rule *rule = &rules[kind];
    regex_t pattern;
    if (!*text || (rule->max && strlen(text) > rule->max)) return false;
    if (!rule->pattern) return true;
    if (!printable(text) || regcomp(&pattern, rule->pattern, REG_EXTENDED | REG_NOSUB) != 0) return false;
    bool matches = regexec(&pattern, text, 0, NULL, 0) == 0;
    regfree(&pattern);
    return matches;
}
