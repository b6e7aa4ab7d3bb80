/* Re-keying in a pipeline file: what it means once everything is read, and what is said about mistakes. */
#include "trials.h"

#define FILE_WITH(defaults, touches, conversions, key, lookups)                                              \
    "version: 1\npipeline: p\nkafka: {brokers: b}\n" defaults "inputs:\n"                                    \
    "  t: {kafka: {topic: tt}, time: {field: at}" touches "}\n"                                              \
    "  c: {kafka: {topic: cc}, time: {field: at}" conversions "}\n"                                          \
    "attribute: {conversions: c, touches: t, key: " key ", window: 1h}\n" lookups                            \
    "outputs: [{postgres: {table: r, primary_key: [a], columns: [a, b: t.x]}}]\n"

#define LOOKUPS                                                                                              \
    "lookups:\n"                                                                                             \
    "  u: {table: u, match: {email: mail}}\n"                                                                \
    "  v: {table: u, match: {email: t.mail}}\n"

static const struct input_config *touches_of(const struct pipeline *p) {
    return &p->inputs[p->attribute.touches];
}

static const struct input_config *conversions_of(const struct pipeline *p) {
    return &p->inputs[p->attribute.conversions];
}

START_TEST(absent) {
    struct pipeline *p = parse_good(base);
    ck_assert(!touches_of(p)->repartition.present);
    ck_assert_str_eq(touches_of(p)->topic, "tt");
    ck_assert_str_eq(touches_of(p)->source_topic, "tt");
    ck_assert_ptr_null(touches_of(p)->repartition.topic);
    pipeline_free(p);
}
END_TEST

START_TEST(in_defaults) {
    struct pipeline *p =
        parse_good(FILE_WITH("defaults: {repartition: {by: k, partitions: 4}}\n", "", "", "[k]", ""));
    const struct repartition_config *t = &touches_of(p)->repartition, *c = &conversions_of(p)->repartition;
    ck_assert(t->present && c->present);
    ck_assert_str_eq(touches_of(p)->topic, "p.t.rekeyed");
    ck_assert_str_eq(conversions_of(p)->topic, "p.c.rekeyed");
    ck_assert_str_eq(conversions_of(p)->source_topic, "cc");
    ck_assert_str_eq(t->topic, "p.t.rekeyed");
    ck_assert_str_eq(t->by.field, "k");
    ck_assert_int_eq(t->by.kind, SOURCE_TOUCH);
    ck_assert_int_eq(c->by.kind, SOURCE_CONVERSION);
    ck_assert_int_eq(t->partitions, 4);
    ck_assert_int_eq(t->retention_us, INT64_C(7) * 86400 * 1000000);
    ck_assert_int_eq(t->commit_interval_us, 100000);
    ck_assert_int_eq(t->derived_count, 0);
    ck_assert_int_eq(t->position.line, 4);
    pipeline_free(p);
}
END_TEST

START_TEST(overridden) {
    struct pipeline *p = parse_good(FILE_WITH(
        "defaults: {repartition: {by: k, partitions: 4, retention: 1d}}\n",
        ", repartition: {by: j, topic: mine, commit_interval: 1s}", ", partitioned_by: k", "[k]", ""));
    const struct repartition_config *t = &touches_of(p)->repartition;
    ck_assert_str_eq(t->by.field, "j");
    ck_assert_int_eq(t->partitions, 4);
    ck_assert_int_eq(t->retention_us, INT64_C(86400) * 1000000);
    ck_assert_int_eq(t->commit_interval_us, 1000000);
    ck_assert_str_eq(touches_of(p)->topic, "mine");
    ck_assert(!conversions_of(p)->repartition.present);
    ck_assert_str_eq(conversions_of(p)->partitioned_by, "k");
    ck_assert_str_eq(conversions_of(p)->topic, "cc");
    pipeline_free(p);
}
END_TEST

START_TEST(replaces_an_inherited_field) {
    struct pipeline *p = parse_good(
        FILE_WITH("defaults: {partitioned_by: k}\n", ", repartition: {by: k, partitions: 4}", "", "[k]", ""));
    ck_assert_ptr_null(touches_of(p)->partitioned_by);
    ck_assert(touches_of(p)->repartition.present);
    ck_assert_str_eq(conversions_of(p)->partitioned_by, "k");
    pipeline_free(p);
}
END_TEST

static void derives(const struct pipeline *p, const struct input_config *input, int n, const char *expected) {
    char text[100];
    const struct source *derived = &input->repartition.derived[n];
    ck_assert_int_lt(n, input->repartition.derived_count);
    ck_assert_int_eq(derived->kind, SOURCE_LOOKUP);
    snprintf(text, sizeof text, "%s.%s", p->lookups[derived->lookup].name, derived->field);
    ck_assert_str_eq(text, expected);
}

