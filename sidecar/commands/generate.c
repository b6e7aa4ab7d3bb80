#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/time.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/demo_events.h"
#include "commands/demo_live.h"
#include "telemetry/progress.h"

static const char usage[] =
    "usage: tributary generate -o DIR [OPTIONS]\n"
    "       tributary generate --brokers BROKERS [OPTIONS]\n"
    "\n"
    "Makes the events of a small shop: clicks on products, and checkouts of which about 70 % follow a click "
    "of the\n"
    "same user on the same product; others follow one that is more than an hour old, or none. The same seed "
    "gives\n"
    "the same events on every machine.\n"
    "\n"
    "Into files:\n"
    "  -o, --output DIR         write clicks.jsonl, checkouts.jsonl and users.csv there\n"
    "      --span SPAN          how much time the events cover (default 2h)\n"
    "      --start TIME         when they begin (default 2024-06-17T05:00:00Z)\n"
    "\n"
    "Into Kafka, at the present time, until Ctrl-C:\n"
    "      --brokers BROKERS    host:port, several with commas (default: $KAFKA_BROKERS); the record key is "
    "the\n"
    "                           user's number\n"
    "      --clicks-topic NAME, --checkouts-topic NAME\n"
    "                           (default clicks and checkouts)\n"
    "      --partitions N       for topics that are not there yet (default 4)\n"
    "      --rate N             events per second, clicks and checkouts together (default 200)\n"
    "      --duration SPAN      stop after that time\n"
    "      --property NAME=VALUE\n"
    "                           a librdkafka property, such as security.protocol=SSL; may be repeated\n"
    "\n"
    "Both:\n"
    "      --clicks N           how many clicks (default 10000; into Kafka: no end)\n"
    "      --checkouts N        how many checkouts (default 1000; into Kafka: no end)\n"
    "      --users N            users 0 to N; the last one has no row in users.csv (default 100)\n"
    "      --products N         products in the catalogue (default 50)\n"
    "      --disorder SPAN      how much earlier than its place an event may be (default 5s)\n"
    "      --seed N             (default 1; into Kafka: another one each time)\n"
    "  -q, --quiet              no progress bar\n"
    "  -h, --help               this text\n"
    "\n"
    "Numbers may be written 500k or 2M, spans 90s, 10m or 2h.\n"
    "\n"
    "Examples:\n"
    "  tributary generate -o demo\n"
    "  tributary generate -o big --clicks 2M --checkouts 200k --users 10000 --products 1000\n"
    "  tributary generate --brokers localhost:9092 --rate 50\n"
    "  tributary generate --brokers localhost:9092 --rate 20k --duration 5m --seed 7\n";

enum {
    MAX_USERS = 1000000000,
    MAX_RATE = 10000000,
    MAX_PARTITIONS = 10000,
    WRITE_BYTES = 1 << 18,
};

#define DEFAULT_START_US INT64_C(1718600400000000) /* 2024-06-17 05:00:00 UTC */
#define MAX_SPAN_US      (INT64_C(3650) * 86400 * TIME_SECOND)
#define FOLLOW_FILES_US  (50 * 60 * TIME_SECOND)

struct generate {
    struct demo demo;
    struct demo_live live;
    struct kafka_config kafka;
    const char *directory, *brokers;
    bool seeded, counted, quiet, help;
};

enum {
    OPTION_BROKERS = 256,
    OPTION_CLICKS_TOPIC,
    OPTION_CHECKOUTS_TOPIC,
    OPTION_PARTITIONS,
    OPTION_RATE,
    OPTION_DURATION,
    OPTION_PROPERTY,
    OPTION_CLICKS,
    OPTION_CHECKOUTS,
    OPTION_USERS,
    OPTION_PRODUCTS,
    OPTION_SPAN,
    OPTION_START,
    OPTION_DISORDER,
    OPTION_SEED,
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"brokers", required_argument, NULL, OPTION_BROKERS},
    {"clicks-topic", required_argument, NULL, OPTION_CLICKS_TOPIC},
    {"checkouts-topic", required_argument, NULL, OPTION_CHECKOUTS_TOPIC},
    {"partitions", required_argument, NULL, OPTION_PARTITIONS},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"property", required_argument, NULL, OPTION_PROPERTY},
    {"clicks", required_argument, NULL, OPTION_CLICKS},
    {"checkouts", required_argument, NULL, OPTION_CHECKOUTS},
    {"users", required_argument, NULL, OPTION_USERS},
    {"products", required_argument, NULL, OPTION_PRODUCTS},
    {"span", required_argument, NULL, OPTION_SPAN},
    {"start", required_argument, NULL, OPTION_START},
    {"disorder", required_argument, NULL, OPTION_DISORDER},
    {"seed", required_argument, NULL, OPTION_SEED},
    {0},
};

