#include "commands/demo_words.h"

const struct demo_product demo_products[DEMO_PRODUCTS] = {
    {"Espresso machine", "espresso-machine"},
    {"French press", "french-press"},
    {"Pour-over kettle", "pour-over-kettle"},
    {"Coffee grinder", "coffee-grinder"},
    {"Cast-iron skillet", "cast-iron-skillet"},
    {"Chef's knife", "chefs-knife"},
    {"Cutting board", "cutting-board"},
    {"Baking stone", "baking-stone"},
    {"Digital scale", "digital-scale"},
    {"Lunch box", "lunch-box"},
    {"Trail running shoes", "trail-running-shoes"},
    {"Rain jacket", "rain-jacket"},
    {"Merino socks", "merino-socks"},
    {"Wool beanie", "wool-beanie"},
    {"Daypack 22 l", "daypack-22-l"},
    {"Sleeping bag", "sleeping-bag"},
    {"Head torch", "head-torch"},
    {"Water bottle", "water-bottle"},
    {"Yoga mat", "yoga-mat"},
    {"Kettlebell 12 kg", "kettlebell-12-kg"},
    {"Road bike helmet", "road-bike-helmet"},
    {"Bike lock", "bike-lock"},
    {"Floor pump", "floor-pump"},
    {"Desk lamp", "desk-lamp"},
    {"Mechanical keyboard", "mechanical-keyboard"},
    {"Wireless mouse", "wireless-mouse"},
    {"USB-C dock", "usb-c-dock"},
    {"Noise-cancelling headphones", "noise-cancelling-headphones"},
    {"Laptop stand", "laptop-stand"},
    {"Notebook A5", "notebook-a5"},
    {"Fountain pen", "fountain-pen"},
    {"Crème brûlée set", "creme-brulee-set"},
    {"Picture frame", "picture-frame"},
    {"Wall clock", "wall-clock"},
    {"Linen curtains", "linen-curtains"},
    {"Feather pillow", "feather-pillow"},
    {"Cotton sheets", "cotton-sheets"},
    {"Herb garden", "herb-garden"},
    {"Garden shears", "garden-shears"},
    {"Bird feeder", "bird-feeder"},
};

const char *const demo_sources[DEMO_SOURCES] = {
    "",          "?ref=newsletter", "?ref=search", "?utm_source=ads&utm_medium=cpc",
    "?ref=home", "?ref=wishlist",   "?color=blue", "?utm_source=social&utm_campaign=spring",
};

const char *const demo_user_agents[DEMO_USER_AGENTS] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.113 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36 Edg/124.0.2478.97",
    "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    "Chrome/121.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36",
    "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.8.131 Version/11.11",
};

const char *const demo_payments[DEMO_PAYMENTS] = {
    "VISA 16 digit", "VISA 13 digit", "Mastercard", "American Express",
    "Discover",      "JCB 16 digit",  "Maestro",    "Diners Club / Carte Blanche",
};

const char *const demo_streets[DEMO_STREETS] = {
    "Maple Street",  "Oak Avenue",      "Cedar Lane",    "Elm Court",        "Lake View Drive",
    "Mill Road",     "Church Street",   "Station Road",  "Sunset Boulevard", "Highland Terrace",
    "Willow Way",    "Bridge Street",   "Chestnut Hill", "Park Place",       "River Bend",
    "Orchard Close", "Franklin Square", "King Street",   "Prairie Trail",    "Harbor Walk",
};

const struct demo_city demo_cities[DEMO_CITIES] = {
    {"Springfield", "IL", 62700},  {"Portland", "OR", 97200},  {"Austin", "TX", 78700},
    {"Madison", "WI", 53700},      {"Boise", "ID", 83700},     {"Albany", "NY", 12200},
    {"Tucson", "AZ", 85700},       {"Savannah", "GA", 31400},  {"Duluth", "MN", 55800},
    {"Reno", "NV", 89500},         {"Ann Arbor", "MI", 48100}, {"Santa Fe", "NM", 87500},
    {"Burlington", "VT", 5400},    {"Omaha", "NE", 68100},     {"Eugene", "OR", 97400},
    {"Chapel Hill", "NC", 27500},  {"Spokane", "WA", 99200},   {"Lancaster", "PA", 17600},
    {"Fort Collins", "CO", 80500}, {"Providence", "RI", 2900},
};

const char *const demo_first_names[DEMO_FIRST_NAMES] = {
    "ada",  "alan",  "amira", "anders", "ben",   "bianca", "carla", "chen",  "dana", "diego",
    "elif", "emma",  "erik",  "fatima", "felix", "grace",  "hana",  "hugo",  "ines", "ivan",
    "jana", "jonas", "kofi",  "laila",  "leo",   "lucia",  "maja",  "marco", "mia",  "nadia",
    "noah", "olga",  "omar",  "paula",  "priya", "rosa",   "sam",   "tariq", "yuki", "zoë"};

const char *const demo_last_names[DEMO_LAST_NAMES] = {
    "abe",    "adams", "almeida", "bauer",   "becker", "brown",  "castro", "chen",   "cohen",  "costa",
    "davis",  "diaz",  "evans",   "fischer", "garcia", "gomez",  "haas",   "hansen", "ito",    "jensen",
    "jones",  "khan",  "kim",     "klein",   "lopez",  "martin", "meyer",  "müller", "nguyen", "novak",
    "okafor", "patel", "reed",    "rossi",   "sato",   "silva",  "smith",  "tanaka", "weber",  "wood"};
