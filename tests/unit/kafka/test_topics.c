#include "kafka/topics.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "mock.h"

enum { TIMEOUT_MS = 20000 };

static struct topics *open_topics(const struct kafka_config *config) {
    struct error error = {0};
    struct topics *topics = topics_new(config, &error);
    ck_assert_msg(topics != NULL, "%s", error.message);
    return topics;
}

START_TEST(counts_partitions) {
    struct mock mock;
    struct error error = {0};
    int count = -1;
    mock_init(&mock, "clicks", 12);
    struct topics *topics = open_topics(&mock.config);
    ck_assert_msg(topics_partitions(topics, "clicks", TIMEOUT_MS, &count, &error), "%s", error.message);
    ck_assert_int_eq(count, 12);
    ck_assert(topics_require(topics, "clicks", TIMEOUT_MS, &count, &error));
    ck_assert_int_eq(count, 12);
    topics_free(topics);
    mock_release(&mock);
}
END_TEST

START_TEST(a_topic_that_is_not_there_has_no_partitions) {
    struct mock mock;
    struct error error = {.class = ERROR_FATAL};
    int count = -1;
    mock_init(&mock, "clicks", 1);
    rd_kafka_mock_topic_set_error(mock.cluster, "clicks", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    struct topics *topics = open_topics(&mock.config);
    ck_assert_msg(topics_partitions(topics, "clicks", TIMEOUT_MS, &count, &error), "%s", error.message);
    ck_assert_int_eq(count, 0);
    ck_assert(!topics_require(topics, "clicks", TIMEOUT_MS, &count, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, "topic \"clicks\" does not exist") != NULL, "%s", error.message);
    topics_free(topics);
    mock_release(&mock);
}
END_TEST

enum { CREATION_MS = 300 };

/* The mock cluster does not tell how often it was asked, so this goes by time. */
static void *finish_creation(void *context) {
    struct mock *mock = context;
    const struct timespec creation = {0, CREATION_MS * 1000000L};
    nanosleep(&creation, NULL);
    rd_kafka_mock_topic_set_error(mock->cluster, "clicks", RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_mock_partition_set_leader(mock->cluster, "clicks", 1, MOCK_BROKER);
    return NULL;
}

static void assert_waits_for_creation(struct mock *mock) {
    struct error error = {0};
    int count = -1;
    pthread_t thread;
    struct topics *topics = open_topics(&mock->config);
    int64_t started = clock_monotonic_us();
    ck_assert_int_eq(pthread_create(&thread, NULL, finish_creation, mock), 0);
    bool there = topics_require(topics, "clicks", TIMEOUT_MS, &count, &error);
    int64_t took_ms = (clock_monotonic_us() - started) / 1000;
    pthread_join(thread, NULL);
    ck_assert_msg(there, "%s", error.message);
    ck_assert_int_eq(count, 2);
    ck_assert_int_ge(took_ms, CREATION_MS);
    ck_assert_int_lt(took_ms, 4000); /* for leaders only so long */
    topics_free(topics);
}

/* In a cluster one broker may not have heard of it yet, or there are no leaders yet. With the second answer
 * the mock sends partitions, as no broker does, and later clients crash on that. */
START_TEST(a_topic_that_is_being_created_is_waited_for) {
    static const rd_kafka_resp_err_t answers[] = {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                                  RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE};
    int count = rd_kafka_version() < 0x020100ff ? COUNT_OF(answers) : 1;
    for (int i = 0; i < count; i++) {
        struct mock mock;
        mock_init(&mock, "clicks", 2);
        rd_kafka_mock_topic_set_error(mock.cluster, "clicks", answers[i]);
        assert_waits_for_creation(&mock);
        mock_release(&mock);
    }
}
END_TEST

START_TEST(leaders_are_waited_for) {
    struct mock mock;
    mock_init(&mock, "clicks", 2);
    rd_kafka_mock_partition_set_leader(mock.cluster, "clicks", 1, -1);
    assert_waits_for_creation(&mock);
    mock_release(&mock);
}
END_TEST

START_TEST(a_partition_that_stays_without_leader_counts) {
    struct mock mock;
    struct error error = {0};
    int count = -1;
    mock_init(&mock, "clicks", 2);
    rd_kafka_mock_partition_set_leader(mock.cluster, "clicks", 1, -1);
    struct topics *topics = open_topics(&mock.config);
    int64_t started = clock_monotonic_us();
    ck_assert_msg(topics_require(topics, "clicks", 1000, &count, &error), "%s", error.message);
    ck_assert_int_lt(clock_monotonic_us() - started, 4000000);
    ck_assert_int_eq(count, 2);
    topics_free(topics);
    mock_release(&mock);
}
END_TEST

START_TEST(tells_the_cluster_id) {
    struct mock mock;
    struct error error = {0};
    mock_init(&mock, "clicks", 1);
    struct topics *topics = open_topics(&mock.config);
    char *id = topics_cluster_id(topics, TIMEOUT_MS, &error);
    ck_assert_msg(id != NULL, "%s", error.message);
    ck_assert_int_eq(strncmp(id, "mockCluster", strlen("mockCluster")), 0);
    free(id);
    topics_free(topics);
    mock_release(&mock);
}
END_TEST

START_TEST(says_why_nobody_answers) {
    char brokers[] = "127.0.0.1:1"; /* where nobody listens */
    struct kafka_config config = {.brokers = brokers};
    struct error error = {.class = ERROR_FATAL};
    int count;
    struct topics *topics = open_topics(&config);
    int64_t started = clock_monotonic_us();
    ck_assert(!topics_partitions(topics, "clicks", 300, &count, &error));
    ck_assert_int_lt(clock_monotonic_us() - started, 10000000);
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_msg(strstr(error.message, "no answer from the brokers \"127.0.0.1:1\" within 0.3 s") &&
                      strstr(error.message, "Connection refused") && !strstr(error.message, "(after"),
                  "%s", error.message);
    ck_assert_ptr_null(topics_cluster_id(topics, 300, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    bool deleted = true;
    error.class = ERROR_FATAL;
    ck_assert(!topics_delete(topics, "clicks", 300, &deleted, &error) && !deleted);
    ck_assert_int_eq(error.class, ERROR_RETRY);
    error.class = ERROR_FATAL;
    ck_assert(!topics_group_members(topics, "tributary.p", 300, &count, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    topics_free(topics);
}
END_TEST

START_TEST(a_broker_that_comes_back_is_waited_for) {
    struct mock mock;
    struct error error = {0};
    int count = 0;
    mock_init(&mock, "clicks", 3);
    struct topics *topics = open_topics(&mock.config);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_METADATA, 2, RD_KAFKA_RESP_ERR__TRANSPORT,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    ck_assert_msg(topics_partitions(topics, "clicks", TIMEOUT_MS, &count, &error), "%s", error.message);
    ck_assert_int_eq(count, 3);
    topics_free(topics);
    mock_release(&mock);
}
END_TEST

START_TEST(a_refused_property_is_a_config_error) {
    char brokers[] = "127.0.0.1:1", name[] = "allow.auto.create.topics", value[] = "true";
    struct property property = {name, value};
    struct kafka_config config = {.brokers = brokers, .properties = &property, .property_count = 1};
    struct error error = {.class = ERROR_FATAL};
    ck_assert_ptr_null(topics_new(&config, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("topics");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, counts_partitions);
    tcase_add_test(tests, a_topic_that_is_not_there_has_no_partitions);
    tcase_add_test(tests, a_topic_that_is_being_created_is_waited_for);
    tcase_add_test(tests, leaders_are_waited_for);
    tcase_add_test(tests, a_partition_that_stays_without_leader_counts);
    tcase_add_test(tests, tells_the_cluster_id);
    tcase_add_test(tests, says_why_nobody_answers);
    tcase_add_test(tests, a_broker_that_comes_back_is_waited_for);
    tcase_add_test(tests, a_refused_property_is_a_config_error);
    return suite_run("kafka.topics", tests);
}