static bool count32(const char *option, uint32_t max, uint32_t *count, struct error *error) {
    uint64_t wide = 0;
    if (!arguments_count(option, optarg, 1, max, &wide, error)) return false;
    *count = (uint32_t)wide;
    return true;
}

/* The options that describe the shop. */
static bool shop_option(struct generate *generate, int option, struct error *error) {
    struct demo *demo = &generate->demo;
    switch (option) {
    case OPTION_CLICKS:
        generate->counted = true;
        return arguments_count("--clicks", optarg, 1, INT64_MAX, &demo->clicks, error);
    case OPTION_CHECKOUTS:
        generate->counted = true;
        return arguments_count("--checkouts", optarg, 1, INT64_MAX, &demo->checkouts, error);
    case OPTION_USERS: return count32("--users", MAX_USERS, &demo->users, error);
    case OPTION_PRODUCTS: return count32("--products", MAX_USERS, &demo->products, error);
    case OPTION_SPAN:
        return arguments_span("--span", optarg, TIME_SECOND, MAX_SPAN_US, &demo->span_us, error);
    case OPTION_START: return arguments_time("--start", optarg, &demo->start_us, error);
    case OPTION_DISORDER:
        return arguments_span("--disorder", optarg, 0, MAX_SPAN_US, &demo->disorder_us, error);
    case OPTION_SEED:
        generate->seeded = true;
        return arguments_count("--seed", optarg, 0, UINT64_MAX, &demo->seed, error);
    default: return true;
    }
}

static bool take_option(struct generate *generate, int option, struct error *error) {
    struct demo_live *live = &generate->live;
    switch (option) {
    case 'o': generate->directory = optarg; return true;
    case 'q': generate->quiet = true; return true;
    case 'h': generate->help = true; return true;
    case OPTION_BROKERS: generate->brokers = optarg; return true;
    case OPTION_CLICKS_TOPIC: live->clicks_topic = optarg; return true;
    case OPTION_CHECKOUTS_TOPIC: live->checkouts_topic = optarg; return true;
    case OPTION_PARTITIONS: return count32("--partitions", MAX_PARTITIONS, &live->partitions, error);
    case OPTION_RATE: return arguments_count("--rate", optarg, 1, MAX_RATE, &live->rate, error);
    case OPTION_DURATION:
        return arguments_span("--duration", optarg, 1, MAX_SPAN_US, &live->duration_us, error);
    case OPTION_PROPERTY: return arguments_property(optarg, &generate->kafka, error);
    default: return shop_option(generate, option, error);
    }
}

/* An exit code, or -1 to go on. */
static int take_options(struct generate *generate, int argc, char **argv) {
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:qh", options, NULL)) != -1) {
        if (option == '?' || option == ':') return arguments_complain(option, argv, options);
        if (!take_option(generate, option, &error)) return arguments_refuse("generate", "%s", error.message);
    }
    if (generate->help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (optind < argc) return arguments_refuse("generate", "\"%s\" belongs to no option", argv[optind]);
    if (generate->directory && generate->brokers)
        return arguments_refuse("generate", "choose one: files (-o) or Kafka (--brokers)");
    if (!generate->directory && !arguments_brokers(generate->brokers, &generate->kafka))
        return arguments_refuse("generate", "where to? into files with -o DIR, into Kafka with --brokers");
    return -1;
}

struct file {
    char path[4096];
    FILE *stream;
};

static bool file_open(struct file *file, const char *directory, const char *name, struct error *error) {
    snprintf(file->path, sizeof file->path, "%s/%s", directory, name);
    file->stream = fopen(file->path, "w");
    if (file->stream) return true;
    return error_set(error, ERROR_CONFIG, "cannot write \"%s\": %s", file->path, strerror(errno));
}

static bool file_write(struct file *file, struct buffer *text, struct error *error) {
    bool done = fwrite(text->data, 1, text->len, file->stream) == text->len;
    buffer_clear(text);
    return done || error_set(error, ERROR_FATAL, "cannot write \"%s\": %s", file->path, strerror(errno));
}

