/* A chain of lookups over events, answered by hand and from tables in memory. */
#include "transform/lookups.h"

#include <stdio.h>

#include "transform/lookup_table.h"
#include "values.h"

/* In the file the last of the chain stands first. */
static const char yaml[] =
    "version: 1\npipeline: p\nkafka: {brokers: b}\n"
    "defaults: {time: {field: at, format: epoch_s}}\n"
    "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}}}\n"
    "attribute: {conversions: c, touches: t, key: [user], window: 1h}\n"
    "lookups:\n"
    "  names: {table: n, match: {user_id: accounts.id, region: c.region}, missing: drop}\n"
    "  accounts: {table: a, match: {email: c.email}, missing: dead_letter}\n"
    "  lone: {table: l, match: {k: c.region}}\n"
    "outputs: [{postgres: {table: r, primary_key: [id], columns: [id]}}]\n";

enum { NAMES, ACCOUNTS, LONE };

struct scene {
    struct pipeline *pipeline;
    struct lookups_plan *plan;
    struct arena arena;
    struct lookups lookups;
    int name; /* column */
};

static void set(struct scene *scene) {
    scene->pipeline = pipeline_parse(yaml, sizeof yaml - 1, "p.yaml", stderr);
    ck_assert_ptr_nonnull(scene->pipeline);
    scene->plan = lookups_plan_new(scene->pipeline);
    scene->name = lookups_plan_column(scene->plan, NAMES, "name");
    arena_init(&scene->arena);
    lookups_init(&scene->lookups, scene->plan, &scene->arena);
}

static void release(struct scene *scene) {
    lookups_release(&scene->lookups);
    arena_release(&scene->arena);
    lookups_plan_free(scene->plan);
    pipeline_free(scene->pipeline);
}

static void add(struct scene *scene, const char *email, const char *region) {
    struct value values[2];
    for (int i = 0; i < scene->plan->value_count; i++)
        values[i] = string_value(strcmp(scene->plan->values[i]->field, "email") == 0 ? email : region);
    lookups_add(&scene->lookups, values);
}

/* What names.name is for an event: a text, or "none" without a row. */
static void assert_name(const struct scene *scene, int event, const char *want) {
    const struct value *row = lookups_result(&scene->lookups, event, NAMES);
    if (!row)
        ck_assert_str_eq("none", want);
    else
        assert_string(row[scene->name], want);
}

START_TEST(only_what_is_wanted_is_asked) {
    struct scene scene;
    set(&scene);
    ck_assert_int_eq(scene.plan->order_count, 2);
    ck_assert_int_eq(scene.plan->order[0], ACCOUNTS);
    ck_assert_int_eq(scene.plan->order[1], NAMES);
    ck_assert_int_eq(scene.plan->value_count, 2);
    ck_assert(!scene.plan->items[LONE].wanted);
    ck_assert_int_eq(lookups_plan_column(scene.plan, NAMES, "name"), scene.name); /* each once */
    lookups_plan_want(scene.plan, LONE);
    ck_assert_int_eq(scene.plan->order_count, 3);
    ck_assert_int_eq(scene.plan->value_count, 2); /* it needs nothing new of an event */
    release(&scene);
}
END_TEST

