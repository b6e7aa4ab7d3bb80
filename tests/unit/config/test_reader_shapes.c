/* What is said about inputs, attribution, lookups and outputs with mistakes: each kind once, with its exact
 * position. */
#include "trials.h"

START_TEST(good) {
    pipeline_free(parse_good(base));
}
END_TEST

START_TEST(inputs) {
    static const struct trial trials[] = {
        {"inputs:\n  t: {kafka: {topic: tt}, time: {field: at}}\n  c: {kafka: {topic: cc}, time: {field: "
         "at}}\n",
         "inputs: {}\n",
         "p.yaml:5:9: \"inputs\" must be a map of names to inputs, not an empty map\n"
         "  hint: for example: inputs: {clicks: {kafka: {topic: clicks}}, checkouts: {kafka: {topic: "
         "checkouts}}}\n"},
        {"inputs:\n  t: {kafka: {topic: tt}, time: {field: at}}\n  c: {kafka: {topic: cc}, time: {field: "
         "at}}\n",
         "inputs: [t, c]\n",
         "p.yaml:5:9: \"inputs\" must be a map of names to inputs, not a list\n"
         "  hint: for example: inputs: {clicks: {kafka: {topic: clicks}}, checkouts: {kafka: {topic: "
         "checkouts}}}\n"},
        {"  t: {kafka: {topic: tt}, time: {field: at}}", "  t: {kafka: {topic: tt}}",
         "p.yaml:6:3: \"inputs.t.time.field\" is missing\n"
         "  hint: for example: field: event_time, here or under \"defaults\"\n"},
        {"  t: {kafka: {topic: tt}, time: {field: at}}", "  t: {kafka: {topic: tt}, time: {zone: UTC}}",
         "p.yaml:6:27: \"inputs.t.time.field\" is missing\n"
         "  hint: for example: field: event_time, here or under \"defaults\"\n"},
        {"  t: {kafka: {topic: tt}, time: {field: at}}", "  t: {kafka: {topic: tt}, time: at}",
         "p.yaml:6:33: \"inputs.t.time\" must be a map, not \"at\"\n"
         "  hint: for example: time: {field: event_time, zone: UTC}\n"},
        {"  t: {kafka: {topic: tt}, time: {field: at}}", "  t: {time: {field: at}}",
         "p.yaml:6:3: \"inputs.t.kafka\" is missing\n"
         "  hint: for example: kafka: {topic: clicks}\n"},
        {"  t: {kafka: {topic: tt}, time: {field: at}}", "  t: tt",
         "p.yaml:6:6: the input \"t\" must be a map, not \"tt\"\n"
         "  hint: for example: clicks: {kafka: {topic: clicks}}\n"},
        {"{kafka: {topic: tt}", "{kafka: {topic: \"t t\"}",
         "p.yaml:6:22: \"inputs.t.kafka.topic\" must be the name of a topic: letters, digits, '.', '_' and "
         "'-', at most 249, not \"t t\"\n"
         "  hint: for example: topic: clicks\n"},
        {"field: at}}\n  c", "field: _timestamp}}\n  c",
         "p.yaml:6:41: \"inputs.t.time.field\" must be the name of a field at the top level of an event, "
         "without '.' or a leading '_', not \"_timestamp\"\n"
         "  hint: for example: field: event_time\n"},
        {"field: at}}\n  c", "field: a.b}}\n  c",
         "p.yaml:6:41: \"inputs.t.time.field\" must be the name of a field at the top level of an event, "
         "without '.' or a leading '_', not \"a.b\"\n"
         "  hint: for example: field: event_time\n"},
        {"field: at}}\n  c", "field: at, zone: \"Europe, Berlin\"}}\n  c",
         "p.yaml:6:51: \"inputs.t.time.zone\" must be a time zone such as UTC, +05:30 or America/Edmonton, "
         "not \"Europe, Berlin\"\n"
         "  hint: for example: zone: UTC\n"},
        {"field: at}}\n  c", "field: at, format: unix}}\n  c",
         "p.yaml:6:53: \"inputs.t.time.format\" must be iso, epoch_s, epoch_ms or epoch_us, not \"unix\"\n"
         "  hint: for example: format: iso\n"},
        {"field: at}}\n  c", "field: at, out_of_order: 15}}\n  c",
         "p.yaml:6:59: \"inputs.t.time.out_of_order\" needs a unit: \"15\" is just a number\n"
         "  hint: for example: out_of_order: 15s; the units are d, h, m, s, ms and us\n"},
        {"field: at}}\n  c", "field: at}, idle_timeout: never}\n  c",
         "p.yaml:6:60: \"inputs.t.idle_timeout\" must be a duration from 0 to 400d, not \"never\"\n"
         "  hint: for example: idle_timeout: 30s\n"},
        {"  t: {kafka", "  1t: {kafka",
         "p.yaml:6:3: the name of an input must be a name of letters, digits and '_' that does not begin "
         "with a digit, not \"1t\"\n"
         "p.yaml:10:12: unknown input \"t\"; did you mean \"1t\"?\n"
         "p.yaml:21:14: unknown input or lookup \"t\"; did you mean \"1t\"?\n"},
        {"  t: {kafka", "  x: {kafka: {topic: xx}, time: {field: at}}\n  t: {kafka",
         "p.yaml:6:3: the input \"x\" is not used by \"attribute\"\n"
         "  hint: take it out, or name it as the conversions or the touches\n"},
        {"topic: tt", "topic: cc", "p.yaml:7:3: the inputs \"t\" and \"c\" read the same topic\n"},
        {"version: 1", "version: 1\ndead_letters: {topic: tt}",
         "p.yaml:2:23: the dead letters go to the topic that the input \"t\" reads\n"
         "  hint: choose another \"dead_letters.topic\"\n"},
        {"topic: tt", "topic: p.dead-letters",
         "p.yaml:6:3: the dead letters go to the topic that the input \"t\" reads\n"
         "  hint: choose another \"dead_letters.topic\"\n"},
        {"version: 1", "version: 1\nchangelog: {topic: cc}",
         "p.yaml:2:20: the changelog is the topic that the input \"c\" reads\n"
         "  hint: choose another \"changelog.topic\"\n"},
        {"topic: tt", "topic: p.changelog",
         "p.yaml:6:3: the changelog is the topic that the input \"t\" reads\n"
         "  hint: choose another \"changelog.topic\"\n"},
        {"version: 1", "version: 1\nchangelog: {topic: p.dead-letters}",
         "p.yaml:2:20: the changelog is the topic that the dead letters go to\n"
         "  hint: choose another \"changelog.topic\"\n"},
        {"version: 1", "version: 1\ndead_letters: {topic: p.changelog}",
         "p.yaml:2:23: the changelog is the topic that the dead letters go to\n"
         "  hint: choose another \"changelog.topic\"\n"},
        {"version: 1", "version: 1\ndefaults: {time: {field: _x}}",
         "p.yaml:2:26: \"defaults.time.field\" must be the name of a field at the top level of an event, "
         "without '.' or a leading '_', not \"_x\"\n"
         "  hint: for example: field: event_time\n"},
        {"version: 1", "version: 1\ndefaults: nothing",
         "p.yaml:2:11: \"defaults\" must be a map, not \"nothing\"\n"
         "  hint: for example: defaults: {time: {field: event_time}}\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(attribution) {
    static const struct trial trials[] = {
        {"  conversions: c", "  conversions: d",
         "p.yaml:9:16: unknown input \"d\"\n"
         "  hint: known here: t, c\n"},
        {"  conversions: c", "  conversions: c\n  conversions: t",
         "p.yaml:10:3: the key \"conversions\" is given twice (first in line 9)\n"},
        {"  touches: t", "  touches: c",
         "p.yaml:10:12: the conversions and the touches must be two different inputs\n"},
        {"  touches: t\n", "",
         "p.yaml:8:1: \"attribute.touches\" is missing\n"
         "  hint: for example: touches: clicks\n"},
        {"  key: [k]", "  key: k",
         "p.yaml:11:8: \"attribute.key\" must be a list of fields, or a map with such a list for each of the "
         "two inputs, not \"k\"\n"
         "  hint: for example: key: [user_id, product_id]\n"},
        {"  key: [k]", "  key: []",
         "p.yaml:11:8: \"attribute.key\" must be a list of fields, or a map with such a list for each of the "
         "two inputs, not an empty list\n"
         "  hint: for example: key: [user_id, product_id]\n"},
        {"  key: [k]", "  key: {}",
         "p.yaml:11:8: \"attribute.key\" must be a list of fields, or a map with such a list for each of the "
         "two inputs, not an empty map\n"
         "  hint: for example: key: [user_id, product_id]\n"},
        {"  key: [k]", "  key: [k, k]", "p.yaml:11:12: the field \"k\" is given twice\n"},
        {"  key: [k]", "  key: [[k]]",
         "p.yaml:11:9: a field of the key must be the name of a field at the top level of an event, without "
         "'.' or a leading '_', not a list\n"},
        {"  key: [k]", "  key: [_key]",
         "p.yaml:11:9: a field of the key must be the name of a field at the top level of an event, without "
         "'.' or a leading '_', not \"_key\"\n"},
        {"  key: [k]", "  key: {t: [k], c: [k, l]}",
         "p.yaml:11:8: \"attribute.key\" has lists of different lengths: 1 for \"t\", 2 for \"c\"\n"
         "  hint: the first of the one is compared with the first of the other, and so on\n"},
        {"  key: [k]", "  key: {t: [k]}",
         "p.yaml:11:3: \"attribute.key\" has no list for the input \"c\"\n"
         "  hint: give one for each input, or one list for both\n"},
        {"  key: [k]", "  key: {t: [k], c: [k], d: [k]}",
         "p.yaml:11:25: unknown input \"d\"\n"
         "  hint: known here: t, c\n"},
        {"  key: [k]", "  key: {t: k, c: []}",
         "p.yaml:11:12: \"attribute.key.t\" must be a list of fields, not \"k\"\n"
         "p.yaml:11:18: \"attribute.key.c\" must be a list of fields, not an empty list\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

#define CIRCLE "  hint: the first of a chain is matched by fields of the conversion alone\n"

START_TEST(lookups) {
    static const struct trial trials[] = {
        {"{table: u, match: {id: k}}", "{table: u}",
         "p.yaml:14:3: \"lookups.u.match\" is missing\n"
         "  hint: for example: match: {id: checkouts.user_id}\n"},
        {"{table: u, match: {id: k}}", "{table: u, match: {}}",
         "p.yaml:14:24: \"lookups.u.match\" must be a map of the table's columns to fields of the "
         "conversion or columns of other lookups, not an empty map\n"
         "  hint: for example: match: {id: checkouts.user_id}\n"},
        {"{table: u, match: {id: k}}", "{table: u, match: id}",
         "p.yaml:14:24: \"lookups.u.match\" must be a map of the table's columns to fields of the "
         "conversion or columns of other lookups, not \"id\"\n"
         "  hint: for example: match: {id: checkouts.user_id}\n"},
        {"{table: u, match: {id: k}}", "u",
         "p.yaml:14:6: the lookup \"u\" must be a map, not \"u\"\n"
         "  hint: for example: users: {table: commerce.users, match: {id: user_id}}\n"},
        {"table: u", "table: a.b.c",
         "p.yaml:14:14: \"lookups.u.table\" must be a table, perhaps with its schema, without quotes: "
         "schema.table, not \"a.b.c\"\n"
         "  hint: for example: table: commerce.users\n"},
        {"table: u", "table: '\"U\"'",
         "p.yaml:14:14: \"lookups.u.table\" must be a table, perhaps with its schema, without quotes: "
         "schema.table, not \"\\\"U\\\"\"\n"
         "  hint: for example: table: commerce.users\n"},
        {"{id: k}", "{id: t.k}",
         "p.yaml:14:29: a lookup can only be matched by fields of the conversion or columns of other "
         "lookups, not by \"t.k\"\n"},
        {"{id: k}", "{id: u.k}",
         "p.yaml:14:29: lookups are matched by each other in a circle: u -> u\n" CIRCLE},
        {"{id: k}}",
         "{id: k, x: w.z}}\n  v: {table: v, match: {id: u.id}}\n  w: {table: w, match: {id: v.id}}",
         "p.yaml:15:29: lookups are matched by each other in a circle: u -> w -> v -> u\n" CIRCLE},
        {"{id: k}}",
         "{id: v.a}}\n  v: {table: v, match: {id: k, no: w.a}}\n  w: {table: w, match: {id: v.id}}",
         "p.yaml:16:29: lookups are matched by each other in a circle: v -> w -> v\n" CIRCLE},
        {"{id: k}}", "{id: k}, cache: {ttl: 5}}",
         "p.yaml:14:46: \"lookups.u.cache.ttl\" needs a unit: \"5\" is just a number\n"
         "  hint: for example: ttl: 5m; the units are d, h, m, s, ms and us\n"},
        {"{id: k}}", "{id: k}, cache: {entries: 0}}",
         "p.yaml:14:50: \"lookups.u.cache.entries\" must be a whole number from 1 to 1000000, not \"0\"\n"
         "  hint: for example: entries: 10000\n"},
        {"{id: k}", "{id: d.k}",
         "p.yaml:14:29: unknown input or lookup \"d\"\n"
         "  hint: known here: t, c, u\n"},
        {"{id: k}", "{id: [k]}",
         "p.yaml:14:29: a source must be a field such as total_amount or clicks.click_id, not a list\n"},
        {"{id: k}}", "{id: k}, missing: ignore}",
         "p.yaml:14:42: \"lookups.u.missing\" must be keep, drop or dead_letter, not \"ignore\"\n"
         "  hint: for example: missing: keep\n"},
        {"  u: {", "  t: {",
         "p.yaml:14:3: the lookup \"t\" has the name of an input\n"
         "  hint: \"t.column\" could mean either: rename one\n"},
        {"  u: {", "  u.v: {",
         "p.yaml:14:3: the name of a lookup must be a name of letters, digits and '_' that does not begin "
         "with a digit, not \"u.v\"\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(outputs) {
    static const struct trial trials[] = {
        {"outputs:\n  - postgres:\n      table: r\n      primary_key: [a]\n      columns:\n        - a\n     "
         "   - b: t.x\n",
         "",
         "p.yaml:1:1: \"outputs\" is missing\n"
         "  hint: for example: outputs: [{postgres: {table: public.results, primary_key: [id], columns: "
         "[id]}}]\n"},
        {"outputs:\n  - postgres:\n      table: r\n      primary_key: [a]\n      columns:\n        - a\n     "
         "   - b: t.x\n",
         "outputs: []\n",
         "p.yaml:15:10: \"outputs\" must be a list of outputs, not an empty list\n"
         "  hint: for example: outputs: [{postgres: {table: public.results, primary_key: [id], columns: "
         "[id]}}]\n"},
        {"outputs:\n  - postgres:\n      table: r\n      primary_key: [a]\n      columns:\n        - a\n     "
         "   - b: t.x\n",
         "outputs: {postgres: {}}\n",
         "p.yaml:15:10: \"outputs\" must be a list of outputs, not a map\n"
         "  hint: for example: outputs: [{postgres: {table: public.results, primary_key: [id], columns: "
         "[id]}}]\n"},
        {"outputs:\n  - postgres:\n      table: r\n      primary_key: [a]\n      columns:\n        - a\n     "
         "   - b: t.x\n",
         "outputs: [x]\n",
         "p.yaml:15:11: an output must be a map, not \"x\"\n"
         "  hint: for example: - postgres: {table: public.results, …}\n"},
        {"outputs:\n", "outputs:\n  - postgres: {table: q, write: append, columns: [a]}\n",
         "p.yaml:17:5: more than one output: this version writes to exactly one\n"},
        {"      table: r\n", "",
         "p.yaml:16:5: \"outputs.postgres.table\" is missing\n"
         "  hint: for example: table: commerce.attributed_checkouts\n"},
        {"      primary_key: [a]\n", "",
         "p.yaml:16:5: \"outputs.postgres.primary_key\" is missing, and \"write: upsert\" needs it\n"
         "  hint: for example: primary_key: [checkout_id]; or write: append\n"},
        {"      primary_key: [a]", "      primary_key: a",
         "p.yaml:18:20: \"outputs.postgres.primary_key\" must be a list of columns, not \"a\"\n"
         "  hint: for example: primary_key: [checkout_id]\n"},
        {"      primary_key: [a]", "      primary_key: []",
         "p.yaml:18:20: \"outputs.postgres.primary_key\" must be a list of columns, not an empty list\n"
         "  hint: for example: primary_key: [checkout_id]\n"},
        {"      primary_key: [a]", "      primary_key: [a, a]",
         "p.yaml:18:24: the column \"a\" is given twice\n"},
        {"      primary_key: [a]", "      primary_key: [aa]",
         "p.yaml:18:21: unknown column \"aa\"\n"
         "  hint: known here: a, b\n"},
        {"      primary_key: [a]", "      primary_key: [zzz]",
         "p.yaml:18:21: unknown column \"zzz\"\n"
         "  hint: known here: a, b\n"},
        {"      primary_key: [a]", "      primary_key: [b]",
         "p.yaml:18:21: the column \"b\" of the primary key is not filled from the conversion\n"
         "  hint: a row must keep its key, whichever touch it gets and whatever a lookup holds\n"},
        {"      primary_key: [a]", "      primary_key: [a]\n      write: append",
         "p.yaml:18:7: \"outputs.postgres.primary_key\" has no use with \"write: append\"\n"
         "  hint: take it out, or write: upsert\n"},
        {"      primary_key: [a]", "      primary_key: [a]\n      write: merge",
         "p.yaml:19:14: \"outputs.postgres.write\" must be upsert or append, not \"merge\"\n"
         "  hint: for example: write: upsert\n"},
        {"      columns:\n        - a\n        - b: t.x\n", "",
         "p.yaml:16:5: \"outputs.postgres.columns\" is missing\n"
         "  hint: for example: columns: [checkout_id, click_id: clicks.click_id]\n"},
        {"      columns:\n        - a\n        - b: t.x\n", "      columns: []\n",
         "p.yaml:19:16: \"outputs.postgres.columns\" must be a list of columns, not an empty list\n"
         "  hint: for example: columns: [checkout_id, click_id: clicks.click_id]\n"},
        {"      columns:\n        - a\n        - b: t.x\n", "      columns: {a: a, b: t.x}\n",
         "p.yaml:19:16: \"outputs.postgres.columns\" must be a list of columns, not a map\n"
         "  hint: for example: columns: [checkout_id, click_id: clicks.click_id]\n"},
        {"b: t.x", "a: t.x", "p.yaml:21:11: the column \"a\" is given twice (first in line 20)\n"},
        {"b: t.x", "b: x.t",
         "p.yaml:21:14: unknown input or lookup \"x\"\n"
         "  hint: known here: t, c, u\n"},
        {"b: t.x", "b: t.x.y",
         "p.yaml:21:14: a source must be a field such as total_amount or clicks.click_id, not \"t.x.y\"\n"},
        {"b: t.x", "b: t.",
         "p.yaml:21:14: a source must be a field such as total_amount or clicks.click_id, not \"t.\"\n"},
        {"b: t.x", "b: _tiem",
         "p.yaml:21:14: unknown field of the record itself \"_tiem\"; did you mean \"_time\"?\n"},
        {"b: t.x", "b: t._x",
         "p.yaml:21:14: unknown field of the record itself \"_x\"\n"
         "  hint: known here: _time, _partition, _offset, _timestamp, _key\n"},
        {"b: t.x", "b: [t.x]",
         "p.yaml:21:14: a source must be a field such as total_amount or clicks.click_id, not a list\n"},
        {"b: t.x", "t.x",
         "p.yaml:21:11: \"t.x\" says where a value comes from, but not its column\n"
         "  hint: for example: - click_id: clicks.click_id\n"},
        {"b: t.x", "{b: t.x, d: t.y}",
         "p.yaml:21:11: a column must be \"name\" or \"name: source\", not several of them\n"
         "  hint: one column an item: - checkout_id, or - click_id: clicks.click_id\n"},
        {"b: t.x", "[b]",
         "p.yaml:21:11: a column must be \"name\" or \"name: source\", not a list\n"
         "  hint: one column an item: - checkout_id, or - click_id: clicks.click_id\n"},
        {"b: t.x", "'x\"y': a",
         "p.yaml:21:11: a column must be the name of a column, at most 63 bytes, without '.' or quotes, not "
         "\"x\\\"y\"\n"},
        {"b: t.x", "_hidden",
         "p.yaml:21:11: unknown field of the record itself \"_hidden\"\n"
         "  hint: known here: _time, _partition, _offset, _timestamp, _key\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("reader_shapes");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, good);
    tcase_add_test(tests, inputs);
    tcase_add_test(tests, attribution);
    tcase_add_test(tests, lookups);
    tcase_add_test(tests, outputs);
    return run_suite("config.reader_shapes", tests);
}
