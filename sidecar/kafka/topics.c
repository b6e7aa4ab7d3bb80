#include "kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"

enum {
    FIRST_WAIT_MS = 500,
    FEW_BROKERS_MS = 10000, /* for one that has just come back, and counts again in a moment */
    CREATED_POLL_MS = 50,
    LEADER_WAIT_MS = 5000,
    KNOWN_WAIT_MS = 2000,
    USUAL_BATCH_BYTES = 1000000
};

struct topics {
    rd_kafka_t *client;
    const struct kafka_config *config;
    rd_kafka_resp_err_t blame; /* the most telling of the connection errors so far … */
    char blame_text[400];      /* … in the client's words */
};

static bool is_hopeless(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
}

/* A broker that does not like the client's certificate, or misses one, says so by a TLS alert after the
 * handshake, which the client library takes for a lost connection. The numbers are those of RFC 8446. */
static bool is_alert(const char *text) {
    static const long final[] = {40, 42, 43, 44, 45, 46, 47, 48, 49, 70, 71, 116};
    const char *alert = strstr(text, "SSL alert number ");
    long number = alert ? strtol(alert + strlen("SSL alert number "), NULL, 10) : 0;
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        if (final[i] == number) return true;
    return false;
}

/* Called from rd_kafka_poll, on the caller's thread. */
static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque) {
    (void)client;
    struct topics *topics = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || is_hopeless(topics->blame)) return;
    topics->blame = is_alert(text) ? RD_KAFKA_RESP_ERR__SSL : code;
    snprintf(topics->blame_text, sizeof topics->blame_text, "%s", text);
    char *detail = strstr(topics->blame_text, " (after "); /* "(after 3ms in state CONNECT)" */
    if (detail) *detail = '\0';
}

struct topics *topics_new(const struct kafka_config *config, struct error *error) {
    /* what goes wrong is told in the error, once, and not in the log as well */
    static const struct client_setting defaults[] = {
        {"log_level", "2"},
        {"log.connection.close", "true"}, /* or a connection that is closed at once would be no error */
        {NULL, NULL}};
    /* a consumer, because a producer's questions create the topic on brokers that allow it */
    static const struct client_setting required[] = {{"allow.auto.create.topics", "false"}, {NULL, NULL}};
    rd_kafka_conf_t *conf = client_conf_new(config, "admin", defaults, required, error);
    if (!conf) return NULL;
    struct topics *topics = memory_zalloc(1, sizeof *topics);
    topics->config = config;
    rd_kafka_conf_set_opaque(conf, topics);
    rd_kafka_conf_set_error_cb(conf, on_error);
    topics->client = client_new(RD_KAFKA_CONSUMER, conf, error);
    if (topics->client) return topics;
    free(topics);
    return NULL;
}

void topics_free(struct topics *topics) {
    if (!topics) return;
    rd_kafka_destroy(topics->client);
    free(topics);
}

static int64_t deadline_of(int timeout_ms) {
    return clock_monotonic_us() + (int64_t)timeout_ms * 1000;
}

static int left_ms(int64_t deadline) {
    int64_t left = (deadline - clock_monotonic_us()) / 1000;
    return left > 0 ? (int)left : 0;
}

/* What to look at first. The texts are the client library's and OpenSSL's, which have them in English only.
 */
