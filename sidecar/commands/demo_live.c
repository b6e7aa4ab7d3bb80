#include "commands/demo_live.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/time.h"
#include "commands/stop.h"
#include "kafka/partitioner.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "telemetry/progress.h"

enum { CONNECT_MS = 10000, FLUSH_MS = 30000, MAX_WAIT_MS = 100, CHECK_EVERY = 256 };

#define HOUR           (3600 * TIME_SECOND)
#define FOLLOW_LIVE_US (3 * 60 * TIME_SECOND) /* soon, so that somebody who looks on sees rows */

struct run {
    const struct demo_live *live;
    const struct demo *demo;
    struct producer *producer;
    struct progress progress;
    struct buffer json;
    uint64_t clicks, checkouts, max_clicks, max_checkouts;
    int64_t start_us; /* on the monotonic clock */
};

static bool make_topic(const struct demo_live *live, struct topics *topics, const char *name, int *partitions,
                       struct error *error) {
    struct topic_plan plan = {.name = name, .partitions = (int)live->partitions, .replication = -1};
    bool created;
    if (!topics_ensure(topics, &plan, CONNECT_MS, partitions, &created, error)) return false;
    if (created) fprintf(stderr, "created topic \"%s\", partitions: %d\n", name, *partitions);
    return true;
}

static bool make_topics(const struct demo_live *live, struct error *error) {
    int clicks = 0, checkouts = 0;
    struct topics *topics = topics_new(live->kafka, error);
    if (!topics) return false;
    bool done = make_topic(live, topics, live->clicks_topic, &clicks, error) &&
                make_topic(live, topics, live->checkouts_topic, &checkouts, error);
    topics_free(topics);
    if (done && clicks != checkouts)
        fprintf(
            stderr,
            "warning: \"%s\" has %d partitions but \"%s\" has %d: a pipeline needs the same number to join "
            "them\n",
            live->clicks_topic, clicks, live->checkouts_topic, checkouts);
    return done;
}

/* The pace of the rate in the ratio of the two numbers, from now on. */
static bool prepare(struct run *run, struct demo *demo, struct error *error) {
    const struct demo_live *live = run->live;
    uint64_t an_hour = live->rate * 3600;
    double share = (double)demo->clicks / ((double)demo->clicks + (double)demo->checkouts);
    run->max_clicks = live->endless ? UINT64_MAX : demo->clicks;
    run->max_checkouts = live->endless ? UINT64_MAX : demo->checkouts;
    demo->clicks = (uint64_t)((double)an_hour * share);
    if (demo->clicks < 1) demo->clicks = 1;
    demo->checkouts = an_hour > demo->clicks ? an_hour - demo->clicks : 1;
    demo->span_us = HOUR;
    demo->start_us = clock_wall_us();
    demo->follow_us = FOLLOW_LIVE_US;
    run->start_us = clock_monotonic_us();
    return demo_prepare(demo, error);
}

static int64_t now_us(const struct run *run) {
    return run->demo->start_us + clock_monotonic_us() - run->start_us;
}

/* When the next event is due and whether it is a click; false when there is none. */
static bool next_event(const struct run *run, bool *click, int64_t *due_us) {
    bool clicks = run->clicks < run->max_clicks, checkouts = run->checkouts < run->max_checkouts;
    int64_t a = clicks ? demo_click_place(run->demo, run->clicks) : TIME_END;
    int64_t b = checkouts ? demo_checkout_place(run->demo, run->checkouts) : TIME_END;
    *click = a <= b;
    *due_us = a <= b ? a : b;
    if (run->live->duration_us && *due_us >= run->demo->start_us + run->live->duration_us) return false;
    return clicks || checkouts;
}

static bool send_event(struct run *run, bool click, int64_t time_us, struct error *error) {
    char key[16];
    buffer_clear(&run->json);
    struct demo_event event = click ? demo_click(run->demo, run->clicks, time_us, &run->json)
                                    : demo_checkout(run->demo, run->checkouts, time_us, &run->json);
    int len = snprintf(key, sizeof key, "%u", event.user);
    struct producer_record record = {
        .topic = click ? run->live->clicks_topic : run->live->checkouts_topic,
        .key = {key, (size_t)len},
        .value = buffer_view(&run->json),
        .timestamp_ms = time_us / 1000,
    };
    if (!producer_send_waiting(run->producer, &record, PARTITION_ANY, stop_requested, error)) return false;
    if (click)
        run->clicks++;
    else
        run->checkouts++;
    return true;
}

static void show_progress(struct run *run) {
    progress_update(&run->progress, run->clicks + run->checkouts);
}

/* How many events there will be; 0 for no end. */
static uint64_t total_of(const struct run *run) {
    const struct demo_live *live = run->live;
    uint64_t counts = live->endless ? UINT64_MAX : run->max_clicks + run->max_checkouts;
    uint64_t lasts = UINT64_MAX;
    if (live->duration_us) lasts = (uint64_t)((double)live->duration_us / 1e6 * (double)live->rate);
    uint64_t total = counts < lasts ? counts : lasts;
    return total == UINT64_MAX ? 0 : total;
}

/* True when the end was reached or somebody stopped it. */
static bool send_all(struct run *run, struct error *error) {
    bool click;
    int64_t due_us, now = now_us(run);
    while (next_event(run, &click, &due_us) && !stop_requested()) {
        const struct error *failure = producer_first_failure(run->producer);
        if (failure) return error_set(error, failure->class, "%s", failure->message);
        if (due_us > now) {
            int64_t wait_ms = (due_us - now + 999) / 1000;
            producer_poll(run->producer, wait_ms < MAX_WAIT_MS ? (int)wait_ms : MAX_WAIT_MS);
            show_progress(run);
            now = now_us(run);
            continue;
        }
        if (!send_event(run, click, now, error)) return stop_requested();
        if ((run->clicks + run->checkouts) % CHECK_EVERY == 0) {
            producer_poll(run->producer, 0);
            show_progress(run);
            now = now_us(run);
        }
    }
    return true;
}

static void say_start(const struct run *run) {
    char rate[32];
    progress_amount(run->live->rate, PROGRESS_COUNT, rate, sizeof rate);
    fprintf(stderr, "%s events a second to \"%s\" and \"%s\" on \"%s\" (seed %llu); Ctrl-C ends it\n", rate,
            run->live->clicks_topic, run->live->checkouts_topic, run->live->kafka->brokers,
            (unsigned long long)run->demo->seed);
}

static bool finish(struct run *run, bool sent, struct error *error) {
    progress_end(&run->progress);
    bool flushed = producer_flush(run->producer, FLUSH_MS, sent ? error : NULL);
    printf("%llu clicks and %llu checkouts sent in %.1f s, %s acknowledged\n",
           (unsigned long long)run->clicks, (unsigned long long)run->checkouts,
           (double)(clock_monotonic_us() - run->start_us) / 1e6, flushed ? "all" : "not all");
    return sent && flushed;
}

bool demo_live_run(const struct demo_live *live, struct demo *demo, struct error *error) {
    struct run run = {.live = live, .demo = demo};
    if (!make_topics(live, error)) return false;
    run.producer = producer_new(live->kafka, "generate", 0, error);
    if (!run.producer) return false;
    buffer_init(&run.json);
    bool done = prepare(&run, demo, error);
    if (done) {
        stop_on_signals();
        say_start(&run);
        progress_init(&run.progress, "generate", PROGRESS_COUNT, total_of(&run), live->quiet);
        done = send_all(&run, error);
        done = finish(&run, done, error);
    }
    buffer_release(&run.json);
    producer_free(run.producer);
    return done;
}
