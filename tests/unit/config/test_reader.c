/* What is said about sections and plain values with mistakes: each kind once, with its exact position. */
#include "trials.h"

START_TEST(good) {
    pipeline_free(parse_good(base));
}
END_TEST

START_TEST(sections) {
    static const struct trial trials[] = {
        {"version: 1\n", "",
         "p.yaml:1:1: \"version\" is missing\n"
         "  hint: for example: version: 1\n"},
        {"version: 1", "version: 2",
         "p.yaml:1:10: \"version\" must be 1, not \"2\"\n"
         "  hint: for example: version: 1\n"},
        {"version: 1", "version: [1]",
         "p.yaml:1:10: \"version\" must be 1, not a list\n"
         "  hint: for example: version: 1\n"},
        {"version: 1", "version: one",
         "p.yaml:1:10: \"version\" must be 1, not \"one\"\n"
         "  hint: for example: version: 1\n"},
        {"pipeline: p\n", "",
         "p.yaml:1:1: \"pipeline\" is missing\n"
         "  hint: for example: pipeline: checkouts\n"},
        {"pipeline: p", "pipeline: \"a/b\"",
         "p.yaml:2:11: \"pipeline\" must be a name of letters, digits, '.', '_' and '-', at most 200, not "
         "\"a/b\"\n"
         "  hint: for example: pipeline: checkouts\n"},
        {"pipeline: p",
         "pipeline: "
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxx",
         "p.yaml:2:11: \"pipeline\" must be a name of letters, digits, '.', '_' and '-', at most 200, not "
         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\"\n"
         "  hint: for example: pipeline: checkouts\n"},
        {"pipeline: p", "pipeline: ''",
         "p.yaml:2:11: \"pipeline\" must be a name of letters, digits, '.', '_' and '-', at most 200, not "
         "\"\"\n"
         "  hint: for example: pipeline: checkouts\n"},
        {"kafka: {brokers: b}\n", "",
         "p.yaml:1:1: \"kafka\" is missing\n"
         "  hint: for example: kafka: {brokers: \"localhost:9092\"}\n"},
        {"kafka: {brokers: b}", "kafka:",
         "p.yaml:3:7: \"kafka\" must be a map, not nothing\n"
         "  hint: for example: kafka: {brokers: \"localhost:9092\"}\n"},
        {"kafka: {brokers: b}", "kafka: b",
         "p.yaml:3:8: \"kafka\" must be a map, not \"b\"\n"
         "  hint: for example: kafka: {brokers: \"localhost:9092\"}\n"},
        {"kafka: {brokers: b}", "kafka: {}",
         "p.yaml:3:1: \"kafka.brokers\" is missing\n"
         "  hint: for example: brokers: \"localhost:9092\"\n"},
        {"kafka: {brokers: b}", "kafka: {brokers: b, group: ''}",
         "p.yaml:3:28: \"kafka.group\" must be a text of at most 240 bytes that is not empty, not \"\"\n"
         "  hint: for example: group: tributary.checkouts\n"},
        {"postgres: {url: \"postgresql://h/d\"}", "postgres: {}",
         "p.yaml:4:1: \"postgres.url\" is missing\n"
         "  hint: for example: url: \"${DATABASE_URL:-postgresql://localhost:5432/postgres}\"\n"},
        {"kafka: {brokers: b}", "kafka: {brokers: b, brokers: c}",
         "p.yaml:3:21: the key \"brokers\" is given twice (first in line 3)\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(unknown_keys) {
    static const struct trial trials[] = {
        {"  window: 1h", "  windw: 1h", "p.yaml:12:3: unknown key \"windw\"; did you mean \"window\"?\n"},
        {"  window: 1h", "  window: 1h\n  publish: final",
         "p.yaml:13:3: unknown key \"publish\"\n"
         "  hint: known here: conversions, touches, key, window, model, weights, half_life, reach, "
         "touch_cap, credit_scale, credit_of, emit, "
         "allowed_lateness, late, max_drift\n"},
        {"version: 1", "version: 1\nsteps: []",
         "p.yaml:2:1: unknown key \"steps\"\n"
         "  hint: it belongs under \"defaults\"; known here: version, pipeline, kafka, postgres, defaults, "
         "inputs, attribute, lookups, "
         "outputs, dead_letters, changelog, telemetry, log, workers, commit_interval, batch_rows, "
         "memory_limit, start\n"},
        {"version: 1", "version: 1\nwindow: 1h",
         "p.yaml:2:1: unknown key \"window\"\n"
         "  hint: it belongs under \"attribute\"; known here: version, pipeline, kafka, postgres, defaults, "
         "inputs, attribute, lookups, outputs, dead_letters, changelog, telemetry, log, workers, "
         "commit_interval, "
         "batch_rows, "
         "memory_limit, start\n"},
        {"brokers: b", "brokers: b, version: 1",
         "p.yaml:3:21: unknown key \"version\"\n"
         "  hint: it belongs at the left margin; known here: brokers, group, instance_id, tls, sasl, "
         "properties\n"},
        {"field: at}}\n  c", "field: at, zonee: UTC}}\n  c",
         "p.yaml:6:45: unknown key \"zonee\"; did you mean \"zone\"?\n"},
        {"version: 1", "version: 1\ndefaults: {sharding: {by: k}}",
         "p.yaml:2:12: unknown key \"sharding\"\n"
         "  hint: known here: time, partitioned_by, repartition, idle_timeout, steps\n"},
        {"version: 1", "version: 1\ndefaults: {kafka: {}}",
         "p.yaml:2:12: unknown key \"kafka\"\n"
         "  hint: it belongs at the left margin; known here: time, partitioned_by, repartition, "
         "idle_timeout, steps\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(values) {
    static const struct trial trials[] = {
        {"  window: 1h", "  window: 60",
         "p.yaml:12:11: \"attribute.window\" needs a unit: \"60\" is just a number\n"
         "  hint: for example: window: 1h; the units are d, h, m, s, ms and us\n"},
        {"  window: 1h", "  window: 0",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not \"0\"\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: 401d",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not \"401d\"\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: 1.5h",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not \"1.5h\"\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: [1h]",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not a list\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: {h: 1}",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not a map\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window:",
         "p.yaml:12:10: \"attribute.window\" must be a duration from 1us to 400d, not nothing\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h\n", "",
         "p.yaml:8:1: \"attribute.window\" is missing\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: 1h\n  model: middle",
         "p.yaml:13:10: \"attribute.model\" must be first, last, linear, position or time_decay, not "
         "\"middle\"\n"
         "  hint: for example: model: first\n"},
        {"  window: 1h", "  window: 1h\n  model: frist",
         "p.yaml:13:10: \"attribute.model\" must be first, last, linear, position or time_decay, not "
         "\"frist\"\n"
         "  hint: did you mean \"first\"?\n"},
        {"  window: 1h", "  window: 1h\n  late: [attribute]",
         "p.yaml:13:9: \"attribute.late\" must be dead_letter or attribute, not a list\n"
         "  hint: for example: late: dead_letter\n"},
        {"version: 1", "version: 1\nworkers: 0",
         "p.yaml:2:10: \"workers\" must be a whole number from 1 to 256, not \"0\"\n"
         "  hint: for example: workers: 4\n"},
        {"version: 1", "version: 1\nworkers: 257",
         "p.yaml:2:10: \"workers\" must be a whole number from 1 to 256, not \"257\"\n"
         "  hint: for example: workers: 4\n"},
        {"version: 1", "version: 1\nworkers: -1",
         "p.yaml:2:10: \"workers\" must be a whole number from 1 to 256, not \"-1\"\n"
         "  hint: for example: workers: 4\n"},
        {"version: 1", "version: 1\ncommit_interval: 9ms",
         "p.yaml:2:18: \"commit_interval\" must be a duration from 10ms to 5m, not \"9ms\"\n"
         "  hint: for example: commit_interval: 1s\n"},
        {"version: 1", "version: 1\ncommit_interval: 6m",
         "p.yaml:2:18: \"commit_interval\" must be a duration from 10ms to 5m, not \"6m\"\n"
         "  hint: for example: commit_interval: 1s\n"},
        {"version: 1", "version: 1\nbatch_rows: 1000001",
         "p.yaml:2:13: \"batch_rows\" must be a whole number from 1 to 1000000, not \"1000001\"\n"
         "  hint: for example: batch_rows: 10000\n"},
        {"version: 1", "version: 1\nmemory_limit: 512",
         "p.yaml:2:15: \"memory_limit\" needs a unit: \"512\" is just a number\n"
         "  hint: for example: memory_limit: 512MiB; the units are KiB, MiB, GiB, TiB, KB, MB, GB and TB\n"},
        {"version: 1", "version: 1\nmemory_limit: 15MiB",
         "p.yaml:2:15: \"memory_limit\" must be a size of at least 16MiB, or auto, not \"15MiB\"\n"
         "  hint: for example: memory_limit: 512MiB\n"},
        {"version: 1", "version: 1\nmemory_limit: lots",
         "p.yaml:2:15: \"memory_limit\" must be a size of at least 16MiB, or auto, not \"lots\"\n"
         "  hint: for example: memory_limit: 512MiB\n"},
        {"version: 1", "version: 1\nstart: yesterday",
         "p.yaml:2:8: \"start\" must be earliest, latest or a time such as 2024-06-17T05:00:00Z, not "
         "\"yesterday\"\n"
         "  hint: for example: start: earliest\n"},
        {"version: 1", "version: 1\nstart: 2024-02-30",
         "p.yaml:2:8: \"start\" must be earliest, latest or a time such as 2024-06-17T05:00:00Z, not "
         "\"2024-02-30\"\n"
         "  hint: for example: start: earliest\n"},
        {"version: 1", "version: 1\ndead_letters: {topic: a b}",
         "p.yaml:2:23: \"dead_letters.topic\" must be the name of a topic: letters, digits, '.', '_' and "
         "'-', at most 249, not \"a b\"\n"
         "  hint: for example: topic: checkouts.dead-letters\n"},
        {"version: 1", "version: 1\ntelemetry: {listen: 9469}",
         "p.yaml:2:21: \"telemetry.listen\" must be none, or an address and a port such as 127.0.0.1:9469, "
         "not \"9469\"\n  hint: for example: listen: \":9469\"\n"},
        {"version: 1", "version: 1\nlog: {format: jsn}",
         "p.yaml:2:15: \"log.format\" must be logfmt or json, not \"jsn\"\n  hint: did you mean \"json\"?\n"},
        {"version: 1", "version: 1\nchangelog: {replication: 0}",
         "p.yaml:2:26: \"changelog.replication\" must be a whole number from 1 to 32767, not \"0\"\n"
         "  hint: for example: replication: 3\n"},
        {"version: 1", "version: 1\nchangelog: {tombstone_grace: 401d}",
         "p.yaml:2:30: \"changelog.tombstone_grace\" must be a duration from 0 to 400d, not \"401d\"\n"
         "  hint: for example: tombstone_grace: 1d\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(secrets) {
    static const struct trial trials[] = {
        {"postgresql://h/d", "postgresql://me:hunter2@h/d",
         "p.yaml:4:17: \"postgres.url\" has its password written in the file\n"
         "  hint: take it from the environment, ${PGPASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"postgresql://h/d", "postgresql://h/d?password=hunter2",
         "p.yaml:4:17: \"postgres.url\" has its password written in the file\n"
         "  hint: take it from the environment, ${PGPASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"postgresql://h/d", "host=h password=hunter2",
         "p.yaml:4:17: \"postgres.url\" has its password written in the file\n"
         "  hint: take it from the environment, ${PGPASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"postgresql://h/d", "${T_UNSET:-postgresql://me:hunter2@h/d}",
         "p.yaml:4:17: \"postgres.url\" has its password written in the file\n"
         "  hint: take it from the environment, ${PGPASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"postgresql://h/d", "postgresql://me:${T_UNSET:-hunter2}@h/d",
         "p.yaml:4:17: \"postgres.url\" has its password written in the file\n"
         "  hint: take it from the environment, ${PGPASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"postgresql://h/d", "mysql://me:hunter2@h/d",
         "p.yaml:4:17: \"postgres.url\" must be a URL such as postgresql://user@host:5432/database\n"
         "  hint: for example: url: \"${DATABASE_URL:-postgresql://localhost:5432/postgres}\"\n"},
        {"brokers: b", "brokers: b, properties: {sasl.password: hunter2}",
         "p.yaml:3:49: the property \"sasl.password\" is a secret written in the file\n"
         "  hint: take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"brokers: b", "brokers: b, properties: {ssl.key.password: \"${T_UNSET:-hunter2}\"}",
         "p.yaml:3:52: the property \"ssl.key.password\" is a secret written in the file\n"
         "  hint: take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {"brokers: b",
         "brokers: b, properties: {sasl.oauthbearer.client.secret: hunter2, ssl.key.pem: hunter2}",
         "p.yaml:3:66: the property \"sasl.oauthbearer.client.secret\" is a secret written in the file\n"
         "  hint: take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"
         "p.yaml:3:88: the property \"ssl.key.pem\" is a secret written in the file\n"
         "  hint: take it from the environment, ${KAFKA_PASSWORD}, or from a file, "
         "${file:/run/secrets/password}\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(properties) {
    static const struct trial trials[] = {
        {"brokers: b", "brokers: b, properties: {enable.auto.commit: true}",
         "p.yaml:3:34: the property \"enable.auto.commit\" cannot be set: the offsets are kept in the "
         "database together with the rows\n"},
        {"brokers: b", "brokers: b, properties: {group.id: g, bootstrap.servers: x}",
         "p.yaml:3:34: the property \"group.id\" cannot be set: use \"kafka.group\"\n"
         "p.yaml:3:47: the property \"bootstrap.servers\" cannot be set: use \"kafka.brokers\"\n"},
        {"brokers: b", "brokers: b, properties: {isolation.level: x, enable.partition.eof: x}",
         "p.yaml:3:34: the property \"isolation.level\" cannot be set: records of transactions that were "
         "given up must not be counted\n"
         "p.yaml:3:54: the property \"enable.partition.eof\" cannot be set: the end of a partition must be "
         "known to tell a silent one from a slow one\n"},
        {"brokers: b", "brokers: b, properties: {a: [b], c: , d: {}}",
         "p.yaml:3:37: the property \"a\" must be a text or a number, not a list\n"
         "p.yaml:3:45: the property \"c\" must be a text or a number, not nothing\n"
         "p.yaml:3:50: the property \"d\" must be a text or a number, not an empty map\n"},
        {"brokers: b", "brokers: b, properties: [a]",
         "p.yaml:3:33: \"kafka.properties\" must be a map of librdkafka's properties to values, not a list\n"
         "  hint: for example: properties: {security.protocol: SSL}\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(variables) {
    static const struct trial trials[] = {
        {"brokers: b", "brokers: \"${T_UNSET}\"",
         "p.yaml:3:18: the environment variable \"T_UNSET\" is not set\n"
         "  hint: set it, or give a default: ${T_UNSET:-value}\n"},
        {"brokers: b", "brokers: \"${T_UNSET\"",
         "p.yaml:3:18: \"${T_UNSET\" has no closing brace\n"
         "  hint: write ${NAME}, ${NAME:-default} or ${file:/path}; $${ stands for ${ itself\n"},
        {"brokers: b", "brokers: \"${T_EMPTY}\"",
         "p.yaml:3:18: \"kafka.brokers\" must be a text that is not empty, not \"${T_EMPTY}\"\n"
         "  hint: for example: brokers: \"localhost:9092\"\n"},
        {"  window: 1h", "  window: ${T_SECRET}",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not \"${T_SECRET}\"\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: ${T_SECRET:-2h} ",
         "p.yaml:12:11: \"attribute.window\" must be a duration from 1us to 400d, not \"${T_SECRET:-2h}\"\n"
         "  hint: for example: window: 1h\n"},
        {"  window: 1h", "  window: ${T_NUMBER}",
         "p.yaml:12:11: \"attribute.window\" needs a unit: \"${T_NUMBER}\" is just a number\n"
         "  hint: for example: window: 1h; the units are d, h, m, s, ms and us\n"},
        {"pipeline: p", "pipeline: ${T_SECRET}",
         "p.yaml:2:11: \"pipeline\" must be a name of letters, digits, '.', '_' and '-', at most 200, not "
         "\"${T_SECRET}\"\n"
         "  hint: for example: pipeline: checkouts\n"},
        {"postgresql://h/d", "${T_SECRET}",
         "p.yaml:4:17: \"postgres.url\" must be a URL such as postgresql://user@host:5432/database\n"
         "  hint: for example: url: \"${DATABASE_URL:-postgresql://localhost:5432/postgres}\"\n"},
        {"  touches: t", "  touches: ${T_SECRET}",
         "p.yaml:10:12: unknown input \"${T_SECRET}\"\n"
         "  hint: known here: t, c\n"},
        {"  key: [k]", "  key: [\"${T_SECRET}.x\"]",
         "p.yaml:11:9: a field of the key must be a field such as user_id, or a column of a lookup such as "
         "users.id, not \"${T_SECRET}.x\"\n"},
        {"  key: [k]", "  key: [\"${T_SECRET}\", \"${T_SECRET}\"]",
         "p.yaml:11:24: the field \"${T_SECRET}\" is given twice\n"},
        {"b: t.x", "b: \"${T_SECRET}.x\"",
         "p.yaml:21:14: a source must be a field such as total_amount or clicks.click_id, not "
         "\"${T_SECRET}.x\"\n"},
        {"b: t.x", "b: \"_${T_SECRET}\"",
         "p.yaml:21:14: unknown field of the record itself \"_${T_SECRET}\"\n"
         "  hint: known here: _time, _partition, _offset, _timestamp, _key\n"},
        {"b: t.x", "b: \"t._${T_SECRET}\"",
         "p.yaml:21:14: unknown field of the record itself \"t._${T_SECRET}\"\n"
         "  hint: known here: _time, _partition, _offset, _timestamp, _key\n"},
        {"        - a\n", "        - a\n        - \"${T_SECRET}\"\n        - \"${T_SECRET}\"\n",
         "p.yaml:22:11: the column \"${T_SECRET}\" is given twice (first in line 21)\n"},
        {"      primary_key: [a]", "      primary_key: [\"${T_SECRET}\"]",
         "p.yaml:18:21: unknown column \"${T_SECRET}\"\n"
         "  hint: known here: a, b\n"},
        {"  window: 1h", "  window: 1h\n  model: ${T_SECRET}",
         "p.yaml:13:10: \"attribute.model\" must be first, last, linear, position or time_decay, not "
         "\"${T_SECRET}\"\n"
         "  hint: for example: model: first\n"},
        {"version: 1", "version: 1\nstart: ${T_SECRET}",
         "p.yaml:2:8: \"start\" must be earliest, latest or a time such as 2024-06-17T05:00:00Z, not "
         "\"${T_SECRET}\"\n"
         "  hint: for example: start: earliest\n"},
        {"brokers: b", "brokers: b, properties: {x: \"${T_UNSET}\"}",
         "p.yaml:3:37: the environment variable \"T_UNSET\" is not set\n"
         "  hint: set it, or give a default: ${T_UNSET:-value}\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(yaml) {
    static const struct trial trials[] = {
        {"  key: [k]", "  key: [k",
         "p.yaml:12:9: not YAML: did not find expected ',' or ']', while parsing a flow sequence\n"},
        {"  key: [k]", "  key: *k",
         "p.yaml:11:8: aliases such as \"*k\" are not supported\n"
         "  hint: write the value out; what all inputs share goes under \"defaults\"\n"},
        {"kafka: {brokers: b}", "kafka: &k {brokers: b}",
         "p.yaml:3:8: anchors such as \"&k\" are not supported\n"
         "  hint: write the value out; what all inputs share goes under \"defaults\"\n"},
        {"version: 1\n", "- version: 1\n- ",
         "p.yaml:3:1: not YAML: did not find expected '-' indicator, while parsing a block collection\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(not_a_map) {
    assert_errors("- version: 1\n", "p.yaml:1:1: a pipeline file must be a map of settings, not a list\n"
                                    "  hint: it begins like this: version: 1\n");
    assert_errors("pipeline\n", "p.yaml:1:1: a pipeline file must be a map of settings, not \"pipeline\"\n"
                                "  hint: it begins like this: version: 1\n");
    assert_errors("", "p.yaml:1:1: the file is empty\n");
}
END_TEST

/* All at once, in the order of the file, whatever the order of looking. */
START_TEST(several_at_once) {
    assert_errors(
        "workers: many\n"
        "start: soon\n"
        "outputs:\n"
        "  - postgres: {table: r, primary_key: [b], columns: [a, d: x.y, a]}\n"
        "lookups: {u: {table: u, match: {id: z.k}}}\n"
        "attribute: {conversions: c, touches: q, key: [k, k], windw: 1h}\n"
        "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: \"${T_UNSET}\"}}}\n"
        "defaults: {time: {field: at, out_of_order: 5}}\n"
        "kafka: {brokers: [b]}\n"
        "version: 1\n",
        "p.yaml:1:1: \"pipeline\" is missing\n"
        "  hint: for example: pipeline: checkouts\n"
        "p.yaml:1:10: \"workers\" must be a whole number from 1 to 256, not \"many\"\n"
        "  hint: for example: workers: 4\n"
        "p.yaml:2:8: \"start\" must be earliest, latest or a time such as 2024-06-17T05:00:00Z, not "
        "\"soon\"\n"
        "  hint: for example: start: earliest\n"
        "p.yaml:4:40: unknown column \"b\"\n"
        "  hint: known here: a, d, a\n"
        "p.yaml:4:60: unknown input or lookup \"x\"\n"
        "  hint: known here: t, c, u\n"
        "p.yaml:4:65: the column \"a\" is given twice (first in line 4)\n"
        "p.yaml:5:37: unknown input or lookup \"z\"\n"
        "  hint: known here: t, c, u\n"
        "p.yaml:6:38: unknown input \"q\"\n"
        "  hint: known here: t, c\n"
        "p.yaml:6:50: the field \"k\" is given twice\n"
        "p.yaml:6:54: unknown key \"windw\"; did you mean \"window\"?\n"
        "p.yaml:7:54: the environment variable \"T_UNSET\" is not set\n"
        "  hint: set it, or give a default: ${T_UNSET:-value}\n"
        "p.yaml:8:44: \"defaults.time.out_of_order\" needs a unit: \"5\" is just a number\n"
        "  hint: for example: out_of_order: 15s; the units are d, h, m, s, ms and us\n"
        "p.yaml:9:18: \"kafka.brokers\" must be a text that is not empty, not a list\n"
        "  hint: for example: brokers: \"localhost:9092\"\n");
}
END_TEST

/* What the file brings to the terminal is escaped. */
START_TEST(hostile_names) {
    const struct trial trials[] = {
        {"  window: 1h", "  window: 1h\n  \"\\e[31m\\n\": 1",
         "p.yaml:13:3: unknown key \"\\u001b[31m\\n\"\n"
         "  hint: known here: conversions, touches, key, window, model, weights, half_life, reach, "
         "touch_cap, credit_scale, credit_of, emit, "
         "allowed_lateness, late, max_drift\n"},
        {"  t: {kafka", "  \"\\e\": {}\n  t: {kafka",
         "p.yaml:6:3: the name of an input must be a name of letters, digits and '_' that does not begin "
         "with a "
         "digit, not \"\\u001b\"\n"
         "p.yaml:6:3: the input \"\\u001b\" is not used by \"attribute\"\n"
         "  hint: take it out, or name it as the conversions or the touches\n"},
        {"  touches: t\n  key: [k]", "  touches: \"\\e\"\n  key: {\"\\e\": k}",
         "p.yaml:10:12: unknown input \"\\u001b\"\n"
         "  hint: known here: t, c\n"
         "p.yaml:11:9: unknown input \"\\u001b\"\n"
         "  hint: known here: t, c\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("reader");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, good);
    tcase_add_test(tests, sections);
    tcase_add_test(tests, unknown_keys);
    tcase_add_test(tests, values);
    tcase_add_test(tests, secrets);
    tcase_add_test(tests, properties);
    tcase_add_test(tests, variables);
    tcase_add_test(tests, yaml);
    tcase_add_test(tests, not_a_map);
    tcase_add_test(tests, several_at_once);
    tcase_add_test(tests, hostile_names);
    return run_suite("config.reader", tests);
}
