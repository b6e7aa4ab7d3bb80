#include "commands/demo_events.h"

#include <string.h>

#include "base/time.h"
#include "commands/demo_words.h"

enum {
    SHARE_FOLLOWS = 70, /* per cent of the checkouts */
    SHARE_TOO_OLD = 10,
    SHARE_NEVER_CLICKED = 10,
    SHARE_REPEATS = 25, /* per cent of the clicks */
    MIN_TAIL_STEP = 50, /* at most 2 % of the clicks are on rare products */
    GUEST_ONE_IN = 200, /* events of the guest, at the least */
    MAX_EVENT = 2048,   /* bytes; the longest there can be has about 900 */
};

#define MINUTE       (60 * TIME_SECOND)
#define WINDOW       (60 * MINUTE) /* of the pipeline that these events are for */
#define TOO_OLD_FROM (61 * MINUTE)
#define TOO_OLD_TO   (110 * MINUTE)
#define RARE_CYCLE   (180 * MINUTE) /* how long nobody clicks the same rare product again */
#define REPEAT_SPAN  (30 * MINUTE)

/* What a random number is for, so that one choice never depends on how many others were made before. */
enum purpose { CLICK, CLICK_ID, CLICK_PAIR, CLICK_REPEAT, CHECKOUT, CHECKOUT_ID, PRODUCT, PRODUCT_ID, USER };

struct dice {
    uint64_t state;
};

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct dice dice_for(const struct demo *demo, enum purpose purpose, uint64_t number) {
    uint64_t stream = mix(demo->seed + UINT64_C(0x9e3779b97f4a7c15) * ((uint64_t)purpose + 1));
    return (struct dice){mix(stream ^ (number * UINT64_C(0xd1342543de82ef95) + 1))};
}

