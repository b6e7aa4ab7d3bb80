/* scan.h: what lies in one partition between two offsets, message by message, waiting for the brokers where
 * it has to: for commands that look at a topic and end. One thread at a time. */
#ifndef TRIBUTARY_KAFKA_SCAN_H
#define TRIBUTARY_KAFKA_SCAN_H

#include <stdbool.h>

#include "kafka/reader.h"

struct scan;

struct scan_options {
    struct reader *reader;
    const char *topic;
    int32_t partition;
    int64_t from, end;  /* end: the first offset that is not wanted */
    bool (*stop)(void); /* asked while waiting whether to give up; may be NULL */
};

/* NULL with an error. Nothing is asked of the brokers when the range is empty. */
struct scan *scan_new(const struct scan_options *options, struct error *error);
void scan_free(struct scan *scan);

enum scan_result {
    SCAN_RECORD, /* *message, good until the next call */
    SCAN_END,    /* nothing more: the range is passed, or the partition ends before */
    SCAN_FAILED, /* *error: retry when nothing came for half a minute or the scan was stopped */
};
enum scan_result scan_next(struct scan *scan, const rd_kafka_message_t **message, struct error *error);

/* The offset behind what has been passed. After SCAN_END it lies before `end` only if the partition ends
 * there. */
int64_t scan_position(const struct scan *scan);

#endif