START_TEST(a_chain_answered_by_hand) {
    struct scene scene;
    set(&scene);
    add(&scene, "a@x", "eu");
    add(&scene, "b@x", "eu");
    add(&scene, "a@x", "us");
    add(&scene, NULL, "eu");
    add(&scene, "c@x", "eu");
    add(&scene, "d@x", "eu");
    struct lookup_batch *accounts = lookups_ask(&scene.lookups, ACCOUNTS);
    ck_assert_int_eq(accounts->count, 4);
    const struct value seven = string_value("7"), nothing = NOTHING;
    lookup_batch_answer(accounts, 0, &seven);
    lookup_batch_answer_none(accounts, 1);
    lookup_batch_answer(accounts, 2, &nothing);
    lookup_batch_answer(accounts, 3, &seven);
    struct lookup_batch *names = lookups_ask(&scene.lookups, NAMES);
    ck_assert_int_eq(names->count, 2); /* (7, eu) of two events, (7, us) */
    ck_assert_ptr_eq(lookups_ask(&scene.lookups, NAMES), names);
    ck_assert_int_eq(names->count, 2);
    ck_assert_int_eq(names->open, 2);
    for (int q = 0; q < 2; q++) {
        const struct value name = string_value(span_is(lookup_batch_key(names, q)[1].text, "eu") ? "E" : "U");
        lookup_batch_answer(names, q, &name);
    }
    static const char *const wanted[] = {"E", "none", "U", "none", "none", "E"};
    /* missing: of accounts a dead letter, of names drop */
    static const int missing[] = {-1, ACCOUNTS, -1, ACCOUNTS, NAMES, -1};
    for (int event = 0; event < COUNT_OF(wanted); event++) {
        assert_name(&scene, event, wanted[event]);
        ck_assert_int_eq(lookups_missing(&scene.lookups, event), missing[event]);
    }
    release(&scene);
}
END_TEST

static struct lookup_table *table_of(const struct lookup_plan *lookup, int rows, const char *format) {
    struct lookup_table *table = lookup_table_new(lookup->config->match_columns, lookup->config->match_count,
                                                  lookup->columns, lookup->column_count);
    for (int i = 0; i < rows; i++) {
        static const struct span names[] = {
            {"email", 5}, {"id", 2}, {"user_id", 7}, {"region", 6}, {"name", 4}};
        char email[20], id[20], name[20];
        snprintf(email, sizeof email, "%d@x", i);
        snprintf(id, sizeof id, "%d", i * 10);
        snprintf(name, sizeof name, format, i);
        const struct value values[] = {string_value(email), number_value(id), string_value(id),
                                       string_value("eu"), string_value(name)};
        lookup_table_add(table, names, values, 5);
    }
    return table;
}

/* More than its first memory holds, twice, with another set of events the second time. */
START_TEST(many_events_twice_from_tables) {
    enum { EVENTS = 1000, ACCOUNT_ROWS = 400, NAME_ROWS = 300 };
    static char emails[EVENTS][16];
    struct scene scene;
    set(&scene);
    struct lookup_table *tables[] = {[NAMES] = table_of(&scene.plan->items[NAMES], NAME_ROWS, "n%d"),
                                     [ACCOUNTS] = table_of(&scene.plan->items[ACCOUNTS], ACCOUNT_ROWS, ""),
                                     [LONE] = NULL};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < EVENTS; i++) {
            snprintf(emails[i], sizeof emails[i], "%d@x", (i + round) % 500);
            add(&scene, emails[i], i % 2 ? "us" : "eu");
        }
        lookup_tables_answer(tables, &scene.lookups);
        ck_assert_int_eq(scene.lookups.batches[ACCOUNTS].count, 500);
        for (int i = 0; i < EVENTS; i++) {
            int n = (i + round) % 500;
            char want[20] = "none";
            if (n < NAME_ROWS && i % 2 == 0) snprintf(want, sizeof want, "n%d", n);
            assert_name(&scene, i, want);
            ck_assert_int_eq(lookups_missing(&scene.lookups, i), n >= ACCOUNT_ROWS         ? ACCOUNTS
                                                                 : n >= NAME_ROWS || i % 2 ? NAMES
                                                                                           : -1);
        }
        lookups_reset(&scene.lookups);
        arena_reset(&scene.arena);
    }
    for (int i = 0; i < 3; i++) lookup_table_free(tables[i]);
    release(&scene);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lookups");
    tcase_add_test(tests, only_what_is_wanted_is_asked);
    tcase_add_test(tests, a_chain_answered_by_hand);
    tcase_add_test(tests, many_events_twice_from_tables);
    return suite_run("transform.lookups", tests);
}
