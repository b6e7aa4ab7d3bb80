/* Over real sockets, with requests as bytes. */
#include "telemetry/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../suite.h"
#include "base/clock.h"

static int write_good(void *context, struct buffer *out) {
    buffer_text(out, context);
    return 200;
}

static int write_bad(void *context, struct buffer *out) {
    (void)context;
    buffer_text(out, "broken\n");
    return 503;
}

static const struct http_page pages[] = {{"/good", "text/plain", write_good},
                                         {"/bad", "text/plain", write_bad}};

static struct http_server *serve(const char *address) {
    struct error error = {0};
    struct http_server *server = http_server_new(address, pages, COUNT_OF(pages), "fine\n", NULL, &error);
    ck_assert_msg(server != NULL, "%s", error.message);
    return server;
}

static int dial(const struct http_server *server) {
    const char *port = strrchr(http_server_address(server), ':') + 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* What comes back until the server closes the connection. */
static const char *ask(const struct http_server *server, const char *request) {
    static char answer[20000];
    size_t len = 0;
    int fd = dial(server);
    for (size_t sent = 0, all = strlen(request); sent < all;) {
        ssize_t n = send(fd, request + sent, all - sent, MSG_NOSIGNAL);
        if (n < 0) break;
        sent += (size_t)n;
    }
    for (ssize_t n; (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;) len += (size_t)n;
    close(fd);
    answer[len] = '\0';
    return answer;
}

static void answers(const char *answer, const char *status, const char *end) {
    char line[60];
    snprintf(line, sizeof line, "HTTP/1.1 %s", status);
    ck_assert_msg(strncmp(answer, line, strlen(line)) == 0, "%s", answer);
    const char *body = strstr(answer, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    ck_assert_str_eq(body + 4, end);
}

#define CLOSE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

START_TEST(answers_pages) {
    struct http_server *server = serve("127.0.0.1:0");
    answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
    answers(ask(server, "GET /bad" CLOSE), "503", "broken\n");
    answers(ask(server, "GET /good?verbose=1" CLOSE), "200", "fine\n");
    const char *head = ask(server, "HEAD /good" CLOSE);
    ck_assert_ptr_nonnull(strstr(head, "Content-Length: 5\r\n"));
    answers(head, "200", "");
    http_server_free(server);
}
END_TEST

START_TEST(refuses_the_rest) {
    struct http_server *server = serve("127.0.0.1:0");
    answers(ask(server, "GET /" CLOSE), "404", "there is no such page; there are:\n/good\n/bad\n");
    answers(ask(server, "GET /good/.." CLOSE), "404", "there is no such page; there are:\n/good\n/bad\n");
    const char *post = ask(server, "POST /good HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    ck_assert_ptr_nonnull(strstr(post, "Allow: GET, HEAD\r\n"));
    answers(post, "405", "only GET and HEAD are answered\n");
    answers(ask(server, "GET /good HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), "413",
            "a request has no body here\n");
    http_server_free(server);
}
END_TEST

/* Of so many bytes in its path or in a header. */
static const char *ask_long(const struct http_server *server, size_t path, size_t header) {
    static char request[100000];
    memset(request, 'x', sizeof request);
    size_t len = (size_t)sprintf(request, "GET /");
    request[len] = 'x';
    len += path;
    len += (size_t)sprintf(request + len, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ");
    request[len] = 'x';
    strcpy(request + len + header, "\r\n\r\n");
    return ask(server, request);
}

static void has_status(const char *answer, const char *status) {
    ck_assert_msg(strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0, "%s", answer);
}

START_TEST(bounds_the_header) {
    struct http_server *server = serve("127.0.0.1:0");
    has_status(ask_long(server, 8000, 1), "404");
    has_status(ask_long(server, 1, 8000), "404");
    has_status(ask_long(server, 60000, 1), "414");
    has_status(ask_long(server, 1, 60000), "431");
    answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
    http_server_free(server);
}
END_TEST

START_TEST(refuses_what_is_not_http) {
    struct http_server *server = serve("127.0.0.1:0");
    has_status(ask(server, "BREW /good" CLOSE), "405");
    has_status(ask(server, "GET /good HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
               "413");
    ck_assert_ptr_null(strstr(ask(server, "\x16\x03\x01 a client of TLS\r\n\r\n"), " 200 "));
    answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
    http_server_free(server);
}
END_TEST

/* Each sends the beginning of a request, and then a byte at a time, so that no silence ends it. */
START_TEST(slow_clients_keep_nobody_out) {
    enum { SLOW = 3 * HTTP_CONNECTIONS };
    struct http_server *server = serve("127.0.0.1:0");
    int clients[SLOW], ended = 0;
    for (int i = 0; i < SLOW; i++) {
        clients[i] = dial(server);
        ck_assert_int_eq(send(clients[i], "GET /good HTTP/1.1\r\nX: ", 23, MSG_NOSIGNAL), 23);
        for (int k = i - HTTP_CONNECTIONS < 0 ? 0 : i - HTTP_CONNECTIONS; k < i; k++)
            (void)!send(clients[k], "x", 1, MSG_NOSIGNAL);
        int64_t asked_us = clock_monotonic_us();
        answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
        ck_assert_int_lt(clock_monotonic_us() - asked_us, 3000000); /* before any silence ends */
    }
    for (int i = 0; i < SLOW; i++) {
        char byte;
        ended += recv(clients[i], &byte, 1, MSG_DONTWAIT) == 0;
        close(clients[i]);
    }
    ck_assert_int_ge(ended, SLOW - HTTP_CONNECTIONS);
    http_server_free(server);
}
END_TEST

/* Those who connect and say nothing are closed after some seconds; until then the others are answered. */
START_TEST(idle_connections_end) {
    struct http_server *server = serve("127.0.0.1:0");
    int silent = dial(server);
    char byte;
    answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
    ck_assert_int_eq(recv(silent, &byte, 1, 0), 0);
    close(silent);
    http_server_free(server);
}
END_TEST

static void refuses(const char *address, const char *part) {
    struct error error = {0};
    ck_assert_ptr_null(http_server_new(address, pages, COUNT_OF(pages), NULL, NULL, &error));
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_msg(strstr(error.message, part) != NULL, "%s", error.message);
}

START_TEST(a_taken_port_is_named) {
    struct http_server *server = serve("127.0.0.1:0");
    struct error error;
    bool taken = false;
    const char *address = http_server_address(server);
    ck_assert_ptr_null(http_server_new(address, pages, COUNT_OF(pages), NULL, &taken, &error));
    ck_assert(taken);
    ck_assert_int_eq(error.class, ERROR_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.message, address));
    ck_assert_ptr_nonnull(strstr(error.message, "\nhint: another process has this port"));
    http_server_free(server);
}
END_TEST

START_TEST(addresses) {
    struct http_server *server = serve(":0");
    ck_assert_ptr_nonnull(strrchr(http_server_address(server), ':'));
    answers(ask(server, "GET /good" CLOSE), "200", "fine\n");
    http_server_free(server);
    refuses("127.0.0.1", "not an address and a port");
    refuses("127.0.0.1:70000", "not an address and a port");
    refuses("::1:80", "not an address and a port");
    refuses("127.0.0.1:", "not an address and a port");
    refuses("192.0.2.1:0", "cannot listen on \"192.0.2.1:0\"");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("http");
    tcase_add_test(tests, answers_pages);
    tcase_add_test(tests, refuses_the_rest);
    tcase_add_test(tests, bounds_the_header);
    tcase_add_test(tests, refuses_what_is_not_http);
    tcase_add_test(tests, slow_clients_keep_nobody_out);
    tcase_add_test(tests, idle_connections_end);
    tcase_add_test(tests, a_taken_port_is_named);
    tcase_add_test(tests, addresses);
    return suite_run("telemetry.http", tests);
}
