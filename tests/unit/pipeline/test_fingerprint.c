#include "pipeline/fingerprint.h"

#include "plans.h"

static const char base[] =
    "version: 1\npipeline: p\nkafka: {brokers: b}\n"
    "inputs:\n"
    "  clicks:\n"
    "    kafka: {topic: tt}\n"
    "    time: {field: at, format: epoch_s, zone: Europe/Berlin, out_of_order: 15s, max_future: 2m}\n"
    "  orders:\n"
    "    kafka: {topic: cc}\n"
    "    time: {field: when, format: iso, zone: UTC, out_of_order: 10s, max_future: 1m}\n"
    "attribute:\n"
    "  conversions: orders\n"
    "  touches: clicks\n"
    "  key: {clicks: [uid, site], orders: [user, place]}\n"
    "  window: 1h\n"
    "  allowed_lateness: 5m\n"
    "outputs: [{postgres: {table: r, write: append, columns: [id, a: clicks.x, b: clicks._key,"
    " c: clicks._timestamp, d: clicks.y]}}]\n";

static const char golden[] =
    "{\"version\":1,\"cluster\":\"abc\",\"partitions\":4,"
    "\"touches\":{\"name\":\"clicks\",\"topic\":\"tt\",\"time_field\":\"at\",\"time_format\":\"epoch_s\","
    "\"time_zone\":\"Europe/"
    "Berlin\",\"out_of_order\":\"15s\",\"max_future\":\"2m\",\"key\":[\"uid\",\"site\"]},"
    "\"conversions\":{\"name\":\"orders\",\"topic\":\"cc\",\"time_field\":\"when\",\"time_format\":\"iso\","
    "\"time_zone\":\"UTC\",\"out_of_order\":\"10s\",\"max_future\":\"1m\",\"key\":[\"user\",\"place\"]},"
    "\"kept\":[\"x\",\"y\",\"_timestamp\",\"_key\"],"
    "\"window\":\"1h\",\"allowed_lateness\":\"5m\",\"late\":\"dead_letter\"}";

enum { SEED = 42 };

/* The text with every `from` replaced by `to`; free() it. */
static char *replaced(const char *text, const char *from, const char *to) {
    struct buffer out;
    buffer_init(&out);
    ck_assert_msg(strstr(text, from) != NULL, "\"%s\" is not in the text", from);
    for (const char *at; (at = strstr(text, from)); text = at + strlen(from)) {
        buffer_append(&out, text, (size_t)(at - text));
        buffer_text(&out, to);
    }
    buffer_text(&out, text);
    buffer_string(&out);
    return out.data;
}

static struct planned plan_from(const char *yaml) {
    struct planned planned = {.pipeline = pipeline_parse(yaml, strlen(yaml), "test.yaml", stderr)};
    ck_assert_ptr_nonnull(planned.pipeline);
    planned.plan = plan_new(planned.pipeline);
    return planned;
}

/* The fingerprint and the generation of a pipeline file; free() the first. */
static char *fingerprint_of(const char *yaml, uint64_t *generation) {
    struct planned planned = plan_from(yaml);
    struct buffer json;
    buffer_init(&json);
    fingerprint_format(&json, planned.plan, "abc", 4);
    *generation = fingerprint_generation(planned.plan, SEED);
    buffer_string(&json);
    planned_free(&planned);
    return json.data;
}

static void assert_compare(const char *stored, const char *current, enum fingerprint_verdict verdict,
                           const char *explanation) {
    struct buffer text;
    buffer_init(&text);
    ck_assert_int_eq(fingerprint_compare(stored, current, &text), verdict);
    ck_assert_str_eq(buffer_string(&text), explanation);
    buffer_release(&text);
}

START_TEST(as_it_is_stored) {
    uint64_t generation;
    char *json = fingerprint_of(base, &generation);
    ck_assert_str_eq(json, golden);
    assert_compare(json, json, FINGERPRINT_SAME, "");
    free(json);
}
END_TEST

/* It is compared with what an earlier run stored, so it may change only together with the format's version.
 */
START_TEST(the_generation_stays) {
    uint64_t generation;
    free(fingerprint_of(base, &generation));
    ck_assert_uint_eq(generation, UINT64_C(15444354107066656951));
}
END_TEST

START_TEST(the_generation_knows_the_seed) {
    struct planned planned = plan_from(base);
    ck_assert_uint_ne(fingerprint_generation(planned.plan, 1), fingerprint_generation(planned.plan, 2));
    planned_free(&planned);
}
END_TEST

