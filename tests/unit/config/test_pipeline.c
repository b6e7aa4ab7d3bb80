#include "config/pipeline.h"

#include <unistd.h>

#include "support.h"

#define SECOND INT64_C(1000000)

/* The shortest pipeline: everything else has a default. */
#define SHORTEST                                                                                             \
    "version: 1\n"                                                                                           \
    "pipeline: p\n"                                                                                          \
    "kafka: {brokers: b}\n"                                                                                  \
    "inputs:\n"                                                                                              \
    "  t: {kafka: {topic: touches}, time: {field: at}}\n"                                                    \
    "  c: {kafka: {topic: conversions}, time: {field: at}}\n"                                                \
    "attribute: {conversions: c, touches: t, key: [k], window: 1h}\n"                                        \
    "outputs: [postgres: {table: r, write: append, columns: [a]}]\n"

static struct pipeline *load(const char *path) {
    char *errors;
    size_t len;
    FILE *stream = open_memstream(&errors, &len);
    struct pipeline *pipeline = pipeline_load(path, stream);
    fclose(stream);
    ck_assert_msg(pipeline != NULL, "%s", errors);
    ck_assert_uint_eq(len, 0);
    free(errors);
    return pipeline;
}

static void position_is(struct position position, int line, int column) {
    ck_assert_int_eq(position.line, line);
    ck_assert_int_eq(position.column, column);
}

static void source_is(const struct source *source, enum source_kind kind, const char *field) {
    ck_assert_int_eq(source->kind, kind);
    ck_assert_str_eq(source->field, field);
}

static void input_is(const struct input_config *input, const char *name, int line) {
    ck_assert_str_eq(input->name, name);
    position_is(input->position, line, 3);
    ck_assert_str_eq(input->topic, name);
    ck_assert_str_eq(input->time.field, "datetime_occured");
    ck_assert_int_eq(input->time.format, TIME_FORMAT_ISO);
    ck_assert_str_eq(input->time.zone, "UTC");
    ck_assert_int_eq(input->time.out_of_order_us, 15 * SECOND);
    ck_assert_int_eq(input->time.max_future_us, 60 * SECOND);
    ck_assert_str_eq(input->partitioned_by, "user_id");
    ck_assert_int_eq(input->idle_timeout_us, 30 * SECOND);
}

START_TEST(flagship) {
    unsetenv("KAFKA_BROKERS");
    unsetenv("DATABASE_URL");
    struct pipeline *p = load(FLAGSHIP);
    ck_assert_str_eq(p->file, FLAGSHIP);
    ck_assert_str_eq(p->name, "checkouts");
    ck_assert_str_eq(p->kafka.brokers, "localhost:9092");
    ck_assert_str_eq(p->kafka.group, "tributary.checkouts");
    ck_assert_ptr_null(p->kafka.instance_id);
    ck_assert_int_eq(p->kafka.property_count, 0);
    ck_assert_str_eq(p->postgres.url, "postgresql://localhost:5432/postgres");
    ck_assert_int_eq(p->input_count, 2);
    input_is(&p->inputs[0], "clicks", 13);
    input_is(&p->inputs[1], "checkouts", 14);
    ck_assert_str_eq(p->dead_letter_topic, "checkouts.dead-letters");
    ck_assert_int_eq(p->workers, 1);
    ck_assert_int_eq(p->commit_interval_us, SECOND);
    ck_assert_int_eq(p->batch_rows, 10000);
    ck_assert_int_eq(p->memory_limit, 0);
    ck_assert_int_eq(p->start, START_EARLIEST);
    ck_assert_int_eq(p->start_us, 0);
    pipeline_free(p);
}
END_TEST

