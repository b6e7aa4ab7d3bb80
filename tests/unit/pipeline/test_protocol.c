/* The commit protocol, on the real join, state and restore: thousands of random histories of one partition,
 * in which workers read, commit, crash between any two steps, come back from the dead, lose answers, blocks
 * and whole topics, and find the database as it was an hour ago. The changelog and the database are in
 * memory. Each history must end with exactly the rows of the definition, each released once and in offset
 * order.
 *
 *   TRIBUTARY_SEED        the first history; each has the number of the one before plus one
 *   TRIBUTARY_HISTORIES   how many
 *   TRIBUTARY_TRACE       set to anything: tells what happens
 *
 * scripts/mutate tells whether it still notices when a detail of the protocol is missing. */

/* What a lock on the progress row means is decided by functions of this file that nobody else can call. */
#include "pipeline/commit.c"

#include "../postgres/results.h"
#include "history.h"

enum { HISTORIES = 3000, STEPS = 240 };

/* --- workers --- */

static void release_worker(struct worker *worker) {
    if (!worker->partition) return;
    batch_release(&worker->batch);
    partition_free(worker->partition);
    *worker = (struct worker){0};
}

static bool at_end(const struct history *history, const struct worker *worker, enum side side) {
    int64_t next = side == TOUCHES ? partition_touch_next(worker->partition)
                                   : partition_conversion_next(worker->partition);
    return next >= history->logs[side].end;
}

static void read_event(const struct worker *worker, const struct log *log, enum side side, int offset) {
    char json[JSON_MAX * 3];
    struct record record = event_record(log, side, offset, json);
    if (side == TOUCHES)
        partition_touch(worker->partition, &record);
    else
        partition_conversion(worker->partition, &record);
}

/* An offset without a record is told, or passed over in silence. */
static void skip(struct history *history, const struct worker *worker, enum side side, int next) {
    if (next < history->logs[side].end && chance(history, 50)) return;
    if (side == TOUCHES)
        partition_touch_skip(worker->partition, next);
    else
        partition_conversion_skip(worker->partition, next);
}

static bool wants(const struct history *history, const struct worker *worker, enum side side) {
    if (!history->drifts) return true;
    return side == TOUCHES ? partition_wants_touch(worker->partition)
                           : partition_wants_conversion(worker->partition);
}

static bool read_next(struct history *history, struct worker *worker, enum side side) {
    const struct log *log = &history->logs[side];
    if (at_end(history, worker, side) || !wants(history, worker, side)) return false;
    int next = (int)(side == TOUCHES ? partition_touch_next(worker->partition)
                                     : partition_conversion_next(worker->partition));
    bool gap = false;
    for (; next < log->end && log->events[next].kind == EVENT_GAP; next++) gap = true;
    if (gap) skip(history, worker, side, next);
    if (next < log->end) read_event(worker, log, side, next);
    return true;
}

/* Drift bounds what is read ahead: of all events read, one alone may lie further ahead of the other log. */
static void check_drift(struct history *history, const struct worker *worker) {
    const struct log *touches = &history->logs[TOUCHES];
    if (!history->drifts || partition_conversion_next(worker->partition) < history->conversions_reached)
        return;
    int64_t far_us = time_add(partition_conversion_watermark(worker->partition),
                              history->furthest_us +
                                  (history->bound_s[TOUCHES] + history->bound_s[CONVERSIONS]) * TIME_SECOND);
    int ahead = 0;
    for (int i = 0; i < partition_touch_next(worker->partition); i++)
        ahead += event_counts(&touches->events[i]) && touches->events[i].time_us > far_us;
    MUST(history, ahead <= 1, "%d touches were read too far ahead", ahead);
}

static void make_advance(struct history *history, struct worker *worker, enum side side) {
    if (!history->advances || (history->drifts && !at_end(history, worker, side))) return;
    history->advanced = true;
    TRACE("epoch %" PRId64 ": %s idle\n", partition_ownership(worker->partition)->epoch,
          side == TOUCHES ? "touches" : "conversions");
    if (side == TOUCHES)
        partition_advance_touches(worker->partition);
    else
        partition_advance_conversions(worker->partition);
}

/* --- the commit, step by step --- */