static const char *hint_for(const struct topics *topics) {
    const char *text = topics->blame_text;
    if (strstr(text, "OAUTHBEARER token")) return "";
    if (topics->blame == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return "\nhint: are `mechanism`, `username` and `password` (or the token) under `kafka.sasl` right, "
               "and enabled on this listener?";
    if (strstr(text, "certificate verify failed"))
        return "\nhint: it must be signed by an authority in the file of `kafka.tls.ca`, and name the host "
               "in "
               "`kafka.brokers`";
    if (is_alert(text))
        return "\nhint: the broker does not accept the client's certificate, or wants one: see "
               "`kafka.tls.certificate` and `key`";
    return "\nhint: is this port one with TLS?";
}

/* A broker that expects TLS closes the connection of who speaks without, one that does not that of who begins
 * a handshake (2.8 of the client says so in these words, earlier ones name the cause), as does one that is
 * going down. */
static const char *hint_for_silence(const struct topics *topics) {
    if (strstr(topics->blame_text, "connecting to a SSL listener?"))
        return "\nhint: perhaps this port is one with TLS: see `kafka.tls`";
    if (strstr(topics->blame_text, "connecting to a PLAINTEXT broker listener?"))
        return "\nhint: perhaps this port is one without TLS: is `kafka.tls` meant for it?";
    return "";
}

static bool unanswered(struct topics *topics, int timeout_ms, rd_kafka_resp_err_t code, struct error *error) {
    const char *brokers = topics->config->brokers;
    if (is_hopeless(topics->blame))
        return error_set(error, ERROR_CONFIG, "the brokers \"%s\" refuse the connection: %s%s", brokers,
                         topics->blame_text, hint_for(topics));
    if (topics->blame)
        return error_set(error, ERROR_RETRY, "no answer from the brokers \"%s\" within %g s: %s%s", brokers,
                         timeout_ms / 1000.0, topics->blame_text, hint_for_silence(topics));
    return error_set(error, ERROR_RETRY,
                     "no answer from the brokers \"%s\" within %g s (%s)\n"
                     "hint: perhaps they expect TLS or SASL; see `kafka.tls` and `kafka.sasl`",
                     brokers, timeout_ms / 1000.0, rd_kafka_err2name(code));
}

/* The client waits silently for as long as it is told to, so it is asked in growing steps, with a look at its
 * errors in between: wrong credentials need not wait for the end. Zero for an answer. */
static rd_kafka_resp_err_t
ask_in_steps(struct topics *topics, int timeout_ms,
             rd_kafka_resp_err_t (*ask)(struct topics *topics, void *answer, int ms), void *answer) {
    int64_t deadline = deadline_of(timeout_ms);
    for (int wait = FIRST_WAIT_MS;; wait *= 2) {
        int left = left_ms(deadline);
        rd_kafka_resp_err_t code = ask(topics, answer, wait < left ? wait : left);
        rd_kafka_poll(topics->client, 0);
        if (!code) topics->blame = RD_KAFKA_RESP_ERR_NO_ERROR; /* of several brokers one did answer */
        if (!code || wait >= left || is_hopeless(topics->blame)) return code;
    }
}

struct metadata_question {
    rd_kafka_topic_t *topic;
    const struct rd_kafka_metadata *metadata;
};

/* Always of one topic: asked without one, the client asks about every topic it has heard of. */
static rd_kafka_resp_err_t ask_metadata(struct topics *topics, void *answer, int ms) {
    struct metadata_question *question = answer;
    return rd_kafka_metadata(topics->client, 0, question->topic, &question->metadata, ms);
}

static rd_kafka_resp_err_t ask_cluster_id(struct topics *topics, void *answer, int ms) {
    char **id = answer;
    *id = rd_kafka_clusterid(topics->client, ms);
    return *id ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* What the brokers say of a topic. */
struct view {
    int partitions; /* 0: there is no such topic */
    int leaderless; /* how many of them have no leader */
};

static bool view_of(const struct rd_kafka_metadata *metadata, const char *topic, struct view *view,
                    struct error *error) {
    *view = (struct view){0};
    if (metadata->topic_cnt < 1) return true;
    const struct rd_kafka_metadata_topic *answer = &metadata->topics[0];
    if (answer->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return true;
    if (answer->err) return client_error(error, answer->err, "topic \"%s\"", topic);
    view->partitions = answer->partition_cnt;
    for (int i = 0; i < answer->partition_cnt; i++) view->leaderless += answer->partitions[i].leader < 0;
    return true;
}

static bool look(struct topics *topics, const char *topic, int timeout_ms, struct view *view,
                 struct error *error) {
    struct metadata_question question = {.topic = rd_kafka_topic_new(topics->client, topic, NULL)};
    if (!question.topic) return client_error(error, rd_kafka_last_error(), "topic \"%s\"", topic);
    rd_kafka_resp_err_t code = ask_in_steps(topics, timeout_ms, ask_metadata, &question);
    rd_kafka_topic_destroy(question.topic);
    if (code) return unanswered(topics, timeout_ms, code, error);
    bool done = view_of(question.metadata, topic, view, error);
    rd_kafka_metadata_destroy(question.metadata);
    return done;
}

/* A topic created a moment ago has partitions without leaders, or answers with an error that passes. A
 * partition that stays without one, its brokers being away, is left to those who read it. */
bool topics_partitions(struct topics *topics, const char *topic, int timeout_ms, int *count,
                       struct error *error) {
    int64_t deadline = deadline_of(timeout_ms), leaders_by = deadline_of(LEADER_WAIT_MS);
    struct error why = {.class = ERROR_RETRY};
    for (int left = timeout_ms;; left = left_ms(deadline)) {
        struct view view = {0};
        bool seen = look(topics, topic, left, &view, &why);
        bool again = left_ms(deadline) >= FIRST_WAIT_MS;
        if (seen && (!view.leaderless || !again || !left_ms(leaders_by))) {
            *count = view.partitions;
            return true;
        }
        if (!seen && (why.class != ERROR_RETRY || !again)) break;
        rd_kafka_poll(topics->client, CREATED_POLL_MS);
    }
    return error_set(error, why.class, "%s", why.message);
}

bool topics_require(struct topics *topics, const char *topic, int timeout_ms, int *count,
                    struct error *error) {
    int64_t deadline = deadline_of(timeout_ms), known_by = deadline_of(KNOWN_WAIT_MS);
    for (int left = timeout_ms;; left = left_ms(deadline)) {
        if (!topics_partitions(topics, topic, left, count, error)) return false;
        if (*count) return true;
        if (!left_ms(known_by) || left_ms(deadline) < FIRST_WAIT_MS) break;
        rd_kafka_poll(topics->client, CREATED_POLL_MS);
    }
    return error_set(error, ERROR_CONFIG,
                     "topic \"%s\" does not exist on \"%s\", or this user may not see it", topic,
                     topics->config->brokers);
}

char *topics_cluster_id(struct topics *topics, int timeout_ms, struct error *error) {
    char *id;
    rd_kafka_resp_err_t code = ask_in_steps(topics, timeout_ms, ask_cluster_id, &id);
    if (code) {
        unanswered(topics, timeout_ms, code, error);
        return NULL;
    }
    char *copy = memory_strdup(id);
    rd_kafka_mem_free(topics->client, id);
    return copy;
}

/* One administrative request: what it goes out with and comes back on. */
struct request {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    int timeout_ms;
};

static bool request_init(struct request *request, struct topics *topics, rd_kafka_admin_op_t operation,
                         int timeout_ms, struct error *error) {
    char why[200];
    /* a connection first, because its errors are clearer than those of the request */
    char *id = topics_cluster_id(topics, timeout_ms, error);
    if (!id) return false;
    free(id);
    request->queue = rd_kafka_queue_new(topics->client);
    request->options = rd_kafka_AdminOptions_new(topics->client, operation);
    request->timeout_ms = timeout_ms;
    rd_kafka_AdminOptions_set_request_timeout(request->options, timeout_ms, why, sizeof why);
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS)
        rd_kafka_AdminOptions_set_operation_timeout(request->options, timeout_ms, why, sizeof why);
    return true;
}

static void request_release(struct request *request) {
    rd_kafka_AdminOptions_destroy(request->options);
    rd_kafka_queue_destroy(request->queue);
}

/* The answer, or NULL with the error. */
static rd_kafka_event_t *request_wait(struct request *request, const char *what, struct error *error) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(request->queue, request->timeout_ms + 1000);
    rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (!code) return event;
    error_set(error, client_error_class(code), "%s: %s", what,
              event ? rd_kafka_event_error_string(event) : rd_kafka_err2str(code));
    if (event) rd_kafka_event_destroy(event);
    return NULL;
}

static char *setting_in(rd_kafka_event_t *event, const char *topic, const char *name, bool *unknown,
                        struct error *error) {
    size_t count = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
    rd_kafka_resp_err_t code = count ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR__FAIL;
    *unknown = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (code) {
        client_error(error, code, "the settings of topic \"%s\"", topic);
        return NULL;
    }
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0 && value) return memory_strdup(value);
    }
    error_set(error, ERROR_CONFIG, "the cluster knows no setting \"%s\" of topic \"%s\"", name, topic);
    return NULL;
}

