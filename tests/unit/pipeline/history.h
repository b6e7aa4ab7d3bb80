/* history.h: one random history: its logs, the changelog, the database, and the workers that live through
 * it; and what the database must look like after each commit. */
#ifndef TRIBUTARY_TESTS_PIPELINE_HISTORY_H
#define TRIBUTARY_TESTS_PIPELINE_HISTORY_H

#include "base/hash.h"
#include "definition.h"
#include "event/timestamp.h"
#include "pipeline/batch.h"
#include "topic.h"

enum { ZOMBIES_MAX = 3, SETUPS_MAX = 40, CHANGES_MAX = 200 };

/* The row of an id in the table. */
struct table_row {
    bool there, early; /* early: of a conversion that is not decided */
    int owner;         /* the conversion that wrote it last */
    struct result result;
};

/* What one transaction moves, it moves at once; a backup is a copy. */
struct database {
    struct ownership row; /* epoch and commit_seq of the progress row */
    struct progress progress;
    struct advance_table advances[2];
    struct result rows[EVENTS_MAX];
    struct table_row table[EVENTS_MAX]; /* by the first offset with that id */
    bool owned[EVENTS_MAX];             /* progress.early */
    int released;                       /* conversions before this offset have been written */
    const struct setup *setup;          /* of the last commit: the fingerprint */
};

enum phase {
    PHASE_READING, /* no commit is under way */
    PHASE_WRITING, /* the cut is made, some of its changes may be in the changelog */
    PHASE_WRITTEN, /* all of them are; the transaction may be too, without our knowing */
    PHASE_STORED,  /* the transaction is there; the partition does not know */
};

struct worker {
    const struct setup *setup;
    struct partition *partition; /* NULL: there is no worker */
    struct batch batch;
    enum phase phase;
    int written; /* changes of the cut */
    int64_t offsets[CHANGES_MAX];
    int changelogs; /* history.changelogs when it was restored */
    bool rebuilt;   /* from the touches, and nothing has been lost since */
    bool outdated;  /* the database went back to a backup behind it */
    bool roomy;     /* the cut had room for every early row … */
    int64_t read;   /* … of the conversions before this offset; */
    bool retreated; /* but once some were left out, which come back only when a touch does */
};

struct history {
    uint64_t seed;
    struct random random;
    /* what may happen in it: */
    bool early;  /* some lives emit early */
    bool fickle; /* rows are refused by chance: what a lookup or a table says changes */
    bool wild, advances, restless, damage, backups, retention, drifts;
    int64_t bound_s[2], grace_s;
    int64_t furthest_us; /* the greatest drift and lateness of all settings together */
    struct log logs[2];
    struct topic changelog;
    int changelogs; /* how often it was made anew */
    bool damaged;   /* blocks have been lost, be they there again or not */
    bool whole;     /* the changelog has every block that the database relies on */
    bool advanced;  /* an idle advance was made before the end */
    bool refused;   /* a restore could not be done, and that is how it ended */
    struct database database, backup;
    bool has_backup;
    int64_t conversions_reached; /* by a commit; a worker that is not so far yet may be ahead with touches */
    struct setup *setups[SETUPS_MAX];
    int setup_count;
    struct worker worker, zombies[ZOMBIES_MAX];
};

/* How often what happened: a test that never sees a zombie proves nothing about them. */
static struct tally {
    int commits, crashes, ambiguous, fenced, reclaimed, from_changelog, from_touches, refused, damaged,
        backups;
    int tombstones, advances, settled;
    int early, corrected, covered, shown, gone, withdrawn;
} tally;

#define MUST(history, condition, ...)                                                                        \
    do {                                                                                                     \
        if (condition) break;                                                                                \
        char why_[300];                                                                                      \
        snprintf(why_, sizeof why_, __VA_ARGS__);                                                            \
        ck_abort_msg("TRIBUTARY_SEED=%" PRIu64 ": %s", (history)->seed, why_);                               \
    } while (0)