START_TEST(flagship_attribution) {
    struct pipeline *p = load(FLAGSHIP);
    const struct attribute_config *a = &p->attribute;
    ck_assert_int_eq(a->conversions, 1);
    ck_assert_int_eq(a->touches, 0);
    ck_assert_int_eq(a->key_count, 2);
    ck_assert_str_eq(a->conversion_key[0], "user_id");
    ck_assert_str_eq(a->conversion_key[1], "product_id");
    ck_assert_str_eq(a->touch_key[0], "user_id");
    ck_assert_str_eq(a->touch_key[1], "product_id");
    ck_assert_int_eq(a->window_us, 3600 * SECOND);
    ck_assert_int_eq(a->model, MODEL_FIRST);
    ck_assert_int_eq(a->allowed_lateness_us, 0);
    ck_assert_int_eq(a->late, LATE_DEAD_LETTER);
    ck_assert_int_eq(a->max_drift_us, 3600 * SECOND);

    ck_assert_int_eq(p->lookup_count, 1);
    ck_assert_str_eq(p->lookups[0].name, "users");
    position_is(p->lookups[0].position, 24, 3);
    ck_assert_str_eq(p->lookups[0].table, "commerce.users");
    ck_assert_int_eq(p->lookups[0].match_count, 1);
    ck_assert_str_eq(p->lookups[0].match_columns[0], "id");
    source_is(&p->lookups[0].match[0], SOURCE_CONVERSION, "user_id");
    position_is(p->lookups[0].match[0].position, 24, 46);
    ck_assert_int_eq(p->lookups[0].missing, MISSING_KEEP);
    pipeline_free(p);
}
END_TEST

START_TEST(flagship_output) {
    static const struct {
        const char *column;
        enum source_kind kind;
        const char *field;
    } columns[] = {
        {"checkout_id", SOURCE_CONVERSION, "checkout_id"},
        {"user_name", SOURCE_LOOKUP, "username"},
        {"click_id", SOURCE_TOUCH, "click_id"},
        {"product_id", SOURCE_CONVERSION, "product_id"},
        {"payment_method", SOURCE_CONVERSION, "payment_method"},
        {"total_amount", SOURCE_CONVERSION, "total_amount"},
        {"shipping_address", SOURCE_CONVERSION, "shipping_address"},
        {"billing_address", SOURCE_CONVERSION, "billing_address"},
        {"user_agent", SOURCE_CONVERSION, "user_agent"},
        {"ip_address", SOURCE_CONVERSION, "ip_address"},
        {"checkout_time", SOURCE_CONVERSION, "_time"},
        {"click_time", SOURCE_TOUCH, "_time"},
    };
    struct pipeline *p = load(FLAGSHIP);
    ck_assert_int_eq(p->output_count, 1);
    const struct output_config *o = &p->outputs[0];
    position_is(o->position, 27, 5);
    ck_assert_str_eq(o->table, "commerce.attributed_checkouts");
    ck_assert_int_eq(o->write, WRITE_UPSERT);
    ck_assert_int_eq(o->primary_key_count, 1);
    ck_assert_str_eq(o->primary_key[0], "checkout_id");
    ck_assert_int_eq(o->column_count, 12);
    for (int i = 0; i < 12; i++) {
        ck_assert_str_eq(o->columns[i].name, columns[i].column);
        source_is(&o->columns[i].source, columns[i].kind, columns[i].field);
        position_is(o->columns[i].position, 32 + i, 11);
    }
    ck_assert_int_eq(o->columns[1].source.lookup, 0);
    position_is(o->columns[0].source.position, 32, 11);
    position_is(o->columns[1].source.position, 33, 22);
    pipeline_free(p);
}
END_TEST

START_TEST(shortest) {
    struct pipeline *p = parse_good(SHORTEST);
    ck_assert_str_eq(p->file, "p.yaml");
    ck_assert_str_eq(p->kafka.group, "tributary.p");
    ck_assert_ptr_null(p->postgres.url);
    ck_assert_str_eq(p->inputs[0].time.zone, "UTC");
    ck_assert_int_eq(p->inputs[0].time.format, TIME_FORMAT_ISO);
    ck_assert_int_eq(p->inputs[0].time.out_of_order_us, 0);
    ck_assert_int_eq(p->inputs[0].time.max_future_us, 60 * SECOND);
    ck_assert_int_eq(p->inputs[0].idle_timeout_us, 30 * SECOND);
    ck_assert_ptr_null(p->inputs[0].partitioned_by);
    ck_assert_int_eq(p->lookup_count, 0);
    ck_assert_int_eq(p->outputs[0].write, WRITE_APPEND);
    ck_assert_int_eq(p->outputs[0].primary_key_count, 0);
    ck_assert_str_eq(p->dead_letter_topic, "p.dead-letters");
    ck_assert_int_eq(p->dead_letter_retention_us, 14 * 86400 * SECOND);
    ck_assert_str_eq(p->changelog_topic, "p.changelog");
    ck_assert_int_eq(p->changelog_replication, -1);
    ck_assert_int_eq(p->tombstone_grace_us, 3600 * SECOND);
    pipeline_free(p);
}
END_TEST

