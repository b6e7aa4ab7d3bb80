/* password.h: where passwords stand in what may hold them. Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_PASSWORD_H
#define TRIBUTARY_CONFIG_PASSWORD_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/span.h"

/* The next password in a Postgres URL (behind the user's name, or password= and sslpassword= among its
 * parameters) or in "host=… password=…": its place, perhaps empty. Start with *from = 0; false when there is
 * no further one. */
bool password_next(struct span url, size_t *from, struct span *password);
/* Appends the URL with *** for every password. */
void password_mask(struct span url, struct buffer *out);

/* Does the value stand in the pipeline file itself? `literal` is a whole value or a part of it, as
 * variables_literal gives it. */
bool password_written(struct span literal);

#endif
