#include "base/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum { POLL_MS = 5 };

struct credential {
    const struct credential_source *source;
    const char *what;
    int timeout_ms;
    int64_t until_us;
    enum credential_state state;
    struct error error;
    pid_t pid; /* 0: there is no program, or not any more */
    int fd;    /* its standard output; -1: closed */
    size_t len;
    char text[CREDENTIAL_BYTES + 2]; /* one byte too many shows that it is too long */
};

static void close_output(struct credential *credential) {
    if (credential->fd >= 0) close(credential->fd);
    credential->fd = -1;
}

/* The whole group; a program that was stopped in this way is waited for, which does not take long. */
static void end_program(struct credential *credential) {
    if (credential->pid > 0) {
        kill(-credential->pid, SIGKILL);
        while (waitpid(credential->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    credential->pid = 0;
    close_output(credential);
}

static void fail(struct credential *credential, enum error_class class, const char *why) {
    const struct credential_source *source = credential->source;
    end_program(credential);
    explicit_bzero(credential->text, sizeof credential->text);
    credential->state = CREDENTIAL_FAILED;
    if (source->command)
        error_set(&credential->error, class,
                  "%s: the command \"%s\" %s\nhint: run it by hand, as the same user, to see what it says",
                  credential->what, source->command[0], why);
    else
        error_set(&credential->error, class, "%s: the file \"%s\" %s", credential->what, source->file, why);
}

static void finish(struct credential *credential) {
    size_t len = credential->len;
    while (len && strchr(" \t\r\n", credential->text[len - 1])) len--;
    credential->text[len] = '\0';
    if (credential->len > CREDENTIAL_BYTES)
        fail(credential, ERROR_CONFIG, "gives more than 64 KiB");
    else if (!len)
        fail(credential, ERROR_CONFIG, "gives nothing");
    else if (strlen(credential->text) < len)
        fail(credential, ERROR_CONFIG, "gives binary data");
    else
        credential->state = CREDENTIAL_READY;
}

/* Reads what there is. 1: there may be more later, 0: that was all, -1: errno. */
static int read_some(struct credential *credential) {
    for (;;) {
        size_t room = CREDENTIAL_BYTES + 1 - credential->len;
        if (!room) return 0;
        ssize_t got = read(credential->fd, credential->text + credential->len, room);
        if (got > 0) credential->len += (size_t)got;
        if (got == 0) return 0;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN ? 1 : -1;
    }
}

/* Without waiting, should it be a pipe. */
static void read_file(struct credential *credential) {
    credential->fd = open(credential->source->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int more = credential->fd < 0 ? -1 : read_some(credential), why = errno;
    close_output(credential);
    if (more < 0)
        fail(credential, ERROR_CONFIG, why == ENOENT ? "does not exist" : strerror(why));
    else
        finish(credential);
}

static int spawn(struct credential *credential, int output) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failed = posix_spawnp(&credential->pid, credential->source->command[0], &files, &attributes,
                              credential->source->command, environ);
    if (failed) credential->pid = 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static void start_program(struct credential *credential) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail(credential, ERROR_RETRY, strerror(errno));
        return;
    }
    int failed = spawn(credential, ends[1]);
    close(ends[1]);
    credential->fd = ends[0];
    fcntl(credential->fd, F_SETFL, O_NONBLOCK);
    if (!failed) return;
    bool passes = failed == EAGAIN || failed == ENOMEM;
    fail(credential, passes ? ERROR_RETRY : ERROR_CONFIG,
         failed == ENOENT ? "does not exist" : strerror(failed));
}

struct credential *credential_new(const struct credential_source *source, const char *what, int timeout_ms) {
    struct credential *credential = memory_zalloc(1, sizeof *credential);
    credential->source = source;
    credential->what = what;
    credential->timeout_ms = timeout_ms;
    credential->until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    credential->fd = -1;
    if (source->command)
        start_program(credential);
    else
        read_file(credential);
    return credential;
}

void credential_free(struct credential *credential) {
    if (!credential) return;
    end_program(credential);
    explicit_bzero(credential->text, sizeof credential->text);
    free(credential);
}

/* Its output has been read; has it ended, and well? */
static void reap(struct credential *credential) {
    int status = 0;
    char why[80];
    pid_t ended = waitpid(credential->pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return;
    credential->pid = 0;
    if (ended > 0 && WIFSIGNALED(status)) {
        snprintf(why, sizeof why, "was ended by signal %d", WTERMSIG(status));
        fail(credential, ERROR_RETRY, why);
    } else if (ended > 0 && WEXITSTATUS(status)) {
        snprintf(why, sizeof why, "failed with exit code %d", WEXITSTATUS(status));
        fail(credential, ERROR_RETRY, why);
    } else {
        finish(credential);
    }
}

static void look(struct credential *credential) {
    char why[80];
    if (credential->fd >= 0) {
        int more = read_some(credential);
        if (credential->len > CREDENTIAL_BYTES) {
            finish(credential);
            return;
        }
        if (more <= 0) close_output(credential);
    }
    if (credential->fd < 0) reap(credential);
    if (credential->state != CREDENTIAL_WAITING || clock_monotonic_us() < credential->until_us) return;
    snprintf(why, sizeof why, "took longer than %g s", credential->timeout_ms / 1000.0);
    fail(credential, ERROR_RETRY, why);
}

enum credential_state credential_poll(struct credential *credential, struct error *error) {
    if (credential->state == CREDENTIAL_WAITING) look(credential);
    if (credential->state == CREDENTIAL_FAILED) *error = credential->error;
    return credential->state;
}

int credential_fd(const struct credential *credential) {
    return credential->fd;
}

const char *credential_text(const struct credential *credential) {
    return credential->text;
}

bool credential_wait(struct credential *credential, struct error *error) {
    for (;;) {
        enum credential_state state = credential_poll(credential, error);
        if (state != CREDENTIAL_WAITING) return state == CREDENTIAL_READY;
        struct pollfd output = {credential->fd, POLLIN, 0};
        poll(&output, credential->fd >= 0, credential->fd >= 0 ? 20 * POLL_MS : POLL_MS);
    }
}