/* What happens, told to whom sets TRIBUTARY_TRACE. */
#define TRACE(...) (getenv("TRIBUTARY_TRACE") ? (void)fprintf(stderr, __VA_ARGS__) : (void)0)

static inline bool chance(struct history *history, int percent) {
    return random_below(&history->random, 100) < percent;
}

/* --- settings --- */

static inline const struct setup *new_setup(struct history *history) {
    struct settings settings = settings_draw(&history->random, history->bound_s, history->grace_s);
    if (history->setup_count && chance(history, 60)) {
        settings.kept = history->setups[0]->settings.kept;
        settings.cap = history->setups[0]->settings.cap;
        if (settings.cap) settings.window_s = history->setups[0]->settings.window_s; /* or all is read anew */
    }
    settings.early = history->early && chance(history, 80);
    int64_t furthest_us = (settings.drift_s + settings.lateness_s) * TIME_SECOND;
    ck_assert_int_lt(history->setup_count, SETUPS_MAX);
    if (furthest_us > history->furthest_us) history->furthest_us = furthest_us;
    return history->setups[history->setup_count++] = setup_new(&settings);
}

/* --- the database --- */

static inline struct advances stored_advances(const struct database *database, enum side side,
                                              struct advance *items) {
    struct advances advances = {items, 0, EVENTS_MAX + 1};
    for (int i = 0; i <= EVENTS_MAX; i++)
        if (database->advances[side].watermark_us[i] != TIME_NONE)
            items[advances.count++] = (struct advance){i, database->advances[side].watermark_us[i]};
    return advances;
}

static inline void store_advances(struct history *history, enum side side, struct advances advances) {
    int64_t *stored = history->database.advances[side].watermark_us;
    for (int i = 0; i < advances.count; i++) {
        int64_t at = advances.items[i].next_offset;
        ck_assert(at >= 0 && at <= history->logs[side].count);
        stored[at] = time_max(stored[at], advances.items[i].watermark_us);
        tally.advances++;
    }
}

static inline struct result *take_place(struct history *history, int64_t offset) {
    struct database *database = &history->database;
    MUST(history, offset >= database->released && database->rows[offset].kind == ROW_NONE,
         "conversion %" PRId64 " is released twice, or behind %d", offset, database->released);
    return &database->rows[offset];
}

static inline void check_value(struct history *history, struct value value, const char *expected) {
    bool same = value.text.len == strlen(expected) && !memcmp(value.text.data, expected, value.text.len);
    MUST(history, value.type != VALUE_NULL && same, "\"%.*s\" was kept, not \"%s\"", SPAN_ARGS(value.text),
         expected);
}

static inline void check_note(struct history *history, struct value value, int touch) {
    char text[JSON_MAX];
    if (event_note(text, touch))
        check_value(history, value, text);
    else
        MUST(history, value.type == VALUE_NULL, "a note was kept of touch %d, which has none", touch);
}

static inline void check_kept(struct history *history, enum kept kept, const struct value *values,
                              int touch) {
    const struct log_event *event = &history->logs[TOUCHES].events[touch];
    char id[JSON_MAX], stamp[TIMESTAMP_TEXT_MAX + 1] = "", key[] = {(char)('0' + event->key), 0};
    event_id(id, TOUCHES, touch);
    stamp[timestamp_format(event->timestamp_us, stamp)] = 0;
    switch (kept) {
    case KEPT_NOTHING: break;
    case KEPT_ID: check_value(history, values[0], id); break;
    case KEPT_NOTE: check_note(history, values[0], touch); break;
    case KEPT_SEVERAL:
        check_note(history, values[0], touch);
        check_value(history, values[1], id);
        check_value(history, values[2], stamp);
        check_value(history, values[3], key);
        break;
    case KEPT_COUNT: break;
    }
}

