#include "pipeline/plan.h"

#include "plans.h"

static void assert_names(const char *const *names, int count, const char *want) {
    char got[200] = "";
    for (int i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", names[i]);
    ck_assert_str_eq(got, want);
}

static void assert_source(const struct plan_source *source, enum source_kind kind, enum origin origin,
                          int index) {
    ck_assert_int_eq(source->kind, kind);
    ck_assert_int_eq(source->origin, origin);
    if (origin == ORIGIN_FIELD) ck_assert_int_eq(source->index, index);
}

START_TEST(the_least) {
    struct planned p = plan_of("outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n");
    assert_names(p.plan->conversion_fields, p.plan->conversion_field_count, "id");
    assert_names(p.plan->touch_fields, p.plan->touch_field_count, "");
    ck_assert_int_eq(p.plan->touch_kept_count, 0);
    ck_assert_int_eq(p.plan->lookup_count, 0);
    ck_assert_str_eq(p.plan->conversions->topic, "cc");
    ck_assert_str_eq(p.plan->touches->topic, "tt");
    ck_assert_int_eq(p.plan->window.window_us, 3600 * TIME_SECOND);
    ck_assert_int_eq(p.plan->window.lateness_us, 300 * TIME_SECOND);
    ck_assert_int_eq(p.plan->window.bucket_us, 225 * TIME_SECOND);
    ck_assert_int_eq(p.plan->primary_key[0], 0);
    planned_free(&p);
    plan_free(NULL);
}
END_TEST

/* A field that several columns want is read once, and each column finds it. */
START_TEST(fields_are_read_once) {
    struct planned p =
        plan_of("outputs: [{postgres: {table: r, primary_key: [x, id], columns: [id, a: user, b: user,"
                " c: t.click, x: c.id, d: t.click, e: t.user]}}]\n");
    assert_names(p.plan->conversion_fields, p.plan->conversion_field_count, "id user");
    assert_names(p.plan->touch_fields, p.plan->touch_field_count, "click user");
    ck_assert_int_eq(p.plan->touch_kept_count, 2);
    static const struct {
        enum source_kind kind;
        int index;
    } want[] = {{SOURCE_CONVERSION, 0}, {SOURCE_CONVERSION, 1}, {SOURCE_CONVERSION, 1}, {SOURCE_TOUCH, 0},
                {SOURCE_CONVERSION, 0}, {SOURCE_TOUCH, 0},      {SOURCE_TOUCH, 1}};
    for (int i = 0; i < COUNT_OF(want); i++)
        assert_source(&p.plan->columns[i], want[i].kind, ORIGIN_FIELD, want[i].index);
    ck_assert_int_eq(p.plan->primary_key[0], 4); /* in the order of the key, not of the columns */
    ck_assert_int_eq(p.plan->primary_key[1], 0);
    planned_free(&p);
}
END_TEST

/* The record's own values are no fields of it. */
START_TEST(the_records_own) {
    struct planned p = plan_of(
        "outputs: [{postgres: {table: r, write: append, columns: [a: _time, b: _partition, c: _offset,"
        " d: _timestamp, e: _key, f: t._time, g: t._partition, h: t._offset, nothing]}}]\n");
    static const enum origin want[] = {ORIGIN_TIME,      ORIGIN_PARTITION, ORIGIN_OFFSET,
                                       ORIGIN_TIMESTAMP, ORIGIN_KEY,       ORIGIN_TIME,
                                       ORIGIN_PARTITION, ORIGIN_OFFSET,    ORIGIN_FIELD};
    for (int i = 0; i < COUNT_OF(want); i++)
        assert_source(&p.plan->columns[i], i >= 5 && i < 8 ? SOURCE_TOUCH : SOURCE_CONVERSION, want[i], 0);
    assert_names(p.plan->conversion_fields, p.plan->conversion_field_count, "nothing");
    ck_assert_int_eq(p.plan->touch_kept_count, 0);
    ck_assert(!p.plan->keeps_timestamp && !p.plan->keeps_key);
    planned_free(&p);
}
END_TEST

/* Of a touch's own values, timestamp and key must be kept with it, behind its fields. */
START_TEST(what_is_kept_of_a_touch) {
    static const struct {
        const char *columns;
        int kept, timestamp, key; /* index among the kept, -1 for none */
    } cases[] = {{"t.a, b: t._timestamp", 2, 1, -1},
                 {"t.a, b: t._key", 2, -1, 1},
                 {"k: t._key, s: t._timestamp", 2, 0, 1},
                 {"k: t._key, s: t._timestamp, x: t.a, y: t.b, z: t._key", 4, 2, 3}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char yaml[300];
        snprintf(yaml, sizeof yaml, "outputs: [{postgres: {table: r, write: append, columns: [id, %s%s]}}]\n",
                 strncmp(cases[i].columns, "t.a", 3) ? "" : "q: ", cases[i].columns);
        struct planned p = plan_of(yaml);
        ck_assert_int_eq(p.plan->touch_kept_count, cases[i].kept);
        ck_assert_int_eq(p.plan->keeps_timestamp, cases[i].timestamp >= 0);
        ck_assert_int_eq(p.plan->keeps_key, cases[i].key >= 0);
        for (int c = 1; c < p.plan->output->column_count; c++) {
            const struct plan_source *column = &p.plan->columns[c];
            if (column->origin == ORIGIN_TIMESTAMP) ck_assert_int_eq(column->index, cases[i].timestamp);
            if (column->origin == ORIGIN_KEY) ck_assert_int_eq(column->index, cases[i].key);
        }
        planned_free(&p);
    }
}
END_TEST

START_TEST(lookups) {
    struct planned p = plan_of(
        "lookups:\n  users: {table: u, match: {id: c.user}}\n"
        "  places: {table: q, match: {city: town, day: c._time}}\n"
        "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, a: users.name, b: places.zip,"
        " c: users.mail, d: users.name]}}]\n");
    ck_assert_int_eq(p.plan->lookup_count, 2);
    const struct lookup_plan *users = &p.plan->lookups[0], *places = &p.plan->lookups[1];
    assert_names(users->columns, users->column_count, "name mail");
    assert_names(places->columns, places->column_count, "zip");
    assert_names(p.plan->conversion_fields, p.plan->conversion_field_count, "user town id");
    ck_assert_int_eq(p.plan->asking->value_count, 3);
    assert_source(&p.plan->asked[users->match[0].index], SOURCE_CONVERSION, ORIGIN_FIELD, 0);
    assert_source(&p.plan->asked[places->match[0].index], SOURCE_CONVERSION, ORIGIN_FIELD, 1);
    assert_source(&p.plan->asked[places->match[1].index], SOURCE_CONVERSION, ORIGIN_TIME, 0);
    static const int lookup[] = {0, 1, 0, 0}, index[] = {0, 0, 1, 0};
    for (int i = 0; i < 4; i++) {
        assert_source(&p.plan->columns[i + 1], SOURCE_LOOKUP, ORIGIN_FIELD, index[i]);
        ck_assert_int_eq(p.plan->columns[i + 1].lookup, lookup[i]);
    }
    planned_free(&p);
}
END_TEST

/* Each behind those that it is matched by, wherever it stands in the file; a column that only the chain needs
 * is fetched too. */
START_TEST(chained_lookups) {
    struct planned p = plan_of(
        "lookups:\n  c3: {table: u, match: {id: c2.id, at: c._time}}\n  one: {table: o, match: {k: user}}\n"
        "  c2: {table: u, match: {id: c1.id, again: c1.id, name: one.name}}\n"
        "  c1: {table: u, match: {mail: c.mail}}\n"
        "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, a: c3.name, b: c1.city]}}]\n");
    static const char *const columns[] = {"name", "name", "id", "id city"};
    static const int order[] = {1, 3, 2, 0};
    const struct lookups_plan *asking = p.plan->asking;
    ck_assert_int_eq(asking->order_count, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(asking->order[i], order[i]);
        assert_names(asking->items[i].columns, asking->items[i].column_count, columns[i]);
    }
    const struct lookup_part *match = asking->items[2].match;
    static const struct lookup_part wanted[] = {{3, 0}, {3, 0}, {1, 0}};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(match[i].lookup, wanted[i].lookup);
        ck_assert_int_eq(match[i].index, wanted[i].index);
    }
    ck_assert_int_eq(asking->items[0].match[1].lookup, -1);
    assert_source(&p.plan->asked[asking->items[0].match[1].index], SOURCE_CONVERSION, ORIGIN_TIME, 0);
    planned_free(&p);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("plan");
    tcase_add_test(tests, the_least);
    tcase_add_test(tests, fields_are_read_once);
    tcase_add_test(tests, the_records_own);
    tcase_add_test(tests, what_is_kept_of_a_touch);
    tcase_add_test(tests, lookups);
    tcase_add_test(tests, chained_lookups);
    return suite_run("pipeline.plan", tests);
}
