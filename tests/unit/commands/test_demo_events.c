#include "commands/demo_events.h"

#include <yyjson.h>

#include "../suite.h"
#include "base/hash.h"
#include "base/time.h"
#include "config/quantity.h"

#define HOUR (3600 * TIME_SECOND)

static struct demo demo_of(uint64_t clicks, uint64_t checkouts, uint32_t users, uint32_t products) {
    struct error error = {0};
    struct demo demo = {.seed = 1,
                        .clicks = clicks,
                        .checkouts = checkouts,
                        .users = users,
                        .products = products,
                        .start_us = INT64_C(1718600400) * TIME_SECOND,
                        .span_us = 2 * HOUR,
                        .disorder_us = 5 * TIME_SECOND,
                        .follow_us = 50 * 60 * TIME_SECOND};
    ck_assert_msg(demo_prepare(&demo, &error), "%s", error.message);
    return demo;
}

/* Hash of all lines of a small shop: the same on every machine, and a change of it is a change of everybody's
 * demo data. */
START_TEST(the_seed_decides) {
    struct demo demo = demo_of(500, 100, 100, 50);
    struct buffer text;
    buffer_init(&text);
    for (uint64_t i = 0; i < 500; i++) demo_click(&demo, i, demo_click_place(&demo, i), &text);
    for (uint64_t i = 0; i < 100; i++) demo_checkout(&demo, i, demo_checkout_place(&demo, i), &text);
    for (uint32_t i = 0; i < 100; i++) demo_user(&demo, i, &text);
    uint64_t hash = hash_bytes(text.data, text.len);
    ck_assert_msg(hash == UINT64_C(0x55612eb55866b562), "0x%llx", (unsigned long long)hash);

    size_t len = text.len;
    buffer_clear(&text);
    demo.seed = 2;
    for (uint64_t i = 0; i < 500; i++) demo_click(&demo, i, demo_click_place(&demo, i), &text);
    ck_assert_uint_lt(text.len, len);
    ck_assert_uint_ne(hash_bytes(text.data, text.len), hash);
    buffer_release(&text);
}
END_TEST

/* Any event can be made without those before it. */
START_TEST(order_does_not_matter) {
    struct demo demo = demo_of(10000, 1000, 100, 50);
    struct buffer a, b;
    buffer_init(&a);
    buffer_init(&b);
    for (uint64_t i = 0; i < 50; i++) {
        buffer_clear(&a);
        demo_checkout(&demo, i, demo_checkout_place(&demo, i), &a);
        demo_click(&demo, 49 - i, demo_click_place(&demo, 49 - i), &b);
        buffer_clear(&b);
        demo_checkout(&demo, i, demo_checkout_place(&demo, i), &b);
        ck_assert(span_equal(buffer_view(&a), buffer_view(&b)));
    }
    buffer_release(&a);
    buffer_release(&b);
}
END_TEST

static yyjson_doc *parse(struct buffer *json) {
    yyjson_doc *document = yyjson_read(json->data, json->len, YYJSON_READ_NUMBER_AS_RAW);
    ck_assert_msg(document != NULL, "%.*s", SPAN_ARGS(buffer_view(json)));
    return document;
}

static void assert_fields(yyjson_doc *document, const char *const *names, size_t count) {
    yyjson_val *object = yyjson_doc_get_root(document), *key;
    yyjson_obj_iter fields = yyjson_obj_iter_with(object);
    ck_assert_uint_eq(yyjson_obj_size(object), count);
    for (size_t i = 0; i < count; i++) {
        key = yyjson_obj_iter_next(&fields);
        ck_assert_str_eq(yyjson_get_str(key), names[i]);
    }
}

static const char *text_of(yyjson_doc *document, const char *field) {
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(document), field);
    return yyjson_is_raw(value) ? yyjson_get_raw(value) : yyjson_get_str(value);
}