static char *ask_setting(struct topics *topics, const char *topic, const char *name, int timeout_ms,
                         bool *unknown, struct error *error) {
    struct request request;
    *unknown = false;
    char what[300], *value = NULL;
    snprintf(what, sizeof what, "the settings of topic \"%s\"", topic);
    if (!request_init(&request, topics, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, error)) return NULL;
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_DescribeConfigs(topics->client, &resource, 1, request.options, request.queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_event_t *event = request_wait(&request, what, error);
    if (event) {
        value = setting_in(event, topic, name, unknown, error);
        rd_kafka_event_destroy(event);
    }
    request_release(&request);
    return value;
}

/* Any broker may be asked, and may hear of a new topic later than the one that made it. */
char *topics_setting(struct topics *topics, const char *topic, const char *name, int timeout_ms,
                     struct error *error) {
    int64_t deadline = deadline_of(timeout_ms);
    int64_t known_by = deadline_of(timeout_ms < LEADER_WAIT_MS ? timeout_ms : LEADER_WAIT_MS);
    struct error why = {.class = ERROR_RETRY};
    for (int left = timeout_ms;; left = left_ms(deadline)) {
        bool unknown;
        char *value = ask_setting(topics, topic, name, left, &unknown, &why);
        if (value) return value;
        if (!left_ms(unknown ? known_by : deadline) || (!unknown && why.class != ERROR_RETRY)) break;
        rd_kafka_poll(topics->client, CREATED_POLL_MS);
    }
    error_set(error, why.class, "%s", why.message);
    return NULL;
}

int topics_batch_bytes(struct topics *topics, const char *topic, int timeout_ms) {
    char *limit = topics_setting(topics, topic, "max.message.bytes", timeout_ms, NULL);
    long bytes = limit ? strtol(limit, NULL, 10) : 0;
    free(limit);
    return bytes > 0 && bytes < USUAL_BATCH_BYTES ? (int)bytes : 0;
}

static rd_kafka_NewTopic_t *new_topic(const struct topic_plan *plan, struct error *error) {
    char why[200] = "";
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(plan->name, plan->partitions, plan->replication, why, sizeof why);
    if (!topic) {
        error_set(error, ERROR_CONFIG, "topic \"%s\": %s", plan->name, why);
        return NULL;
    }
    for (int i = 0; i < plan->setting_count; i++)
        rd_kafka_NewTopic_set_config(topic, plan->settings[i].name, plan->settings[i].value);
    return topic;
}

/* Adds one topic's failure to those before it. */
static void add_failure(const rd_kafka_topic_result_t *topic, bool *failed, struct error *error) {
    struct error one, before = error && *failed ? *error : (struct error){0};
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topic);
    const char *text = rd_kafka_topic_result_error_string(topic);
    error_set(&one, client_error_class(code), "topic \"%s\" cannot be created: %s%s",
              rd_kafka_topic_result_name(topic), text ? text : rd_kafka_err2str(code), client_hint(code));
    if (*failed)
        error_set(error, before.class, "%.480s\n%.480s", before.message, one.message);
    else
        error_set(error, one.class, "%s", one.message);
    *failed = true;
}