static void forget_rebuilt(struct history *history, const struct worker *but) {
    if (but != &history->worker) history->worker.rebuilt = false;
    for (int i = 0; i < ZOMBIES_MAX; i++)
        if (but != &history->zombies[i]) history->zombies[i].rebuilt = false;
}

/* Keys of blocks do not tell what is kept of their touches: under other settings a worker replaces blocks
 * that the database still relies on, and the touches have to be read anew. */
static void judge_replaced(struct history *history, const struct worker *worker, struct span key) {
    const struct topic *topic = &history->changelog;
    uint64_t relied_on = history->database.progress.generation;
    if (worker->setup->join.generation == relied_on) return;
    for (int i = 0; i < topic->count; i++) {
        const struct topic_record *record = &topic->records[i];
        struct block_info info;
        struct error error;
        if (!record->value || record->key_len != key.len || memcmp(record->key, key.data, key.len)) continue;
        if (!block_peek((struct span){record->value, record->len}, &info, &error)) continue;
        if (info.generation != relied_on) continue;
        history->whole = false;
        forget_rebuilt(history, worker);
    }
}

static void write_some(struct history *history, struct worker *worker) {
    const struct changes *changes = worker->batch.parts[0].cut.changes;
    int left = changes->count - worker->written;
    int more = chance(history, 50) ? left : random_below(&history->random, left + 1);
    for (int i = worker->written; i < worker->written + more; i++) {
        if (!changes->items[i].tombstone) judge_replaced(history, worker, changes_key(changes, i));
        int64_t at = topic_append(&history->changelog, changes_key(changes, i), changes_value(changes, i));
        TRACE("epoch %" PRId64 " writes %.*s at %" PRId64 "%s\n",
              partition_ownership(worker->partition)->epoch, SPAN_ARGS(changes_key(changes, i)), at,
              changes->items[i].tombstone ? ", a tombstone" : "");
        worker->offsets[i] = chance(history, 5) ? -1 : at; /* brokers do not always say */
        tally.tombstones += changes->items[i].tombstone;
    }
    worker->written += more;
}

/* False: the worker ends. */
static bool written(struct history *history, struct worker *worker) {
    struct batch *batch = &worker->batch;
    if (!partition_logged(worker->partition, &batch->parts[0].cut, worker->offsets)) {
        MUST(history, worker->changelogs != history->changelogs, "the changelog is taken for another one");
        return false;
    }
    struct row_check check = {accept, history, NULL};
    batch_build(batch, &check);
    worker->phase = PHASE_WRITTEN;
    return true;
}

static void store_progress(struct history *history, const struct worker *worker) {
    struct database *database = &history->database;
    const struct cut *cut = &worker->batch.parts[0].cut;
    const struct ownership *ours = partition_ownership(worker->partition);
    if (ours->epoch != database->row.epoch || ours->commit_seq != database->row.commit_seq) return;
    database->row.commit_seq++;
    database->progress = cut->progress;
    database->setup = worker->setup;
    store_advances(history, TOUCHES, partition_touch_advances(worker->partition));
    store_advances(history, CONVERSIONS, partition_conversion_advances(worker->partition));
    TRACE("epoch %" PRId64 " commits touches to %" PRId64 ", conversions to %" PRId64 ", holds %" PRIu64
          " from %" PRId64 "\n",
          ours->epoch, cut->progress.touch_offset, cut->progress.conversion_offset, cut->progress.held.count,
          time_add(cut->progress.held_from_us, -BASE_US));
    if (worker->rebuilt) history->whole = true;
    history->conversions_reached =
        time_max(history->conversions_reached, partition_conversion_next(worker->partition));
}

