/* demo_events.h: the events of a made-up shop: clicks on products, and checkouts of which most follow a
 * click. Each event is a function of the seed and its number alone, in whole numbers only: the same on every
 * machine, in any order, as fast as they can be written. Pure; any thread.
 *
 * Of the checkouts about 70 % follow a click of the same user on the same product by minutes; 10 % follow one
 * that is more than an hour old, and no later one (as long as the shop has been open for that long; otherwise
 * they are of the next kind); 10 % are of products that nobody ever clicked; 10 % are of any user and any
 * product. A quarter of the clicks repeat an earlier one, so that many checkouts have several.
 *
 * Users are numbered 0 to `users`; the greatest is a guest without a row in the table of users. */
#ifndef TRIBUTARY_COMMANDS_DEMO_EVENTS_H
#define TRIBUTARY_COMMANDS_DEMO_EVENTS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct demo {
    uint64_t seed;
    uint64_t clicks, checkouts; /* how many in `span_us`; numbers beyond go on at that pace */
    uint32_t users, products;
    int64_t start_us, span_us; /* of event time */
    int64_t disorder_us;       /* an event's time lies up to this much before its place in the order */
    int64_t follow_us;         /* the longest time from a click to the checkout that follows it */
    /* filled in by demo_prepare */
    uint32_t tail;                        /* products that are clicked rarely, the last ones of `products` */
    uint64_t tail_step, pairs, pair_step; /* each tail_step-th click is on one of them */
};

enum demo_kind { DEMO_FOLLOWS, DEMO_TOO_OLD, DEMO_NEVER_CLICKED, DEMO_ANY };

struct demo_event {
    uint32_t user;
    int64_t time_us;     /* whole milliseconds */
    enum demo_kind kind; /* of a checkout */
};

/* Checks the numbers and derives the rest. */
bool demo_prepare(struct demo *demo, struct error *error) MUST_CHECK;

/* The place of the n-th click or checkout in the order, as a time. */
int64_t demo_click_place(const struct demo *demo, uint64_t number);
int64_t demo_checkout_place(const struct demo *demo, uint64_t number);

/* Appends the n-th click or checkout as one JSON object, without a line end. Its time is `place_us` (the one
 * above, or the present) minus some disorder. */
struct demo_event demo_click(const struct demo *demo, uint64_t number, int64_t place_us, struct buffer *json);
struct demo_event demo_checkout(const struct demo *demo, uint64_t number, int64_t place_us,
                                struct buffer *json);
/* Appends "id,username,password". */
void demo_user(const struct demo *demo, uint32_t id, struct buffer *csv);

#endif