/* *few: there are not as many brokers as copies are wanted, or none counts yet that has just come back. */
static bool all_created(rd_kafka_event_t *event, bool *few, struct error *error) {
    size_t count = 0;
    bool failed = false;
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_topic_result_t **created = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(created[i]);
        *few |= code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR;
        if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) add_failure(created[i], &failed, error);
    }
    return !failed;
}

static bool send_plans(struct topics *topics, const struct topic_plan *plans, int count, int timeout_ms,
                       bool *few, struct error *error) {
    struct request request;
    rd_kafka_NewTopic_t **wanted = memory_zalloc((size_t)count, sizeof(rd_kafka_NewTopic_t *));
    bool done = true;
    int made = 0;
    while (done && made < count) {
        wanted[made] = new_topic(&plans[made], error);
        done = wanted[made] != NULL;
        made += done;
    }
    done = done && request_init(&request, topics, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms, error);
    if (done) {
        rd_kafka_CreateTopics(topics->client, wanted, (size_t)count, request.options, request.queue);
        rd_kafka_event_t *event = request_wait(&request, "creating topics", error);
        done = event && all_created(event, few, error);
        if (event) rd_kafka_event_destroy(event);
        request_release(&request);
    }
    rd_kafka_NewTopic_destroy_array(wanted, (size_t)made);
    free(wanted);
    return done;
}

/* What was created although its answer was lost is there already. Brokers that are too few are waited for,
 * but not as long as those that do not answer. */
static bool send_until_answered(struct topics *topics, const struct topic_plan *plans, int count,
                                int timeout_ms, struct error *error) {
    int64_t deadline = deadline_of(timeout_ms), few_until = deadline_of(FEW_BROKERS_MS);
    struct error why = {.class = ERROR_RETRY};
    for (int left = timeout_ms;; left = left_ms(deadline)) {
        bool few = false;
        if (send_plans(topics, plans, count, left, &few, &why)) return true;
        bool again = few ? left_ms(few_until) > 0 : why.class == ERROR_RETRY;
        if (!again || left_ms(deadline) < FIRST_WAIT_MS) break;
        rd_kafka_poll(topics->client, CREATED_POLL_MS);
    }
    return error_set(error, why.class, "%s", why.message);
}