#define BEGIN_ANEW "\"tributary reset FILE\" or another pipeline name begins anew"
#define PUT_BACK   "\nhint: put it back to go on; " BEGIN_ANEW

struct change {
    const char *from, *to; /* in the pipeline file */
    enum fingerprint_verdict verdict;
    const char *explanation;
};

static const struct change changes[] = {
    {"  clicks:\n", "  clicks:\n    idle_timeout: 1s\n", FINGERPRINT_SAME, ""},
    {"pipeline: p\n", "pipeline: q\n", FINGERPRINT_SAME, ""},
    {"brokers: b", "brokers: c", FINGERPRINT_SAME, ""},
    {"  window: 1h\n", "  window: 1h\n  max_drift: 2h\n", FINGERPRINT_SAME, ""},
    {"columns: [id", "columns: [id, z: orders.z, t: clicks._time", FINGERPRINT_SAME, ""},

    {"  window: 1h", "  window: 30m", FINGERPRINT_GOES_ON, "the window was \"1h\", is now \"30m\""},
    {"  window: 1h", "  window: 90m", FINGERPRINT_GOES_ON, "the window was \"1h\", is now \"1h30m\""},
    {"lateness: 5m", "lateness: 0", FINGERPRINT_GOES_ON, "allowed_lateness was \"5m\", is now \"0\""},
    {"  window: 1h\n", "  window: 1h\n  late: attribute\n", FINGERPRINT_GOES_ON,
     "late was \"dead_letter\", is now \"attribute\""},
    {"out_of_order: 10s", "out_of_order: 1m", FINGERPRINT_GOES_ON,
     "out_of_order of the conversions was \"10s\", is now \"1m\""},
    {"max_future: 1m", "max_future: 3m", FINGERPRINT_GOES_ON,
     "max_future of the conversions was \"1m\", is now \"3m\""},
    {"orders: [user,", "orders: [person,", FINGERPRINT_GOES_ON,
     "the key of the conversions was [\"user\",\"place\"], is now [\"person\",\"place\"]"},

    {"clicks: [uid,", "clicks: [who,", FINGERPRINT_REBUILD,
     "the key of the touches was [\"uid\",\"site\"], is now [\"who\",\"site\"]"},
    {"{clicks: [uid, site], orders: [user, place]}", "{clicks: [uid], orders: [user]}", FINGERPRINT_REBUILD,
     "the key of the touches was [\"uid\",\"site\"], is now [\"uid\"]\n"
     "the key of the conversions was [\"user\",\"place\"], is now [\"user\"]"},
    {"clicks.x", "clicks.z", FINGERPRINT_REBUILD,
     "what is kept of a touch was [\"x\",\"y\",\"_timestamp\",\"_key\"], is now "
     "[\"z\",\"y\",\"_timestamp\",\"_key\"]"},
    {"d: clicks.y", "d: clicks.y, e: clicks.z", FINGERPRINT_REBUILD,
     "what is kept of a touch was [\"x\",\"y\",\"_timestamp\",\"_key\"], is now "
     "[\"x\",\"y\",\"z\",\"_timestamp\",\"_key\"]"},
    {"a: clicks.x, b: clicks._key, c: clicks._timestamp, d: clicks.y",
     "a: clicks.y, b: clicks._key, c: clicks._timestamp, d: clicks.x", FINGERPRINT_REBUILD,
     "what is kept of a touch was [\"x\",\"y\",\"_timestamp\",\"_key\"], is now "
     "[\"y\",\"x\",\"_timestamp\",\"_key\"]"},
    {" b: clicks._key,", "", FINGERPRINT_REBUILD,
     "what is kept of a touch was [\"x\",\"y\",\"_timestamp\",\"_key\"], is now "
     "[\"x\",\"y\",\"_timestamp\"]"},
    {" c: clicks._timestamp,", "", FINGERPRINT_REBUILD,
     "what is kept of a touch was [\"x\",\"y\",\"_timestamp\",\"_key\"], is now [\"x\",\"y\",\"_key\"]"},
    {"out_of_order: 15s", "out_of_order: 5s", FINGERPRINT_REBUILD,
     "out_of_order of the touches was \"15s\", is now \"5s\""},
    {"max_future: 2m", "max_future: 0", FINGERPRINT_REBUILD,
     "max_future of the touches was \"2m\", is now \"0\""},

    {"topic: tt", "topic: t2", FINGERPRINT_STOP,
     "the topic of the touches was \"tt\", is now \"t2\"" PUT_BACK},
    {"topic: cc", "topic: c2", FINGERPRINT_STOP,
     "the topic of the conversions was \"cc\", is now \"c2\"" PUT_BACK},
    {"field: at", "field: on", FINGERPRINT_STOP,
     "the time field of the touches was \"at\", is now \"on\"" PUT_BACK},
    {"field: when", "field: at", FINGERPRINT_STOP,
     "the time field of the conversions was \"when\", is now \"at\"" PUT_BACK},
    {"format: epoch_s", "format: epoch_ms", FINGERPRINT_STOP,
     "the time format of the touches was \"epoch_s\", is now \"epoch_ms\"" PUT_BACK},
    {"format: iso", "format: epoch_us", FINGERPRINT_STOP,
     "the time format of the conversions was \"iso\", is now \"epoch_us\"" PUT_BACK},
    {"zone: Europe/Berlin", "zone: UTC", FINGERPRINT_STOP,
     "the time zone of the touches was \"Europe/Berlin\", is now \"UTC\"" PUT_BACK},
    {"zone: UTC", "zone: \"+01:00\"", FINGERPRINT_STOP,
     "the time zone of the conversions was \"UTC\", is now \"+01:00\"" PUT_BACK},
    {"clicks", "visits", FINGERPRINT_STOP,
     "the input of the touches was \"clicks\", is now \"visits\"" PUT_BACK},
    {"orders", "sales", FINGERPRINT_STOP,
     "the input of the conversions was \"orders\", is now \"sales\"" PUT_BACK},
};