/* splitmix64 */
static uint64_t roll(struct dice *dice) {
    return mix(dice->state += UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t scale(uint64_t value, uint64_t times, uint64_t over) {
    return (uint64_t)((unsigned __int128)value * times / over);
}

/* 0 <= result < n */
static uint64_t below64(struct dice *dice, uint64_t n) {
    return (uint64_t)(((unsigned __int128)roll(dice) * n) >> 64);
}

static uint32_t below(struct dice *dice, uint32_t n) {
    return (uint32_t)below64(dice, n);
}

static bool chance(struct dice *dice, uint32_t per_cent) {
    return below(dice, 100) < per_cent;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool check(const struct demo *demo, struct error *error) {
    if (demo->users < 1 || demo->products < 1)
        return error_set(error, ERROR_CONFIG, "a shop needs at least one user and one product");
    if (demo->clicks < 1 || demo->checkouts < 1)
        return error_set(error, ERROR_CONFIG, "a shop needs at least one click and one checkout");
    if (demo->span_us < TIME_SECOND || demo->disorder_us < 0 || demo->follow_us < 0)
        return error_set(error, ERROR_CONFIG, "a shop needs at least a second of time");
    if (demo->start_us < demo->disorder_us)
        return error_set(error, ERROR_CONFIG, "the events would begin before 1970");
    return true;
}

bool demo_prepare(struct demo *demo, struct error *error) {
    if (!check(demo, error)) return false;
    demo->tail = demo->products / 4;
    demo->pairs = (uint64_t)demo->users * demo->tail;
    if (!demo->pairs) return true;
    demo->tail_step = scale(demo->clicks, (uint64_t)RARE_CYCLE, (uint64_t)demo->span_us) / demo->pairs + 1;
    if (demo->tail_step < MIN_TAIL_STEP) demo->tail_step = MIN_TAIL_STEP;
    /* A step with no divisor in common visits each pair of user and product once before it begins again; one
     * of the golden ratio spreads the first visits evenly. */
    demo->pair_step = scale(demo->pairs, 618033989, 1000000000) + 1;
    while (greatest_common_divisor(demo->pair_step, demo->pairs) != 1) demo->pair_step++;
    return true;
}

int64_t demo_click_place(const struct demo *demo, uint64_t number) {
    return demo->start_us + (int64_t)scale((uint64_t)demo->span_us, number, demo->clicks);
}

int64_t demo_checkout_place(const struct demo *demo, uint64_t number) {
    return demo->start_us + (int64_t)scale((uint64_t)demo->span_us, 2 * number + 1, 2 * demo->checkouts);
}

/* How many clicks there are in a span of time. */
static uint64_t clicks_in(const struct demo *demo, int64_t span_us) {
    return scale((uint64_t)span_us, demo->clicks, (uint64_t)demo->span_us);
}

/* Who and what an event is about. */
struct pair {
    uint32_t user, product;
};

static uint32_t any_user(const struct demo *demo, struct dice *dice) {
    return below(dice, GUEST_ONE_IN) == 0 ? demo->users : below(dice, demo->users + 1);
}

static struct pair any_pair(const struct demo *demo, struct dice *dice) {
    uint32_t user = any_user(demo, dice), often = demo->products - demo->tail;
    uint32_t a = below(dice, often), b = below(dice, often);
    return (struct pair){user, a < b ? a : b}; /* the lesser of two: some products are popular */
}

static bool is_rare(const struct demo *demo, uint64_t click) {
    return demo->pairs && click % demo->tail_step == 0;
}

static struct pair rare_pair(const struct demo *demo, uint64_t click) {
    uint64_t visit = click / demo->tail_step % demo->pairs;
    uint64_t pair = (uint64_t)((unsigned __int128)visit * demo->pair_step % demo->pairs);
    return (struct pair){(uint32_t)(pair % demo->users),
                         demo->products - demo->tail + (uint32_t)(pair / demo->users)};
}

/* The click that a click repeats, perhaps by way of others; itself when it repeats none. */
static uint64_t origin_of(const struct demo *demo, uint64_t click) {
    for (;;) {
        struct dice dice = dice_for(demo, CLICK_REPEAT, click);
        if (click == 0 || is_rare(demo, click) || !chance(&dice, SHARE_REPEATS)) return click;
        uint64_t reach = clicks_in(demo, REPEAT_SPAN);
        uint64_t earlier = click - 1 - below64(&dice, reach < click ? reach + (reach == 0) : click);
        if (is_rare(demo, earlier)) return earlier + 1; /* those must stay rare */
        click = earlier;
    }
}

static struct pair pair_of_click(const struct demo *demo, uint64_t click) {
    if (is_rare(demo, click)) return rare_pair(demo, click);
    struct dice dice = dice_for(demo, CLICK_PAIR, origin_of(demo, click));
    return any_pair(demo, &dice);
}

static struct pair never_clicked(const struct demo *demo, struct dice *dice) {
    return (struct pair){any_user(demo, dice), demo->products + below(dice, demo->products / 10 + 1)};
}

/* The pair of a click at least `from` and up to `to` before the place, more often a short time; false when
 * the shop has not been open for that long. */
static bool pair_before(const struct demo *demo, struct dice *dice, int64_t since_start, int64_t from,
                        int64_t to, bool rare, struct pair *pair) {
    if (to > since_start) to = since_start;
    if (to < from) return false;
    uint64_t range = (uint64_t)(to - from) + 1;
    int64_t age = from + (int64_t)below64(dice, below64(dice, range) + 1);
    uint64_t click = clicks_in(demo, since_start - age);
    if (rare && !demo->pairs) return false;
    if (rare) click -= click % demo->tail_step;
    /* where clicks are few the nearest one may be too old to be followed */
    age = since_start - (demo_click_place(demo, click) - demo->start_us);
    if (!rare && age + demo->disorder_us > WINDOW) return false;
    *pair = pair_of_click(demo, click);
    return true;
}

static struct pair pair_of_checkout(const struct demo *demo, struct dice *dice, uint64_t number,
                                    enum demo_kind *kind) {
    struct pair pair;
    int64_t since_start = demo_checkout_place(demo, number) - demo->start_us;
    uint32_t share = below(dice, 100);
    *kind = DEMO_FOLLOWS;
    if (share < SHARE_FOLLOWS &&
        pair_before(demo, dice, since_start, demo->disorder_us + TIME_SECOND, demo->follow_us, false, &pair))
        return pair;
    *kind = DEMO_TOO_OLD;
    if (share >= SHARE_FOLLOWS && share < SHARE_FOLLOWS + SHARE_TOO_OLD &&
        pair_before(demo, dice, since_start, demo->disorder_us + TOO_OLD_FROM, demo->disorder_us + TOO_OLD_TO,
                    true, &pair))
        return pair;
    *kind = DEMO_NEVER_CLICKED;
    if (share < SHARE_FOLLOWS + SHARE_TOO_OLD + SHARE_NEVER_CLICKED) return never_clicked(demo, dice);
    *kind = DEMO_ANY;
    return any_pair(demo, dice);
}

/* The writers below put bytes at `at` and return what is behind them: an event is a few hundred bytes in a
 * place that has room for all of it. */

static char *put(char *at, const char *text) {
    return stpcpy(at, text);
}

static char *put_number(char *at, uint64_t number) {
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) *at++ = digits[--count];
    return at;
}

static char *put_padded(char *at, uint32_t number, int width) {
    for (int i = width - 1; i >= 0; i--, number /= 10) at[i] = (char)('0' + number % 10);
    return at + width;
}

static char *put_money(char *at, uint32_t cents) {
    at = put_number(at, cents / 100);
    *at++ = '.';
    return put_padded(at, cents % 100, 2);
}

static char *put_uuid(char *at, const struct demo *demo, enum purpose purpose, uint64_t number) {
    static const char hex[] = "0123456789abcdef";
    struct dice dice = dice_for(demo, purpose, number);
    uint64_t words[2] = {roll(&dice), roll(&dice)};
    words[0] = (words[0] & ~UINT64_C(0xf000)) | UINT64_C(0x4000);                /* version 4 … */
    words[1] = (words[1] & ~(UINT64_C(3) << 62)) | UINT64_C(0x8000000000000000); /* … and its variant */
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) *at++ = '-';
        *at++ = hex[words[i / 16] >> (60 - 4 * (i % 16)) & 15];
    }
    return at;
}

