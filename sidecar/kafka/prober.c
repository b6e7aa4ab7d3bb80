#include "kafka/prober.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"

enum { QUERY_TIMEOUT_MS = 5000, RETRY_MS = 200 };

struct slot {
    enum prober_state state;
    uint64_t generation; /* of the questions; an answer to older ones is thrown away */
    struct probe *probes;
    int count;
    struct error error;
};

struct prober {
    rd_kafka_t *client;
    pthread_t thread;
    pthread_mutex_t lock; /* protects everything below */
    pthread_cond_t asked;
    struct slot slots[PROBER_SLOTS];
    bool stopping;
};

static bool answer_time(rd_kafka_t *client, struct probe *probe, int64_t high, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    int64_t ms = probe->time_us < 0 ? 0 : probe->time_us / 1000;
    rd_kafka_topic_partition_list_add(list, probe->topic, probe->partition)->offset = ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list, QUERY_TIMEOUT_MS);
    if (!code) code = list->elems[0].err;
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code) return client_error(error, code, "offsets of \"%s\" [%d]", probe->topic, probe->partition);
    probe->offset = offset < 0 ? high : offset; /* RD_KAFKA_OFFSET_END: no record is that new */
    return true;
}

static bool answer_one(rd_kafka_t *client, struct probe *probe, struct error *error) {
    int64_t low, high;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(client, probe->topic, probe->partition, &low,
                                                                &high, QUERY_TIMEOUT_MS);
    if (code) return client_error(error, code, "offsets of \"%s\" [%d]", probe->topic, probe->partition);
    switch (probe->kind) {
    case PROBE_LOW: probe->offset = low; return true;
    case PROBE_HIGH: probe->offset = high; return true;
    case PROBE_TIME: return answer_time(client, probe, high, error);
    }
    return true;
}

static int next_slot(const struct prober *prober) {
    for (int i = 0; i < PROBER_SLOTS; i++)
        if (prober->slots[i].state == PROBER_WAITING) return i;
    return -1;
}

static void wait_a_little(struct prober *prober) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += RETRY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (!prober->stopping) pthread_cond_timedwait(&prober->asked, &prober->lock, &until);
}

/* Works on a copy without the lock; the answer counts only if the questions are still the same. */
static void serve(struct prober *prober, int number) {
    struct slot *slot = &prober->slots[number];
    uint64_t generation = slot->generation;
    int count = slot->count, answered = 0;
    struct probe *probes = memory_alloc((size_t)count * sizeof *probes);
    memcpy(probes, slot->probes, (size_t)count * sizeof *probes);
    pthread_mutex_unlock(&prober->lock);
    struct error error = {0};
    while (answered < count && answer_one(prober->client, &probes[answered], &error)) answered++;
    pthread_mutex_lock(&prober->lock);
    if (slot->generation == generation && slot->state == PROBER_WAITING) {
        if (answered == count) {
            memcpy(slot->probes, probes, (size_t)count * sizeof *probes);
            slot->state = PROBER_ANSWERED;
        } else if (error.class != ERROR_RETRY) {
            slot->error = error;
            slot->state = PROBER_FAILED;
        } else {
            wait_a_little(prober);
        }
    }
    free(probes);
}

static void *prober_thread(void *context) {
    struct prober *prober = context;
    pthread_mutex_lock(&prober->lock);
    while (!prober->stopping) {
        int slot = next_slot(prober);
        if (slot < 0)
            pthread_cond_wait(&prober->asked, &prober->lock);
        else
            serve(prober, slot);
    }
    pthread_mutex_unlock(&prober->lock);
    return NULL;
}

struct prober *prober_new(const struct kafka_config *config, struct error *error) {
    /* read_committed would answer with the last stable offset in the place of the high watermark */
    static const struct client_setting settings[] = {{"isolation.level", "read_uncommitted"}, {NULL, NULL}};
    rd_kafka_conf_t *conf = client_conf_new_with(config, "prober", settings, error);
    rd_kafka_t *client = conf ? client_new(RD_KAFKA_CONSUMER, conf, error) : NULL;
    if (!client) return NULL;
    struct prober *prober = memory_zalloc(1, sizeof *prober);
    prober->client = client;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&prober->lock, NULL);
    pthread_cond_init(&prober->asked, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&prober->thread, NULL, prober_thread, prober) == 0) return prober;
    error_set(error, ERROR_FATAL, "cannot start a thread");
    rd_kafka_destroy(client);
    free(prober);
    return NULL;
}

void prober_free(struct prober *prober) {
    if (!prober) return;
    pthread_mutex_lock(&prober->lock);
    prober->stopping = true;
    pthread_cond_signal(&prober->asked);
    pthread_mutex_unlock(&prober->lock);
    pthread_join(prober->thread, NULL);
    rd_kafka_destroy(prober->client);
    pthread_cond_destroy(&prober->asked);
    pthread_mutex_destroy(&prober->lock);
    for (int i = 0; i < PROBER_SLOTS; i++) free(prober->slots[i].probes);
    free(prober);
}

void prober_ask(struct prober *prober, int number, const struct probe *probes, int count) {
    pthread_mutex_lock(&prober->lock);
    struct slot *slot = &prober->slots[number];
    slot->generation++;
    slot->count = count;
    slot->probes = memory_realloc(slot->probes, (size_t)count * sizeof *probes);
    memcpy(slot->probes, probes, (size_t)count * sizeof *probes);
    slot->state = PROBER_WAITING;
    pthread_cond_signal(&prober->asked);
    pthread_mutex_unlock(&prober->lock);
}

void prober_withdraw(struct prober *prober, int number) {
    pthread_mutex_lock(&prober->lock);
    prober->slots[number].generation++;
    prober->slots[number].state = PROBER_NOTHING;
    pthread_mutex_unlock(&prober->lock);
}

enum prober_state prober_poll(struct prober *prober, int number, const struct probe **probes, int *count,
                              struct error *error) {
    pthread_mutex_lock(&prober->lock);
    struct slot *slot = &prober->slots[number];
    enum prober_state state = slot->state;
    if (state == PROBER_ANSWERED || state == PROBER_FAILED) slot->state = PROBER_NOTHING;
    if (state == PROBER_FAILED) *error = slot->error;
    *probes = slot->probes;
    *count = slot->count;
    pthread_mutex_unlock(&prober->lock);
    return state;
}

bool prober_ask_and_wait(struct prober *prober, struct probe *probes, int count, int timeout_ms,
                         struct error *error) {
    const struct timespec pause = {0, 2000000L};
    int64_t until = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    prober_ask(prober, 0, probes, count);
    while (clock_monotonic_us() < until) {
        const struct probe *answers;
        int answered;
        switch (prober_poll(prober, 0, &answers, &answered, error)) {
        case PROBER_NOTHING:
        case PROBER_FAILED: return false;
        case PROBER_WAITING: nanosleep(&pause, NULL); break;
        case PROBER_ANSWERED: memcpy(probes, answers, (size_t)count * sizeof *probes); return true;
        }
    }
    prober_withdraw(prober, 0);
    return error_set(error, ERROR_RETRY, "the brokers did not say where the topics end within %d s",
                     timeout_ms / 1000);
}
