/* client.h: what every Kafka client of the program has in common: its configuration and the meaning of its
 * errors. Any thread; the functions keep no state of their own. */
#ifndef TRIBUTARY_KAFKA_CLIENT_H
#define TRIBUTARY_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/pipeline.h"

/* One librdkafka property. */
struct client_setting {
    const char *name, *value;
};

/* A configuration with the brokers, client.id "tributary-<role>", keepalive, back-off and logging through
 * telemetry/log.h; over that the role's own defaults; over those the user's properties; over
 * those `kafka.tls` and `kafka.sasl`, which no property may contradict; and last what the
 * results depend on: of these, a user's property with another value is a config error, as is a property that
 * librdkafka refuses. A property that only consumers know does not disturb a producer, nor the other way
 * round. `defaults` and `required` end with a name of NULL; each may be NULL. The caller passes the
 * configuration to client_new or destroys it. */
rd_kafka_conf_t *client_conf_new(const struct kafka_config *config, const char *role,
                                 const struct client_setting *defaults, const struct client_setting *required,
                                 struct error *error) MUST_CHECK;

/* rd_kafka_new that takes `conf` whatever happens. A config error when the properties contradict each other.
 */
rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error) MUST_CHECK;

/* A property in force that is a time in milliseconds. */
int64_t client_setting_ms(const rd_kafka_conf_t *conf, const char *name);

/* What follows from an error of librdkafka or a broker:
 *   retry   the network, a broker, a leader or a coordinator is away or busy
 *   poison  this record is too large or not acceptable to the topic
 *   config  credentials, rights, TLS, topics or settings are wrong; trying again does not help
 *   fatal   the client is finished (fenced, fatal), or the error is one nobody expects */
enum error_class client_error_class(rd_kafka_resp_err_t code);

/* Fills `error` with the formatted text, the client's own words and the error's name:
 *   topic "clicks": unknown topic or partition (UNKNOWN_TOPIC_OR_PART)
 * and for a missing right how to get it.
 * Returns false. */
bool client_error(struct error *error, rd_kafka_resp_err_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What to do about it, "\nhint: …", where that is the same everywhere; else "". client_error appends it. */
const char *client_hint(rd_kafka_resp_err_t code);

/* Told of an error by a client of the running pipeline (its error callback): one that no trying again cures
 * is counted as a refusal, and is in the log, now and then while it lasts. */
void client_note_refusal(const rd_kafka_t *client, rd_kafka_resp_err_t code, const char *text);

/* Whether the client has ended for good; then `error` says why, in the words of the first cause. Its class is
 * config when rights or settings were the cause, otherwise fatal. */
bool client_has_ended(rd_kafka_t *client, struct error *error);

#endif