#define EVERYTHING                                                                                           \
    "start: 2024-06-17T05:00:00Z\n"                                                                          \
    "memory_limit: 512MiB\n"                                                                                 \
    "batch_rows: 500\n"                                                                                      \
    "commit_interval: 250ms\n"                                                                               \
    "workers: '4'\n"                                                                                         \
    "dead_letters: {topic: dead}\n"                                                                          \
    "changelog: {replication: 3, tombstone_grace: 0, topic: log}\n"                                          \
    "outputs:\n"                                                                                             \
    "  - postgres:\n"                                                                                        \
    "      columns:\n"                                                                                       \
    "        - {id: c._key}\n"                                                                               \
    "        - part: _partition\n"                                                                           \
    "        - _offset\n"                                                                                    \
    "        - when: t._timestamp\n"                                                                         \
    "        - _secret: u._hidden\n"                                                                         \
    "      primary_key: [part, _offset]\n"                                                                   \
    "      table: r\n"                                                                                       \
    "lookups:\n"                                                                                             \
    "  u: {match: {a: x, b: c.y}, table: s.u, missing: dead_letter}\n"                                       \
    "  v: {match: {a: _key, b: w.id}, table: v, missing: drop, cache: {ttl: 5m, entries: 7}}\n"              \
    "  w: {match: {a: _key}, table: w, cache: {ttl: 1s, missing_ttl: 0}}\n"                                  \
    "attribute:\n"                                                                                           \
    "  key: {c: [id, site], t: [uid, place]}\n"                                                              \
    "  window: 7d\n"                                                                                         \
    "  touches: t\n"                                                                                         \
    "  conversions: c\n"                                                                                     \
    "  model: first\n"                                                                                       \
    "  allowed_lateness: 5m\n"                                                                               \
    "  late: attribute\n"                                                                                    \
    "  max_drift: 1h30m\n"                                                                                   \
    "inputs:\n"                                                                                              \
    "  c: {kafka: {topic: conversions}}\n"                                                                   \
    "  t:\n"                                                                                                 \
    "    kafka: {topic: touches}\n"                                                                          \
    "    time: {format: epoch_ms, max_future: 0}\n"                                                          \
    "    partitioned_by: uid\n"                                                                              \
    "    idle_timeout: 0\n"                                                                                  \
    "defaults:\n"                                                                                            \
    "  time: {field: at, zone: America/Edmonton, out_of_order: 10s, format: epoch_s, max_future: 2m}\n"      \
    "  partitioned_by: id\n"                                                                                 \
    "  idle_timeout: 1m\n"                                                                                   \
    "postgres: {url: 'host=h password=${T_PASSWORD}'}\n"                                                     \
    "kafka:\n"                                                                                               \
    "  brokers: \"${T_BROKERS}\"\n"                                                                          \
    "  group: g\n"                                                                                           \
    "  instance_id: i-1\n"                                                                                   \
    "  properties: {security.protocol: SASL_SSL, fetch.min.bytes: 10, sasl.password: \"${T_PASSWORD}\",\n"   \
    "    client.id: \"$${x}\"}\n"                                                                            \
    "pipeline: every.thing-1\n"                                                                              \
    "version: 1\n"

static void set_variables(void) {
    setenv("T_BROKERS", "a:1,b:2", 1);
    setenv("T_PASSWORD", "hunter2", 1);
}