/* The civil date of a day counted from 1970, by Howard Hinnant's algorithm; years 0 to 9999. */
static char *put_date(char *at, int64_t day) {
    uint32_t since = (uint32_t)(day + 719468); /* since 0000-03-01 */
    uint32_t era = since / 146097, of_era = since % 146097;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    uint32_t civil = month < 10 ? month + 3 : month - 9;
    at = put_padded(at, year + era * 400 + (civil <= 2), 4);
    *at++ = '-';
    at = put_padded(at, civil, 2);
    *at++ = '-';
    return put_padded(at, of_year - (153 * month + 2) / 5 + 1, 2);
}

static char *put_time(char *at, int64_t time_us) {
    int64_t ms = time_us / 1000, day = ms / 86400000;
    uint32_t of_day = (uint32_t)(ms % 86400000);
    at = put_date(at, day);
    *at++ = ' ';
    at = put_padded(at, of_day / 3600000, 2);
    *at++ = ':';
    at = put_padded(at, of_day / 60000 % 60, 2);
    *at++ = ':';
    at = put_padded(at, of_day / 1000 % 60, 2);
    *at++ = '.';
    return put_padded(at, of_day % 1000, 3);
}

static int64_t event_time(const struct demo *demo, struct dice *dice, int64_t place_us) {
    int64_t early = (int64_t)below64(dice, (uint64_t)demo->disorder_us + 1);
    return (place_us - early) / 1000 * 1000;
}

/* Browser and address: mostly those of the user's first device, sometimes of the second. The addresses are of
 * 198.18.0.0/15, which is kept for tests and belongs to nobody. */
static char *put_device(char *at, const struct demo *demo, struct dice *event, uint32_t user) {
    struct dice dice = dice_for(demo, USER, user);
    if (chance(event, 15)) roll(&dice);
    uint64_t device = roll(&dice);
    at = put(at, "\"user_agent\": \"");
    at = put(at, demo_user_agents[device % DEMO_USER_AGENTS]);
    at = put(at, "\", \"ip_address\": \"198.");
    at = put_number(at, 18 + (device >> 60 & 1));
    *at++ = '.';
    at = put_number(at, device >> 40 & 255);
    *at++ = '.';
    at = put_number(at, 1 + (device >> 32 & 255) % 254);
    return put(at, "\"");
}

static char *put_address(char *at, struct dice *dice) {
    const struct demo_city *city;
    *at++ = '"';
    at = put_number(at, 1 + below(dice, 9999));
    *at++ = ' ';
    at = put(at, demo_streets[below(dice, DEMO_STREETS)]);
    if (chance(dice, 20)) {
        at = put(at, "\\nApt. ");
        at = put_number(at, 1 + below(dice, 400));
    }
    city = &demo_cities[below(dice, DEMO_CITIES)];
    at = put(at, "\\n");
    at = put(at, city->name);
    at = put(at, ", ");
    at = put(at, city->state);
    *at++ = ' ';
    at = put_padded(at, city->zip + below(dice, 100), 5);
    return put(at, "\"");
}