START_TEST(each_change) {
    const struct change *change = &changes[_i];
    char *yaml = replaced(base, change->from, change->to);
    uint64_t before, after;
    char *stored = fingerprint_of(base, &before), *current = fingerprint_of(yaml, &after);
    assert_compare(stored, current, change->verdict, change->explanation);
    assert_compare(stored, stored, FINGERPRINT_SAME, "");
    /* Exactly where the touches themselves would be others does the generation change. */
    bool touches = change->verdict == FINGERPRINT_REBUILD || strncmp(change->explanation, "the time", 8) == 0;
    touches =
        touches && (change->verdict == FINGERPRINT_REBUILD || strstr(change->explanation, "of the touches"));
    ck_assert_msg((before != after) == touches, "%s", change->explanation);
    free(current);
    free(stored);
    free(yaml);
}
END_TEST

static void assert_stored(const char *from, const char *to, enum fingerprint_verdict verdict,
                          const char *explanation) {
    char *stored = replaced(golden, from, to);
    assert_compare(stored, golden, verdict, explanation);
    free(stored);
}

/* -- steps -- */

#define STEPS(of, steps) "  " of ":\n", "  " of ":\n    steps: [" steps "]\n"

struct step_change {
    const char *from, *to, *again_from, *again_to; /* first both are changed, then the second */
    enum fingerprint_verdict verdict;
    bool touches; /* become others */
    const char *explanation;
};

static const struct step_change step_changes[] = {
    {STEPS("clicks", "trim: [x]"), "trim: [x]", "trim: [z]", FINGERPRINT_REBUILD, true,
     "the steps of the touches was [\"trim: [x]\"], is now [\"trim: [z]\"]"},
    {STEPS("clicks", "where: {x: [a]}"), "[a]", "[a, b]", FINGERPRINT_REBUILD, true,
     "the steps of the touches was [\"where: {x: [a]}\"], is now [\"where: {x: [a, b]}\"]"},
    {STEPS("clicks", "trim: [at]"), "trim: [at]", "lower: [at]", FINGERPRINT_STOP, true,
     "the steps that the time of the touches comes from was [\"trim: [at]\"], is now [\"lower: [at]\"]\n"
     "the steps of the touches was [\"trim: [at]\"], is now [\"lower: [at]\"]" PUT_BACK},
    {STEPS("orders", "trim: [id]"), "trim: [id]", "lower: [id]", FINGERPRINT_GOES_ON, false,
     "the steps of the conversions was [\"trim: [id]\"], is now [\"lower: [id]\"]"},
    {STEPS("orders", "coalesce: {when: [ts]}, trim: [id]"), "[ts]", "[ts, t2]", FINGERPRINT_STOP, false,
     "the steps that the time of the conversions comes from was [\"coalesce: {when: [ts]}\"], is now "
     "[\"coalesce: {when: [ts, t2]}\"]\n"
     "the steps of the conversions was [\"coalesce: {when: [ts]}\",\"trim: [id]\"], is now "
     "[\"coalesce: {when: [ts, t2]}\",\"trim: [id]\"]" PUT_BACK},
};