static bool file_close(struct file *file, struct buffer *text, struct error *error) {
    bool done = file_write(file, text, error);
    if (fclose(file->stream) != 0 && done)
        return error_set(error, ERROR_FATAL, "cannot write \"%s\": %s", file->path, strerror(errno));
    return done;
}

enum kind { CLICKS, CHECKOUTS, USERS };

static void append_line(const struct demo *demo, enum kind kind, uint64_t number, struct buffer *text) {
    switch (kind) {
    case CLICKS: demo_click(demo, number, demo_click_place(demo, number), text); break;
    case CHECKOUTS: demo_checkout(demo, number, demo_checkout_place(demo, number), text); break;
    case USERS: demo_user(demo, (uint32_t)number, text); break;
    }
    buffer_byte(text, '\n');
}

/* Writes one file of `count` lines; `before` is what the progress has come to already. */
static bool write_file(const struct generate *generate, enum kind kind, const char *name, uint64_t count,
                       struct progress *progress, uint64_t before, struct error *error) {
    struct buffer text;
    struct file file;
    if (!file_open(&file, generate->directory, name, error)) return false;
    buffer_init(&text);
    bool done = true;
    if (kind == USERS) buffer_text(&text, "id,username,password\n");
    for (uint64_t i = 0; i < count && done; i++) {
        append_line(&generate->demo, kind, i, &text);
        if (text.len < WRITE_BYTES) continue;
        done = file_write(&file, &text, error);
        progress_update(progress, before + i);
    }
    done = file_close(&file, &text, done ? error : NULL) && done;
    buffer_release(&text);
    return done;
}

static bool make_directory(const char *path, struct error *error) {
    char *prefix = memory_strdup(path);
    for (char *slash = strchr(prefix + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(prefix, 0777);
        *slash = '/';
    }
    free(prefix);
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
    return error_set(error, ERROR_CONFIG, "cannot make the directory \"%s\": %s", path, strerror(errno));
}

static int write_files(struct generate *generate) {
    struct demo *demo = &generate->demo;
    struct progress progress;
    struct error error;
    demo->follow_us = FOLLOW_FILES_US;
    if (!demo_prepare(demo, &error) || !make_directory(generate->directory, &error))
        return arguments_fail("generate", &error);
    int64_t started = clock_monotonic_us();
    uint64_t total = demo->clicks + demo->checkouts + demo->users;
    progress_init(&progress, "generate", PROGRESS_COUNT, total, generate->quiet);
    bool done = write_file(generate, CLICKS, "clicks.jsonl", demo->clicks, &progress, 0, &error) &&
                write_file(generate, CHECKOUTS, "checkouts.jsonl", demo->checkouts, &progress, demo->clicks,
                           &error) &&
                write_file(generate, USERS, "users.csv", demo->users, &progress,
                           demo->clicks + demo->checkouts, &error);
    progress_end(&progress);
    if (!done) return arguments_fail("generate", &error);
    printf("%llu clicks, %llu checkouts and %u users written to \"%s\" in %.1f s (seed %llu)\n",
           (unsigned long long)demo->clicks, (unsigned long long)demo->checkouts, demo->users,
           generate->directory, (double)(clock_monotonic_us() - started) / 1e6,
           (unsigned long long)demo->seed);
    return EXIT_OK;
}

static int send_live(struct generate *generate) {
    struct demo_live *live = &generate->live;
    arguments_log_level(&generate->kafka);
    live->kafka = &generate->kafka;
    live->quiet = generate->quiet;
    live->endless = !generate->counted;
    if (!generate->seeded) generate->demo.seed = (uint64_t)clock_wall_us();
    struct error error;
    return demo_live_run(live, &generate->demo, &error) ? EXIT_OK : arguments_fail("generate", &error);
}

int command_generate(int argc, char **argv) {
    struct generate generate = {
        .demo = {.seed = 1,
                 .clicks = 10000,
                 .checkouts = 1000,
                 .users = 100,
                 .products = 50,
                 .start_us = DEFAULT_START_US,
                 .span_us = 2 * 3600 * TIME_SECOND,
                 .disorder_us = 5 * TIME_SECOND},
        .live = {.clicks_topic = "clicks", .checkouts_topic = "checkouts", .partitions = 4, .rate = 200},
    };
    int result = take_options(&generate, argc, argv);
    if (result < 0) result = generate.directory ? write_files(&generate) : send_live(&generate);
    arguments_release_kafka(&generate.kafka);
    return result;
}

const struct command_text generate_text = {usage, options};