START_TEST(looked_up) {
    struct pipeline *p =
        parse_good(FILE_WITH("defaults: {repartition: {by: k, partitions: 4}}\n", "",
                             ", repartition: {by: u.id}", "{t: [k, v.b, l], c: [u.id, k, u.x]}", LOOKUPS));
    const struct input_config *t = touches_of(p), *c = conversions_of(p);
    ck_assert_int_eq(c->repartition.by.kind, SOURCE_LOOKUP);
    ck_assert_str_eq(c->repartition.by.field, "id");
    ck_assert_int_eq(c->repartition.derived_count, 2);
    derives(p, c, 0, "u.id");
    derives(p, c, 1, "u.x");
    ck_assert_int_eq(t->repartition.derived_count, 1);
    derives(p, t, 0, "v.b");
    ck_assert_str_eq(p->attribute.conversion_key[0], "u.id");
    ck_assert_str_eq(p->attribute.touch_key[1], "v.b");
    ck_assert(!p->lookups[0].of_touches);
    ck_assert(p->lookups[1].of_touches);
    pipeline_free(p);
}
END_TEST

START_TEST(printed) {
    struct pipeline *p =
        parse_good(FILE_WITH("defaults: {repartition: {by: k, partitions: 4}}\n", "",
                             ", repartition: {by: u.id, topic: mine}", "{t: [v.b], c: [u.id]}", LOOKUPS));
    char *once = print(p);
    pipeline_free(p);
    ck_assert_ptr_nonnull(strstr(once, "    kafka:\n      topic: tt\n"));
    ck_assert_ptr_nonnull(strstr(once, "    kafka:\n      topic: cc\n"));
    ck_assert_ptr_nonnull(strstr(once, "    repartition:\n"
                                       "      by: u.id\n"
                                       "      partitions: 4\n"
                                       "      topic: mine\n"
                                       "      retention: 7d\n"
                                       "      commit_interval: 100ms\n"));
    ck_assert_ptr_nonnull(strstr(once, "      by: k\n"));
    ck_assert_ptr_nonnull(strstr(once, "  key: {t: [v.b], c: [u.id]}\n"));
    p = parse_good(once);
    char *twice = print(p);
    ck_assert_str_eq(once, twice);
    pipeline_free(p);
    free(once);
    free(twice);
}
END_TEST

