/* member.c: one member of a consumer group that does with kafka/consumer.h what a worker of the pipeline
 * does, and nothing else: claims the partitions it is assigned, reads both sides of them from the stored
 * offsets, and commits to the store. It checks each record, and writes down what it sees, a line an event,
 * each with one write, so that a killed process leaves no half of one:
 *
 *   assigned N             the group gave it N partitions
 *   claim P E T C OLD      partition P is ours in epoch E, read from offset T of the touches and C of the
 *                          conversions; OLD 1: going on with what was in memory
 *   read P E SIDE A B      the records A..B; SIDE 0 touches, 1 conversions
 *   end P E SIDE A         the end-of-partition event, at A
 *   commit P E T C         committed up to those
 *   fenced P E             a commit was refused
 *   revoked                the group took everything back
 *   neglect P SIDE         this queue is not read for a while; "heed P SIDE" ends it
 *   violation …            what must not happen
 *
 * The record at offset N of partition P must have the value "P:N". Exit codes as the pipeline's: 4 fenced. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/consumer.h"
#include "store.h"
#include "telemetry/log.h"

enum {
    MESSAGES = 500,
    POLL_MS = 10,
    COMMIT_MS = 100,
    RECLAIM_MS = 500, /* so that two who disagree do not take turns for ever */
    MOST_PROPERTIES = 20,
    LINE_BYTES = 400
};

struct held {
    bool assigned; /* by the group */
    bool claimed;  /* in this assignment */
    bool reading;
    struct store_row row; /* as we last left it in the store */
    int64_t next[2];      /* to be read; good for as long as the row is the store's */
    int64_t noted[2];     /* the records before it are written down */
};

struct member {
    struct kafka_config config;
    const char *topics[2];
    const char *store;
    int partition_count;
    int64_t neglect_ms; /* how long after an assignment one queue is not read */
    struct consumer *consumer;
    struct held *partitions;
    bool acquiring;
    int64_t claim_at_us;
    int neglected; /* partition, or -1 */
    enum consumer_side neglected_side;
    int64_t neglected_until_us;
    uint64_t assignments;
};

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

/* --- what is written down --- */

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...) {
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (len > (int)sizeof line - 2) len = (int)sizeof line - 2;
    line[len++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)len) != len) exit(1);
}

/* --- the group --- */

static void drop_all(struct member *member) {
    for (int i = 0; i < member->partition_count; i++) {
        struct held *held = &member->partitions[i];
        held->assigned = held->claimed = held->reading = false;
    }
    member->acquiring = false;
    member->claim_at_us = 0;
    member->neglected = -1;
}

static void on_revoked(void *context) {
    drop_all(context);
    note("revoked");
}

static void on_assigned(void *context, const struct consumer_partition *partitions, int count) {
    struct member *member = context;
    drop_all(member);
    for (int i = 0; i < count; i++) member->partitions[partitions[i].partition].assigned = true;
    member->acquiring = true;
    member->assignments++;
    note("assigned %d", count);
}

/* --- taking over --- */

/* False while another process is at the store. */
static bool claim(struct member *member, int number) {
    struct held *held = &member->partitions[number];
    struct store_row before, row;
    if (store_claim(member->store, number, &before, &row) == STORE_BUSY) return false;
    bool ours = held->row.epoch && held->row.epoch == before.epoch && held->row.sequence == before.sequence;
    if (!ours) memcpy(held->next, row.next, sizeof held->next);
    memcpy(held->noted, held->next, sizeof held->noted);
    held->row = row;
    held->claimed = true;
    note("claim %d %" PRId64 " %" PRId64 " %" PRId64 " %d", number, row.epoch, held->next[0], held->next[1],
         ours);
    return true;
}

static bool claim_all(struct member *member) {
    for (int i = 0; i < member->partition_count; i++) {
        struct held *held = &member->partitions[i];
        if (held->assigned && !held->claimed && !claim(member, i)) return false;
    }
    return true;
}

/* Another queue each time. */
static void choose_neglected(struct member *member, const struct consumer_start *starts, int count) {
    if (!member->neglect_ms || !count) return;
    member->neglected = starts[member->assignments / 2 % (uint64_t)(count / 2) * 2].partition;
    member->neglected_side = (enum consumer_side)(member->assignments % 2);
    member->neglected_until_us = clock_monotonic_us() + member->neglect_ms * 1000;
    note("neglect %d %d", member->neglected, member->neglected_side);
}