static inline struct result result_of(struct history *history, const struct worker *worker,
                                      const struct row *rows) {
    const struct settings *settings = &worker->setup->settings;
    struct result result = {ROW_UNATTRIBUTED, 0, 0, settings};
    int columns = worker->setup->plan->output->column_count;
    char text[JSON_MAX];
    for (int i = 0; i < rows->row_count; i++) {
        const struct value *values = rows[i].values;
        event_id(text, CONVERSIONS, log_first_twin(&history->logs[CONVERSIONS], (int)rows->offset));
        check_value(history, values[0], text);
        snprintf(text, sizeof text, "%d", i + 1);
        check_value(history, values[columns - 3], text);
        MUST(history, rows[i].offset == rows->offset && rows[i].touch_number == i + 1,
             "the rows of conversion %" PRId64 " are not side by side", rows->offset);
        if (values[1].type == VALUE_NULL) break;
        int touch = (int)strtol(values[1].text.data, NULL, 10);
        check_kept(history, settings->kept, values + 2, touch);
        if (i == 0) result.touch = touch;
        result.kind = ROW_TOUCH;
        result.touches = add_touch(result.touches, touch);
    }
    return result;
}

static inline struct table_row *table_row_of(struct history *history, int64_t offset) {
    return &history->database.table[log_first_twin(&history->logs[CONVERSIONS], (int)offset)];
}

static inline bool same_row(const struct result *a, const struct result *b) {
    return a->kind == b->kind && a->touches == b->touches;
}

/* An upsert of a decided row. What an early one of a later conversion says must not be lost. */
static inline void write_row(struct history *history, const struct worker *worker, const struct row *row) {
    struct table_row *there = table_row_of(history, row->offset);
    struct result result = result_of(history, worker, row);
    MUST(history, !there->there || !there->early || there->owner == row->offset || history->setup_count > 1,
         "the row of conversion %" PRId64 " covers the early one of %d", row->offset, there->owner);
    *take_place(history, row->offset) = result;
    *there = (struct table_row){true, false, (int)row->offset, result};
}

/* A decided row that is said to be there already. */
static inline void show_row(struct history *history, const struct worker *worker, const struct row *row) {
    struct table_row *there = table_row_of(history, row->offset);
    struct result result = result_of(history, worker, row);
    MUST(history, there->there && there->early && there->owner == row->offset,
         "conversion %" PRId64 " has no row", row->offset);
    MUST(history, same_row(&there->result, &result), "the row of conversion %" PRId64 " is another one",
         row->offset);
    *take_place(history, row->offset) = result;
    there->early = false;
    tally.shown++;
}

static inline void delete_row(struct history *history, const struct row *row) {
    struct table_row *there = table_row_of(history, row->offset);
    MUST(history, there->there && there->early && there->owner == row->offset,
         "the row of conversion %d is taken back by %" PRId64, there->owner, row->offset);
    there->there = false;
    TRACE("  early row of %" PRId64 " is taken back\n", row->offset);
    tally.gone++;
}

static inline void correct_row(struct history *history, const struct worker *worker, const struct row *row) {
    struct table_row *there = table_row_of(history, row->offset);
    MUST(history, there->there && there->early && there->owner == row->offset,
         "conversion %" PRId64 " corrects a row that is not its own", row->offset);
    there->result = result_of(history, worker, row);
    TRACE("  early row of %" PRId64 " is corrected\n", row->offset);
    tally.corrected++;
}

static inline void insert_row(struct history *history, struct worker *worker, const struct row *row) {
    struct table_row *there = table_row_of(history, row->offset);
    batch_early_written(&worker->batch, 0, row->offset, !there->there);
    TRACE("  early row of %" PRId64 "%s\n", row->offset, there->there ? ", but there is one" : "");
    tally.covered += there->there;
    tally.early += !there->there;
    if (!there->there)
        *there = (struct table_row){true, true, (int)row->offset, result_of(history, worker, row)};
}

