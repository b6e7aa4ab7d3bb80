#include "telemetry/errors.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over everything below */
static struct errors_seen all;

static struct errors_count *find(enum errors_source source, const char *name) {
    struct errors_count *counts = all.counts[source];
    int *names = &all.names[source];
    for (int i = 0; i < *names; i++)
        if (strncmp(counts[i].name, name, ERRORS_NAME_MAX - 1) == 0) return &counts[i];
    if (*names == ERRORS_NAMES) return &counts[ERRORS_NAMES - 1];
    struct errors_count *new = &counts[(*names)++];
    snprintf(new->name, sizeof new->name, "%s", *names == ERRORS_NAMES ? "other" : name);
    return new;
}

void errors_count(enum errors_source source, const char *name, const char *code) {
    pthread_mutex_lock(&lock);
    find(source, name)->count++;
    all.last_us = clock_wall_us();
    all.last_source = source;
    snprintf(all.last_code, sizeof all.last_code, "%s", code);
    pthread_mutex_unlock(&lock);
}

void errors_refused(const char *code) {
    pthread_mutex_lock(&lock);
    all.refused_us = clock_monotonic_us();
    snprintf(all.refused_code, sizeof all.refused_code, "%s", code);
    pthread_mutex_unlock(&lock);
}

const char *errors_refusal(const struct errors_seen *seen, int64_t now_us) {
    return seen->refused_us && now_us - seen->refused_us < ERRORS_REFUSED_US ? seen->refused_code : NULL;
}

void errors_look(struct errors_seen *seen) {
    pthread_mutex_lock(&lock);
    *seen = all;
    pthread_mutex_unlock(&lock);
}
