/* token.h: the tokens of SASL OAUTHBEARER, from a command or a file, fetched when the client is made and
 * again when four fifths of their time are over. That is done on a thread of the client's own, so that a slow
 * command holds up no worker. */
#ifndef TRIBUTARY_KAFKA_TOKEN_H
#define TRIBUTARY_KAFKA_TOKEN_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "config/pipeline.h"

/* Has the client of this configuration fetch its tokens, if it shall; before rd_kafka_new. */
void token_prepare(rd_kafka_conf_t *conf, const struct sasl_config *sasl);
/* Starts it; after rd_kafka_new. */
void token_serve(rd_kafka_t *client);

enum { TOKEN_PRINCIPAL_MAX = 200, TOKEN_OPAQUE_MS = 5 * 60 * 1000 };

/* What a token says of itself, if it is a JWT: its `exp` in milliseconds since 1970 and its `sub`. Any other
 * text is good for TOKEN_OPAQUE_MS from now and has the principal "tributary". The signature is for the
 * brokers to check. Pure but for the clock; any thread. */
void token_describe(struct span token, int64_t *expires_ms, char principal[TOKEN_PRINCIPAL_MAX]);

#endif