/* Locks the progress row and judges it as commit.c does; then the rest of the transaction. */
static bool transact(struct history *history, struct worker *worker) {
    struct database *database = &history->database;
    bool arrived = false;
    struct partition *fenced = NULL;
    struct commit commit = {.batch = &worker->batch, .fenced = &fenced, .arrived = &arrived};
    char epoch[32], seq[32];
    snprintf(epoch, sizeof epoch, "%" PRId64, database->row.epoch);
    snprintf(seq, sizeof seq, "%" PRId64, database->row.commit_seq);
    PGresult *row = make_result(3);
    ADD_ROW(row, "0", epoch, seq);
    judge_locks(&commit, row);
    PQclear(row);
    if (fenced) return false;
    if (!arrived) {
        retreat(history, worker);
        store_progress(history, worker);
        write_dead_letters(history, worker);
        write_all_rows(history, worker);
        check_early(history, worker);
    } else {
        MUST(history, !worker->batch.row_count && !worker->batch.news.count,
             "what has arrived is written again");
    }
    tally.ambiguous += arrived;
    database->released = (int)database->progress.conversion_offset;
    check_progress(history, &worker->setup->settings);
    return true;
}

/* The transaction is lost on the way, or its answer is, or neither. False: the worker is fenced. */
static bool store(struct history *history, struct worker *worker, bool only) {
    const struct ownership *ours = partition_ownership(worker->partition);
    if (chance(history, 10)) return true;
    if (!transact(history, worker)) {
        MUST(history, !only || worker->outdated || ours->epoch != history->database.row.epoch,
             "a worker is fenced by nobody");
        tally.fenced++;
        return false;
    }
    if (!chance(history, 20)) worker->phase = PHASE_STORED;
    return true;
}

static void stored(struct worker *worker) {
    struct commit commit = {.batch = &worker->batch};
    finish(&commit);
    batch_reset(&worker->batch);
    worker->phase = PHASE_READING;
    tally.commits++;
}

/* One step of a commit, beginning with the cut. False: the worker ends. */
static bool go_on(struct history *history, struct worker *worker, bool only) {
    worker->roomy |= worker->phase == PHASE_READING && chance(history, 40);
    uint64_t most = worker->roomy ? 1000 : (uint64_t)random_below(&history->random, 6) + 1;
    switch (worker->phase) {
    case PHASE_READING:
        worker->written = 0;
        worker->roomy = most == 1000;
        worker->read = partition_conversion_next(worker->partition);
        if (batch_take(&worker->batch, &worker->partition, 1, most)) worker->phase = PHASE_WRITING;
        return true;
    case PHASE_WRITING:
        ck_assert_int_le(worker->batch.parts[0].cut.changes->count, CHANGES_MAX);
        write_some(history, worker);
        if (worker->written < worker->batch.parts[0].cut.changes->count) return true;
        return written(history, worker);
    case PHASE_WRITTEN: return store(history, worker, only);
    case PHASE_STORED: stored(worker); return true;
    }
    return true;
}

/* --- restoring, as restore.c does it --- */

static void live_on(struct history *history, struct worker *zombie);

/* To the end that it has at first; zombies may write on meanwhile. */
static void load_blocks(struct history *history, struct worker *worker, int64_t end) {
    for (int64_t at = partition_progress(worker->partition)->changelog_from; at < end; at++) {
        if (chance(history, 5)) live_on(history, &history->zombies[0]);
        const struct topic_record *record = topic_at(&history->changelog, at);
        struct error error;
        if (!record) continue;
        struct span key = {record->key, record->key_len}, value = {record->value, record->len};
        bool ok = partition_restore_block(worker->partition, key, value, at, &error);
        MUST(history, ok || history->damage, "a good block is refused: %s", error.message);
    }
}

static bool load_changelog(struct history *history, struct worker *worker) {
    const struct progress *progress = partition_progress(worker->partition);
    struct store_held found;
    int64_t end = topic_end(&history->changelog);
    partition_restore_begin(worker->partition, RESTORE_CHANGELOG);
    if (!progress->changelog_next) return false;
    if (end < progress->changelog_next) {
        MUST(history, history->changelogs, "the changelog has become shorter by itself");
        partition_restore_shorter(worker->partition, end);
        return false;
    }
    load_blocks(history, worker, end);
    if (partition_needs_touches(worker->partition)) return false;
    if (partition_restore_end(worker->partition, &found)) return true;
    MUST(history, !history->whole, "%" PRIu64 " touches came back from a whole changelog, not %" PRIu64,
         found.count, progress->held.count);
    return false;
}