static bool begin_reading(struct member *member, struct error *error) {
    struct consumer_start *starts = memory_zalloc((size_t)member->partition_count * 2, sizeof *starts);
    int count = 0;
    for (int i = 0; i < member->partition_count; i++) {
        struct held *held = &member->partitions[i];
        if (!held->claimed) continue;
        held->reading = true;
        for (int side = 0; side < 2; side++)
            starts[count++] = (struct consumer_start){side, i, held->next[side]};
    }
    member->acquiring = false;
    choose_neglected(member, starts, count);
    bool ok = consumer_assign(member->consumer, starts, count, error);
    free(starts);
    return ok;
}

/* --- reading --- */

static void check_record(const struct held *held, int number, enum consumer_side side,
                         const rd_kafka_message_t *message) {
    char wanted[32];
    int len = snprintf(wanted, sizeof wanted, "%d:%" PRId64, number, message->offset);
    if (!held->reading)
        note("violation read %d %d offset %" PRId64 " without holding it", number, side, message->offset);
    if (message->offset != held->next[side])
        note("violation offset %" PRId64 " of %d %d where %" PRId64 " was due", message->offset, number, side,
             held->next[side]);
    if (message->partition != number || message->len != (size_t)len ||
        memcmp(message->payload, wanted, (size_t)len) != 0)
        note("violation offset %" PRId64 " of %d %d is another record", message->offset, number, side);
}

static void note_read(struct held *held, int number, enum consumer_side side) {
    if (held->next[side] > held->noted[side])
        note("read %d %" PRId64 " %d %" PRId64 " %" PRId64, number, held->row.epoch, side, held->noted[side],
             held->next[side] - 1);
    held->noted[side] = held->next[side];
}

static void take(struct held *held, int number, enum consumer_side side, const rd_kafka_message_t *message) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_read(held, number, side);
        note("end %d %" PRId64 " %d %" PRId64, number, held->row.epoch, side, message->offset);
    } else if (message->err) {
        note("violation %s from %d %d", rd_kafka_err2name(message->err), number, side);
    } else {
        check_record(held, number, side, message);
        held->next[side] = message->offset + 1;
    }
}

static bool is_neglected(struct member *member, int number, enum consumer_side side) {
    if (number != member->neglected || side != member->neglected_side) return false;
    if (clock_monotonic_us() < member->neglected_until_us) return true;
    note("heed %d %d", number, side);
    member->neglected = -1;
    return false;
}

/* Partitions that are not ours, or not any more, are read as well: there must be nothing to read. */
static bool read_side(struct member *member, int number, enum consumer_side side) {
    rd_kafka_message_t *messages[MESSAGES];
    struct held *held = &member->partitions[number];
    if (is_neglected(member, number, side)) return false;
    int count = consumer_read(member->consumer, side, number, messages, MESSAGES);
    for (int i = 0; i < count; i++) {
        take(held, number, side, messages[i]);
        rd_kafka_message_destroy(messages[i]);
    }
    note_read(held, number, side);
    return count > 0;
}

static bool read_all(struct member *member) {
    bool any = false;
    for (int i = 0; i < member->partition_count; i++)
        for (enum consumer_side side = 0; side < 2; side++) any |= read_side(member, i, side);
    return any;
}

/* --- committing --- */

static void report(struct member *member, int32_t number, const struct held *held) {
    for (enum consumer_side side = 0; side < 2; side++)
        consumer_report(member->consumer, side, &number, &held->row.next[side], 1);
}

/* Fenced: the group will say the same soon, or give the partition to us again; until then it is not read. */
static void commit(struct member *member, int number) {
    struct held *held = &member->partitions[number];
    if (!held->reading || memcmp(held->next, held->row.next, sizeof held->next) == 0) return;
    switch (store_commit(member->store, number, &held->row, held->next)) {
    case STORE_BUSY: return;
    case STORE_DONE:
        note("commit %d %" PRId64 " %" PRId64 " %" PRId64, number, held->row.epoch, held->next[0],
             held->next[1]);
        report(member, number, held);
        return;
    case STORE_FENCED:
        note("fenced %d %" PRId64, number, held->row.epoch);
        for (int i = 0; i < member->partition_count; i++)
            member->partitions[i].claimed = member->partitions[i].reading = false;
        held->row = (struct store_row){0};
        consumer_unassign(member->consumer);
        member->acquiring = true; /* everything anew, if it is still ours */
        member->claim_at_us = clock_monotonic_us() + RECLAIM_MS * 1000;
        return;
    }
}