/* The number's text, up to its end: raw numbers are views of the whole document. */
static double number_of(yyjson_doc *document, const char *field, int decimals) {
    yyjson_val *value = yyjson_obj_get(yyjson_doc_get_root(document), field);
    ck_assert(yyjson_is_raw(value));
    const char *text = yyjson_get_raw(value), *point = memchr(text, '.', yyjson_get_len(value));
    if (decimals) ck_assert_int_eq(text + yyjson_get_len(value) - point - 1, decimals);
    if (!decimals) ck_assert_ptr_null(point);
    return strtod(text, NULL);
}

static void assert_uuid(const char *text) {
    ck_assert_uint_eq(strlen(text), 36);
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        ck_assert(dash ? text[i] == '-' : strchr("0123456789abcdef", text[i]) != NULL);
    }
    ck_assert_int_eq(text[14], '4');
    ck_assert_ptr_nonnull(strchr("89ab", text[19]));
}

static void assert_time(yyjson_doc *document, int64_t time_us, int64_t place_us, int64_t disorder_us) {
    int64_t read;
    const char *text = text_of(document, "datetime_occured");
    ck_assert_uint_eq(strlen(text), strlen("2024-06-17 05:00:00.123"));
    ck_assert_int_eq(quantity_instant(text, &read), QUANTITY_OK);
    ck_assert_int_eq(read, time_us);
    ck_assert_int_le(time_us, place_us);
    ck_assert_int_gt(time_us, place_us - disorder_us - 1000);
}

START_TEST(clicks_have_the_right_shape) {
    static const char *const names[] = {"click_id", "user_id",    "product_id", "product",         "price",
                                        "url",      "user_agent", "ip_address", "datetime_occured"};
    struct demo demo = demo_of(10000, 1000, 100, 50);
    struct buffer json;
    buffer_init(&json);
    for (uint64_t i = 0; i < 10000; i += 7) {
        buffer_clear(&json);
        struct demo_event event = demo_click(&demo, i, demo_click_place(&demo, i), &json);
        yyjson_doc *document = parse(&json);
        assert_fields(document, names, COUNT_OF(names));
        assert_uuid(text_of(document, "click_id"));
        assert_uuid(text_of(document, "product_id"));
        ck_assert_int_eq((int)number_of(document, "user_id", 0), (int)event.user);
        ck_assert_uint_le(event.user, 100);
        double price = number_of(document, "price", 2);
        ck_assert(price > 0 && price < 1000);
        ck_assert_int_eq(strncmp(text_of(document, "url"), "https://", 8), 0);
        assert_time(document, event.time_us, demo_click_place(&demo, i), demo.disorder_us);
        yyjson_doc_free(document);
    }
    buffer_release(&json);
}
END_TEST

START_TEST(checkouts_have_the_right_shape) {
    static const char *const names[] = {
        "checkout_id",      "user_id",         "product_id", "payment_method", "total_amount",
        "shipping_address", "billing_address", "user_agent", "ip_address",     "datetime_occured"};
    struct demo demo = demo_of(10000, 1000, 100, 50);
    struct buffer json;
    buffer_init(&json);
    for (uint64_t i = 0; i < 1000; i++) {
        buffer_clear(&json);
        struct demo_event event = demo_checkout(&demo, i, demo_checkout_place(&demo, i), &json);
        yyjson_doc *document = parse(&json);
        assert_fields(document, names, COUNT_OF(names));
        assert_uuid(text_of(document, "checkout_id"));
        ck_assert_int_eq((int)number_of(document, "user_id", 0), (int)event.user);
        double amount = number_of(document, "total_amount", 2);
        ck_assert(amount > 0 && amount < 1000);
        ck_assert_ptr_nonnull(strchr(text_of(document, "shipping_address"), '\n'));
        ck_assert_ptr_nonnull(strchr(text_of(document, "billing_address"), '\n'));
        assert_time(document, event.time_us, demo_checkout_place(&demo, i), demo.disorder_us);
        yyjson_doc_free(document);
    }
    buffer_release(&json);
}
END_TEST