/* The first offset whose record is not older; the end when there is none. */
static int64_t offset_for_time(const struct log *log, int64_t time_us) {
    for (int i = log->low; i < log->end; i++)
        if (log->events[i].kind != EVENT_GAP && log->events[i].timestamp_us >= time_us) return i;
    return log->end;
}

static bool load_touches(struct history *history, struct worker *worker) {
    const struct log *log = &history->logs[TOUCHES];
    struct partition *partition = worker->partition;
    struct store_held found;
    int64_t needed_us = partition_needed_from(partition);
    int64_t from =
        needed_us == TIME_NONE ? log->low : offset_for_time(log, needed_us - MAX_FUTURE_S * TIME_SECOND);
    bool reaches_back = from > log->low || log->low == 0,
         must_reach_back = partition_needs_touches(partition);
    TRACE("touches are read again from %" PRId64 ", the log begins at %d\n", from, log->low);
    partition_restore_begin(partition, RESTORE_TOUCHES);
    for (int64_t i = from; i < partition_progress(partition)->touch_offset; i++) {
        char json[JSON_MAX * 3];
        if (log->events[i].kind == EVENT_GAP) continue;
        struct record record = event_record(log, TOUCHES, (int)i, json);
        partition_restore_touch(partition, &record);
    }
    return partition_restore_end(partition, &found) && (reaches_back || !must_reach_back);
}

static bool restore(struct history *history, struct worker *worker) {
    if (!partition_is_restoring(worker->partition)) return true;
    if (load_changelog(history, worker)) {
        tally.from_changelog++;
        return true;
    }
    worker->rebuilt = load_touches(history, worker);
    MUST(history, worker->rebuilt || history->logs[TOUCHES].low > 0, "touches that are there are not found");
    tally.from_touches += worker->rebuilt;
    tally.refused += !worker->rebuilt;
    return worker->rebuilt;
}

/* --- lives --- */

static void claim(struct history *history, const struct setup *setup) {
    struct worker *worker = &history->worker;
    struct database *database = &history->database;
    struct advance items[2][EVENTS_MAX + 1];
    struct advances touches = stored_advances(database, TOUCHES, items[TOUCHES]);
    struct advances conversions = stored_advances(database, CONVERSIONS, items[CONVERSIONS]);
    database->row.epoch++;
    TRACE("life: epoch %" PRId64 ", touches from %" PRId64 ", conversions from %" PRId64 ", window %" PRId64
          ", lateness %" PRId64 ", generation %" PRIx64 "\n",
          database->row.epoch, database->progress.touch_offset, database->progress.conversion_offset,
          setup->settings.window_s, setup->settings.lateness_s, setup->join.generation);
    worker->setup = setup;
    worker->changelogs = history->changelogs;
    worker->partition = partition_new(&setup->join, 0, &database->progress, &touches, &conversions);
    struct offset_ranges owned = {0};
    for (int i = 0; i < EVENTS_MAX; i++)
        if (database->owned[i]) offset_ranges_add(&owned, i, i);
    partition_set_early(worker->partition, &owned);
    offset_ranges_release(&owned);
    *partition_ownership(worker->partition) = database->row;
    batch_init(&worker->batch, setup->plan);
}

/* A new worker with nothing but what the database and the logs hold. Where new settings ask for touches that
 * are gone, the old ones are put back; where those are gone too, the history ends. */
static void begin_life(struct history *history, const struct setup *setup) {
    claim(history, setup);
    bool ok = restore(history, &history->worker);
    if (!ok && setup != history->database.setup) {
        release_worker(&history->worker);
        claim(history, history->database.setup);
        ok = restore(history, &history->worker);
    }
    history->refused = !ok;
}

static const struct setup *setup_of_next_life(struct history *history) {
    bool another = history->restless && history->setup_count < SETUPS_MAX && chance(history, 30);
    return another ? new_setup(history) : history->worker.setup;
}

static void restart(struct history *history) {
    const struct setup *setup = setup_of_next_life(history);
    release_worker(&history->worker);
    tally.crashes++;
    begin_life(history, setup);
}

