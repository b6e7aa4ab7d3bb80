#include "telemetry/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    TIMEOUT_SECONDS = 5,       /* without a byte */
    REQUEST_BYTES = 16 * 1024, /* of a connection: its header and what is kept of it */
    BACKLOG = 16,
};

struct http_server {
    struct MHD_Daemon *daemon;
    int open[HTTP_CONNECTIONS]; /* sockets, the oldest first; only for the server's thread */
    int open_count;
    const struct http_page *pages;
    int count;
    void *context;
    char address[HTTP_ADDRESS_MAX];
};

/* --- connections --- */

static void forget(struct http_server *server, int fd) {
    int kept = 0;
    for (int i = 0; i < server->open_count; i++)
        if (server->open[i] != fd) server->open[kept++] = server->open[i];
    server->open_count = kept;
}

/* The timeout ends only those who are silent. So that those who send a byte now and then, or read one, cannot
 * keep everybody else out, the oldest connection gives way before the last place is taken: whoever asks at
 * once is answered. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what) {
    struct http_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    (void)socket_context;
    if (!info) return;
    forget(server, info->connect_fd);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) return;
    if (server->open_count == HTTP_CONNECTIONS - 1) {
        shutdown(server->open[0], SHUT_RDWR);
        forget(server, server->open[0]);
    }
    server->open[server->open_count++] = info->connect_fd;
}

/* --- answering --- */

static enum MHD_Result send_text(struct MHD_Connection *connection, int status, const char *type,
                                 struct buffer *text) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text->len, text->data, MHD_RESPMEM_MUST_COPY);
    buffer_release(text);
    if (!response) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *why) {
    struct buffer text;
    buffer_init(&text);
    buffer_text(&text, why);
    return send_text(connection, status, "text/plain; charset=utf-8", &text);
}

static enum MHD_Result send_list(const struct http_server *server, struct MHD_Connection *connection) {
    struct buffer text;
    buffer_init(&text);
    buffer_text(&text, "there is no such page; there are:\n");
    for (int i = 0; i < server->count; i++) buffer_printf(&text, "%s\n", server->pages[i].path);
    return send_text(connection, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8", &text);
}

static enum MHD_Result send_page(const struct http_server *server, struct MHD_Connection *connection,
                                 const char *path) {
    struct buffer text;
    for (int i = 0; i < server->count; i++) {
        if (strcmp(server->pages[i].path, path) != 0) continue;
        buffer_init(&text);
        int status = server->pages[i].write(server->context, &text);
        return send_text(connection, status, server->pages[i].type, &text);
    }
    return send_list(server, connection);
}

static bool has_body(struct MHD_Connection *connection) {
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called once with the header, when what is refused is refused, and once more when the request is complete.
 */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_size, void **state) {
    static char seen;
    const struct http_server *server = context;
    (void)version;
    (void)upload_data;
    if (*state) {
        *upload_size = 0;
        return send_page(server, connection, url);
    }
    *state = &seen;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
    if (has_body(connection))
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here\n");
    return MHD_YES;
}

/* --- listening --- */

bool http_address_split(const char *address, char *host, const char **port) {
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;
    bool brackets = len >= 2 && address[0] == '[' && address[len - 1] == ']';
    if (!colon || !colon[1] || strlen(colon + 1) > 5 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    if (strtol(colon + 1, NULL, 10) > UINT16_MAX || len >= HTTP_HOST_MAX) return false;
    if (!brackets && memchr(address, ':', len)) return false;
    memcpy(host, address + brackets, len - 2 * brackets);
    host[len - 2 * brackets] = '\0';
    *port = colon + 1;
    return true;
}

static int open_socket(const struct addrinfo *at) {
    int one = 1, fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0) return -1;
    /* a port that the process before left behind is free again; one somebody listens on is not */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool refuse_address(struct error *error, const char *address, const char *why, const char *hint) {
    return error_set(error, ERROR_CONFIG, "telemetry: cannot listen on \"%s\": %s\nhint: %s", address, why,
                     hint);
}

static int listen_on(const char *address, bool *taken, struct error *error) {
    static const char usage[] = "write `telemetry: {listen: \"HOST:PORT\"}`, or `listen: none`";
    char host[HTTP_HOST_MAX];
    const char *port;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    if (!http_address_split(address, host, &port)) {
        (void)refuse_address(error, address, "it is not an address and a port", usage);
        return -1;
    }
    int code = getaddrinfo(*host ? host : NULL, port, &wanted, &found);
    if (code) {
        (void)refuse_address(error, address, gai_strerror(code), usage);
        return -1;
    }
    int fd = open_socket(found);
    int reason = errno;
    freeaddrinfo(found);
    *taken = fd < 0 && reason == EADDRINUSE;
    if (fd < 0)
        (void)refuse_address(error, address, strerror(reason),
                             *taken ? "another process has this port, perhaps this pipeline's; choose "
                                      "another one, 0 for any that is free, or `listen: none`"
                                    : usage);
    return fd;
}

static void name_socket(int fd, char *address) {
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";
    if (getsockname(fd, (struct sockaddr *)&name, &len) == 0)
        getnameinfo((struct sockaddr *)&name, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(address, HTTP_ADDRESS_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

struct http_server *http_server_new(const char *address, const struct http_page *pages, int count,
                                    void *context, bool *taken, struct error *error) {
    bool in_use = false;
    int fd = listen_on(address, &in_use, error);
    if (taken) *taken = in_use;
    if (fd < 0) return NULL;
    struct http_server *server = memory_zalloc(1, sizeof *server);
    server->pages = pages;
    server->count = count;
    server->context = context;
    name_socket(fd, server->address);
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES, MHD_OPTION_END);
    if (server->daemon) return server;
    error_set(error, ERROR_FATAL, "telemetry: cannot start its thread");
    close(fd);
    free(server);
    return NULL;
}

void http_server_free(struct http_server *server) {
    if (!server) return;
    MHD_stop_daemon(server->daemon);
    free(server);
}

const char *http_server_address(const struct http_server *server) {
    return server->address;
}