struct touch {
    char key[64]; /* user and product */
    int64_t time_us;
};

static int compare_touches(const void *a, const void *b) {
    const struct touch *x = a, *y = b;
    int keys = strcmp(x->key, y->key);
    return keys ? keys : (x->time_us > y->time_us) - (x->time_us < y->time_us);
}

static void take_key(struct buffer *json, uint32_t user, char key[64]) {
    yyjson_doc *document = parse(json);
    snprintf(key, 64, "%u %s", user, text_of(document, "product_id"));
    yyjson_doc_free(document);
}

static struct touch *all_clicks(const struct demo *demo) {
    struct touch *touches = calloc(demo->clicks, sizeof *touches);
    struct buffer json;
    buffer_init(&json);
    for (uint64_t i = 0; i < demo->clicks; i++) {
        buffer_clear(&json);
        struct demo_event event = demo_click(demo, i, demo_click_place(demo, i), &json);
        touches[i].time_us = event.time_us;
        take_key(&json, event.user, touches[i].key);
    }
    buffer_release(&json);
    qsort(touches, demo->clicks, sizeof *touches, compare_touches);
    return touches;
}

struct shares {
    int follows, several, too_old_only, never, guest, kinds[4];
};

/* How many clicks of its key lie in the hour before a checkout, and how many before that. */
static void count_clicks(const struct demo *demo, const struct touch *touches, const struct touch *checkout,
                         int *inside, int *before) {
    *inside = *before = 0;
    size_t low = 0, high = demo->clicks;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(touches[middle].key, checkout->key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < demo->clicks && strcmp(touches[low].key, checkout->key) == 0; low++) {
        if (touches[low].time_us > checkout->time_us) continue;
        if (touches[low].time_us >= checkout->time_us - HOUR)
            ++*inside;
        else
            ++*before;
    }
}

static struct shares measure(const struct demo *demo) {
    struct shares shares = {0};
    struct touch *touches = all_clicks(demo), checkout;
    struct buffer json;
    buffer_init(&json);
    for (uint64_t i = 0; i < demo->checkouts; i++) {
        int inside, before;
        buffer_clear(&json);
        struct demo_event event = demo_checkout(demo, i, demo_checkout_place(demo, i), &json);
        checkout.time_us = event.time_us;
        take_key(&json, event.user, checkout.key);
        count_clicks(demo, touches, &checkout, &inside, &before);
        shares.kinds[event.kind]++;
        shares.follows += inside > 0;
        shares.several += inside > 1;
        shares.too_old_only += !inside && before;
        shares.never += !inside && !before;
        shares.guest += event.user == demo->users;
        /* what each kind promises */
        if (event.kind == DEMO_FOLLOWS) ck_assert_int_gt(inside, 0);
        if (event.kind == DEMO_TOO_OLD) ck_assert(!inside && before);
        if (event.kind == DEMO_NEVER_CLICKED) ck_assert(!inside && !before);
    }
    buffer_release(&json);
    free(touches);
    return shares;
}

START_TEST(the_default_shop_has_all_kinds) {
    struct demo demo = demo_of(10000, 1000, 100, 50);
    struct shares shares = measure(&demo);
    ck_assert_int_ge(shares.follows, 650);
    ck_assert_int_le(shares.follows, 850);
    ck_assert_int_ge(shares.several, 200);
    ck_assert_int_ge(shares.too_old_only, 30);
    ck_assert_int_ge(shares.never, 100);
    ck_assert_int_ge(shares.guest, 3);
}
END_TEST

START_TEST(other_shops_too) {
    static const struct {
        uint64_t clicks, checkouts;
        uint32_t users, products;
    } shops[] = {{20000, 2000, 10000, 1000}, {30000, 1000, 3, 4}, {500, 3000, 50, 20}};
    for (int i = 0; i < COUNT_OF(shops); i++) {
        struct demo demo = demo_of(shops[i].clicks, shops[i].checkouts, shops[i].users, shops[i].products);
        struct shares shares = measure(&demo);
        int tenth = (int)shops[i].checkouts / 10;
        ck_assert_int_ge(shares.follows, 6 * tenth);
        ck_assert_int_ge(shares.several, tenth);
        ck_assert_int_ge(shares.too_old_only, tenth / 4);
        ck_assert_int_ge(shares.never, tenth);
    }
}
END_TEST