static inline void store_owned(struct history *history, const struct worker *worker) {
    struct offset_ranges owned = {0};
    partition_early_owned(worker->partition, &worker->batch.parts[0].cut, &owned);
    for (int i = 0; i < history->logs[CONVERSIONS].count; i++)
        history->database.owned[i] =
            offset_ranges_has(&owned, i) && history->logs[CONVERSIONS].events[i].kind != EVENT_GAP;
    offset_ranges_release(&owned);
}

static inline void write_dead(struct history *history, const struct worker *worker,
                              const struct dead_letter *dead) {
    if (dead->input != worker->setup->plan->conversions) return;
    enum row_kind kind = dead->outcome == OUTCOME_LATE ? ROW_LATE : ROW_DEAD;
    *take_place(history, dead->record->offset) = (struct result){kind, 0, 0, &worker->setup->settings};
}

static inline void write_dead_letters(struct history *history, const struct worker *worker) {
    const struct batch *batch = &worker->batch;
    for (int i = 0; i < batch->dead_count; i++) write_dead(history, worker, &batch->dead[i]);
}

static inline void write_rows(struct history *history, const struct worker *worker) {
    const struct batch *batch = &worker->batch;
    for (int i = 0; i < batch->row_count; i++) {
        const struct row *row = &batch->rows[i];
        bool first = row->touch_number == 1;
        MUST(history,
             i == 0 ||
                 (first ? row->offset > row[-1].offset && row[-1].touch_number == row[-1].row_count
                        : row->offset == row[-1].offset && row->touch_number == row[-1].touch_number + 1),
             "rows are out of order");
        if (first) write_row(history, worker, row);
    }
}

/* All rows of a transaction, in the order of their statements. */
static inline void write_all_rows(struct history *history, struct worker *worker) {
    const struct batch *batch = &worker->batch;
    for (int i = 0; i < batch->gone.count; i++) delete_row(history, &batch->gone.items[i]);
    for (int i = 0; i < batch->shown.count; i += batch->shown.items[i].row_count)
        show_row(history, worker, &batch->shown.items[i]);
    write_rows(history, worker);
    for (int i = 0; i < batch->corrections.count; i += batch->corrections.items[i].row_count)
        correct_row(history, worker, &batch->corrections.items[i]);
    for (int i = 0; i < batch->news.count; i += batch->news.items[i].row_count)
        insert_row(history, worker, &batch->news.items[i]);
    store_owned(history, worker);
}

/* --- what the progress must say --- */

static inline struct store_held held_by_logs(const struct history *history, const struct settings *settings,
                                             const struct progress *progress) {
    struct store_held held = {0, 0};
    for (int i = 0; i < progress->touch_offset; i++) {
        const struct log_event *event = &history->logs[TOUCHES].events[i];
        if (event->kind != EVENT_VALID || event->time_us < progress->held_from_us) continue;
        if (!touch_is_kept(&history->logs[TOUCHES], settings, i)) continue;
        held.count++;
        held.xor ^= hash_offset(i);
    }
    return held;
}

static inline void check_progress(struct history *history, const struct settings *settings) {
    const struct progress *progress = &history->database.progress;
    struct definition definition;
    define(&definition, history->logs, history->bound_s, history->database.advances);
    struct store_held held = held_by_logs(history, settings, progress);
    MUST(history, held.count == progress->held.count && held.xor == progress->held.xor,
         "the progress holds %" PRIu64 " touches, not the %" PRIu64 " of the log", progress->held.count,
         held.count);
    int64_t from = define_held_from(&definition, settings, progress->conversion_offset);
    MUST(history, progress->held_from_us == from, "touches are held from %" PRId64 " on, not from %" PRId64,
         progress->held_from_us, from);
    MUST(history,
         ledger_total(&progress->touch_ledger) ==
             log_records(&history->logs[TOUCHES], progress->touch_offset),
         "the ledger of the touches has %" PRIu64 " records", ledger_total(&progress->touch_ledger));
    MUST(history,
         ledger_total(&progress->conversion_ledger) ==
             log_records(&history->logs[CONVERSIONS], progress->conversion_offset),
         "the ledger of the conversions has %" PRIu64 " records", ledger_total(&progress->conversion_ledger));
}

