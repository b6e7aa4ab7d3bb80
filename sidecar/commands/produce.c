#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/clock.h"
#include "base/time.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/lines.h"
#include "commands/stop.h"
#include "event/timestamp.h"
#include "kafka/partitioner.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "telemetry/progress.h"

static const char usage[] =
    "usage: tributary produce --topic TOPIC [OPTIONS] FILE...\n"
    "\n"
    "Loads files into a topic: each line that is not empty becomes a record, as it stands. A line must be a "
    "JSON\n"
    "object; at the first one that is not, loading stops and says where. \"-\" reads standard input.\n"
    "\n"
    "  -t, --topic TOPIC        where to\n"
    "  -b, --brokers BROKERS    host:port, several with commas (default: $KAFKA_BROKERS)\n"
    "  -k, --key FIELD          the record's key is the text of this field: abc of \"abc\", 17 of 17. "
    "Records with\n"
    "                           the same key go to the same partition, as with Java's clients. A record "
    "without\n"
    "                           the field, or with null in it, has no key\n"
    "      --timestamp FIELD    the record's timestamp is the time in this field (ISO, UTC where it names no "
    "zone)\n"
    "                           instead of the present\n"
    "      --raw                lines are anything, not JSON: no key, no timestamp\n"
    "  -p, --partition N        all into this partition\n"
    "      --create N           make the topic, with N partitions, when it is not there\n"
    "      --rate N             records per second (default: as fast as it goes)\n"
    "      --property NAME=VALUE\n"
    "                           a librdkafka property, such as security.protocol=SSL; may be repeated\n"
    "  -q, --quiet              no progress bar\n"
    "  -h, --help               this text\n"
    "\n"
    "Ends with 0 only when the brokers have acknowledged every record.\n"
    "\n"
    "Examples:\n"
    "  tributary produce -b localhost:9092 -t clicks -k user_id --create 4 demo/clicks.jsonl\n"
    "  tributary produce -b localhost:9092 -t clicks -k user_id --timestamp datetime_occured "
    "demo/clicks.jsonl\n"
    "  zcat old/*.gz | tributary produce -b localhost:9092 -t archive --raw -\n";

enum {
    CONNECT_MS = 10000,
    FLUSH_STEP_MS = 200,
    MAX_WAIT_MS = 100,
    CHECK_EVERY = 256,
    MAX_PARTITIONS = 10000,
    MAX_RATE = 100000000,
};

struct produce {
    /* options */
    struct kafka_config kafka;
    const char *topic, *brokers, *key, *timestamp;
    uint64_t partition, create, rate;
    bool to_partition, raw, quiet, help;
    /* work */
    struct producer *producer;
    struct lines lines;
    struct progress progress;
    yyjson_alc *parser_memory;
    uint64_t sent, without_key;
    int through_file; /* the last line that was dealt with */
    uint64_t through_line;
    int64_t started_us;
    struct error refused; /* the first record that a broker refused, with its place */
};

enum { OPTION_TIMESTAMP = 256, OPTION_RAW, OPTION_CREATE, OPTION_RATE, OPTION_PROPERTY };

static const struct option options[] = {
    {"topic", required_argument, NULL, 't'},
    {"brokers", required_argument, NULL, 'b'},
    {"key", required_argument, NULL, 'k'},
    {"partition", required_argument, NULL, 'p'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"timestamp", required_argument, NULL, OPTION_TIMESTAMP},
    {"raw", no_argument, NULL, OPTION_RAW},
    {"create", required_argument, NULL, OPTION_CREATE},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"property", required_argument, NULL, OPTION_PROPERTY},
    {0},
};

static bool take_option(struct produce *produce, int option, struct error *error) {
    switch (option) {
    case 't': produce->topic = optarg; return true;
    case 'b': produce->brokers = optarg; return true;
    case 'k': produce->key = optarg; return true;
    case 'q': produce->quiet = true; return true;
    case 'h': produce->help = true; return true;
    case 'p':
        produce->to_partition = true;
        return arguments_count("--partition", optarg, 0, INT32_MAX, &produce->partition, error);
    case OPTION_TIMESTAMP: produce->timestamp = optarg; return true;
    case OPTION_RAW: produce->raw = true; return true;
    case OPTION_CREATE:
        return arguments_count("--create", optarg, 1, MAX_PARTITIONS, &produce->create, error);
    case OPTION_RATE: return arguments_count("--rate", optarg, 1, MAX_RATE, &produce->rate, error);
    case OPTION_PROPERTY: return arguments_property(optarg, &produce->kafka, error);
    default: return true;
    }
}

