#include "kafka/security.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "telemetry/log.h"

static const char *const mechanisms[] = {[SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
                                         [SASL_SCRAM_SHA_512] = "SCRAM-SHA-512",
                                         [SASL_PLAIN] = "PLAIN",
                                         [SASL_OAUTHBEARER] = "OAUTHBEARER"};

static void add(struct client_setting **next, const char *name, const char *value) {
    if (value) *(*next)++ = (struct client_setting){name, value};
}

static void add_tls(struct client_setting **next, const struct tls_config *tls) {
    add(next, "ssl.ca.location", tls->ca);
    add(next, "ssl.certificate.location", tls->certificate);
    add(next, "ssl.key.location", tls->key);
    add(next, "ssl.key.password", tls->key_password);
    add(next, "enable.ssl.certificate.verification", tls->verify == TLS_VERIFY_NONE ? "false" : "true");
    add(next, "ssl.endpoint.identification.algorithm", tls->verify == TLS_VERIFY_FULL ? "https" : "none");
}

void security_settings(const struct kafka_config *config, struct client_setting settings[SECURITY_SETTINGS]) {
    const struct sasl_config *sasl = &config->sasl;
    bool tls = config->tls.present;
    struct client_setting *next = settings;
    if (tls || sasl->present)
        add(&next, "security.protocol", !sasl->present ? "SSL" : tls ? "SASL_SSL" : "SASL_PLAINTEXT");
    if (tls) add_tls(&next, &config->tls);
    if (sasl->present) {
        add(&next, "sasl.mechanism", mechanisms[sasl->mechanism]);
        add(&next, "sasl.username", sasl->username);
        add(&next, "sasl.password", sasl->password);
    }
    *next = (struct client_setting){NULL, NULL};
}

static bool has_property(const struct kafka_config *config, const char *name, const char *value) {
    for (int i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0 &&
            strcasecmp(config->properties[i].value, value) == 0)
            return true;
    return false;
}

static bool in_clear(const struct kafka_config *config) {
    const struct sasl_config *sasl = &config->sasl;
    return sasl->present && !config->tls.present &&
           (sasl->mechanism == SASL_PLAIN || sasl->mechanism == SASL_OAUTHBEARER);
}

void security_warn(const struct kafka_config *config) {
    static atomic_flag warned = ATOMIC_FLAG_INIT;
    enum tls_verify verify = config->tls.verify;
    if (has_property(config, "enable.ssl.certificate.verification", "false"))
        verify = TLS_VERIFY_NONE;
    else if (has_property(config, "ssl.endpoint.identification.algorithm", "none"))
        verify = TLS_VERIFY_CA;
    if ((verify == TLS_VERIFY_FULL && !in_clear(config)) || atomic_flag_test_and_set(&warned)) return;
    if (verify != TLS_VERIFY_FULL)
        log_event(LOG_LEVEL_WARN, "tls_unverified", "brokers=%s not_verified=%s", LOG_QUOTE(config->brokers),
                  verify == TLS_VERIFY_NONE ? "certificate,hostname" : "hostname");
    if (in_clear(config))
        log_event(LOG_LEVEL_WARN, "secret_in_clear", "brokers=%s mechanism=%s hint=%s",
                  LOG_QUOTE(config->brokers), mechanisms[config->sasl.mechanism],
                  LOG_QUOTE("add `tls`: anyone on the way can read the password or token"));
}
