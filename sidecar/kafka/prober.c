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
    int served; /* the slot that was served last */
    bool stopping;
};

/* --- one group of probes: a round asks each partition one question, all of them in one request a leader ---
 */

struct group {
    struct probe *probes;
    int *steps;  /* how many questions of each probe have been answered */
    bool *asked; /* in this round */
    int count;
};

/* What a probe asks next, as the protocol has it; false when it is answered. The end comes before the time:
 * a record written between the two must not be passed over. */
static bool next_question(const struct probe *probe, int step, int64_t *question) {
    switch (probe->kind) {
    case PROBE_LOW: *question = RD_KAFKA_OFFSET_BEGINNING; return step == 0;
    case PROBE_HIGH: *question = RD_KAFKA_OFFSET_END; return step == 0;
    case PROBE_TIME:
        *question = probe->time_us < 0 ? 0 : probe->time_us / 1000;
        if (step == 0) *question = RD_KAFKA_OFFSET_END;
        return step < 2;
    case PROBE_PARTITIONS: break; /* it is not about one of them */
    }
    return false;
}

static rd_kafka_topic_partition_list_t *next_round(struct group *group) {
    rd_kafka_topic_partition_list_t *round = rd_kafka_topic_partition_list_new(group->count);
    for (int i = 0; i < group->count; i++) {
        const struct probe *probe = &group->probes[i];
        int64_t question;
        group->asked[i] = next_question(probe, group->steps[i], &question) &&
                          !rd_kafka_topic_partition_list_find(round, probe->topic, probe->partition);
        if (group->asked[i])
            rd_kafka_topic_partition_list_add(round, probe->topic, probe->partition)->offset = question;
    }
    rd_kafka_topic_partition_list_sort(round, NULL, NULL); /* the request has a section a topic */
    return round;
}

static bool take_answer(struct probe *probe, int *step, const rd_kafka_topic_partition_t *answer,
                        struct error *error) {
    rd_kafka_resp_err_t code = answer->err;
    bool none = answer->offset < 0; /* RD_KAFKA_OFFSET_END: no record is that new */
    if (!code && none && *step == 0) code = RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code) return client_error(error, code, "offsets of \"%s\" [%d]", probe->topic, probe->partition);
    if (!none) probe->offset = answer->offset;
    ++*step;
    return true;
}

/* The client keeps the answer that a partition has no leader, or how many there are, for minutes, unless it
 * is made to ask again. How many partitions the topic has now; 0 when nobody said. */
static int look_for_leader(rd_kafka_t *client, const char *topic) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    int count = 0;
    if (handle && !rd_kafka_metadata(client, 0, handle, &metadata, QUERY_TIMEOUT_MS)) {
        if (metadata->topic_cnt == 1) count = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    if (handle) rd_kafka_topic_destroy(handle);
    return count;
}

/* A broker that has gone is asked again and again as long as the client believes it to be a leader, which it
 * does for minutes: nobody else fetches with this client. */
static void look_for_leaders(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *round) {
    for (int i = 0; i < round->cnt; i++) /* sorted by topic */
        if (i == 0 || strcmp(round->elems[i].topic, round->elems[i - 1].topic) != 0)
            look_for_leader(client, round->elems[i].topic);
}

/* A partition that the topic got only now is known at the next try. */
static bool is_new(rd_kafka_t *client, const struct probe *probe, rd_kafka_resp_err_t code) {
    bool unknown = code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (!unknown && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) return false;
    return look_for_leader(client, probe->topic) > probe->partition && unknown;
}

/* rd_kafka_offsets_for_times passes what it is given on to the brokers, and they know the beginning and the
 * end as times of their own. Where it finds no leader at all it speaks of unknown partitions; each
 * partition's own error then tells whether it is only without a leader for now. */
static bool ask_round(rd_kafka_t *client, struct group *group, rd_kafka_topic_partition_list_t *round,
                      struct error *error) {
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, round, QUERY_TIMEOUT_MS);
    if (code && (code != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || !round->elems[0].err))
        return client_error(error, code, "offsets of \"%s\"", round->elems[0].topic);
    for (int i = 0; i < group->count; i++) {
        if (!group->asked[i]) continue;
        const struct probe *probe = &group->probes[i];
        rd_kafka_topic_partition_t *answer =
            rd_kafka_topic_partition_list_find(round, probe->topic, probe->partition);
        bool new = is_new(client, probe, answer->err);
        if (take_answer(&group->probes[i], &group->steps[i], answer, error)) continue;
        if (new) error->class = ERROR_RETRY;
        return false;
    }
    return true;
}

static bool count_partitions(rd_kafka_t *client, struct probe *probe, struct error *error) {
    probe->offset = look_for_leader(client, probe->topic);
    return probe->offset > 0 ||
           error_set(error, ERROR_RETRY, "partitions of \"%s\": no answer", probe->topic);
}

static bool answer_all(rd_kafka_t *client, struct probe *probes, int count, struct error *error) {
    struct group group = {probes, memory_zalloc((size_t)count, sizeof(int)),
                          memory_zalloc((size_t)count, sizeof(bool)), count};
    bool ok = true, done = false;
    for (int i = 0; ok && i < count; i++)
        ok = probes[i].kind != PROBE_PARTITIONS || count_partitions(client, &probes[i], error);
    while (ok && !done) {
        rd_kafka_topic_partition_list_t *round = next_round(&group);
        done = round->cnt == 0;
        ok = done || ask_round(client, &group, round, error);
        if (!ok && error->class == ERROR_RETRY) look_for_leaders(client, round);
        rd_kafka_topic_partition_list_destroy(round);
    }
    free(group.steps);
    free(group.asked);
    return ok;
}

/* --- the thread --- */

/* In turn: questions that nobody answers for now must not hold up the others. */
static int next_slot(const struct prober *prober) {
    for (int i = 1; i <= PROBER_SLOTS; i++) {
        int slot = (prober->served + i) % PROBER_SLOTS;
        if (prober->slots[slot].state == PROBER_WAITING) return slot;
    }
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
    int count = slot->count;
    prober->served = number;
    struct probe *probes = memory_alloc((size_t)count * sizeof *probes);
    memcpy(probes, slot->probes, (size_t)count * sizeof *probes);
    pthread_mutex_unlock(&prober->lock);
    struct error error = {0};
    bool answered = answer_all(prober->client, probes, count, &error);
    pthread_mutex_lock(&prober->lock);
    if (slot->generation == generation && slot->state == PROBER_WAITING) {
        if (answered) {
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

/* --- the owner's side --- */

struct prober *prober_new(const struct kafka_config *config, struct error *error) {
    /* read_committed would answer with the last stable offset in the place of the high watermark */
    static const struct client_setting settings[] = {{"isolation.level", "read_uncommitted"}, {NULL, NULL}};
    rd_kafka_conf_t *conf = client_conf_new(config, "prober", settings, NULL, error);
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
