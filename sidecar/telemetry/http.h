/* http.h: a small HTTP server for those who watch the process: a fixed list of pages, GET and HEAD only, with
 * a thread of its own that calls the pages' functions. At most HTTP_CONNECTIONS at a time, of which the
 * oldest gives way to a new one; a header of some 16 KiB at most; five seconds of silence. Start and stop it
 * from one thread. */
#ifndef TRIBUTARY_TELEMETRY_HTTP_H
#define TRIBUTARY_TELEMETRY_HTTP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

struct http_page {
    const char *path; /* "/metrics" */
    const char *type; /* of its content */
    /* Writes the page; returns the status: 200, 503. Called on the server's thread, one at a time. */
    int (*write)(void *context, struct buffer *out);
};

struct http_server;

enum { HTTP_ADDRESS_MAX = 300, HTTP_HOST_MAX = 256, HTTP_CONNECTIONS = 16 };

/* "HOST:PORT", "[IPV6]:PORT" or ":PORT" in two: the host, "" for all interfaces, without brackets into
 * `host`, which has HTTP_HOST_MAX bytes; *port points into the address. False when it is not that. Any
 * thread. */
bool http_address_split(const char *address, char *host, const char **port);

/* Listens on "HOST:PORT", "[IPV6]:PORT" or ":PORT" (all interfaces); port 0 is any that is free. The pages
 * and what they are given outlive the server. NULL with a config error when that cannot be had; *taken, which
 * may be NULL, says whether it was because somebody else listens there. */
struct http_server *http_server_new(const char *address, const struct http_page *pages, int count,
                                    void *context, bool *taken, struct error *error) MUST_CHECK;
/* Ends all connections and the thread. */
void http_server_free(struct http_server *server);
/* Where it listens, with the port that was found: "127.0.0.1:9469". */
const char *http_server_address(const struct http_server *server);

#endif
