#include "base/digest.h"

#include <nettle/hmac.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

struct digest {
    bool keyed;
    struct sha256_ctx plain;
    struct hmac_sha256_ctx hmac;
};

struct digest *digest_new(const char *key) {
    struct digest *digest = memory_zalloc(1, sizeof *digest);
    sha256_init(&digest->plain);
    if (!key || !*key) return digest;
    digest->keyed = true;
    hmac_sha256_set_key(&digest->hmac, strlen(key), (const uint8_t *)key);
    return digest;
}

void digest_free(struct digest *digest) {
    if (!digest) return;
    explicit_bzero(digest, sizeof *digest);
    free(digest);
}

/* Asking for the digest makes the context ready for the next bytes. */
void digest_text(struct digest *digest, struct span bytes, char *out) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *data = (const uint8_t *)bytes.data;
    uint8_t sum[SHA256_DIGEST_SIZE];
    if (digest->keyed) {
        hmac_sha256_update(&digest->hmac, bytes.len, data);
        hmac_sha256_digest(&digest->hmac, sizeof sum, sum);
    } else {
        sha256_update(&digest->plain, bytes.len, data);
        sha256_digest(&digest->plain, sizeof sum, sum);
    }
    for (size_t i = 0; i < sizeof sum; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
}
