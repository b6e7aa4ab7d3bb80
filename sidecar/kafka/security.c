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

/* Of a property given twice the last one stands. */
static const char *property_of(const struct kafka_config *config, const char *name, const char *otherwise) {
    const char *value = NULL;
    for (int i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0) value = config->properties[i].value;
    return value ? value : otherwise;
}

/* --- the same said twice --- */

/* Which option a property competes with, where that option, or what stands for it, is given. Two have two
 * names, and what a file brings may be written into a property instead. */
static const struct {
    const char *property, *setting, *option;
} rivals[] = {
    {"ssl.ca.location", "ssl.ca.location", "kafka.tls.ca"},
    {"ssl.ca.pem", "ssl.ca.location", "kafka.tls.ca"},
    {"ssl.certificate.location", "ssl.certificate.location", "kafka.tls.certificate"},
    {"ssl.certificate.pem", "ssl.certificate.location", "kafka.tls.certificate"},
    {"ssl.key.location", "ssl.key.location", "kafka.tls.key"},
    {"ssl.key.pem", "ssl.key.location", "kafka.tls.key"},
    {"ssl.key.password", "ssl.key.password", "kafka.tls.key_password"},
    {"enable.ssl.certificate.verification", "enable.ssl.certificate.verification", "kafka.tls.verify"},
    {"ssl.endpoint.identification.algorithm", "ssl.endpoint.identification.algorithm", "kafka.tls.verify"},
    {"sasl.mechanism", "sasl.mechanism", "kafka.sasl.mechanism"},
    {"sasl.mechanisms", "sasl.mechanism", "kafka.sasl.mechanism"},
    {"sasl.username", "sasl.username", "kafka.sasl.username"},
    {"sasl.password", "sasl.password", "kafka.sasl.password"},
    {"security.protocol", "security.protocol", NULL}, /* follows from which sections there are */
};

static const char *sections(const struct kafka_config *config) {
    if (!config->sasl.present) return "kafka.tls";
    return config->tls.present ? "kafka.tls` and `kafka.sasl" : "kafka.sasl";
}

static bool is_set(const struct client_setting *settings, const char *name) {
    for (; settings->name; settings++)
        if (strcmp(settings->name, name) == 0) return true;
    return false;
}

bool security_check(const struct kafka_config *config, const struct client_setting *settings,
                    struct error *error) {
    for (size_t i = 0; i < sizeof rivals / sizeof *rivals; i++) {
        const char *property = rivals[i].property;
        if (!is_set(settings, rivals[i].setting) || !property_of(config, property, NULL)) continue;
        return error_set(error, ERROR_CONFIG,
                         "kafka property \"%s\" is set by `%s` as well\nhint: leave it out of "
                         "`kafka.properties`",
                         property, rivals[i].option ? rivals[i].option : sections(config));
    }
    return true;
}

/* --- what is worth a warning --- */

static bool is_property(const struct kafka_config *config, const char *name, const char *value) {
    return strcasecmp(property_of(config, name, ""), value) == 0;
}

static enum tls_verify verification(const struct kafka_config *config) {
    if (is_property(config, "enable.ssl.certificate.verification", "false")) return TLS_VERIFY_NONE;
    if (is_property(config, "ssl.endpoint.identification.algorithm", "none")) return TLS_VERIFY_CA;
    return config->tls.verify;
}

/* The mechanism whose secret goes over the wire as it is; NULL: none does. */
static const char *mechanism_in_clear(const struct kafka_config *config) {
    const char *mechanism = property_of(config, "sasl.mechanisms", property_of(config, "sasl.mechanism", ""));
    bool open = is_property(config, "security.protocol", "SASL_PLAINTEXT");
    if (config->sasl.present) {
        mechanism = mechanisms[config->sasl.mechanism];
        open = !config->tls.present;
    }
    bool secret = strcmp(mechanism, "PLAIN") == 0 || strcmp(mechanism, "OAUTHBEARER") == 0;
    return open && secret ? mechanism : NULL;
}

void security_warn(const struct kafka_config *config) {
    static atomic_flag warned = ATOMIC_FLAG_INIT;
    enum tls_verify verify = verification(config);
    const char *in_clear = mechanism_in_clear(config);
    if ((verify == TLS_VERIFY_FULL && !in_clear) || atomic_flag_test_and_set(&warned)) return;
    if (verify != TLS_VERIFY_FULL)
        log_event(LOG_LEVEL_WARN, "tls_unverified", "brokers=%s not_verified=%s", LOG_QUOTE(config->brokers),
                  verify == TLS_VERIFY_NONE ? "certificate,hostname" : "hostname");
    if (in_clear)
        log_event(LOG_LEVEL_WARN, "secret_in_clear", "brokers=%s mechanism=%s hint=%s",
                  LOG_QUOTE(config->brokers), in_clear,
                  LOG_QUOTE("add `tls`: anyone on the way can read the password or token"));
}