START_TEST(each_change_of_steps) {
    const struct step_change *change = &step_changes[_i];
    uint64_t before, after;
    char *first = replaced(base, change->from, change->to);
    char *second = replaced(first, change->again_from, change->again_to);
    char *stored = fingerprint_of(first, &before), *current = fingerprint_of(second, &after);
    assert_compare(stored, current, change->verdict, change->explanation);
    ck_assert((before != after) == change->touches);
    free(current);
    free(stored);
    free(second);
    free(first);
}
END_TEST

/* Where the key of the copies comes from may not change; filters and other fields may. */
START_TEST(steps_before_the_key_of_copies) {
    static const char copied[] = "  clicks:\n    repartition: {by: uid, partitions: 4}\n    steps: [where: "
                                 "{x: 1}, lower: [uid], trim: [x]]\n";
    uint64_t generation;
    char *first = replaced(base, "  clicks:\n", copied);
    char *key = replaced(first, "lower:", "upper:"), *rest = replaced(first, "x: 1", "x: 2");
    char *stored = fingerprint_of(first, &generation), *other_key = fingerprint_of(key, &generation),
         *other_rest = fingerprint_of(rest, &generation);
    struct buffer text;
    buffer_init(&text);
    ck_assert_int_eq(fingerprint_compare(stored, other_key, &text), FINGERPRINT_STOP);
    ck_assert_ptr_nonnull(strstr(buffer_string(&text),
                                 "the steps that the keys of the copied touches come from was "
                                 "[\"lower: [uid]\"], is now [\"upper: [uid]\"]"));
    buffer_clear(&text);
    ck_assert_int_eq(fingerprint_compare(stored, other_rest, &text), FINGERPRINT_REBUILD);
    buffer_release(&text);
    free(other_rest);
    free(other_key);
    free(stored);
    free(rest);
    free(key);
    free(first);
}
END_TEST

/* Another key makes other hashes; it is not in what is stored. */
START_TEST(the_key_of_hashes) {
    uint64_t before, after;
    char *yaml = replaced(base, "  clicks:\n",
                          "  clicks:\n    steps: [hash: {fields: [x], key: \"${T_HASH_KEY}\"}]\n");
    setenv("T_HASH_KEY", "s3cr3t", 1);
    char *stored = fingerprint_of(yaml, &before);
    setenv("T_HASH_KEY", "an0ther", 1);
    char *current = fingerprint_of(yaml, &after);
    ck_assert_ptr_null(strstr(stored, "s3cr3t"));
    struct buffer text;
    buffer_init(&text);
    ck_assert_int_eq(fingerprint_compare(stored, current, &text), FINGERPRINT_REBUILD);
    ck_assert_uint_ne(before, after);
    buffer_release(&text);
    free(current);
    free(stored);
    free(yaml);
}
END_TEST

START_TEST(another_cluster) {
    assert_stored("\"abc\"", "\"xyz\"", FINGERPRINT_STOP,
                  "the cluster id was \"xyz\", is now \"abc\"\n"
                  "hint: offsets of one cluster mean nothing in another; " BEGIN_ANEW);
}
END_TEST

START_TEST(another_number_of_partitions) {
    assert_stored(
        "\"partitions\":4", "\"partitions\":2", FINGERPRINT_STOP,
        "the number of partitions was 2, is now 4\n"
        "hint: a conversion may now lie in another partition than its touches. Best is a new topic with "
        "more partitions, once \"tributary run FILE --once --close\" has drained the old one; " BEGIN_ANEW);
}
END_TEST