/* The broker that answers questions may hear of a new topic later than the one that made it, and another one
 * later still. */
static bool await_topic(struct topics *topics, const char *topic, int timeout_ms, int *partitions,
                        struct error *error) {
    int64_t deadline = deadline_of(timeout_ms);
    struct error last = {.class = ERROR_RETRY};
    for (;;) {
        int left = left_ms(deadline);
        bool known = topics_partitions(topics, topic, left > CREATED_POLL_MS ? left : CREATED_POLL_MS,
                                       partitions, &last);
        if (known && *partitions > 0) return true;
        if (!known && last.class != ERROR_RETRY) break;
        if (!left) {
            return error_set(error, ERROR_RETRY,
                             "topic \"%s\" is not known to \"%s\" %g s after its creation", topic,
                             topics->config->brokers, timeout_ms / 1000.0);
        }
        rd_kafka_poll(topics->client, CREATED_POLL_MS);
    }
    return error_set(error, last.class, "%s", last.message);
}

bool topics_create(struct topics *topics, const struct topic_plan *plans, int count, int timeout_ms,
                   struct error *error) {
    if (count < 1) return true;
    if (!send_until_answered(topics, plans, count, timeout_ms, error)) return false;
    int partitions;
    for (int i = 0; i < count; i++)
        if (!await_topic(topics, plans[i].name, timeout_ms, &partitions, error)) return false;
    return true;
}

bool topics_ensure(struct topics *topics, const struct topic_plan *plan, int timeout_ms, int *count,
                   bool *created, struct error *error) {
    if (created) *created = false;
    if (!topics_partitions(topics, plan->name, timeout_ms, count, error)) return false;
    if (*count) return true;
    if (!send_until_answered(topics, plan, 1, timeout_ms, error)) return false;
    if (created) *created = true;
    return await_topic(topics, plan->name, timeout_ms, count, error);
}

static bool deletion_result(rd_kafka_event_t *event, const char *topic, bool *deleted, struct error *error) {
    size_t count = 0;
    const rd_kafka_DeleteTopics_result_t *result = rd_kafka_event_DeleteTopics_result(event);
    const rd_kafka_topic_result_t **topics = rd_kafka_DeleteTopics_result_topics(result, &count);
    rd_kafka_resp_err_t code = count ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
    *deleted = !code;
    if (!code || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return true;
    return client_error(error, code, "deleting topic \"%s\"", topic);
}

bool topics_delete(struct topics *topics, const char *topic, int timeout_ms, bool *deleted,
                   struct error *error) {
    struct request request;
    bool done = false;
    *deleted = false;
    if (!request_init(&request, topics, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms, error)) return false;
    rd_kafka_DeleteTopic_t *unwanted = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(topics->client, &unwanted, 1, request.options, request.queue);
    rd_kafka_DeleteTopic_destroy(unwanted);
    rd_kafka_event_t *event = request_wait(&request, "deleting topics", error);
    if (event) {
        done = deletion_result(event, topic, deleted, error);
        rd_kafka_event_destroy(event);
    }
    request_release(&request);
    return done;
}

static bool members_in(rd_kafka_event_t *event, const char *group, int *members, struct error *error) {
    size_t count = 0;
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    const rd_kafka_error_t *why = count ? rd_kafka_ConsumerGroupDescription_error(groups[0]) : NULL;
    rd_kafka_resp_err_t code = count ? rd_kafka_error_code(why) : RD_KAFKA_RESP_ERR__FAIL;
    *members = 0;
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return true;
    if (code) return client_error(error, code, "the members of consumer group \"%s\"", group);
    *members = (int)rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    return true;
}

bool topics_group_members(struct topics *topics, const char *group, int timeout_ms, int *count,
                          struct error *error) {
    struct request request;
    bool done = false;
    if (!request_init(&request, topics, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ms, error))
        return false;
    rd_kafka_DescribeConsumerGroups(topics->client, &group, 1, request.options, request.queue);
    rd_kafka_event_t *event = request_wait(&request, "the members of the consumer group", error);
    if (event) {
        done = members_in(event, group, count, error);
        rd_kafka_event_destroy(event);
    }
    request_release(&request);
    return done;
}