START_TEST(plain_mistakes) {
    static const struct trial trials[] = {
        {"field: at}}\n  c", "field: at}, repartition: {partitions: 4}}\n  c",
         "p.yaml:6:46: \"inputs.t.repartition.by\" is missing\n"
         "  hint: for example: by: user_id, here or under \"defaults\"\n"},
        {"field: at}}\n  c", "field: at}, repartition: {by: k}}\n  c",
         "p.yaml:6:46: \"inputs.t.repartition.partitions\" is missing\n"
         "  hint: for example: partitions: 4, here or under \"defaults\"\n"},
        {"version: 1", "version: 1\ndefaults: {repartition: {partitions: 4}}",
         "p.yaml:2:12: \"inputs.t.repartition.by\" is missing\n"
         "  hint: for example: by: user_id, here or under \"defaults\"\n"
         "p.yaml:2:12: \"inputs.c.repartition.by\" is missing\n"
         "  hint: for example: by: user_id, here or under \"defaults\"\n"},
        {"version: 1", "version: 1\ndefaults: {repartition: {by: k, partitions: 0}}",
         "p.yaml:2:45: \"defaults.repartition.partitions\" must be a whole number from 1 to 10000, not "
         "\"0\"\n"
         "  hint: for example: partitions: 4\n"},
        {"version: 1", "version: 1\ndefaults: {repartition: {by: _key, partitions: 4}}",
         "p.yaml:2:30: \"defaults.repartition.by\" must be a field such as user_id, or a column of a lookup "
         "such as users.id, not \"_key\"\n"
         "  hint: for example: by: user_id\n"},
        {"field: at}}\n  c", "field: at}, repartition: 4}\n  c",
         "p.yaml:6:59: \"inputs.t.repartition\" must be a map, not \"4\"\n"
         "  hint: for example: repartition: {by: user_id, partitions: 4}\n"},
        {"field: at}}\n  c", "field: at}, repartition: {by: k, partitions: 4}, partitioned_by: k}\n  c",
         "p.yaml:6:46: \"repartition\" and \"partitioned_by\" are both there\n"
         "  hint: take \"partitioned_by\" out: the copies that \"repartition\" makes are what is joined, and "
         "their keys are its own\n"},
        {"version: 1", "version: 1\ndefaults: {partitioned_by: k, repartition: {by: k, partitions: 4}}",
         "p.yaml:2:31: \"repartition\" and \"partitioned_by\" are both there\n"
         "  hint: take \"partitioned_by\" out: the copies that \"repartition\" makes are what is joined, and "
         "their keys are its own\n"},
        {"field: at}}\n  c: {kafka: {topic: cc}, time: {field: at}}",
         "field: at}, repartition: {by: k, partitions: 4}}\n"
         "  c: {kafka: {topic: cc}, time: {field: at}, repartition: {by: k, partitions: 8}}",
         "p.yaml:7:46: the input \"t\" is copied into 4 partitions and the input \"c\" into 8: a conversion "
         "would not find its touches\n"
         "  hint: give both the same number, for instance under \"defaults.repartition\"\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(topics) {
    static const struct trial trials[] = {
        {"field: at}}\n  c", "field: at}, repartition: {by: k, partitions: 4, topic: tt}}\n  c",
         "p.yaml:6:46: the input \"t\" is copied into the topic that the input \"t\" reads\n"
         "  hint: choose another \"inputs.t.repartition.topic\"\n"},
        {"field: at}}\n  c", "field: at}, repartition: {by: k, partitions: 4, topic: cc}}\n  c",
         "p.yaml:6:46: the input \"t\" is copied into the topic that the input \"c\" reads\n"
         "  hint: choose another \"inputs.t.repartition.topic\"\n"},
        {"version: 1", "version: 1\ndefaults: {repartition: {by: k, partitions: 4, topic: x}}",
         "p.yaml:2:12: the input \"c\" is copied into the topic that the input \"t\" is copied into as well\n"
         "  hint: choose another \"inputs.c.repartition.topic\"\n"},
        {"field: at}}\n  c", "field: at}, repartition: {by: k, partitions: 4, topic: p.changelog}}\n  c",
         "p.yaml:6:3: the changelog is the topic that the input \"t\" is copied into\n"
         "  hint: choose another \"changelog.topic\"\n"},
        {"version: 1",
         "version: 1\ndefaults: {repartition: {by: k, partitions: 4}}\ndead_letters: {topic: p.c.rekeyed}",
         "p.yaml:3:23: the dead letters go to the topic that the input \"c\" is copied into\n"
         "  hint: choose another \"dead_letters.topic\"\n"},
        /* Both read one topic, however they are joined. */
        {"topic: tt}, time: {field: at}}",
         "topic: cc}, time: {field: at}, repartition: {by: k, partitions: 4}}",
         "p.yaml:7:3: the inputs \"t\" and \"c\" read the same topic\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(lookups) {
    static const struct trial trials[] = {
        {"  key: [k]", "  key: [u.id]",
         "p.yaml:11:9: a column of a lookup in the key, but the input \"t\" has no \"repartition\"\n"
         "  hint: only an input that is copied can have looked-up values in its key: inputs.t.repartition: "
         "{by: "
         "users.id, partitions: 4}\n"
         "p.yaml:11:9: a column of a lookup in the key, but the input \"c\" has no \"repartition\"\n"
         "  hint: only an input that is copied can have looked-up values in its key: inputs.c.repartition: "
         "{by: "
         "users.id, partitions: 4}\n"},
        {"  key: [k]", "  key: {t: [k], c: [w.id]}",
         "p.yaml:11:21: the key names a lookup that is not there\n"
         "  hint: a field has no dot; the lookups here: u\n"},
        {"version: 1", "version: 1\ndefaults: {repartition: {by: w.id, partitions: 4}}",
         "p.yaml:2:30: \"repartition.by\" names a lookup that is not there\n"
         "  hint: a field has no dot; the lookups here: u\n"
         "p.yaml:2:30: \"repartition.by\" names a lookup that is not there\n"
         "  hint: a field has no dot; the lookups here: u\n"},
        {"field: at}}\n  c", "field: at}, repartition: {by: u.id, partitions: 4}}\n  c",
         "p.yaml:6:64: the lookup \"u\" is needed for the key of the input \"t\", but its column \"id\" is "
         "not "
         "matched by a field of that input\n"
         "  hint: a key can be looked up by the event's own fields only; for another use of the table give "
         "it "
         "a second lookup\n"},
        {"{id: k}", "{id: t.k}",
         "p.yaml:14:29: a lookup can only be matched by fields of the conversion or columns of other "
         "lookups, not by \"t.k\"\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(lookup_of_touches) {
    assert_errors(
        "version: 1\npipeline: p\nkafka: {brokers: b}\ndefaults: {repartition: {by: v.id, partitions: 4}}\n"
        "inputs:\n  t: {kafka: {topic: tt}, time: {field: at}}\n"
        "  c: {kafka: {topic: cc}, time: {field: at}, repartition: {by: k}}\n"
        "attribute: {conversions: c, touches: t, key: [k], window: 1h}\n"
        "lookups: {v: {table: u, match: {email: t.mail}}}\n"
        "outputs: [{postgres: {table: r, primary_key: [a], columns: [a, b: v.x]}}]\n",
        "p.yaml:10:67: the lookup \"v\" is matched by fields of the touch: it gives keys, not columns\n"
        "  hint: for columns give the table a second lookup, matched by fields of the conversion\n");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("reader_repartition");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, absent);
    tcase_add_test(tests, in_defaults);
    tcase_add_test(tests, overridden);
    tcase_add_test(tests, replaces_an_inherited_field);
    tcase_add_test(tests, looked_up);
    tcase_add_test(tests, printed);
    tcase_add_test(tests, plain_mistakes);
    tcase_add_test(tests, topics);
    tcase_add_test(tests, lookups);
    tcase_add_test(tests, lookup_of_touches);
    return run_suite("config.reader_repartition", tests);
}