/* An exit code, or -1 to go on. */
static int take_options(struct produce *produce, int argc, char **argv) {
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":t:b:k:p:qh", options, NULL)) != -1) {
        if (option == '?' || option == ':') return arguments_complain(option, argv, options);
        if (!take_option(produce, option, &error)) return arguments_refuse("produce", "%s", error.message);
    }
    if (produce->help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!produce->topic) return arguments_refuse("produce", "into which topic? --topic is missing");
    if (optind == argc) return arguments_refuse("produce", "which files? \"-\" is standard input");
    if (produce->raw && (produce->key || produce->timestamp))
        return arguments_refuse("produce", "--raw lines have no fields for --key or --timestamp");
    if (!arguments_brokers(produce->brokers, &produce->kafka))
        return arguments_refuse("produce", "which brokers? give --brokers or set KAFKA_BROKERS");
    lines_init(&produce->lines, argv + optind, argc - optind);
    return -1;
}

static bool check_topic(struct produce *produce, struct topics *topics, struct error *error) {
    struct topic_plan plan = {.name = produce->topic, .partitions = (int)produce->create, .replication = -1};
    int partitions = 0;
    bool created = false;
    if (produce->create && !topics_ensure(topics, &plan, CONNECT_MS, &partitions, &created, error))
        return false;
    if (!produce->create && !topics_partitions(topics, produce->topic, CONNECT_MS, &partitions, error))
        return false;
    if (!partitions)
        return error_set(
            error, ERROR_CONFIG,
            "topic \"%s\" does not exist on \"%s\"\nhint: \"--create 4\" makes it, with 4 partitions",
            produce->topic, produce->kafka.brokers);
    if (created) fprintf(stderr, "created topic \"%s\", partitions: %d\n", produce->topic, partitions);
    if (produce->to_partition && produce->partition >= (uint64_t)partitions)
        return error_set(error, ERROR_CONFIG, "--partition %llu: topic \"%s\" has partitions 0 to %d",
                         (unsigned long long)produce->partition, produce->topic, partitions - 1);
    return true;
}

/* A line's place as the tag of its record: the file above, the number below. */
enum { FILE_BITS = 20 };

static uintptr_t tag_of(const struct lines *lines) {
    return (uintptr_t)(lines->number << FILE_BITS | ((uint64_t)lines->index & ((1U << FILE_BITS) - 1)));
}

static bool on_failure(void *context, const struct producer_failure *failure) {
    struct produce *produce = context;
    int index = (int)(failure->tag & ((1U << FILE_BITS) - 1));
    if (produce->refused.message[0]) return false;
    produce->refused = failure->error;
    error_prefix(&produce->refused, "%s:%llu", lines_name(&produce->lines, index),
                 (unsigned long long)(failure->tag >> FILE_BITS));
    return false;
}

static bool open_producer(struct produce *produce, struct error *error) {
    uint64_t bytes;
    if (!lines_measure(&produce->lines, &bytes, error)) return false;
    struct topics *topics = topics_new(&produce->kafka, error);
    if (!topics) return false;
    bool done = check_topic(produce, topics, error);
    int batch_bytes = done ? topics_batch_bytes(topics, produce->topic, CONNECT_MS) : 0;
    topics_free(topics);
    if (!done) return false;
    produce->producer = producer_new(&produce->kafka, "produce", batch_bytes, error);
    if (!produce->producer) return false;
    producer_set_on_failure(produce->producer, on_failure, produce);
    produce->parser_memory = yyjson_alc_dyn_new();
    progress_init(&produce->progress, "produce", PROGRESS_BYTES, bytes, produce->quiet);
    produce->started_us = clock_monotonic_us();
    return true;
}

static bool refuse_line(const struct produce *produce, struct error *error, const char *what) {
    const struct lines *lines = &produce->lines;
    return error_set(error, ERROR_POISON, "%s:%llu: %s", lines_name(lines, lines->index),
                     (unsigned long long)lines->number, what);
}

/* Of a field that is there twice the last one counts, as in the pipelines. */
static yyjson_val *field_of(yyjson_val *object, const char *name) {
    yyjson_val *found = NULL, *key;
    yyjson_obj_iter fields = yyjson_obj_iter_with(object);
    while ((key = yyjson_obj_iter_next(&fields)))
        if (yyjson_equals_str(key, name)) found = yyjson_obj_iter_get_val(key);
    return found;
}

