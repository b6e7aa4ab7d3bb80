/* demo_words.h: the words that demo_events.c makes its events of. Constant data. */
#ifndef TRIBUTARY_COMMANDS_DEMO_WORDS_H
#define TRIBUTARY_COMMANDS_DEMO_WORDS_H

#include <stdint.h>

enum {
    DEMO_PRODUCTS = 40,
    DEMO_SOURCES = 8,
    DEMO_USER_AGENTS = 12,
    DEMO_PAYMENTS = 8,
    DEMO_STREETS = 20,
    DEMO_CITIES = 20,
    DEMO_FIRST_NAMES = 40,
    DEMO_LAST_NAMES = 40,
};

struct demo_product {
    const char *name, *slug;
};

struct demo_city {
    const char *name, *state;
    uint32_t zip; /* the first of a hundred */
};

extern const struct demo_product demo_products[DEMO_PRODUCTS];
extern const char *const demo_sources[DEMO_SOURCES]; /* the end of a product's URL */
extern const char *const demo_user_agents[DEMO_USER_AGENTS];
extern const char *const demo_payments[DEMO_PAYMENTS];
extern const char *const demo_streets[DEMO_STREETS];
extern const struct demo_city demo_cities[DEMO_CITIES];
extern const char *const demo_first_names[DEMO_FIRST_NAMES];
extern const char *const demo_last_names[DEMO_LAST_NAMES];

#endif
