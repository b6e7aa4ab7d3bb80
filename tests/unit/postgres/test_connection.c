/* The part of the connection that needs no server: what errors mean. */
#include "postgres/connection.h"

#include "../suite.h"

struct meaning {
    const char *sqlstate;
    enum error_class class;
};

START_TEST(errors_have_classes) {
    static const struct meaning cases[] = {
        {NULL, ERROR_RETRY},                              /* no answer at all */
        {"08006", ERROR_RETRY},                           /* connection failure */
        {"40001", ERROR_RETRY},                           /* serialization failure */
        {"40P01", ERROR_RETRY},                           /* deadlock */
        {"53100", ERROR_RETRY},                           /* disk full */
        {"53300", ERROR_RETRY},                           /* too many connections */
        {"55P03", ERROR_RETRY},                           /* lock timeout */
        {"57014", ERROR_RETRY},                           /* statement timeout */
        {"57P01", ERROR_RETRY},                           /* shut down */
        {"58030", ERROR_RETRY},                           /* I/O error */
        {"25006", ERROR_RETRY},                           /* read-only: a standby, before it is promoted */
        {"25P03", ERROR_RETRY},                           /* idle-in-transaction timeout */
        {"22003", ERROR_POISON},                          /* out of range */
        {"22P02", ERROR_POISON},                          /* invalid text */
        {"23502", ERROR_POISON},                          /* not null */
        {"23505", ERROR_POISON},                          /* unique */
        {"23514", ERROR_POISON},                          /* check */
        {"44000", ERROR_POISON},                          /* check option of a view */
        {"54000", ERROR_POISON},                          /* too large */
        {"28P01", ERROR_CONFIG},                          /* wrong password */
        {"42P01", ERROR_CONFIG},                          /* no such table */
        {"42501", ERROR_CONFIG},                          /* no privilege */
        {"21000", ERROR_CONFIG}, {"25P02", ERROR_CONFIG}, /* in a failed transaction: our own mistake */
        {"25001", ERROR_CONFIG}, {"54001", ERROR_CONFIG}, {"0A000", ERROR_CONFIG},
        {"P0001", ERROR_POISON}, /* raised by a trigger */
        {"XX000", ERROR_CONFIG}, {"99999", ERROR_CONFIG}, {"", ERROR_CONFIG},
    };
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(postgres_error_class(cases[i].sqlstate) == cases[i].class, "%s: %s",
                      cases[i].sqlstate ? cases[i].sqlstate : "NULL",
                      error_class_name(postgres_error_class(cases[i].sqlstate)));
}
END_TEST

struct refusal {
    const char *message;
    enum error_class class;
    bool refused;
};

/* Libpq's texts as they were seen, of servers in three languages. */
START_TEST(failed_connections_have_classes) {
#define FAILED "connection to server at \"h\" (10.0.0.1), port 5432 failed: "
    static const struct refusal cases[] = {
        {FAILED
         "FATAL:  28P01: password authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:335\n",
         ERROR_CONFIG, true},
        {FAILED "FATAL:  28P01: Passwort-Authentifizierung für Benutzer »u« fehlgeschlagen\n", ERROR_CONFIG,
         true},
        {FAILED "VAŽNO:  28000: x\n", ERROR_CONFIG, true},
        {FAILED "FATAL:  3D000: Datenbank »nodb« existiert nicht\n", ERROR_CONFIG, false},
        {FAILED "FATAL:  42501: keine Berechtigung für Datenbank x\n", ERROR_CONFIG, false},
        {FAILED "FATAL:  57P03: das Datenbanksystem startet\n", ERROR_RETRY, false},
        {FAILED "FATAL:  57P03: the database system \"does not exist\" yet\n", ERROR_RETRY, false},
        {FAILED "FATAL:  53300: tut mir leid, schon zu viele Verbindungen\n", ERROR_RETRY, false},
        {FAILED "FATAL:  08P01: no such database: x\n", ERROR_CONFIG, false},
        {FAILED "FATAL:  08P01: server login has been failing, try again later\n", ERROR_RETRY, false},
        {FAILED "FATAL:  28P01: x\n" FAILED "FATAL:  57P03: y\n", ERROR_RETRY, false},
        {FAILED "Connection refused\n\tIs the server running on that host?\n", ERROR_RETRY, false},
        {FAILED "SSL error: certificate verify failed\n", ERROR_CONFIG, false},
        {FAILED "server certificate for \"a\" does not match host name \"b\"\n", ERROR_CONFIG, false},
        {"could not translate host name \"h\" to address: Name or service not known\n", ERROR_RETRY, false},
        {"connection timed out", ERROR_RETRY, false},
        {"", ERROR_RETRY, false},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        bool refused;
        ck_assert_msg(postgres_connect_class(cases[i].message, &refused) == cases[i].class, "%s",
                      cases[i].message);
        ck_assert_msg(refused == cases[i].refused, "%s", cases[i].message);
    }
}
END_TEST

/* A statement with more parameters than Postgres takes is refused before it is sent. */
START_TEST(too_many_parameters) {
    static struct parameter parameters[5000];
    struct connection *connection = connection_new(&(struct postgres_config){.url = "host=/nowhere"}, "test");
    struct error error;
    ck_assert(!connection_send(connection, "SELECT 1", parameters, 5000, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_str_eq(error.message, "postgres: a statement cannot have 5000 parameters");
    connection_free(connection);
    connection_free(NULL);
}
END_TEST

/* Nobody listens: that may pass, so it is tried again until the time is over, and then said. */
START_TEST(nobody_there) {
    struct connection *connection = connection_new(
        &(struct postgres_config){.url = "host=/tmp/tributary-no-such-directory port=5432 dbname=x"}, "test");
    struct error error;
    bool for_writing;
    ck_assert_int_eq(connection_socket(connection, &for_writing), -1);
    ck_assert_ptr_null(connection_query(connection, "SELECT 1", NULL, 0, 150, &error));
    ck_assert_int_eq(error.class, ERROR_RETRY);
    ck_assert_ptr_nonnull(strstr(error.message, "postgres: "));
    ck_assert_ptr_nonnull(strstr(error.message, "tributary-no-such-directory"));
    ck_assert_ptr_null(strchr(error.message, '\n'));
    connection_free(connection);
}
END_TEST

START_TEST(a_url_that_cannot_be) {
    struct connection *connection =
        connection_new(&(struct postgres_config){.url = "postgresql://host:port/x"}, "test");
    struct error error;
    ck_assert_ptr_null(connection_query(connection, "SELECT 1", NULL, 0, 5000, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.message, "port"));
    connection_free(connection);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("connection");
    tcase_add_test(tests, errors_have_classes);
    tcase_add_test(tests, failed_connections_have_classes);
    tcase_add_test(tests, too_many_parameters);
    tcase_add_test(tests, nobody_there);
    tcase_add_test(tests, a_url_that_cannot_be);
    return suite_run("postgres.connection", tests);
}
