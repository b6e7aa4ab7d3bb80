/* What an enquiry does without a server: as long as nothing has to be asked, it needs none; and one that
 * cannot be reached is no reason to give up. What it does with one is in tests/system/test_lookups.py. */
#include "transform/enquiry.h"

#include <poll.h>
#include <stdio.h>

#include "../postgres/tables.h"
#include "base/clock.h"
#include "values.h"

static const char yaml[] =
    "version: 1\npipeline: p\nkafka: {brokers: b}\n"
    "postgres: {url: \"postgresql://u@127.0.0.1:1/d\"}\n" /* where nobody listens */
    "defaults: {time: {field: at, format: epoch_s}}\n"
    "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}}}\n"
    "attribute: {conversions: c, touches: t, key: [user], window: 1h}\n"
    "lookups:\n"
    "  names: {table: u, match: {name: users.name}}\n"
    "  users: {table: u, match: {id: c.user}, cache: {ttl: 1h}}\n"
    "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, n: names.name]}}]\n";

enum { NAMES, USERS, LOOKUPS };

static struct catalogue_column columns[] = {
    COLUMN("id", COLUMN_INT4, -1, "pg_catalog.int4"),
    COLUMN("name", COLUMN_TEXT, -1, "pg_catalog.text"),
};
static const struct catalogue_table table = {MUTABLE("u"), columns, COUNT_OF(columns)};

struct scene {
    struct pipeline *pipeline;
    struct lookups_plan *plan;
    struct connection *connection;
    struct lookup_query *queries[LOOKUPS];
    struct enquiry *enquiry;
    struct arena arena;
    struct lookups lookups;
};

static void set(struct scene *scene) {
    struct error error;
    scene->pipeline = pipeline_parse(yaml, sizeof yaml - 1, "p.yaml", stderr);
    ck_assert_ptr_nonnull(scene->pipeline);
    scene->plan = lookups_plan_new(scene->pipeline);
    lookups_plan_column(scene->plan, NAMES, "name");
    scene->connection = connection_new(&scene->pipeline->postgres, "test");
    for (int i = 0; i < LOOKUPS; i++) {
        const struct lookup_plan *lookup = &scene->plan->items[i];
        scene->queries[i] =
            lookup_query_new(lookup->config, lookup->columns, lookup->column_count, &table, &error);
        ck_assert_ptr_nonnull(scene->queries[i]);
    }
    struct enquiry_options options = {scene->plan, scene->connection, scene->queries, 1000000};
    scene->enquiry = enquiry_new(&options);
    arena_init(&scene->arena);
    lookups_init(&scene->lookups, scene->plan, &scene->arena);
}

static void release(struct scene *scene) {
    lookups_release(&scene->lookups);
    arena_release(&scene->arena);
    enquiry_free(scene->enquiry);
    for (int i = 0; i < LOOKUPS; i++) lookup_query_free(scene->queries[i]);
    connection_free(scene->connection);
    lookups_plan_free(scene->plan);
    pipeline_free(scene->pipeline);
}

static enum enquiry_result ask(struct scene *scene, const struct value *user) {
    struct error error;
    if (user) lookups_add(&scene->lookups, user);
    enquiry_start(scene->enquiry, &scene->lookups);
    return enquiry_poll(scene->enquiry, clock_monotonic_us(), &error);
}

START_TEST(nothing_to_ask) {
    struct scene scene;
    set(&scene);
    ck_assert_int_eq(ask(&scene, NULL), ENQUIRY_DONE);
    ck_assert_int_eq(ask(&scene, &NOTHING), ENQUIRY_DONE);
    ck_assert_ptr_null(lookups_result(&scene.lookups, 0, NAMES));
    ck_assert_uint_eq(enquiry_counts(scene.enquiry, USERS).missing, 0);
    release(&scene);
    enquiry_free(NULL);
}
END_TEST

START_TEST(what_the_column_cannot_hold_is_not_asked) {
    struct scene scene;
    const struct value user = string_value("abc");
    set(&scene);
    ck_assert_int_eq(ask(&scene, &user), ENQUIRY_DONE);
    ck_assert_ptr_null(lookups_result(&scene.lookups, 0, USERS));
    struct enquiry_counts counts = enquiry_counts(scene.enquiry, USERS);
    ck_assert_uint_eq(counts.missing, 1);
    ck_assert_uint_eq(counts.found + counts.cached, 0);
    lookups_reset(&scene.lookups);
    ck_assert_int_eq(ask(&scene, &user), ENQUIRY_DONE); /* nor is it remembered */
    ck_assert_uint_eq(enquiry_counts(scene.enquiry, USERS).missing, 2);
    ck_assert_uint_eq(enquiry_counts(scene.enquiry, USERS).cached, 0);
    release(&scene);
}
END_TEST

/* Again and again, without a word to the others, and without blocking. */
START_TEST(nobody_answers) {
    struct scene scene;
    const struct value user = number_value("7");
    struct error error = {0};
    set(&scene);
    enum enquiry_result result = ask(&scene, &user);
    int64_t until = clock_monotonic_us() + 20 * INT64_C(1000000);
    for (int failures = 0; failures < 3;) {
        ck_assert_int_ne(result, ENQUIRY_DONE);
        failures += result == ENQUIRY_FAILED;
        ck_assert_int_lt(clock_monotonic_us(), until);
        poll(NULL, 0, 1);
        result = enquiry_poll(scene.enquiry, clock_monotonic_us(), &error);
        if (result == ENQUIRY_FAILED) ck_assert_int_eq(error.class, ERROR_RETRY);
    }
    ck_assert_uint_eq(enquiry_counts(scene.enquiry, USERS).missing, 0);
    release(&scene);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("enquiry");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, nothing_to_ask);
    tcase_add_test(tests, what_the_column_cannot_hold_is_not_asked);
    tcase_add_test(tests, nobody_answers);
    return suite_run("transform.enquiry", tests);
}