/* Another worker takes over; this one does not know yet. */
static void take_over(struct history *history) {
    struct worker *zombie = &history->zombies[random_below(&history->random, ZOMBIES_MAX)];
    if (history->worker.outdated) return restart(history);
    const struct setup *setup = setup_of_next_life(history);
    release_worker(zombie);
    *zombie = history->worker;
    history->worker = (struct worker){0};
    begin_life(history, setup);
}

/* The partition comes back to the worker that left it, which still has everything in memory. */
static void reclaim(struct history *history) {
    struct ownership *ours = partition_ownership(history->worker.partition);
    struct ownership *row = &history->database.row;
    if (history->worker.phase != PHASE_READING || history->worker.outdated) return;
    ck_assert(ours->epoch == row->epoch && ours->commit_seq == row->commit_seq);
    ours->epoch = ++row->epoch;
    tally.reclaimed++;
}

static void read_some(struct history *history, struct worker *worker) {
    for (int i = random_below(&history->random, 4); i > 0; i--)
        if (read_next(history, worker, (enum side)random_below(&history->random, 2)) && chance(history, 50))
            partition_ready(worker->partition, (uint64_t)random_below(&history->random, 4));
}

static void live_on(struct history *history, struct worker *zombie) {
    if (!zombie->partition) return;
    read_some(history, zombie);
    if (chance(history, 20)) make_advance(history, zombie, (enum side)random_below(&history->random, 2));
    if (!go_on(history, zombie, false)) release_worker(zombie);
}

static void commit_on(struct history *history) {
    if (go_on(history, &history->worker, true)) return;
    restart(history);
}

/* --- what befalls the world --- */

static void lose_blocks(struct history *history, bool corrupt) {
    struct topic *topic = &history->changelog;
    for (int i = random_below(&history->random, 3); topic->count && i >= 0; i--) {
        struct topic_record *record = &topic->records[random_below(&history->random, topic->count)];
        if (record->gone || !record->value) continue;
        if (corrupt)
            record->value[random_below(&history->random, (int)record->len)] ^=
                (char)(1 + random_below(&history->random, 255));
        else
            topic_remove(record);
        history->whole = false;
    }
}

static void lose_changelog(struct history *history, bool anew) {
    topic_clear(&history->changelog, anew);
    history->changelogs += anew;
    history->whole = false;
}

static void damage(struct history *history) {
    if (!history->damage) return;
    switch (random_below(&history->random, 8)) {
    case 0: lose_changelog(history, true); break;
    case 1: lose_changelog(history, false); break;
    case 2: topic_append(&history->changelog, span_of("what is this"), span_of("junk")); return;
    case 3:
    case 4: lose_blocks(history, true); break;
    default: lose_blocks(history, false); break;
    }
    TRACE("the changelog is damaged\n");
    history->damaged = true;
    tally.damaged++;
    forget_rebuilt(history, NULL);
}

/* Touches that are committed may be deleted from their topic, which then begins with a record. */
static void retain(struct history *history) {
    struct log *log = &history->logs[TOUCHES];
    int64_t committed = history->database.progress.touch_offset;
    if (!history->retention || committed <= log->low) return;
    int low = log->low + random_below(&history->random, (int)committed - log->low + 1);
    if (low < log->count && log->events[low].kind != EVENT_GAP) log->low = low;
}

/* Rows, progress and idle advances go back together; what the changelog deleted since then stays so. Nobody
 * who was fenced before has survived it. */
static void go_back(struct history *history) {
    struct database *database = &history->database;
    if (!history->has_backup || history->backup.progress.touch_offset < history->logs[TOUCHES].low) return;
    for (int i = 0; i < ZOMBIES_MAX; i++) release_worker(&history->zombies[i]);
    struct ownership before = database->row;
    *database = history->backup;
    if (before.epoch != database->row.epoch || before.commit_seq != database->row.commit_seq)
        history->worker.outdated = true;
    if (history->grace_s < 3600 || history->setup_count > 1 || history->damaged) {
        history->whole = false;
        forget_rebuilt(history, NULL);
    }
    TRACE("the database goes back\n");
    tally.backups++;
}

static void back_up(struct history *history) {
    if (!history->backups) return;
    if (chance(history, 40)) return go_back(history);
    history->backup = history->database;
    history->has_backup = true;
}