/* Everything given, in the opposite of the usual order. */
START_TEST(everything) {
    struct pipeline *p = parse_good(EVERYTHING);
    ck_assert_str_eq(p->kafka.brokers, "a:1,b:2");
    ck_assert_str_eq(p->kafka.group, "g");
    ck_assert_str_eq(p->kafka.instance_id, "i-1");
    ck_assert_int_eq(p->kafka.property_count, 4);
    ck_assert_str_eq(p->kafka.properties[1].name, "fetch.min.bytes");
    ck_assert_str_eq(p->kafka.properties[1].value, "10");
    ck_assert_str_eq(p->kafka.properties[2].value, "hunter2");
    ck_assert_str_eq(p->kafka.properties[3].value, "${x}");
    ck_assert_str_eq(p->postgres.url, "host=h password=hunter2");
    ck_assert_str_eq(p->dead_letter_topic, "dead");
    ck_assert_str_eq(p->changelog_topic, "log");
    ck_assert_int_eq(p->changelog_replication, 3);
    ck_assert_int_eq(p->tombstone_grace_us, 0);
    ck_assert_int_eq(p->workers, 4);
    ck_assert_int_eq(p->commit_interval_us, 250000);
    ck_assert_int_eq(p->batch_rows, 500);
    ck_assert_int_eq(p->memory_limit, 512 << 20);
    ck_assert_int_eq(p->start, START_TIME);
    ck_assert_int_eq(p->start_us, INT64_C(1718600400000000));
    pipeline_free(p);
}
END_TEST

START_TEST(inputs_inherit_and_override) {
    struct pipeline *p = parse_good(EVERYTHING);
    const struct input_config *c = &p->inputs[0], *t = &p->inputs[1];
    ck_assert_str_eq(c->time.field, "at");
    ck_assert_int_eq(c->time.format, TIME_FORMAT_EPOCH_S);
    ck_assert_int_eq(c->time.max_future_us, 120 * SECOND);
    ck_assert_str_eq(c->partitioned_by, "id");
    ck_assert_int_eq(c->idle_timeout_us, 60 * SECOND);
    ck_assert_str_eq(t->time.field, "at");
    ck_assert_str_eq(t->time.zone, "America/Edmonton");
    ck_assert_int_eq(t->time.format, TIME_FORMAT_EPOCH_MS);
    ck_assert_int_eq(t->time.out_of_order_us, 10 * SECOND);
    ck_assert_int_eq(t->time.max_future_us, 0);
    ck_assert_str_eq(t->partitioned_by, "uid");
    ck_assert_int_eq(t->idle_timeout_us, 0);
    pipeline_free(p);
}
END_TEST

START_TEST(names_mean_what_they_say) {
    struct pipeline *p = parse_good(EVERYTHING);
    const struct attribute_config *a = &p->attribute;
    ck_assert_int_eq(a->conversions, 0);
    ck_assert_int_eq(a->touches, 1);
    ck_assert_int_eq(a->key_count, 2);
    ck_assert_str_eq(a->conversion_key[0], "id");
    ck_assert_str_eq(a->touch_key[0], "uid");
    ck_assert_str_eq(a->conversion_key[1], "site");
    ck_assert_str_eq(a->touch_key[1], "place");
    ck_assert_int_eq(a->window_us, 7 * 86400 * SECOND);
    ck_assert_int_eq(a->allowed_lateness_us, 300 * SECOND);
    ck_assert_int_eq(a->late, LATE_ATTRIBUTE);
    ck_assert_int_eq(a->max_drift_us, 5400 * SECOND);
    ck_assert_int_eq(p->lookup_count, 3);
    static const int order[] = {0, 2, 1};
    for (int i = 0; i < 3; i++) ck_assert_int_eq(p->lookup_order[i], order[i]);
    source_is(&p->lookups[1].match[1], SOURCE_LOOKUP, "id");
    ck_assert_int_eq(p->lookups[1].match[1].lookup, 2);
    ck_assert_int_eq(p->lookups[0].cache.ttl_us, 0);
    ck_assert_int_eq(p->lookups[1].cache.ttl_us, 300 * SECOND);
    ck_assert_int_eq(p->lookups[1].cache.missing_ttl_us, 10 * SECOND);
    ck_assert_int_eq(p->lookups[1].cache.entries, 7);
    ck_assert_int_eq(p->lookups[2].cache.missing_ttl_us, 0);
    ck_assert_int_eq(p->lookups[2].cache.entries, 10000);
    source_is(&p->lookups[0].match[0], SOURCE_CONVERSION, "x");
    source_is(&p->lookups[0].match[1], SOURCE_CONVERSION, "y");
    source_is(&p->lookups[1].match[0], SOURCE_CONVERSION, "_key");
    ck_assert_int_eq(p->lookups[0].missing, MISSING_DEAD_LETTER);
    ck_assert_int_eq(p->lookups[1].missing, MISSING_DROP);
    const struct output_config *o = &p->outputs[0];
    ck_assert_int_eq(o->write, WRITE_UPSERT);
    ck_assert_int_eq(o->primary_key_count, 2);
    source_is(&o->columns[0].source, SOURCE_CONVERSION, "_key");
    source_is(&o->columns[1].source, SOURCE_CONVERSION, "_partition");
    source_is(&o->columns[2].source, SOURCE_CONVERSION, "_offset");
    source_is(&o->columns[3].source, SOURCE_TOUCH, "_timestamp");
    source_is(&o->columns[4].source, SOURCE_LOOKUP, "_hidden"); /* a table's columns may begin so */
    pipeline_free(p);
}
END_TEST

