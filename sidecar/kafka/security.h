/* security.h: `kafka.tls` and `kafka.sasl` as librdkafka's properties, for every client alike. Any thread. */
#ifndef TRIBUTARY_KAFKA_SECURITY_H
#define TRIBUTARY_KAFKA_SECURITY_H

#include "kafka/client.h"

enum { SECURITY_SETTINGS = 16 };

/* The properties that follow from the two sections, ending with a name of NULL. The values belong to
 * `config`. None when the file has neither section. */
void security_settings(const struct kafka_config *config, struct client_setting settings[SECURITY_SETTINGS]);

/* A config error when a property says again what one of these settings says: which of them holds would be
 * open. Names both. */
bool security_check(const struct kafka_config *config, const struct client_setting *settings,
                    struct error *error) MUST_CHECK;

/* Says in the log, once a process, where the user has switched verification off or sends a secret in clear,
 * by an option or by a property. */
void security_warn(const struct kafka_config *config);

#endif