/* The smallest shops have nothing to be rare or repeated, and work. */
START_TEST(tiny_shops_work) {
    for (uint32_t products = 1; products <= 5; products++) {
        for (uint64_t clicks = 1; clicks <= 120; clicks += 17) {
            struct demo demo = demo_of(clicks, 9, 1, products);
            measure(&demo);
        }
    }
}
END_TEST

START_TEST(impossible_shops_are_refused) {
    struct demo good = demo_of(10, 10, 10, 10);
    for (int i = 0; i < 6; i++) {
        struct error error = {.class = ERROR_FATAL};
        struct demo demo = good;
        if (i == 0) demo.users = 0;
        if (i == 1) demo.products = 0;
        if (i == 2) demo.clicks = 0;
        if (i == 3) demo.checkouts = 0;
        if (i == 4) demo.span_us = 0;
        if (i == 5) demo.start_us = 0;
        ck_assert(!demo_prepare(&demo, &error));
        ck_assert_int_eq(error.class, ERROR_CONFIG);
    }
}
END_TEST

START_TEST(users_are_three_plain_columns) {
    struct demo demo = demo_of(10, 10, 100, 10);
    struct buffer csv;
    buffer_init(&csv);
    for (uint32_t i = 0; i < 100; i++) {
        char name[16];
        int commas = 0;
        buffer_clear(&csv);
        demo_user(&demo, i, &csv);
        snprintf(name, sizeof name, "%u,", i);
        ck_assert_int_eq(strncmp(buffer_string(&csv), name, strlen(name)), 0);
        for (size_t j = 0; j < csv.len; j++) {
            commas += csv.data[j] == ',';
            ck_assert_ptr_null(strchr("\"\r\n", csv.data[j]));
        }
        ck_assert_int_eq(commas, 2);
    }
    buffer_release(&csv);
}
END_TEST

/* The years around leap days and centuries, and midnight. */
START_TEST(dates_are_civil) {
    static const char *const days[] = {
        "1970-01-02 00:00:00.000", "1999-12-31 23:59:59.999", "2000-02-29 12:00:00.001",
        "2000-03-01 00:00:00.000", "2024-02-29 23:59:59.999", "2024-12-31 00:00:00.000",
        "2100-02-28 01:02:03.004", "2100-03-01 00:00:00.000", "9999-12-31 23:59:59.999"};
    struct demo demo = demo_of(10, 10, 10, 10);
    struct buffer json;
    demo.disorder_us = 0;
    buffer_init(&json);
    for (int i = 0; i < COUNT_OF(days); i++) {
        int64_t time_us;
        ck_assert_int_eq(quantity_instant(days[i], &time_us), QUANTITY_OK);
        buffer_clear(&json);
        demo_click(&demo, 3, time_us, &json);
        ck_assert_msg(strstr(buffer_string(&json), days[i]) != NULL, "%s: %s", days[i], buffer_string(&json));
    }
    buffer_release(&json);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("demo_events");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_seed_decides);
    tcase_add_test(tests, order_does_not_matter);
    tcase_add_test(tests, clicks_have_the_right_shape);
    tcase_add_test(tests, checkouts_have_the_right_shape);
    tcase_add_test(tests, the_default_shop_has_all_kinds);
    tcase_add_test(tests, other_shops_too);
    tcase_add_test(tests, tiny_shops_work);
    tcase_add_test(tests, impossible_shops_are_refused);
    tcase_add_test(tests, users_are_three_plain_columns);
    tcase_add_test(tests, dates_are_civil);
    return suite_run("commands.demo_events", tests);
}