/* Of several the gravest decides, and the first of these gives the hint. */
START_TEST(several_at_once) {
    char *stored = replaced(golden, "\"1h\"", "\"2h\""), *more = replaced(stored, "\"x\"", "\"w\"");
    assert_compare(more, golden, FINGERPRINT_REBUILD,
                   "what is kept of a touch was [\"w\",\"y\",\"_timestamp\",\"_key\"], is now "
                   "[\"x\",\"y\",\"_timestamp\",\"_key\"]\n"
                   "the window was \"2h\", is now \"1h\"");
    char *most = replaced(more, "\"cc\"", "\"old\"");
    assert_compare(most, golden, FINGERPRINT_STOP,
                   "the topic of the conversions was \"old\", is now \"cc\"\n"
                   "what is kept of a touch was [\"w\",\"y\",\"_timestamp\",\"_key\"], is now "
                   "[\"x\",\"y\",\"_timestamp\",\"_key\"]\n"
                   "the window was \"2h\", is now \"1h\"" PUT_BACK);
    char *other = replaced(most, "\"abc\"", "\"xyz\"");
    assert_compare(other, golden, FINGERPRINT_STOP,
                   "the cluster id was \"xyz\", is now \"abc\"\n"
                   "the topic of the conversions was \"old\", is now \"cc\"\n"
                   "what is kept of a touch was [\"w\",\"y\",\"_timestamp\",\"_key\"], is now "
                   "[\"x\",\"y\",\"_timestamp\",\"_key\"]\n"
                   "the window was \"2h\", is now \"1h\"\n"
                   "hint: offsets of one cluster mean nothing in another; " BEGIN_ANEW);
    free(other);
    free(most);
    free(more);
    free(stored);
}
END_TEST

/* As Postgres gives jsonb back. */
START_TEST(in_another_order) {
    const char *stored =
        "{\"late\": \"dead_letter\", \"window\": \"1h\", \"allowed_lateness\": \"5m\", \"kept\": [\"x\", "
        "\"y\", "
        "\"_timestamp\", \"_key\"], \"conversions\": {\"key\": [\"user\", \"place\"], \"max_future\": "
        "\"1m\", "
        "\"out_of_order\": \"10s\", \"time_zone\": \"UTC\", \"time_format\": \"iso\", \"time_field\": "
        "\"when\", "
        "\"topic\": \"cc\", \"name\": \"orders\"}, \"touches\": {\"key\": [\"uid\", \"site\"], \"name\": "
        "\"clicks\", \"topic\": \"tt\", \"time_zone\": \"Europe/Berlin\", \"max_future\": \"2m\", "
        "\"time_field\": "
        "\"at\", \"time_format\": \"epoch_s\", \"out_of_order\": \"15s\"}, \"cluster\": \"abc\", "
        "\"version\": 1, "
        "\"partitions\": 4}";
    assert_compare(stored, golden, FINGERPRINT_SAME, "");
}
END_TEST

START_TEST(members_of_another_version) {
    assert_stored("\"version\":1", "\"version\":1,\"filters\":[\"x\"]", FINGERPRINT_SAME, "");
    assert_stored("\"name\":\"clicks\"", "\"name\":\"clicks\",\"moon\":\"full\"", FINGERPRINT_SAME, "");
    assert_stored(",\"late\":\"dead_letter\"", "", FINGERPRINT_GOES_ON,
                  "late was nothing, is now \"dead_letter\"");
}
END_TEST

START_TEST(a_newer_format) {
    assert_stored("\"version\":1", "\"version\":2", FINGERPRINT_STOP,
                  "the stored state was made by a newer version of tributary\n"
                  "hint: run that version or a newer one; " BEGIN_ANEW);
}
END_TEST

START_TEST(what_cannot_be_read) {
    static const char *const damaged[] = {"", "{", "[]", "{}", "null", "{\"version\":\"1\"}"};
    for (int i = 0; i < COUNT_OF(damaged); i++)
        assert_compare(damaged[i], golden, FINGERPRINT_STOP,
                       "what the stored state was computed under cannot be read\n"
                       "hint: " BEGIN_ANEW);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("fingerprint");
    tcase_add_test(tests, as_it_is_stored);
    tcase_add_test(tests, the_generation_stays);
    tcase_add_test(tests, the_generation_knows_the_seed);
    tcase_add_loop_test(tests, each_change, 0, COUNT_OF(changes));
    tcase_add_loop_test(tests, each_change_of_steps, 0, COUNT_OF(step_changes));
    tcase_add_test(tests, steps_before_the_key_of_copies);
    tcase_add_test(tests, the_key_of_hashes);
    tcase_add_test(tests, another_cluster);
    tcase_add_test(tests, another_number_of_partitions);
    tcase_add_test(tests, several_at_once);
    tcase_add_test(tests, in_another_order);
    tcase_add_test(tests, members_of_another_version);
    tcase_add_test(tests, a_newer_format);
    tcase_add_test(tests, what_cannot_be_read);
    return suite_run("pipeline.fingerprint", tests);
}
