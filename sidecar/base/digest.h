/* digest.h: SHA-256 and HMAC-SHA-256 as text. A digest holds its key prepared and allocates nothing when it
 * is asked; one thread at a time. */
#ifndef TRIBUTARY_BASE_DIGEST_H
#define TRIBUTARY_BASE_DIGEST_H

#include "base/span.h"

enum { DIGEST_TEXT = 64 };

struct digest;

/* With a key (not NULL, not empty) HMAC-SHA-256, otherwise SHA-256. The key is copied, and wiped at the end.
 */
struct digest *digest_new(const char *key);
void digest_free(struct digest *digest);

/* The digest of some bytes as lower-case hexadecimal, DIGEST_TEXT bytes to `out`, not terminated. */
void digest_text(struct digest *digest, struct span bytes, char *out);

#endif
