#include "pipeline/dead_letters.h"

#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/dead_letter_record.h"

struct dead_letters {
    const struct pipeline *pipeline;
    struct producer *producer;
    const struct dead_letter *items;
    int count, sent;
};

static bool send_one(struct dead_letters *letters, const struct dead_letter *letter, size_t max_bytes,
                     struct error *error) {
    struct dead_letter_record record;
    dead_letter_compose(&record, letters->pipeline, letter, max_bytes);
    record.out.tag = (uintptr_t)(letter - letters->items);
    return producer_send(letters->producer, &record.out, error);
}

static bool send_shorter(void *context, const struct producer_failure *failure) {
    struct dead_letters *letters = context;
    const struct dead_letter *letter = &letters->items[failure->tag];
    struct error error;
    return failure->code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE &&
           failure->value.len > DEAD_LETTER_TRUNCATED &&
           send_one(letters, letter, DEAD_LETTER_TRUNCATED, &error);
}

struct dead_letters *dead_letters_new(const struct pipeline *pipeline, struct error *error) {
    struct producer *producer = producer_new(&pipeline->kafka, "dead-letters", 0, error);
    if (!producer) return NULL;
    struct dead_letters *letters = memory_zalloc(1, sizeof *letters);
    letters->pipeline = pipeline;
    letters->producer = producer;
    producer_set_on_failure(producer, send_shorter, letters);
    return letters;
}

void dead_letters_free(struct dead_letters *letters) {
    if (!letters) return;
    producer_free(letters->producer);
    free(letters);
}

void dead_letters_start(struct dead_letters *letters, const struct dead_letter *items, int count) {
    letters->items = items;
    letters->count = count;
    letters->sent = 0;
}

/* As many as the client's queue takes. */
static bool send_more(struct dead_letters *letters, struct error *error) {
    while (letters->sent < letters->count) {
        const struct dead_letter *letter = &letters->items[letters->sent];
        bool sent = send_one(letters, letter, SIZE_MAX, error) ||
                    (error->class == ERROR_POISON && send_one(letters, letter, DEAD_LETTER_TRUNCATED, error));
        if (!sent) return error->class == ERROR_RETRY;
        letters->sent++;
    }
    return true;
}

bool dead_letters_poll(struct dead_letters *letters, bool *done, struct error *error) {
    if (!send_more(letters, error)) return false;
    producer_poll(letters->producer, 0);
    const struct error *failure = producer_first_failure(letters->producer);
    if (failure) {
        *error = *failure;
        return error_prefix(error, "dead letters");
    }
    *done = letters->sent == letters->count && producer_pending(letters->producer) == 0;
    return true;
}
