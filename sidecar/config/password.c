#include "config/password.h"

#include "config/variables.h"

static struct span between(const char *from, const char *to) {
    return (struct span){from, (size_t)(to - from)};
}

static const char *last(const char *from, const char *to, char c) {
    return from < to ? memrchr(from, c, (size_t)(to - from)) : NULL;
}

static const char *first(const char *from, const char *to, char c) {
    const char *found = from < to ? memchr(from, c, (size_t)(to - from)) : NULL;
    return found ? found : to;
}

/* The "user:password@" of a URL. A password with a '/' or '@' that should have been encoded as %2F or %40
 * makes libpq fail, but is a password all the same. */
static bool in_authority(const char *start, const char *end, struct span *password) {
    const char *at = last(start, first(start, end, '/'), '@');
    if (!at) at = last(start, first(start, end, '?'), '@');
    if (!at) return false;
    const char *colon = first(start, at, ':');
    if (colon == at) return false;
    *password = between(colon + 1, at);
    return true;
}

/* Does a parameter's name begin at `at`? */
static bool boundary(const char *start, const char *at) {
    return at == start || strchr("?& \t\n\r", at[-1]);
}

/* The value of a parameter, from behind its '='. */
static struct span value_of(const char *at, const char *end, bool url) {
    const char *to = at;
    if (url) return between(at, first(at, end, '&'));
    if (at == end || *at != '\'') {
        while (to < end && !strchr(" \t\n\r", *to)) to++;
        return between(at, to);
    }
    for (to = at + 1; to < end && *to != '\''; to++)
        if (*to == '\\' && to + 1 < end) to++;
    return between(at + 1, to);
}

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    return at;
}

static bool in_parameters(const char *start, const char *end, const char *from, bool url,
                          struct span *password) {
    static const char *const names[] = {"password", "sslpassword"};
    for (const char *at = from; at < end; at++) {
        if (!boundary(start, at)) continue;
        for (int i = 0; i < 2; i++) {
            size_t len = strlen(names[i]);
            if ((size_t)(end - at) <= len || memcmp(at, names[i], len) != 0) continue;
            const char *equals = skip_blanks(at + len, end);
            if (equals == end || *equals != '=') continue;
            *password = value_of(url ? equals + 1 : skip_blanks(equals + 1, end), end, url);
            return true;
        }
    }
    return false;
}

bool password_next(struct span url, size_t *from, struct span *password) {
    if (!url.len) return false;
    const char *end = url.data + url.len, *slashes = memmem(url.data, url.len, "://", 3);
    const char *start = slashes ? slashes + 3 : url.data;
    bool found = slashes && url.data + *from <= start && in_authority(start, end, password);
    if (!found) found = in_parameters(url.data, end, url.data + *from, slashes != NULL, password);
    if (found) *from = (size_t)(password->data + password->len - url.data);
    return found;
}

void password_mask(struct span url, struct buffer *out) {
    size_t from = 0, copied = 0;
    struct span password;
    while (password_next(url, &from, &password)) {
        size_t start = (size_t)(password.data - url.data);
        buffer_append(out, url.data + copied, start - copied);
        buffer_text(out, "***");
        copied = start + password.len;
    }
    buffer_append(out, url.data + copied, url.len - copied);
}

bool password_written(struct span literal) {
    return literal.len && !memchr(literal.data, VARIABLES_MARK, literal.len);
}