static uint32_t price_of(const struct demo *demo, uint32_t product) {
    struct dice dice = dice_for(demo, PRODUCT, product);
    return 299 + below(&dice, 9700) + (chance(&dice, 20) ? below(&dice, 20000) : 0);
}

static char *put_about(char *at, const struct demo *demo, struct pair pair) {
    at = put(at, "\"user_id\": ");
    at = put_number(at, pair.user);
    at = put(at, ", \"product_id\": \"");
    at = put_uuid(at, demo, PRODUCT_ID, pair.product);
    return put(at, "\", ");
}

static char *put_product(char *at, const struct demo *demo, uint32_t product, struct dice *dice) {
    const struct demo_product *what = &demo_products[product % DEMO_PRODUCTS];
    at = put(at, "\"product\": \"");
    at = put(at, what->name);
    at = put(at, "\", \"price\": ");
    at = put_money(at, price_of(demo, product));
    at = put(at, ", \"url\": \"https://shop.example.com/products/");
    at = put(at, what->slug);
    at = put(at, demo_sources[below(dice, DEMO_SOURCES)]);
    return put(at, "\", ");
}

struct demo_event demo_click(const struct demo *demo, uint64_t number, int64_t place_us,
                             struct buffer *json) {
    struct dice dice = dice_for(demo, CLICK, number);
    struct pair pair = pair_of_click(demo, number);
    struct demo_event event = {.user = pair.user, .time_us = event_time(demo, &dice, place_us)};
    char *start = buffer_reserve(json, MAX_EVENT), *at = put(start, "{\"click_id\": \"");
    at = put_uuid(at, demo, CLICK_ID, number);
    at = put(at, "\", ");
    at = put_about(at, demo, pair);
    at = put_product(at, demo, pair.product, &dice);
    at = put_device(at, demo, &dice, pair.user);
    at = put(at, ", \"datetime_occured\": \"");
    at = put_time(at, event.time_us);
    at = put(at, "\"}");
    json->len += (size_t)(at - start);
    return event;
}

static char *put_payment(char *at, const struct demo *demo, struct pair pair, struct dice *dice) {
    uint32_t pieces = chance(dice, 75) ? 1 : 2 + below(dice, 2);
    at = put(at, "\"payment_method\": \"");
    at = put(at, demo_payments[below(dice, DEMO_PAYMENTS)]);
    at = put(at, "\", \"total_amount\": ");
    at = put_money(at, price_of(demo, pair.product) * pieces);
    struct dice home = dice_for(demo, USER, ((uint64_t)pair.user << 1) + (UINT64_C(1) << 40));
    struct dice elsewhere = dice_for(demo, USER, ((uint64_t)pair.user << 1) + (UINT64_C(1) << 40) + 1);
    struct dice billing = home;
    at = put(at, ", \"shipping_address\": ");
    at = put_address(at, chance(dice, 20) ? &elsewhere : &home);
    at = put(at, ", \"billing_address\": ");
    at = put_address(at, &billing);
    return put(at, ", ");
}

struct demo_event demo_checkout(const struct demo *demo, uint64_t number, int64_t place_us,
                                struct buffer *json) {
    struct dice dice = dice_for(demo, CHECKOUT, number);
    struct demo_event event;
    struct pair pair = pair_of_checkout(demo, &dice, number, &event.kind);
    event.user = pair.user;
    event.time_us = event_time(demo, &dice, place_us);
    char *start = buffer_reserve(json, MAX_EVENT), *at = put(start, "{\"checkout_id\": \"");
    at = put_uuid(at, demo, CHECKOUT_ID, number);
    at = put(at, "\", ");
    at = put_about(at, demo, pair);
    at = put_payment(at, demo, pair, &dice);
    at = put_device(at, demo, &dice, pair.user);
    at = put(at, ", \"datetime_occured\": \"");
    at = put_time(at, event.time_us);
    at = put(at, "\"}");
    json->len += (size_t)(at - start);
    return event;
}

void demo_user(const struct demo *demo, uint32_t id, struct buffer *csv) {
    struct dice dice = dice_for(demo, USER, (UINT64_C(1) << 41) + id);
    const char *first = demo_first_names[below(&dice, DEMO_FIRST_NAMES)];
    const char *last = demo_last_names[below(&dice, DEMO_LAST_NAMES)];
    buffer_printf(csv, "%u,%s.%s%u,", id, first, last, id);
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    for (int i = 0; i < 12; i++) buffer_byte(csv, letters[below(&dice, sizeof letters - 1)]);
}
