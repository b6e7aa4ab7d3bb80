/* arguments.h: what the commands' option parsers share. One thread: the one that main runs on. */
#ifndef TRIBUTARY_COMMANDS_ARGUMENTS_H
#define TRIBUTARY_COMMANDS_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/pipeline.h"

/* Each of these takes the text given for an option ("--rate") and says in a config error, the option's name
 * in front, what was wrong and what is wanted. */

/* A whole number, perhaps with a suffix: "2000000", "500k", "2M", "1G" (thousands). */
bool arguments_count(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *count,
                     struct error *error) MUST_CHECK;
/* A span of time in microseconds, as in a pipeline file: "250ms", "90s", "2h", "1h30m". */
bool arguments_span(const char *option, const char *text, int64_t min_us, int64_t max_us, int64_t *span_us,
                    struct error *error) MUST_CHECK;
/* A point in time in microseconds since 1970, as in a pipeline file: "2024-06-17T05:00:00Z". */
bool arguments_time(const char *option, const char *text, int64_t *time_us, struct error *error) MUST_CHECK;

/* A partition's number. */
bool arguments_partition(const char *text, int *partition, struct error *error) MUST_CHECK;

/* Appends the property of "name=value". */
bool arguments_property(const char *text, struct kafka_config *kafka, struct error *error) MUST_CHECK;
/* Sets the brokers: those given, or the environment's KAFKA_BROKERS; false when there are neither. */
bool arguments_brokers(const char *given, struct kafka_config *kafka);
/* The client's log: what deserves a person's attention, or everything where the property "debug" asks for it.
 */
void arguments_log_level(const struct kafka_config *kafka);
/* Frees a configuration that was put together by the functions above. */
void arguments_release_kafka(struct kafka_config *kafka);

/* Says what is wrong with the option that getopt_long stopped at: call it for '?' and ':', with opterr = 0
 * and an option string that begins with ':'. Returns EXIT_CONFIG. */
int arguments_complain(int result, char **argv, const struct option *options);
/* "tributary COMMAND: message" and where to read more, on standard error. Returns EXIT_CONFIG. */
int arguments_refuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The error on standard error, as a line of the log where that is JSON. Returns the exit code that its class
 * means. */
int arguments_fail(const char *command, const struct error *error);

#endif
