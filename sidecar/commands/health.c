#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "pipeline/monitor.h"
#include "telemetry/http.h"

static const char usage[] =
    "usage: tributary health [FILE | --url http://HOST:PORT] [--ready] [--timeout SPAN]\n"
    "\n"
    "Asks a running pipeline whether it is well, as a container's health check does: in the image there is "
    "no\n"
    "curl. Prints one line. With FILE it asks where that pipeline file says that it listens "
    "(telemetry.listen).\n"
    "\n"
    "      --url URL        ask there: http://HOST:PORT (default: where \"run\" listens if nothing else is "
    "said,\n"
    "                       http://" MONITOR_ADDRESS ")\n"
    "      --ready          ask /readyz instead of /healthz: whether it reads all that it was given\n"
    "      --timeout SPAN   how long to wait for the whole answer (default 3s)\n"
    "  -h, --help           this text\n"
    "\n"
    "Ends with 0 when it is well, with 1 when it is not or does not answer, with 2 when the question is "
    "wrong.\n"
    "\n"
    "Examples:\n"
    "  tributary health\n"
    "  tributary health pipeline.yaml --ready\n"
    "  tributary health --url http://10.0.0.7:9469 --timeout 500ms\n";

enum { OPTION_URL = 256, OPTION_READY, OPTION_TIMEOUT };

static const struct option options[] = {
    {"url", required_argument, NULL, OPTION_URL},
    {"ready", no_argument, NULL, OPTION_READY},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"help", no_argument, NULL, 'h'},
    {0},
};

#define TIMEOUT_DEFAULT_US (INT64_C(3) * 1000000)
#define TIMEOUT_MIN_US     (INT64_C(10) * 1000)
#define TIMEOUT_MAX_US     (INT64_C(60) * 1000000)

enum {
    ANSWER_MAX = 16 * 1024, /* more is not read */
    STATUS_GOOD = 200,
    STATUS_UNAVAILABLE = 503, /* the page itself says why */
};

struct question {
    char *address;            /* "HOST:PORT" */
    char host[HTTP_HOST_MAX]; /* "": this machine */
    const char *port;         /* within address */
    const char *page;         /* "/healthz" */
    int64_t timeout_us, deadline_us;
};

/* --- a small HTTP client: one GET of HTTP/1.0, after which the other side closes. Everything has to be done
 * by the deadline, but for finding the address of a name, which the C library does as long as it likes. ---
 */

static bool trouble(struct error *error, int number) {
    return error_set(error, ERROR_RETRY, "%s", strerror(number));
}

/* Waits until the socket can be read or written. */
static bool await(const struct question *question, int fd, short what, struct error *error) {
    struct pollfd poll_fd = {.fd = fd, .events = what};
    for (;;) {
        int64_t left_us = question->deadline_us - clock_monotonic_us();
        if (left_us <= 0)
            return error_set(error, ERROR_RETRY, "no answer within %" PRId64 " ms",
                             question->timeout_us / 1000);
        int ready = poll(&poll_fd, 1, (int)(left_us / 1000) + 1);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return trouble(error, errno);
    }
}

static bool await_connection(const struct question *question, int fd, struct error *error) {
    int number = 0;
    socklen_t len = sizeof number;
    if (!await(question, fd, POLLOUT, error)) return false;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0) number = errno;
    return number == 0 || trouble(error, number);
}

/* A connected socket, or -1. */
static int connect_to(const struct question *question, const struct addrinfo *at, struct error *error) {
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        (void)trouble(error, errno);
        return -1;
    }
    bool ok = connect(fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS || trouble(error, errno);
    if (ok && await_connection(question, fd, error)) return fd;
    close(fd);
    return -1;
}