static bool take_key(struct produce *produce, yyjson_val *object, struct producer_record *record,
                     struct error *error) {
    char what[300];
    yyjson_val *value = field_of(object, produce->key);
    if (!value || yyjson_is_null(value)) {
        produce->without_key++;
        return true;
    }
    if (yyjson_is_bool(value)) {
        record->key = span_of(yyjson_get_bool(value) ? "true" : "false");
        return true;
    }
    if (yyjson_is_str(value) || yyjson_is_raw(value)) {
        const char *text = yyjson_is_str(value) ? yyjson_get_str(value) : yyjson_get_raw(value);
        record->key = (struct span){text, yyjson_get_len(value)};
        return true;
    }
    snprintf(what, sizeof what, "field \"%s\" is an array or an object and cannot be a key", produce->key);
    return refuse_line(produce, error, what);
}

static bool take_timestamp(struct produce *produce, yyjson_val *object, struct producer_record *record,
                           struct error *error) {
    char what[400];
    int64_t time_us = 0;
    yyjson_val *value = field_of(object, produce->timestamp);
    struct span text = {yyjson_get_str(value), yyjson_get_len(value)};
    if (yyjson_is_str(value) &&
        timestamp_parse((struct value){VALUE_STRING, text}, TIME_FORMAT_ISO, NULL, &time_us)) {
        record->timestamp_ms = time_us / 1000;
        return true;
    }
    if (yyjson_is_str(value))
        snprintf(what, sizeof what, "field \"%s\": \"%.*s\" is not a time such as 2024-06-17T05:00:00Z",
                 produce->timestamp, text.len < 80 ? (int)text.len : 80, text.data);
    else
        snprintf(what, sizeof what, "field \"%s\" holds no text to be read as a time", produce->timestamp);
    return refuse_line(produce, error, what);
}

static bool send_record(struct produce *produce, const struct producer_record *record, struct error *error) {
    struct error refused;
    int32_t partition = produce->to_partition ? (int32_t)produce->partition : PARTITION_ANY;
    if (!producer_send_waiting(produce->producer, record, partition, stop_requested, &refused)) {
        error_set(error, refused.class, "%s", refused.message);
        return error_prefix(error, "%s:%llu", lines_name(&produce->lines, produce->lines.index),
                            (unsigned long long)produce->lines.number);
    }
    produce->sent++;
    return true;
}

static bool send_json(struct produce *produce, struct span line, struct error *error) {
    struct producer_record record = {.topic = produce->topic, .value = line, .tag = tag_of(&produce->lines)};
    yyjson_read_err wrong;
    char what[300];
    /* lines.line is what `line` is a view of; without YYJSON_READ_INSITU it stays as it is */
    yyjson_doc *document = yyjson_read_opts(produce->lines.line, line.len, YYJSON_READ_NUMBER_AS_RAW,
                                            produce->parser_memory, &wrong);
    yyjson_val *object = yyjson_doc_get_root(document);
    bool done;
    if (!document) {
        snprintf(what, sizeof what, "not JSON: %s at byte %zu\nhint: --raw sends lines as they are",
                 wrong.msg, wrong.pos + 1);
        done = refuse_line(produce, error, what);
    } else if (!yyjson_is_obj(object)) {
        done = refuse_line(produce, error, "not a JSON object\nhint: --raw sends lines as they are");
    } else {
        done = (!produce->key || take_key(produce, object, &record, error)) &&
               (!produce->timestamp || take_timestamp(produce, object, &record, error)) &&
               send_record(produce, &record, error);
    }
    yyjson_doc_free(document);
    return done;
}

static bool is_blank(struct span line) {
    for (size_t i = 0; i < line.len; i++)
        if (!isspace((unsigned char)line.data[i])) return false;
    return true;
}

static bool send_line(struct produce *produce, struct span line, struct error *error) {
    if (produce->raw) {
        if (!line.len) return true;
        struct producer_record record = {
            .topic = produce->topic, .value = line, .tag = tag_of(&produce->lines)};
        return send_record(produce, &record, error);
    }
    if (line.len && line.data[line.len - 1] == '\r') line.len--;
    return is_blank(line) || send_json(produce, line, error);
}