static void commit_all(struct member *member) {
    for (int i = 0; i < member->partition_count; i++) commit(member, i);
}

/* --- the loop --- */

static bool turn(struct member *member, int64_t *committed_at_us, struct error *error) {
    if (!consumer_poll(member->consumer, 0, error)) return false;
    int64_t now = clock_monotonic_us();
    bool may_claim = member->acquiring && now >= member->claim_at_us;
    if (may_claim && claim_all(member) && !begin_reading(member, error)) return false;
    bool any = read_all(member);
    if (now - *committed_at_us >= COMMIT_MS * 1000) {
        commit_all(member);
        *committed_at_us = now;
    }
    return any || consumer_poll(member->consumer, POLL_MS, error);
}

static bool run(struct member *member, struct error *error) {
    const struct consumer_topic topics[] = {{member->topics[CONSUMER_TOUCHES], false},
                                            {member->topics[CONSUMER_CONVERSIONS], true}};
    struct consumer_options options = {.config = &member->config,
                                       .group = member->config.group,
                                       .role = "worker",
                                       .topics = topics,
                                       .topic_count = 2,
                                       .fetch = FETCH_LIMITS_FULL,
                                       .on_assigned = on_assigned,
                                       .on_revoked = on_revoked,
                                       .context = member};
    int64_t committed_at_us = 0;
    member->consumer = consumer_new(&options, error);
    bool ok = member->consumer != NULL;
    while (ok && !stopping) ok = turn(member, &committed_at_us, error);
    if (ok) commit_all(member);
    consumer_free(member->consumer);
    return ok;
}

static int usage(void) {
    fprintf(stderr, "usage: protocol-member --brokers B --group G --instance I --touches T --conversions T "
                    "--partitions N --store FOLDER [--neglect MS] [PROPERTY=VALUE…]\n");
    return 2;
}

enum { BROKERS = 1, GROUP, INSTANCE, TOUCHES, CONVERSIONS, PARTITIONS, STORE, NEGLECT };

static const struct option options[] = {{"brokers", required_argument, NULL, BROKERS},
                                        {"group", required_argument, NULL, GROUP},
                                        {"instance", required_argument, NULL, INSTANCE},
                                        {"touches", required_argument, NULL, TOUCHES},
                                        {"conversions", required_argument, NULL, CONVERSIONS},
                                        {"partitions", required_argument, NULL, PARTITIONS},
                                        {"store", required_argument, NULL, STORE},
                                        {"neglect", required_argument, NULL, NEGLECT},
                                        {0}};

static bool parse(struct member *member, int argc, char **argv) {
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) switch (option) {
        case BROKERS: member->config.brokers = optarg; break;
        case GROUP: member->config.group = optarg; break;
        case INSTANCE: member->config.instance_id = optarg; break;
        case TOUCHES: member->topics[CONSUMER_TOUCHES] = optarg; break;
        case CONVERSIONS: member->topics[CONSUMER_CONVERSIONS] = optarg; break;
        case PARTITIONS: member->partition_count = atoi(optarg); break;
        case STORE: member->store = optarg; break;
        case NEGLECT: member->neglect_ms = atoll(optarg); break;
        default: return false;
        }
    static struct property properties[MOST_PROPERTIES];
    member->config.properties = properties;
    for (; optind < argc && member->config.property_count < MOST_PROPERTIES; optind++) {
        char *value = strchr(argv[optind], '=');
        if (!value) return false;
        *value = '\0';
        properties[member->config.property_count++] = (struct property){argv[optind], value + 1};
    }
    return member->config.brokers && member->config.group && member->topics[0] && member->topics[1] &&
           member->store && member->partition_count > 0;
}

int main(int argc, char **argv) {
    struct member member = {.neglected = -1};
    struct error error;
    if (!parse(&member, argc, argv)) return usage();
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    member.partitions = memory_zalloc((size_t)member.partition_count, sizeof *member.partitions);
    note("start %d", (int)getpid());
    bool ok = run(&member, &error);
    free(member.partitions);
    if (ok) return 0;
    log_event(LOG_LEVEL_ERROR, "ended", "error=%s", LOG_QUOTE(error.message));
    return error.class == ERROR_FENCED ? 4 : 1;
}