/* Early rows are those of undecided conversions, which the progress knows; and where there was room for all,
 * each has one as it must be by the touches read. */
static inline void check_early(struct history *history, const struct worker *worker) {
    const struct database *database = &history->database;
    const struct log *log = &history->logs[CONVERSIONS];
    struct definition definition;
    define(&definition, history->logs, history->bound_s, database->advances);
    for (int i = 0; i < log->count; i++) {
        const struct table_row *row = table_row_of(history, i);
        bool has = row->there && row->early && row->owner == i,
             open = i >= database->progress.conversion_offset;
        MUST(history, has == database->owned[i] || (!has && history->setup_count > 1),
             "conversion %d has %s early row, the progress says otherwise", i, has ? "an" : "no");
        MUST(history, !has || open, "conversion %d is decided, and its row is early", i);
        if (!worker->setup->settings.early || !worker->roomy || worker->retreated || history->fickle ||
            !open || i >= worker->read)
            continue;
        struct result want =
            define_early_row(&definition, &worker->setup->settings, i, database->progress.touch_offset);
        if (want.kind < ROW_UNATTRIBUTED) continue; /* by these settings: its row goes when it is decided */
        MUST(history, row->there, "conversion %d has no row yet", i);
        MUST(history, !has || same_row(&want, &row->result), "conversion %d has touch %d early, not %d", i,
             row->result.touch, want.touch);
    }
}

/* The table is that of `emit: final`: of each id the last conversion that was released with a row. */
static inline void check_table(struct history *history) {
    const struct database *database = &history->database;
    const struct log *log = &history->logs[CONVERSIONS];
    for (int first = 0; first < log->count; first += log->twins) {
        const struct table_row *row = &database->table[first];
        int last = -1;
        for (int i = first; i < first + log->twins && i < database->released; i++)
            if (database->rows[i].kind >= ROW_UNATTRIBUTED) last = i;
        if (row->there && row->early) {
            MUST(history, last < 0 && row->owner >= database->released, "an early row is left, of %d",
                 row->owner);
            continue;
        }
        MUST(history, row->there == (last >= 0), "the table has %s row of conversion %d",
             row->there ? "a" : "no", last);
        MUST(history, last < 0 || (row->owner == last && same_row(&row->result, &database->rows[last])),
             "the table has the row of conversion %d, touch %d, not %d", row->owner, row->result.touch, last);
    }
}

/* Rows released so far are those of the definition, whatever became of the history. */
static inline void check_rows(struct history *history, int count) {
    static const char *const names[] = {"nothing", "a dead letter", "late", "unattributed", "touch"};
    struct definition definition;
    define(&definition, history->logs, history->bound_s, history->database.advances);
    for (int i = 0; i < count; i++) {
        struct result got = history->database.rows[i];
        const struct settings *settings = got.settings ? got.settings : &history->database.setup->settings;
        struct result want = define_row(&definition, settings, i);
        if (history->fickle && want.kind >= ROW_UNATTRIBUTED && got.kind == ROW_DEAD) continue;
        MUST(history, want.kind == got.kind && want.touch == got.touch && want.touches == got.touches,
             "conversion %d became %s %d, not %s %d", i, names[got.kind], got.touch, names[want.kind],
             want.touch);
        if (history->wild || history->advanced || want.kind < ROW_UNATTRIBUTED) continue;
        struct result plain = plain_row(history->logs, settings, i);
        MUST(history, plain.kind == got.kind && plain.touches == got.touches,
             "conversion %d is not that of the plain window join", i);
    }
}

/* --- beginning and end --- */

