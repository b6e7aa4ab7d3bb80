/* `kafka.tls` and `kafka.sasl` as properties, and those that say the same again. */
#include "kafka/security.h"

#include "../suite.h"

static struct kafka_config config_with(struct property *property) {
    static char brokers[] = "127.0.0.1:1", ca[] = "ca.pem", certificate[] = "c.pem", key[] = "c.key",
                password[] = "s3cret", user[] = "u";
    return (struct kafka_config){
        .brokers = brokers,
        .properties = property,
        .property_count = 1,
        .tls = {.present = true, .ca = ca, .certificate = certificate, .key = key, .key_password = password},
        .sasl = {.present = true, .mechanism = SASL_PLAIN, .username = user, .password = password}};
}

START_TEST(a_property_that_says_it_again_is_refused_and_both_are_named) {
    static const struct {
        const char *property, *option;
    } cases[] = {
        {"ssl.ca.location", "`kafka.tls.ca`"},
        {"ssl.ca.pem", "`kafka.tls.ca`"},
        {"ssl.certificate.location", "`kafka.tls.certificate`"},
        {"ssl.certificate.pem", "`kafka.tls.certificate`"},
        {"ssl.key.location", "`kafka.tls.key`"},
        {"ssl.key.pem", "`kafka.tls.key`"},
        {"ssl.key.password", "`kafka.tls.key_password`"},
        {"enable.ssl.certificate.verification", "`kafka.tls.verify`"},
        {"ssl.endpoint.identification.algorithm", "`kafka.tls.verify`"},
        {"security.protocol", "`kafka.tls` and `kafka.sasl`"},
        {"sasl.mechanism", "`kafka.sasl.mechanism`"},
        {"sasl.mechanisms", "`kafka.sasl.mechanism`"},
        {"sasl.username", "`kafka.sasl.username`"},
        {"sasl.password", "`kafka.sasl.password`"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char name[64], value[] = "s3cret", quoted[80];
        struct property property = {name, value};
        struct kafka_config config = config_with(&property);
        struct client_setting settings[SECURITY_SETTINGS];
        struct error error = {.class = ERROR_FATAL};
        snprintf(name, sizeof name, "%s", cases[i].property);
        snprintf(quoted, sizeof quoted, "\"%s\"", name);
        security_settings(&config, settings);
        ck_assert(!security_check(&config, settings, &error));
        ck_assert_int_eq(error.class, ERROR_CONFIG);
        ck_assert_msg(strstr(error.message, quoted) && strstr(error.message, cases[i].option), "%s",
                      error.message);
        ck_assert_ptr_null(strstr(error.message, "s3cret"));
        ck_assert_ptr_null(client_conf_new(&config, "x", NULL, NULL, &error));
        ck_assert_int_eq(error.class, ERROR_CONFIG);
    }
}
END_TEST

START_TEST(other_properties_stand_beside_them) {
    static char name[] = "ssl.cipher.suites", value[] = "x";
    struct property property = {name, value};
    struct kafka_config config = config_with(&property);
    struct client_setting settings[SECURITY_SETTINGS];
    struct error error = {0};
    security_settings(&config, settings);
    ck_assert_msg(security_check(&config, settings, &error), "%s", error.message);
}
END_TEST

START_TEST(an_option_that_is_not_given_leaves_its_property) {
    static const char *const names[] = {"ssl.ca.location", "ssl.certificate.location", "sasl.mechanism",
                                        "security.protocol"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        char name[64], value[] = "x";
        struct property property = {name, value};
        struct kafka_config config = {.properties = &property, .property_count = 1};
        struct client_setting settings[SECURITY_SETTINGS];
        struct error error = {0};
        snprintf(name, sizeof name, "%s", names[i]);
        security_settings(&config, settings);
        ck_assert_ptr_null(settings[0].name);
        ck_assert_msg(security_check(&config, settings, &error), "%s", error.message);
    }
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("security");
    tcase_add_test(tests, a_property_that_says_it_again_is_refused_and_both_are_named);
    tcase_add_test(tests, other_properties_stand_beside_them);
    tcase_add_test(tests, an_option_that_is_not_given_leaves_its_property);
    return suite_run("kafka.security", tests);
}