/* The first of the host's addresses that answers; what is wrong with the last one otherwise. */
static int connect_to_any(const struct question *question, struct error *error) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;
    int code = getaddrinfo(*question->host ? question->host : NULL, question->port, &wanted, &found);
    if (code) {
        error_set(error, ERROR_RETRY, "%s", code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = connect_to(question, at, error);
    freeaddrinfo(found);
    return fd;
}

static bool send_request(const struct question *question, int fd, struct error *error) {
    struct buffer request;
    buffer_init(&request);
    buffer_printf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", question->page, question->address);
    size_t sent = 0;
    bool ok = true;
    while (ok && sent < request.len) {
        ssize_t count = send(fd, request.data + sent, request.len - sent, MSG_NOSIGNAL);
        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            ok = await(question, fd, POLLOUT, error);
        else if (errno != EINTR)
            ok = trouble(error, errno);
    }
    buffer_release(&request);
    return ok;
}

static bool receive(const struct question *question, int fd, struct buffer *answer, struct error *error) {
    bool ok = true;
    while (ok && answer->len < ANSWER_MAX) {
        ssize_t count = recv(fd, buffer_reserve(answer, ANSWER_MAX), ANSWER_MAX - answer->len, 0);
        int number = errno;
        if (count == 0) break;
        if (count > 0)
            answer->len += (size_t)count;
        else if (number == EAGAIN)
            ok = await(question, fd, POLLIN, error);
        else if (number != EINTR)
            ok = trouble(error, number);
    }
    return ok;
}

static bool exchange(const struct question *question, struct buffer *answer, struct error *error) {
    int fd = connect_to_any(question, error);
    if (fd < 0) return false;
    bool ok = send_request(question, fd, error) && receive(question, fd, answer, error);
    close(fd);
    return ok;
}

/* The three digits of "HTTP/1.1 200 OK"; 0 when it does not begin like that. */
static int status_of(const char *answer) {
    int status, len = 0;
    if (sscanf(answer, "HTTP/1.%*1[01] %3d%n", &status, &len) != 1) return 0;
    bool whole = len == (int)strlen("HTTP/1.1 200") && (answer[len] == ' ' || answer[len] == '\r');
    return whole && status >= 100 ? status : 0;
}

/* What stands behind the header; "" when nothing does. */
static const char *body_of(const char *answer) {
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* --- the verdict --- */

/* Lines that strangers may have sent, as one, fit for a terminal. */
static void print_lines(const char *text) {
    bool between = false;
    for (; *text; text++) {
        if (*text == '\n') {
            between = true;
            continue;
        }
        if (between) fputs("; ", stdout);
        between = false;
        putchar((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
    }
}

static int print_good(const struct question *question) {
    printf("ok    http://%s%s\n", question->address, question->page);
    return EXIT_OK;
}

static int print_wrong(const struct question *question, const char *why, const char *body) {
    printf("wrong http://%s%s: %s", question->address, question->page, why);
    print_lines(body);
    putchar('\n');
    return EXIT_FAILED;
}

static int judge(const struct question *question, struct buffer *answer) {
    const char *text = buffer_string(answer);
    int status = status_of(text);
    char why[64];
    if (status == STATUS_GOOD) return print_good(question);
    if (!status) return print_wrong(question, "the answer is not HTTP", "");
    const char *body = body_of(text);
    if (status == STATUS_UNAVAILABLE && *body) return print_wrong(question, "", body);
    snprintf(why, sizeof why, "it answers %d%s", status, *body ? ": " : "");
    return print_wrong(question, why, body);
}

static int ask(struct question *question) {
    struct buffer answer;
    struct error error;
    buffer_init(&answer);
    question->deadline_us = clock_monotonic_us() + question->timeout_us;
    bool ok = exchange(question, &answer, &error);
    int result = ok ? judge(question, &answer) : print_wrong(question, error.message, "");
    buffer_release(&answer);
    return result;
}

/* --- whom to ask --- */

static bool is_any_port(const char *port) {
    return strspn(port, "0") == strlen(port);
}

static bool take_address(struct question *question, const char *address) {
    question->address = memory_strdup(address);
    return http_address_split(question->address, question->host, &question->port) &&
           !is_any_port(question->port);
}

static bool take_url(struct question *question, const char *url, struct error *error) {
    static const char scheme[] = "http://";
    bool ok = strncmp(url, scheme, strlen(scheme)) == 0;
    if (ok) {
        const char *rest = url + strlen(scheme);
        size_t len = strlen(rest);
        char *address = memory_strndup(rest, len && rest[len - 1] == '/' ? len - 1 : len);
        ok = *address != ':' && take_address(question, address);
        free(address);
    }
    return ok ||
           error_set(error, ERROR_CONFIG,
                     "--url: \"%s\" is not of the form http://HOST:PORT, such as http://" MONITOR_ADDRESS
                     "\nhint: the page is /healthz, with --ready /readyz",
                     url);
}

/* An address that stands for all interfaces is not one to connect to: the loopback interface is among them.
 */
static void take_loopback(struct question *question) {
    if (strcmp(question->host, "0.0.0.0") == 0) strcpy(question->host, "127.0.0.1");
    if (strcmp(question->host, "::") == 0) strcpy(question->host, "::1");
    if (*question->host) return;
    char *address = memory_printf("localhost:%s", question->port);
    free(question->address);
    question->address = address;
    question->port = strchr(address, ':') + 1;
}

static bool take_listen(struct question *question, const char *file, const char *listen,
                        struct error *error) {
    if (listen && strcmp(listen, "none") == 0)
        return error_set(error, ERROR_CONFIG, "%s: `telemetry.listen` is none: there is nothing to ask",
                         file);
    if (!take_address(question, listen ? listen : MONITOR_ADDRESS))
        return error_set(error, ERROR_CONFIG,
                         "%s: `telemetry.listen: %s` does not say which port\nhint: the log does "
                         "(event=listening); ask it by --url",
                         file, listen);
    take_loopback(question);
    return true;
}

static int ask_file(struct question *question, const char *file) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error;
    bool ok = take_listen(question, file, pipeline->telemetry_listen, &error);
    pipeline_free(pipeline);
    return ok ? ask(question) : arguments_fail("health", &error);
}

static int ask_url(struct question *question, const char *url) {
    struct error error;
    if (!take_url(question, url, &error)) return arguments_fail("health", &error);
    return ask(question);
}

int command_health(int argc, char **argv) {
    struct question question = {.page = "/healthz", .timeout_us = TIMEOUT_DEFAULT_US};
    struct error error;
    const char *url = NULL;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) switch (option) {
        case OPTION_URL: url = optarg; break;
        case OPTION_READY: question.page = "/readyz"; break;
        case OPTION_TIMEOUT:
            if (!arguments_span("--timeout", optarg, TIMEOUT_MIN_US, TIMEOUT_MAX_US, &question.timeout_us,
                                &error))
                return arguments_fail("health", &error);
            break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    const char *file = argv[optind];
    if (file && argv[optind + 1]) return arguments_refuse("health", "name one pipeline file, or none");
    if (file && url) return arguments_refuse("health", "a file and --url both say whom to ask: choose one");
    int result = file ? ask_file(&question, file) : ask_url(&question, url ? url : "http://" MONITOR_ADDRESS);
    free(question.address);
    return result;
}

const struct command_text health_text = {usage, options};