static void produce(struct history *history) {
    struct log *log = &history->logs[random_below(&history->random, 2)];
    log->end += random_below(&history->random, 12);
    if (log->end > log->count) log->end = log->count;
}

/* --- a history --- */

static void something(struct history *history) {
    struct worker *worker = &history->worker;
    int x = random_below(&history->random, 100);
    if (x < 44)
        read_some(history, worker), check_drift(history, worker);
    else if (x < 74)
        commit_on(history);
    else if (x < 79)
        make_advance(history, worker, (enum side)(x % 2));
    else if (x < 82)
        restart(history);
    else if (x < 84)
        take_over(history);
    else if (x < 90)
        live_on(history, &history->zombies[random_below(&history->random, ZOMBIES_MAX)]);
    else if (x < 92)
        topic_compact(&history->changelog, &history->random, 1 + random_below(&history->random, 3));
    else if (x < 95)
        produce(history);
    else if (x < 97)
        damage(history);
    else if (x < 98)
        retain(history);
    else if (x < 99)
        back_up(history);
    else
        reclaim(history);
}

static void commit_all(struct history *history) {
    uint64_t before;
    do {
        before = partition_pending(history->worker.partition);
        do commit_on(history);
        while (!history->refused && history->worker.phase != PHASE_READING);
    } while (!history->refused && partition_pending(history->worker.partition) != before);
}

static bool everything_is_done(const struct history *history, bool touches_too) {
    const struct worker *worker = &history->worker;
    return (at_end(history, worker, TOUCHES) || !touches_too) && at_end(history, worker, CONVERSIONS) &&
           !partition_pending(worker->partition);
}

static void be_idle(struct history *history, bool conversions_too) {
    struct worker *worker = &history->worker;
    bool touches = at_end(history, worker, TOUCHES), conversions = at_end(history, worker, CONVERSIONS);
    if (!touches || !conversions) history->advanced = true;
    if (touches) partition_advance_touches(worker->partition);
    if (conversions && conversions_too) partition_advance_conversions(worker->partition);
}

/* Nothing more is produced: reading as far as drift allows, and each side idle once it is at its end, must
 * come to the end of both. Where the conversions are never idle touches may be left, but no conversion. */
static void settle(struct history *history) {
    struct worker *worker = &history->worker;
    bool never_idle = history->drifts && chance(history, 30);
    int rounds = 0;
    if (worker->outdated) restart(history); /* with nothing left to commit it would never notice */
    for (enum side side = TOUCHES; side <= CONVERSIONS; side++)
        history->logs[side].end = history->logs[side].count;
    for (; !history->refused && !everything_is_done(history, !never_idle); rounds++) {
        MUST(history, rounds < 4 * EVENTS_MAX, "it stands still at touch %" PRId64 ", conversion %" PRId64,
             partition_touch_next(worker->partition), partition_conversion_next(worker->partition));
        while (read_next(history, worker, TOUCHES) || read_next(history, worker, CONVERSIONS))
            check_drift(history, worker);
        be_idle(history, history->drifts && !never_idle);
        commit_all(history);
    }
    tally.settled += rounds;
}

static void check_end(struct history *history) {
    for (int i = 0; i < ZOMBIES_MAX; i++) release_worker(&history->zombies[i]);
    check_rows(history, history->refused ? history->database.released : history->logs[CONVERSIONS].count);
    check_table(history);
    if (!history->refused) restart(history); /* and what is left is good for another life */
    release_worker(&history->worker);
}

static void run_history(uint64_t seed) {
    static struct history history;
    history_begin(&history, seed);
    begin_life(&history, history.database.setup);
    for (int i = 0; i < STEPS && !history.refused; i++) something(&history);
    settle(&history);
    check_end(&history);
    history_end(&history);
}

static uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(histories_end_with_the_rows_of_the_definition) {
    uint64_t seed = number_from("TRIBUTARY_SEED", 1), count = number_from("TRIBUTARY_HISTORIES", HISTORIES);
    for (uint64_t i = 0; i < count; i++) run_history(seed + i);
    print_tally((int)count);
    if (count >= 1000) check_tally();
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("protocol");
    tcase_add_test(tests, histories_end_with_the_rows_of_the_definition);
    return suite_run("protocol", tests);
}
