/* join.c: benchmarks of what an event goes through in a worker, without Kafka and Postgres: decoded, joined,
 * kept for the changelog, made a row, checked and put into the statement's parameters; committed after each
 * 1,000 events. Ten clicks of 300 bytes to a checkout of 400; each checkout has a click among those, and six
 * or seven in its window, so that a model that shares it out makes as many rows of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/postgres_column.h"
#include "event/timestamp.h"
#include "micro.h"
#include "output/postgres.h"
#include "pipeline/batch.h"

enum { CLICKS_EACH = 10, COMMIT_EVENTS = 1000, CHANGES_MAX = 64, USERS = 1000 };

#define JUNE       INT64_C(1718600400000001) /* so that no time ends in zeros, and all texts are as long */
#define CLICK_STEP INT64_C(10000)            /* microseconds: 100 clicks a second of event time */

/* What follows `window`, the primary key and the further columns are the model's. */
static const char yaml[] =
    "version: 1\npipeline: p\nkafka: {brokers: b}\n"
    "defaults: {time: {field: at, zone: UTC, out_of_order: 15s}}\n"
    "inputs: {clicks: {kafka: {topic: t}}, checkouts: {kafka: {topic: c}}}\n"
    "attribute: {conversions: checkouts, touches: clicks, key: [user_id, product_id], window: 1m%s}\n"
    "outputs:\n"
    "  - postgres:\n"
    "      table: rows\n"
    "      write: upsert\n"
    "      primary_key: [checkout_id%s]\n"
    "      columns: [checkout_id, click_id: clicks.click_id, product_id, payment_method, total_amount,\n"
    "                shipping_address, user_agent, ip_address, checkout_time: checkouts._time,\n"
    "                click_time: clicks._time%s]\n";
static const char credits[] = ", number: attribution.touch_number, credit: attribution.credit,"
                              " amount: attribution.amount";

#define TEXT(column_name)                                                                                    \
    { .name = column_name, .type = COLUMN_VARCHAR, .typmod = -1, .cast = varchar }
#define TIME(column_name)                                                                                    \
    { .name = column_name, .type = COLUMN_TIMESTAMP, .typmod = -1, .cast = timestamp }

static char varchar[] = "pg_catalog.varchar", timestamp[] = "pg_catalog.timestamp",
            numeric[] = "pg_catalog.numeric", integer[] = "pg_catalog.int4";
static char names[][20] = {"checkout_id",      "click_id",   "product_id", "payment_method", "total_amount",
                           "shipping_address", "user_agent", "ip_address", "checkout_time",  "click_time",
                           "number",           "credit",     "amount"};
static struct catalogue_column columns[] = {
    TEXT(names[0]),
    TEXT(names[1]),
    TEXT(names[2]),
    TEXT(names[3]),
    {.name = names[4], .type = COLUMN_NUMERIC, .typmod = (5 << 16 | 2) + 4, .cast = numeric},
    TEXT(names[5]),
    TEXT(names[6]),
    TEXT(names[7]),
    TIME(names[8]),
    TIME(names[9]),
    {.name = names[10], .type = COLUMN_INT4, .typmod = -1, .cast = integer},
    {.name = names[11], .type = COLUMN_NUMERIC, .typmod = -1, .cast = numeric},
    {.name = names[12], .type = COLUMN_NUMERIC, .typmod = -1, .cast = numeric}};
static char table_name[] = "rows";
static const struct catalogue_table table = {table_name, columns, sizeof columns / sizeof *columns};

static struct pipeline *pipeline;
static struct plan *plan;
static struct join join;
static struct partition *partition;
static struct batch batch;
static struct postgres_output *output;
static int64_t events, clicks, checkouts, changelog_end;

/* --- events --- */

static const char click_format[] =
    "{\"click_id\": \"7e0ba57b-9d4c-4a5b-8f6e-%012" PRId64 "\", \"user_id\": %" PRId64 ", "
    "\"product_id\": \"0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33\", \"product\": \"Chair\", \"price\": 123.45, "
    "\"url\": \"https://shop.example/p\", \"user_agent\": \"Mozilla/5.0 (X11; Linux x86_64)\", "
    "\"ip_address\": \"198.51.100.23\", \"at\": \"%s\"}";
static const char checkout_format[] =
    "{\"checkout_id\": \"5b1f0a34-2b2e-4c57-8f0c-%012" PRId64 "\", \"user_id\": %" PRId64 ", "
    "\"product_id\": \"0c1d8a52-6a5e-4a43-9a0b-0f9f2a1c7d33\", \"payment_method\": \"credit card\", "
    "\"total_amount\": 123.45, \"shipping_address\": \"12 Some Street, Some Town\", \"billing_address\": "
    "null, "
    "\"user_agent\": \"Mozilla/5.0 (X11; Linux x86_64)\", \"ip_address\": \"198.51.100.23\", \"at\": \"%s\"}";