START_TEST(other_starts_and_limits) {
    struct pipeline *p = parse_good(SHORTEST "start: latest\nmemory_limit: auto\n");
    ck_assert_int_eq(p->start, START_LATEST);
    ck_assert_int_eq(p->memory_limit, 0);
    pipeline_free(p);
    p = parse_good(SHORTEST "start: \"2024-06-17 07:00:00.5+02:00\"\nmemory_limit: 2GiB\n");
    ck_assert_int_eq(p->start_us, INT64_C(1718600400500000));
    ck_assert_int_eq(p->memory_limit, INT64_C(2) << 30);
    pipeline_free(p);
}
END_TEST

START_TEST(bounds_are_included) {
    static const char *const lines[] = {"workers: 1",
                                        "workers: 256",
                                        "commit_interval: 10ms",
                                        "commit_interval: 5m",
                                        "batch_rows: 1",
                                        "batch_rows: 1000000",
                                        "memory_limit: 16MiB",
                                        "defaults: {idle_timeout: 400d}",
                                        "defaults: {time: {}}",
                                        "defaults: {}",
                                        "lookups: {}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[1000];
        snprintf(text, sizeof text, "%s%s\n", SHORTEST, lines[i]);
        pipeline_free(parse_good(text));
    }
    char *widest = replaced(SHORTEST, "window: 1h", "window: 400d"),
         *narrowest = replaced(SHORTEST, "1h", "1us");
    pipeline_free(parse_good(widest));
    pipeline_free(parse_good(narrowest));
    free(widest);
    free(narrowest);
}
END_TEST

/* Words that YAML 1.1 takes for booleans and numbers are just texts. */
START_TEST(yaml_traps) {
    char *text = replaced(SHORTEST, "columns: [a]", "columns: [yes, \"no\", on: 1, 3.0: off]");
    char *errors;
    ck_assert_ptr_null(parse_bytes(text, strlen(text), &errors)); /* a column cannot hold a dot */
    free(errors);
    free(text);
    text = replaced(SHORTEST, "columns: [a]", "columns: [yes, \"no\", on: 1, \"3\": off]");
    struct pipeline *p = parse_good(text);
    ck_assert_str_eq(p->outputs[0].columns[0].name, "yes");
    ck_assert_str_eq(p->outputs[0].columns[1].name, "no");
    ck_assert_str_eq(p->outputs[0].columns[2].name, "on");
    source_is(&p->outputs[0].columns[2].source, SOURCE_CONVERSION, "1");
    source_is(&p->outputs[0].columns[3].source, SOURCE_CONVERSION, "off");
    pipeline_free(p);
    free(text);
}
END_TEST

