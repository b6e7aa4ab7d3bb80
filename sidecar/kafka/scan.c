#include "kafka/scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client.h"

enum { MESSAGES = 1000, POLL_MS = 100, PATIENCE_MS = 30000 };

struct scan {
    struct scan_options options;
    struct reader_partition *log; /* NULL: the range is empty */
    int64_t next;
    bool ended;
    rd_kafka_message_t *messages[MESSAGES];
    int count, at;
};

struct scan *scan_new(const struct scan_options *options, struct error *error) {
    struct scan *scan = memory_zalloc(1, sizeof *scan);
    scan->options = *options;
    scan->next = options->from;
    scan->ended = options->from >= options->end;
    if (scan->ended) return scan;
    scan->log = reader_open(options->reader, options->topic, options->partition, options->from, error);
    if (scan->log) return scan;
    free(scan);
    return NULL;
}

void scan_free(struct scan *scan) {
    if (!scan) return;
    for (int i = 0; i < scan->count; i++) rd_kafka_message_destroy(scan->messages[i]);
    reader_close(scan->log);
    free(scan);
}

int64_t scan_position(const struct scan *scan) {
    return scan->next;
}

static bool silent(const struct scan *scan, struct error *error) {
    const char *trouble = reader_trouble(scan->options.reader);
    return error_set(error, ERROR_RETRY,
                     "topic \"%s\" [%d]: nothing came from offset %" PRId64 " on for %d s%s%s",
                     scan->options.topic, scan->options.partition, scan->next, PATIENCE_MS / 1000,
                     *trouble ? ": " : "", trouble);
}

/* Fetches further messages. */
static bool refill(struct scan *scan, struct error *error) {
    int64_t until = clock_monotonic_us() + (int64_t)PATIENCE_MS * 1000;
    for (int i = 0; i < scan->count; i++) rd_kafka_message_destroy(scan->messages[i]);
    scan->at = 0;
    scan->count = 0;
    while (!scan->count) {
        if (scan->options.stop && scan->options.stop()) return error_set(error, ERROR_RETRY, "stopped");
        if (clock_monotonic_us() > until) return silent(scan, error);
        scan->count = reader_read(scan->log, POLL_MS, scan->messages, MESSAGES);
    }
    return true;
}

static void pass(struct scan *scan, int64_t next) {
    if (next > scan->next) scan->next = next < scan->options.end ? next : scan->options.end;
    scan->ended = scan->next == scan->options.end;
}

static enum scan_result take_error(struct scan *scan, const rd_kafka_message_t *message,
                                   struct error *error) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        pass(scan, message->offset);
        scan->ended = true;
        return SCAN_END;
    }
    if (client_error_class(message->err) == ERROR_RETRY) return SCAN_RECORD; /* it tries again by itself */
    client_error(error, message->err, "topic \"%s\" [%d] cannot be read from offset %" PRId64,
                 scan->options.topic, scan->options.partition, scan->next);
    return SCAN_FAILED;
}

enum scan_result scan_next(struct scan *scan, const rd_kafka_message_t **message, struct error *error) {
    while (!scan->ended) {
        if (scan->at == scan->count && !refill(scan, error)) return SCAN_FAILED;
        rd_kafka_message_t *next = scan->messages[scan->at++];
        if (next->err) {
            enum scan_result result = take_error(scan, next, error);
            if (result != SCAN_RECORD) return result;
            continue;
        }
        if (next->offset < scan->next) continue; /* fetches may start earlier */
        pass(scan, next->offset + 1);
        if (next->offset >= scan->options.end) break;
        *message = next;
        return SCAN_RECORD;
    }
    return SCAN_END;
}