/* The texts of a side for as many events as there are users; of an event that comes later only its time
 * differs, and that is written over the old one. */
struct side {
    char texts[USERS][640];
    size_t len[USERS];
};
static struct side sides[2];

static void make_texts(struct side *side, const char *format) {
    for (int64_t user = 0; user < USERS; user++) {
        char time[TIMESTAMP_TEXT_MAX + 1];
        time[timestamp_format(JUNE, time)] = '\0';
        side->len[user] =
            (size_t)snprintf(side->texts[user], sizeof side->texts[user], format, user, user, time);
    }
}

static struct record record_at(struct side *side, int64_t offset, int64_t user, int64_t time_us) {
    char time[TIMESTAMP_TEXT_MAX], *text = side->texts[user];
    size_t len = side->len[user], time_len = timestamp_format(time_us, time);
    memcpy(text + len - time_len - strlen("\"}"), time, time_len);
    return (struct record){.offset = offset, .timestamp_us = time_us, .value = {text, len}};
}

static void read_click(void) {
    struct record record = record_at(&sides[0], clicks, clicks % USERS, JUNE + clicks * CLICK_STEP);
    partition_touch(partition, &record);
    clicks++;
}

static void read_checkout(void) {
    struct record record = record_at(&sides[1], checkouts, (clicks - 1) % USERS, JUNE + clicks * CLICK_STEP);
    partition_conversion(partition, &record);
    checkouts++;
}

/* --- commits --- */

/* As if the brokers had taken each block. */
static void log_changes(struct batch_part *part) {
    int64_t offsets[CHANGES_MAX];
    if (part->cut.changes->count > CHANGES_MAX) abort();
    for (int i = 0; i < part->cut.changes->count; i++) offsets[i] = changelog_end++;
    if (!partition_logged(part->partition, &part->cut, offsets)) abort();
}

static void commit(void) {
    const struct row_check check = postgres_output_check(output);
    if (!batch_take(&batch, &partition, 1, COMMIT_EVENTS)) return;
    for (int i = 0; i < batch.part_count; i++) log_changes(&batch.parts[i]);
    batch_build(&batch, &check);
    if (batch.dead_count) abort();
    int count = postgres_output_arrange(output, batch.rows, batch.row_count);
    micro_use((uint64_t)(uintptr_t)postgres_output_format(output, batch.rows, count).parameters);
    batch_commit(&batch);
    batch_reset(&batch);
}

static void read_next(void) {
    if (events++ % (CLICKS_EACH + 1) < CLICKS_EACH)
        read_click();
    else
        read_checkout();
    if (events % COMMIT_EVENTS == 0) commit();
}

/* --- benchmarks --- */

static void fail(const char *why) {
    fprintf(stderr, "micro: %s\n", why);
    exit(1);
}

/* Ends where as many touches leave as come. */
static void set_up_model(const char *model, bool shares) {
    struct error error;
    char text[2 * sizeof yaml];
    int len = snprintf(text, sizeof text, yaml, model, shares ? ", number" : "", shares ? credits : "");
    events = clicks = checkouts = changelog_end = 0;
    make_texts(&sides[0], click_format);
    make_texts(&sides[1], checkout_format);
    pipeline = pipeline_parse(text, (size_t)len, "join.c", stderr);
    if (!pipeline) exit(1);
    plan = plan_new(pipeline);
    if (!join_init(&join, plan, 12345, &error)) fail(error.message);
    join.logged = true;
    partition = partition_new(&join, 0, &PROGRESS_START(0, 0), NULL, NULL);
    batch_init(&batch, plan);
    output = postgres_output_new(plan->output, &table, &error);
    if (!output) fail(error.message);
    while (clicks * CLICK_STEP < 120 * TIME_SECOND) read_next();
}

static void set_up(void) {
    set_up_model("", false);
}

static void set_up_last(void) {
    set_up_model(", model: last", false);
}

static void set_up_linear(void) {
    set_up_model(", model: linear, credit_of: total_amount", true);
}

static void set_up_position(void) {
    set_up_model(", model: position, credit_of: total_amount", true);
}

static void set_up_time_decay(void) {
    set_up_model(", model: time_decay, credit_of: total_amount", true);
}

static void tear_down(void) {
    postgres_output_free(output);
    batch_release(&batch);
    partition_free(partition);
    join_release(&join);
    plan_free(plan);
    pipeline_free(pipeline);
}

static void run(int64_t count) {
    for (int64_t i = 0; i < count; i++) read_next();
}

const struct micro join_benchmarks[] = {
    {"join.event", run, set_up, tear_down, NULL},
    {"join.event.last", run, set_up_last, tear_down, NULL},
    {"join.event.linear", run, set_up_linear, tear_down, NULL},
    {"join.event.position", run, set_up_position, tear_down, NULL},
    {"join.event.time_decay", run, set_up_time_decay, tear_down, NULL},
    {0},
};