START_TEST(printed_with_all_defaults) {
    struct pipeline *p = parse_good(SHORTEST);
    char *text = print(p);
    ck_assert_str_eq(text, "version: 1\n"
                           "pipeline: p\n"
                           "kafka:\n"
                           "  brokers: b\n"
                           "  group: tributary.p\n"
                           "inputs:\n"
                           "  t:\n"
                           "    kafka:\n"
                           "      topic: touches\n"
                           "    time:\n"
                           "      field: at\n"
                           "      format: iso\n"
                           "      zone: UTC\n"
                           "      out_of_order: 0\n"
                           "      max_future: 1m\n"
                           "    idle_timeout: 30s\n"
                           "  c:\n"
                           "    kafka:\n"
                           "      topic: conversions\n"
                           "    time:\n"
                           "      field: at\n"
                           "      format: iso\n"
                           "      zone: UTC\n"
                           "      out_of_order: 0\n"
                           "      max_future: 1m\n"
                           "    idle_timeout: 30s\n"
                           "attribute:\n"
                           "  conversions: c\n"
                           "  touches: t\n"
                           "  key: {t: [k], c: [k]}\n"
                           "  window: 1h\n"
                           "  model: first\n"
                           "  credit_scale: 6\n"
                           "  emit: final\n"
                           "  allowed_lateness: 0\n"
                           "  late: dead_letter\n"
                           "  max_drift: 1h\n"
                           "outputs:\n"
                           "  - postgres:\n"
                           "      table: r\n"
                           "      write: append\n"
                           "      columns:\n"
                           "        - a: c.a\n"
                           "dead_letters:\n"
                           "  topic: p.dead-letters\n"
                           "  retention: 14d\n"
                           "changelog:\n"
                           "  topic: p.changelog\n"
                           "  tombstone_grace: 1h\n"
                           "log:\n"
                           "  format: logfmt\n"
                           "  level: info\n"
                           "workers: 1\n"
                           "commit_interval: 1s\n"
                           "batch_rows: 10000\n"
                           "memory_limit: auto\n"
                           "start: earliest\n");
    free(text);
    pipeline_free(p);
}
END_TEST

START_TEST(printed_without_secrets) {
    struct pipeline *p = parse_good(EVERYTHING);
    char *text = print(p);
    ck_assert_ptr_null(strstr(text, "hunter2"));
    ck_assert_ptr_nonnull(strstr(text, "\n  url: \"host=h password=***\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n    sasl.password: \"***\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n    client.id: \"$${x}\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n    fetch.min.bytes: \"10\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nstart: \"2024-06-17T05:00:00Z\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nchangelog:\n  topic: log\n  replication: 3\n"));
    free(text);
    pipeline_free(p);
}
END_TEST

/* What is printed is itself a pipeline file that means the same. */
static void prints_itself(const char *text) {
    struct pipeline *p = parse_good(text);
    char *once = print(p);
    pipeline_free(p);
    p = parse_good(once);
    char *twice = print(p);
    pipeline_free(p);
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}

START_TEST(printed_twice) {
    size_t len;
    char *text = slurp(FLAGSHIP, &len);
    prints_itself(text);
    free(text);
    prints_itself(SHORTEST);
    char *url = replaced(EVERYTHING, " password=${T_PASSWORD}", " user=\\\\${T_BROKERS}");
    char *property = replaced(url, "sasl.password: \"${T_PASSWORD}\"", "x: \"a\\n\\\"b\\\\ é\\x7f \"");
    prints_itself(property);
    free(property);
    free(url);
}
END_TEST

START_TEST(unreadable_files) {
    char *errors, folder[] = "/tmp/tributary-test-XXXXXX", expected[200];
    size_t len;
    FILE *stream = open_memstream(&errors, &len);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_null(pipeline_load("/nowhere/p.yaml", stream));
    ck_assert_ptr_null(pipeline_load(folder, stream));
    fclose(stream);
    rmdir(folder);
    snprintf(
        expected, sizeof expected,
        "/nowhere/p.yaml: cannot be read: No such file or directory\n%s: cannot be read: Is a directory\n",
        folder);
    ck_assert_str_eq(errors, expected);
    free(errors);
    pipeline_free(NULL);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("pipeline");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, flagship);
    tcase_add_test(tests, flagship_attribution);
    tcase_add_test(tests, flagship_output);
    tcase_add_test(tests, shortest);
    tcase_add_test(tests, everything);
    tcase_add_test(tests, inputs_inherit_and_override);
    tcase_add_test(tests, names_mean_what_they_say);
    tcase_add_test(tests, other_starts_and_limits);
    tcase_add_test(tests, bounds_are_included);
    tcase_add_test(tests, yaml_traps);
    tcase_add_test(tests, printed_with_all_defaults);
    tcase_add_test(tests, printed_without_secrets);
    tcase_add_test(tests, printed_twice);
    tcase_add_test(tests, unreadable_files);
    return run_suite("config.pipeline", tests);
}