static inline void history_begin(struct history *history, uint64_t seed) {
    *history = (struct history){.seed = seed, .random = {seed}, .whole = true};
    for (enum side side = TOUCHES; side <= CONVERSIONS; side++) {
        history->bound_s[side] = DRAW_OF(&history->random, 0, 3, 10);
        for (int i = 0; i <= EVENTS_MAX; i++) history->database.advances[side].watermark_us[i] = TIME_NONE;
    }
    int keys = (int)DRAW_OF(&history->random, 1, 3, KEYS_MAX);
    history->grace_s = DRAW_OF(&history->random, 0, 0, 5, 3600);
    history->early = chance(history, 60);
    history->fickle = chance(history, 40);
    history->wild = chance(history, 70);
    history->drifts = chance(history, 40);
    history->advances = chance(history, 60);
    history->restless = chance(history, 30);
    history->damage = chance(history, 30);
    history->backups = chance(history, 25);
    history->retention = chance(history, 30);
    for (enum side side = TOUCHES; side <= CONVERSIONS; side++) {
        log_draw(&history->logs[side], &history->random, keys, history->bound_s[side], history->wild);
        history->logs[side].end = history->drifts ? 0 : history->logs[side].count;
    }
    history->logs[CONVERSIONS].twins = (int)DRAW_OF(&history->random, 1, 2, 3, 3);
    history->database.progress = PROGRESS_START(0, 0);
    history->database.setup = new_setup(history);
}

static inline void history_end(struct history *history) {
    for (int i = 0; i < history->setup_count; i++) setup_free(history->setups[i]);
    topic_release(&history->changelog);
}

/* --- refusals --- */

/* What a lookup, or the table, says of a row. */
static inline bool accept(const void *context, struct row *row, struct arena *arena, char *why,
                          size_t why_size) {
    struct history *history = (struct history *)context;
    (void)row, (void)arena;
    snprintf(why, why_size, "no");
    return !history->fickle || chance(history, 75);
}

/* What a commit does when the database refuses something. */
static inline void retreat(struct history *history, struct worker *worker) {
    struct batch *batch = &worker->batch;
    int x = random_below(&history->random, 30);
    if (x == 0) batch_drop_early(batch);
    if (x == 1 && batch_withdraw(batch)) tally.withdrawn++;
    if (x == 2 && batch->news.count) batch_refuse(batch, 0, batch->news.items[0].offset, "no");
    if (x == 3 && batch->corrections.count) batch_refuse(batch, 0, batch->corrections.items[0].offset, "no");
    if (x == 4 && history->fickle && batch->row_count) batch_refuse(batch, 0, batch->rows[0].offset, "no");
    if (x == 5 && history->fickle && batch->shown.count)
        batch_refuse(batch, 0, batch->shown.items[0].offset, "no");
    worker->retreated |= x < 4;
}

/* --- the tally --- */

static inline void print_tally(int count) {
    printf(
        "%d histories: %d commits, %d of them ambiguous, %d fenced; %d crashes; %d idle advances;\n"
        "restored %d times from the changelog, %d times from the touches, refused %d times; %d tombstones, "
        "%d damages, %d backups, %d reclaimed, %d rounds to settle\n"
        "early rows: %d written, %d corrected, %d shown in the end, %d taken back, %d would have covered "
        "one, "
        "withdrawn %d times\n",
        count, tally.commits, tally.ambiguous, tally.fenced, tally.crashes, tally.advances,
        tally.from_changelog, tally.from_touches, tally.refused, tally.tombstones, tally.damaged,
        tally.backups, tally.reclaimed, tally.settled, tally.early, tally.corrected, tally.shown, tally.gone,
        tally.covered, tally.withdrawn);
}

/* Enough histories must have seen everything. */
static inline void check_tally(void) {
    const int seen[] = {tally.commits,    tally.crashes, tally.ambiguous,    tally.fenced,
                        tally.reclaimed,  tally.refused, tally.from_touches, tally.from_changelog,
                        tally.tombstones, tally.damaged, tally.backups,      tally.advances,
                        tally.settled,    tally.early,   tally.corrected,    tally.covered,
                        tally.shown,      tally.gone,    tally.withdrawn};
    for (int i = 0; i < COUNT_OF(seen); i++) ck_assert_msg(seen[i] > 0, "number %d never happened", i);
}

#endif