/* Waits for the next record's turn and, now and then, looks at what the brokers say. */
static bool keep_pace(struct produce *produce, struct error *error) {
    for (;;) {
        int64_t now = clock_monotonic_us(), due = now;
        if (produce->rate)
            due = produce->started_us + (int64_t)((double)produce->sent / (double)produce->rate * 1e6);
        int64_t wait_ms = due > now ? (due - now + 999) / 1000 : 0;
        if (wait_ms || produce->sent % CHECK_EVERY == 0) {
            producer_poll(produce->producer, wait_ms < MAX_WAIT_MS ? (int)wait_ms : MAX_WAIT_MS);
            progress_update(&produce->progress, produce->lines.bytes);
        }
        /* a record that is too large says nothing about the next; anything else would go on */
        if (produce->refused.message[0] && produce->refused.class != ERROR_POISON)
            return error_set(error, produce->refused.class, "%s", produce->refused.message);
        if (!wait_ms || stop_requested()) return true;
    }
}

/* True at the end of the files or when somebody stopped it. */
static bool send_lines(struct produce *produce, struct error *error) {
    struct span line;
    while (!stop_requested()) {
        switch (lines_next(&produce->lines, &line, error)) {
        case LINES_READ: break;
        case LINES_END:
        case LINES_INTERRUPTED: return true;
        case LINES_FAILED: return false;
        }
        if (!send_line(produce, line, error)) return stop_requested();
        produce->through_file = produce->lines.index;
        produce->through_line = produce->lines.number;
        if (!keep_pace(produce, error)) return false;
    }
    return true;
}

/* Until everything is acknowledged or given up after message.timeout.ms; a second signal ends the process. */
static bool wait_for_acknowledgements(struct produce *produce, struct error *error) {
    struct error wait;
    while (!producer_flush(produce->producer, FLUSH_STEP_MS, &wait)) {
        if (producer_pending(produce->producer) && wait.class != ERROR_FATAL) continue;
        *error = produce->refused.message[0] ? produce->refused : wait;
        uint64_t failures = producer_failures(produce->producer);
        if (failures > 1)
            error_prefix(error, "%llu records failed; the first one", (unsigned long long)failures);
        return false;
    }
    return true;
}

static void say_summary(const struct produce *produce) {
    char size[32], place[4200] = "";
    const struct lines *lines = &produce->lines;
    double seconds = (double)(clock_monotonic_us() - produce->started_us) / 1e6;
    uint64_t acknowledged = producer_acknowledged(produce->producer);
    progress_amount(lines->bytes, PROGRESS_BYTES, size, sizeof size);
    if (lines->index < lines->count)
        snprintf(place, sizeof place, ", through %s:%llu", lines_name(lines, produce->through_file),
                 (unsigned long long)produce->through_line);
    printf("%llu records sent to \"%s\", %llu acknowledged (%s%s) in %.1f s: %.0f records/s\n",
           (unsigned long long)produce->sent, produce->topic, (unsigned long long)acknowledged, size, place,
           seconds, seconds > 0 ? (double)acknowledged / seconds : 0);
    if (produce->without_key)
        printf("%llu of them without a key: no field \"%s\"\n", (unsigned long long)produce->without_key,
               produce->key);
}

static int load(struct produce *produce) {
    struct error error, unacknowledged;
    arguments_log_level(&produce->kafka);
    stop_on_signals();
    if (!open_producer(produce, &error)) return arguments_fail("produce", &error);
    bool sent = send_lines(produce, &error);
    bool acknowledged = wait_for_acknowledgements(produce, &unacknowledged);
    progress_end(&produce->progress);
    say_summary(produce);
    if (!acknowledged) arguments_fail("produce", &unacknowledged);
    if (!sent && strcmp(error.message, produce->refused.message) != 0) arguments_fail("produce", &error);
    if (stop_requested()) fputs("tributary produce: interrupted before the end\n", stderr);
    return sent && acknowledged && !stop_requested() ? EXIT_OK : EXIT_FAILED;
}

int command_produce(int argc, char **argv) {
    struct produce produce = {0};
    int result = take_options(&produce, argc, argv);
    if (result < 0) result = load(&produce);
    producer_free(produce.producer);
    lines_release(&produce.lines);
    if (produce.parser_memory) yyjson_alc_dyn_free(produce.parser_memory);
    arguments_release_kafka(&produce.kafka);
    return result;
}

const struct command_text produce_text = {usage, options};
