/* credential.h: a secret that changes, fetched when it is needed: what a program prints, or what a file
 * holds, without the white space at its end. The program is run without a shell, in a process group of its
 * own, with nothing on its standard input and its standard error thrown away; when its time is over the whole
 * group is killed. What it prints is bounded, never logged, and wiped after use. Nothing here blocks, but
 * credential_wait. One thread at a time; different credentials in different threads. */
#ifndef TRIBUTARY_BASE_CREDENTIAL_H
#define TRIBUTARY_BASE_CREDENTIAL_H

#include <stddef.h>

#include "base/error.h"

enum { CREDENTIAL_BYTES = 64 * 1024, CREDENTIAL_TIMEOUT_MS = 10000 };

/* Which of the two: a command (a program and its arguments, ending with NULL), or else a file. */
struct credential_source {
    char *const *command;
    const char *file;
};

enum credential_state {
    CREDENTIAL_WAITING, /* the program runs */
    CREDENTIAL_READY,
    CREDENTIAL_FAILED,
};

struct credential;

/* Begins to fetch. What goes wrong, now or later, is told by credential_poll. `what` names the secret in
 * errors: "the password". Source and `what` must outlive the credential. */
struct credential *credential_new(const struct credential_source *source, const char *what, int timeout_ms);
/* Kills the program if it still runs, and wipes the secret. */
void credential_free(struct credential *credential);

/* Looks whether it is there. An error is of class config when the program or file cannot be had at all, or
 * holds nothing; of class retry when the program failed or took too long. */
enum credential_state credential_poll(struct credential *credential, struct error *error);
/* The descriptor to wait on for reading while it waits, or -1. */
int credential_fd(const struct credential *credential);
/* The secret, once it is ready; terminated. */
const char *credential_text(const struct credential *credential);

/* Polls until it is there or has failed; blocks up to the timeout. */
bool credential_wait(struct credential *credential, struct error *error) MUST_CHECK;

#endif
