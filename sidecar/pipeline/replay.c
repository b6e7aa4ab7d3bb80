#include "pipeline/replay.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "output/dead_letter_json.h"
#include "output/json.h"
#include "pipeline/batch.h"
#include "pipeline/summary.h"

enum { BATCH_ROWS = 1000, PROGRESS_EVERY = 16384 };

struct side {
    struct file_input *input;
    struct record record;
    bool ended;
};

struct replay {
    const struct plan *plan;
    const struct replay_options *options;
    struct join join;
    struct partition *partition;
    struct batch batch;
    struct side touches, conversions;
    struct buffer out;
    uint64_t records;
};

static bool advance(struct side *side, struct error *error) {
    switch (file_input_next(side->input, &side->record, error)) {
    case FILE_INPUT_RECORD: return true;
    case FILE_INPUT_END: side->ended = true; return true;
    case FILE_INPUT_FAILED: return false;
    }
    return false;
}

static bool write_out(FILE *file, struct buffer *out, struct error *error) {
    bool ok = !out->len || fwrite(out->data, 1, out->len, file) == out->len;
    buffer_clear(out);
    return ok || error_set(error, ERROR_FATAL, "cannot write: %s", strerror(errno));
}

static bool write_batch(struct replay *replay, struct error *error) {
    struct batch *batch = &replay->batch;
    for (int i = 0; i < batch->row_count; i++) json_row(&replay->out, replay->plan->output, &batch->rows[i]);
    if (!write_out(replay->options->rows, &replay->out, error)) return false;
    if (!replay->options->dead_letters) return true;
    for (int i = 0; i < batch->dead_count; i++) {
        const struct dead_letter *dead = &batch->dead[i];
        dead_letter_json(&replay->out, dead->input->name, dead->partition, dead->record, dead->outcome,
                         dead->detail);
    }
    return write_out(replay->options->dead_letters, &replay->out, error);
}

static bool flush(struct replay *replay, struct error *error) {
    struct batch *batch = &replay->batch;
    while (batch_take(batch, &replay->partition, 1, BATCH_ROWS)) {
        lookup_tables_answer(replay->options->lookups, &batch->lookups);
        batch_build(batch, NULL);
        if (!write_batch(replay, error)) return false;
        batch_commit(batch);
        batch_reset(batch);
    }
    return true;
}

/* Both logs are read at about the same pace of event time: the result does not depend on it, memory does. */
static bool read_one(struct replay *replay, struct error *error) {
    bool touch =
        replay->conversions.ended || (!replay->touches.ended && partition_touch_lags(replay->partition));
    struct side *side = touch ? &replay->touches : &replay->conversions;
    rekey_memory_read(replay->options->rekey[touch], replay->options->key_lookups[touch], replay->partition,
                      touch, &side->record);
    return advance(side, error);
}

static void show_progress(const struct replay *replay) {
    const struct replay_options *options = replay->options;
    if (!options->progress) return;
    options->progress(options->progress_context,
                      file_input_position(options->touches) + file_input_position(options->conversions),
                      file_input_size(options->touches) + file_input_size(options->conversions));
}

static bool read_all(struct replay *replay, struct error *error) {
    if (!advance(&replay->touches, error) || !advance(&replay->conversions, error)) return false;
    while (!replay->touches.ended || !replay->conversions.ended) {
        if (!read_one(replay, error)) return false;
        if (++replay->records % PROGRESS_EVERY == 0) show_progress(replay);
        if (replay->records % BATCH_ROWS == 0 && !flush(replay, error)) return false;
    }
    partition_advance_touches(replay->partition);
    show_progress(replay);
    return flush(replay, error);
}

bool replay_run(const struct plan *plan, const struct replay_options *options, struct error *error) {
    struct replay replay = {.plan = plan,
                            .options = options,
                            .touches = {.input = options->touches},
                            .conversions = {.input = options->conversions}};
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) < 0) seed = (uint64_t)(uintptr_t)&replay;
    if (!join_init(&replay.join, plan, seed, error)) {
        join_release(&replay.join);
        return false;
    }
    rekey_memory_join(&replay.join);
    replay.partition = partition_new(&replay.join, 0, &PROGRESS_START(0, 0), NULL, NULL);
    batch_init(&replay.batch, plan);
    buffer_init(&replay.out);
    bool ok = read_all(&replay, error);
    if (ok) {
        summary_print(plan->touches->name, 0, &partition_progress(replay.partition)->touch_ledger);
        summary_print(plan->conversions->name, 0, &partition_progress(replay.partition)->conversion_ledger);
    }
    buffer_release(&replay.out);
    batch_release(&replay.batch);
    partition_free(replay.partition);
    join_release(&replay.join);
    return ok;
}
