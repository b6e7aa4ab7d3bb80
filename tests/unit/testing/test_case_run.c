/* What cases of other pipelines than the flagship's come to: every setting that the virtual clock, the
 * partitions, the lookups and the kind of output have a say in; and what is reported when a case fails. */
#include "cases.h"

/* Inputs t and c, joined by u within 100 s; time is in the field "at", in seconds. */
#define INPUTS     "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}}}\n"
#define TIME       "defaults: {time: {field: at, format: epoch_s, out_of_order: 10s}}\n"
#define ATTRIBUTE  "attribute: {conversions: c, touches: t, key: [u], window: 100s}\n"
#define OUTPUT     "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, t: t.id]}}]\n"
#define BASE       TIME INPUTS
#define FIELDS     "defaults: {t: {u: 1}, c: {u: 1}}\n"
#define CASES_HEAD "cases:\n  - name: n\n"

/* Asserts what a file with these cases reports for the pipeline. */
static void assert_with(const char *pipeline, const char *cases, const char *report) {
    char path[] = "/tmp/tributary-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "version: 1\npipeline: p\nkafka: {brokers: b}\n%s", pipeline);
    fclose(file);
    struct buffer text;
    buffer_init(&text);
    buffer_printf(&text, "pipeline: %s\n%s", path, cases);
    assert_report(buffer_string(&text), report);
    buffer_release(&text);
    unlink(path);
}

START_TEST(silence_and_what_ends_it) {
    static const char pipeline[] = BASE ATTRIBUTE OUTPUT;
    assert_with(pipeline,
                FIELDS "cases:\n"
                       "  - name: the start counts as the beginning of the silence\n"
                       "    close: false\n"
                       "    events: [{c: {id: k1, at: 100}}, {advance: 30s}]\n"
                       "    expect: {rows: [{id: k1, t: null}]}\n"
                       "  - name: an idle partition decides what comes meanwhile at once\n"
                       "    close: false\n"
                       "    events: [{t: {id: t1, at: 100}}, {advance: 30s}, {c: {id: k1, at: 105}}]\n"
                       "    expect: {rows: [{id: k1, t: t1}]}\n"
                       "  - name: until a touch comes\n"
                       "    close: false\n"
                       "    events: [{advance: 30s}, {t: {id: t1, at: 100}}, {c: {id: k1, at: 105}}]\n"
                       "    expect: {rows: []}\n"
                       "  - name: spans of time add up\n"
                       "    close: false\n"
                       "    events: [{c: {id: k1, at: 100}}, {advance: 15s}, {advance: 15s}]\n"
                       "    expect: {rows: [{id: k1}]}\n"
                       "  - name: even far beyond any clock\n"
                       "    close: false\n"
                       "    events: [{c: {id: k1, at: 100}}, {advance: 100000000d}, {advance: 100000000d}]\n"
                       "    expect: {rows: [{id: k1}]}\n",
                "");
}
END_TEST

START_TEST(a_record_of_any_kind_ends_the_silence) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                FIELDS CASES_HEAD
                "    close: false\n"
                "    events: [{advance: 30s}, {input: t, raw: broken}, {c: {id: k1, at: 100}}]\n"
                "    expect: {rows: [], outcomes: {malformed: 1}}\n",
                "");
}
END_TEST

START_TEST(idle_timeouts_are_those_of_the_inputs) {
    assert_with(TIME "inputs:\n"
                     "  t: {kafka: {topic: tt}, idle_timeout: 0}\n"
                     "  c: {kafka: {topic: cc}, idle_timeout: 1m}\n" ATTRIBUTE OUTPUT,
                FIELDS CASES_HEAD "    close: false\n"
                                  "    events: [{c: {id: k1, at: 100}}, {advance: 400d}]\n"
                                  "    expect: {rows: []}\n",
                "");
    static const char pipeline[] =
        TIME "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}, idle_timeout: 1m}}\n"
             "attribute: {conversions: c, touches: t, key: [u], window: 100s, max_drift: 50s}\n" OUTPUT;
    assert_with(pipeline,
                FIELDS "cases:\n"
                       "  - name: not yet\n"
                       "    events: [{c: {id: k1, at: 0}}, {advance: 59s}, {t: {id: t1, at: 1000}},\n"
                       "             {c: {id: k2, at: 500}}]\n"
                       "    expect: {dead_letters: []}\n"
                       "  - name: now, and the watermark is 1000 - 10 - 50\n"
                       "    events: [{c: {id: k1, at: 0}}, {advance: 60s}, {t: {id: t1, at: 1000}},\n"
                       "             {c: {id: k2, at: 940}}, {c: {id: k3, at: 939}}]\n"
                       "    expect: {dead_letters: [{offset: 2, reason: late, detail: 1.000 s}]}\n",
                "");
}
END_TEST

START_TEST(closing) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                FIELDS "cases:\n"
                       "  - name: closed, all that was read counts\n"
                       "    events: [{c: {id: k1, at: 100}}, {t: {id: t1, at: 90}}, {c: {id: k2, at: 95}}]\n"
                       "    expect: {rows: [{id: k1, t: t1}, {id: k2, t: t1}]}\n"
                       "  - name: not closed, only what is final is a row, in the order of the offsets\n"
                       "    close: false\n"
                       "    events: [{c: {id: k1, at: 100}}, {c: {id: k2, at: 95}}, {t: {id: t1, at: 106}}]\n"
                       "    expect: {rows: [], outcomes: {touch_kept: 1}}\n",
                "");
}
END_TEST

START_TEST(lateness) {
    static const char cases[] = FIELDS CASES_HEAD "    events:\n"
                                                  "      - t: {id: t1, at: 50}\n"
                                                  "      - t: {id: t2, at: 120}\n"
                                                  "      - c: {id: k1, at: 260}\n"
                                                  "      - c: {id: k2, at: 130}\n"
                                                  "      - c: {id: k3, at: 245}\n";
    char text[1000];
    snprintf(text, sizeof text, "%s%s", cases,
             "    expect:\n"
             "      rows: [{id: k1, t: null}]\n"
             "      dead_letters: [{offset: 1, detail: 120.000 s}, {offset: 2, detail: 5.000 s}]\n");
    assert_with(BASE ATTRIBUTE OUTPUT, text, "");
    snprintf(text, sizeof text, "%s%s", cases,
             "    expect:\n"
             "      rows: [{id: k1}, {id: k3, t: null}]\n"
             "      dead_letters: [{offset: 1, detail: 115.000 s}]\n");
    assert_with(
        BASE "attribute: {conversions: c, touches: t, key: [u], window: 100s, allowed_lateness: 5s}\n" OUTPUT,
        text, "");
    /* k2 is attributed with what the watermark, 250, has left: touches from 150 on */
    snprintf(text, sizeof text, "%s%s", cases,
             "    expect:\n"
             "      rows: [{id: k1, t: null}, {id: k2, t: null}, {id: k3, t: null}]\n"
             "      dead_letters: []\n");
    assert_with(BASE
                "attribute: {conversions: c, touches: t, key: [u], window: 100s, late: attribute}\n" OUTPUT,
                text, "");
}
END_TEST

START_TEST(missing_lookups) {
    static const char output[] =
        "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, name: l.name]}}]\n";
    static const char cases[] =
        "lookups: {l: [{n: 1, name: one}, {n: \"2\", name: 2}, {n: null, name: x}, {n: 1, name: "
        "again}]}\n" CASES_HEAD
        "    events: [{c: {id: k1, at: 0, u: 1}}, {c: {id: k2, at: 0, u: 2}}, {c: {id: k3, at: 0, u: 3}},\n"
        "             {c: {id: k4, at: 0, u: null}}]\n";
    static const struct {
        const char *policy, *expect;
    } trials[] = {
        {"keep", "{rows: [{id: k1, name: one}, {name: 2}, {name: null}, {name: null}],"
                 " outcomes: {unattributed: 4}}"},
        {"drop", "{rows: [{id: k1, name: one}, {name: 2}], outcomes: {unattributed: 2, filtered: 2}}"},
        {"dead_letter", "{rows: [{id: k1, name: one}, {name: 2}], dead_letters: [{offset: 2, reason:"
                        " lookup_missing, detail: lookup \"l\"}, {offset: 3, reason: lookup_missing}]}"},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char pipeline[1000], text[1000];
        snprintf(pipeline, sizeof pipeline,
                 BASE ATTRIBUTE "lookups: {l: {table: l, match: {n: u}, missing: %s}}\n%s", trials[i].policy,
                 output);
        snprintf(text, sizeof text, "%s    expect: %s\n", cases, trials[i].expect);
        assert_with(pipeline, text, "");
    }
}
END_TEST

/* l1: u to mail; l2: mail to name, before the first in the file. k1 has both, k2 only the first, k3 a null
 * mail, k4 nothing. The first in the chain that does not keep decides. */
START_TEST(chained_lookups) {
    static const char cases[] =
        "lookups: {l1: [{n: 1, mail: a@x}, {n: 2, mail: b@x}, {n: 3, mail: null}],"
        " l2: [{mail: a@x, name: Ann}]}\n" CASES_HEAD
        "    events: [{c: {id: k1, at: 0, u: 1}}, {c: {id: k2, at: 0, u: 2}}, {c: {id: k3, at: 0, u: 3}},\n"
        "             {c: {id: k4, at: 0, u: 4}}]\n";
    static const struct {
        const char *first, *second, *expect;
    } trials[] = {
        {"keep", "keep",
         "{rows: [{id: k1, name: Ann}, {id: k2, name: null, mail: b@x}, {id: k3, name: null},"
         " {id: k4, name: null}], outcomes: {unattributed: 4}}"},
        {"drop", "keep", "{rows: [{id: k1}, {id: k2}, {id: k3}], outcomes: {unattributed: 3, filtered: 1}}"},
        {"keep", "drop", "{rows: [{id: k1, name: Ann}], outcomes: {unattributed: 1, filtered: 3}}"},
        {"drop", "dead_letter",
         "{rows: [{id: k1}], dead_letters: [{offset: 1, detail: lookup \"l2\"},"
         " {offset: 2, detail: lookup \"l2\"}], outcomes:"
         " {unattributed: 1, filtered: 1, lookup_missing: 2}}"},
        {"dead_letter", "drop",
         "{rows: [{id: k1}], dead_letters: [{offset: 3, detail: lookup \"l1\"}], outcomes:"
         " {unattributed: 1, filtered: 2, lookup_missing: 1}}"},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char pipeline[1000], text[1000];
        snprintf(pipeline, sizeof pipeline,
                 BASE ATTRIBUTE
                 "lookups: {l2: {table: l2, match: {mail: l1.mail}, missing: %s},\n"
                 "  l1: {table: l1, match: {n: u}, missing: %s}}\n"
                 "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, mail: l1.mail,"
                 " name: l2.name]}}]\n",
                 trials[i].second, trials[i].first);
        snprintf(text, sizeof text, "%s    expect: %s\n", cases, trials[i].expect);
        assert_with(pipeline, text, "");
    }
}
END_TEST

/* t has the user's number u, c only the mail m. */
#define REKEYED                                                                                              \
    TIME "inputs:\n"                                                                                         \
         "  t: {kafka: {topic: tt}, repartition: {by: u, partitions: 2}}\n"                                  \
         "  c: {kafka: {topic: cc}, repartition: {by: l.n, partitions: 2}}\n"                                \
         "attribute: {conversions: c, touches: t, key: {t: [u], c: [l.n]}, window: 100s}\n"

/* k1 has a row, k2 a row with a null in the place of the key, k3 none and k4 no mail. */
START_TEST(lookups_before_the_key) {
    static const char cases[] = "lookups: {l: [{mail: a@x, n: 1}, {mail: b@x, n: null}]}\n" CASES_HEAD
                                "    events: [{t: {id: t1, at: 0, u: 1}}, {c: {id: k1, at: 0, m: a@x}},\n"
                                "             {c: {id: k2, at: 0, m: b@x}}, {c: {id: k3, at: 0, m: c@x}},\n"
                                "             {c: {id: k4, at: 0}}, {input: c, raw: x}]\n";
    static const struct {
        const char *policy, *expect;
    } trials[] = {
        {"keep", "{rows: [{id: k1, t: t1}, {id: k2, t: null}, {id: k3, t: null}, {id: k4, t: null}],"
                 " dead_letters: [{offset: 4, reason: malformed}],"
                 " outcomes: {touch_kept: 1, attributed: 1, unattributed: 3, malformed: 1}}"},
        {"drop",
         "{rows: [{id: k1, t: t1}, {id: k2, t: null}], dead_letters: [{offset: 4, reason: malformed}],"
         " outcomes: {touch_kept: 1, attributed: 1, unattributed: 1, filtered: 2, malformed: 1}}"},
        {"dead_letter", "{rows: [{id: k1, t: t1}, {id: k2, t: null}], dead_letters: [{offset: 2, reason:"
                        " lookup_missing, detail: lookup \"l\" has no row for it in \"users\"},"
                        " {offset: 3, reason: lookup_missing}, {offset: 4, reason: malformed}],"
                        " outcomes: {touch_kept: 1, attributed: 1, unattributed: 1, lookup_missing: 2,"
                        " malformed: 1}}"},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char pipeline[1000], text[1000];
        snprintf(pipeline, sizeof pipeline,
                 REKEYED "lookups: {l: {table: users, match: {mail: c.m}, missing: %s}}\n%s",
                 trials[i].policy, OUTPUT);
        snprintf(text, sizeof text, "%s    expect: %s\n", cases, trials[i].expect);
        assert_with(pipeline, text, "");
    }
}
END_TEST

/* Of touches: without a key they are dead letters. */
START_TEST(lookups_before_the_key_of_touches) {
    static const char cases[] = "lookups: {l: [{mail: a@x, n: 1}]}\n" CASES_HEAD
                                "    events: [{t: {id: t1, at: 0, m: b@x}}, {t: {id: t2, at: 0, m: a@x}},\n"
                                "             {c: {id: k1, at: 0, u: 1.0}}]\n";
    static const struct {
        const char *policy, *expect;
    } trials[] = {
        {"keep", "{rows: [{t: t2}], dead_letters: [{input: t, offset: 0, reason: key_null}]}"},
        {"drop",
         "{rows: [{t: t2}], dead_letters: [], outcomes: {touch_kept: 1, attributed: 1, filtered: 1}}"},
        {"dead_letter", "{rows: [{t: t2}], dead_letters: [{input: t, offset: 0, reason: lookup_missing}]}"},
    };
    for (int i = 0; i < COUNT_OF(trials); i++) {
        char pipeline[1000], text[1000];
        snprintf(pipeline, sizeof pipeline,
                 TIME "inputs:\n"
                      "  t: {kafka: {topic: tt}, repartition: {by: l.n, partitions: 2}}\n"
                      "  c: {kafka: {topic: cc}, repartition: {by: u, partitions: 2}}\n"
                      "attribute: {conversions: c, touches: t, key: {t: [l.n], c: [u]}, window: 100s}\n"
                      "lookups: {l: {table: users, match: {mail: t.m}, missing: %s}}\n%s",
                 trials[i].policy, OUTPUT);
        snprintf(text, sizeof text, "%s    expect: %s\n", cases, trials[i].expect);
        assert_with(pipeline, text, "");
    }
}
END_TEST

/* The lookup is asked with what the steps have left, and not at all for what they filter: k2 would be a dead
 * letter. Its time is seen all the same: k4 is late. A value that a step cannot handle is not asked about
 * either, and what only matters after the key does not keep it from its place. */
START_TEST(steps_before_lookups_before_the_key) {
    assert_with(
        TIME
        "inputs:\n"
        "  t: {kafka: {topic: tt}, repartition: {by: u, partitions: 2}, steps: [cast: {u: int}]}\n"
        "  c:\n"
        "    kafka: {topic: cc}\n"
        "    repartition: {by: l.n, partitions: 2}\n"
        "    steps: [rename: {mail: m}, trim: [m], lower: [m], where: {kind: {not: test}}, cast: {x: int}]\n"
        "attribute: {conversions: c, touches: t, key: {t: [u], c: [l.n]}, window: 100s}\n"
        "lookups: {l: {table: users, match: {mail: c.m}, missing: dead_letter}}\n" OUTPUT,
        "lookups: {l: [{mail: a@x, n: 1}]}\n" CASES_HEAD
        "    events: [{t: {id: t1, at: 80, u: \" 01\"}}, {c: {id: k1, at: 80, mail: \" A@X\"}},\n"
        "             {c: {id: k2, at: 100, mail: b@x, kind: test}}, {c: {id: k3, at: 100, m: A@x, x: "
        "bad}},\n"
        "             {c: {id: k4, at: 89, m: a@x}}, {c: {id: k5, at: 100, m: [a]}}]\n"
        "    expect:\n"
        "      rows: [{id: k1, t: t1}]\n"
        "      dead_letters: [{offset: 2, reason: step_failed, detail: \"step 5, cast\"},"
        " {offset: 3, reason: late}, {offset: 4, reason: step_failed, detail: \"step 2, trim\"}]\n"
        "      outcomes: {touch_kept: 1, attributed: 1, filtered: 1, step_failed: 2, late: 1}\n",
        "");
}
END_TEST

/* As the re-keyer does it: the times of what goes no further are seen all the same. */
START_TEST(what_is_dropped_moves_the_watermark) {
    assert_with(REKEYED "lookups: {l: {table: users, match: {mail: c.m}, missing: drop}}\n" OUTPUT,
                "lookups: {l: [{mail: a@x, n: 1}]}\n" CASES_HEAD
                "    events: [{c: {id: k1, at: 100, m: b@x}}, {c: {id: k2, at: 90, m: a@x}},\n"
                "             {c: {id: k3, at: 89, m: a@x}}]\n"
                "    expect: {rows: [{id: k2}], dead_letters: [{offset: 2, reason: late}]}\n",
                "");
}
END_TEST

/* The key that a record came with counts no longer; where it has none, it is null. */
START_TEST(the_key_is_the_new_one) {
    assert_with(REKEYED "lookups: {l: {table: users, match: {mail: c.m}}}\n"
                        "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, ck: c._key,"
                        " cp: c._partition, co: c._offset, tk: t._key, tp: t._partition, to: t._offset]}}]\n",
                "lookups: {l: [{mail: a@x, n: 1}]}\n" CASES_HEAD "    partitions: 2\n"
                "    events:\n"
                "      - {t: {at: 1, u: 1}, partition: 1, key: other}\n"
                "      - {c: {id: k1, at: 2, m: a@x}, partition: 1, key: other}\n"
                "      - {c: {id: k2, at: 2, m: b@x}, partition: 1, key: other}\n"
                "    expect:\n"
                "      rows:\n"
                "        - {id: k1, ck: \"1\", cp: 1, co: 0, tk: \"1\", tp: 1, to: 0}\n"
                "        - {id: k2, ck: null, tk: null}\n",
                "");
}
END_TEST

START_TEST(upsert_and_append) {
    static const char cases[] = FIELDS CASES_HEAD
        "    partitions: 2\n"
        "    events: [{c: {id: k1, at: 0}, partition: 1}, {c: {id: k2, at: 1}, partition: 1},\n"
        "             {c: {id: k1, at: 2}}, {c: {id: k1, at: 3}}]\n"
        "    expect: {rows: %s}\n";
    static const char columns[] = "id, p: c._partition, o: c._offset";
    char pipeline[1000], text[1000];
    snprintf(pipeline, sizeof pipeline,
             BASE ATTRIBUTE "outputs: [{postgres: {table: r, write: append, columns: [%s]}}]\n", columns);
    snprintf(text, sizeof text, cases,
             "[{p: 0, o: 0}, {p: 0, o: 1}, {id: k1, p: 1, o: 0}, {id: k2, p: 1, o: 1}]");
    assert_with(pipeline, text, "");
    /* at the end the partitions are closed in order: the row of partition 1 is written last */
    snprintf(pipeline, sizeof pipeline,
             BASE ATTRIBUTE "outputs: [{postgres: {table: r, primary_key: [id], columns: [%s]}}]\n", columns);
    snprintf(text, sizeof text, cases, "[{id: k1, p: 1, o: 0}, {id: k2, p: 1, o: 1}]");
    assert_with(pipeline, text, "");
}
END_TEST

START_TEST(what_is_the_records_own) {
    assert_with(
        BASE ATTRIBUTE "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, ct: c._time,"
                       " cp: c._partition, co: c._offset, cs: c._timestamp, ck: c._key, tt: t._time,"
                       " tp: t._partition, to: t._offset, ts: t._timestamp, tk: t._key]}}]\n",
        FIELDS CASES_HEAD
        "    partitions: 2\n"
        "    events:\n"
        "      - {t: {at: 1}, partition: 1, key: other}\n"
        "      - {t: {at: 0.5}, partition: 1, key: 7, timestamp: \"1970-01-01T00:00:01Z\"}\n"
        "      - {c: {id: k1, at: 2}, partition: 1, timestamp: \"1970-01-01 00:00:03.5\", key: \"ü\"}\n"
        "      - {c: {id: k2, at: 2, u: 2}, partition: 1}\n"
        "    expect:\n"
        "      rows:\n"
        "        - {ct: \"1970-01-01 00:00:02\", cp: 1, co: 0, cs: \"1970-01-01 00:00:03.5\", ck: \"ü\",\n"
        "           tt: \"1970-01-01T00:00:00.5Z\", tp: 1, to: 1, ts: \"1970-01-01 00:00:01\", tk: \"7\"}\n"
        "        - {cs: null, ck: null, tt: null, tp: null, to: null, ts: null, tk: null}\n",
        "");
}
END_TEST

START_TEST(values_of_every_type) {
    assert_with(
        BASE ATTRIBUTE
        "outputs: [{postgres: {table: r, primary_key: [id], columns: [id, a, b, d, e, f: t.f]}}]\n",
        FIELDS CASES_HEAD
        "    events:\n"
        "      - t: {at: 0, f: [1, {x: \"1\"}]}\n"
        "      - c: {id: 1, at: 1, a: true, b: 1e2, d: null, e: {y: [], x: false}}\n"
        "    expect:\n"
        "      rows: [{id: 1.0, a: true, b: 100, d: null, e: {x: false, y: []}, f: [1, {x: \"1\"}]}]\n",
        "");
}
END_TEST

START_TEST(no_events) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                CASES_HEAD "    events: []\n    expect: {rows: [], dead_letters: [], outcomes: {}}\n", "");
    assert_with(BASE ATTRIBUTE OUTPUT, CASES_HEAD "    events: []\n    expect: {rows: [{id: k1}]}\n",
                "  rows: 1 expected, 0 found\n"
                "    line 5 is missing: {id: \"k1\"}\n"
                "  outcomes of the case: none\n");
}
END_TEST

START_TEST(more_rows_than_a_batch) {
    struct buffer cases;
    buffer_init(&cases);
    buffer_text(&cases, CASES_HEAD "    events:\n");
    for (int i = 0; i < 1500; i++) buffer_printf(&cases, "      - c: {id: %d, at: %d}\n", i, i);
    buffer_text(&cases, "    expect: {rows: [], outcomes: {unattributed: 1499}}\n");
    struct buffer report;
    buffer_init(&report);
    buffer_text(&report, "  rows: 0 expected, 1500 found\n");
    for (int i = 0; i < 1500; i++)
        buffer_printf(&report, "    row %d, of c[0]@%d, was not expected: {id: %d}\n", i + 1, i, i);
    buffer_text(&report, "  outcomes:\n    unattributed: expected 1499, found 1500\n"
                         "  outcomes of the case: unattributed=1500\n");
    assert_with(BASE ATTRIBUTE OUTPUT, buffer_string(&cases), buffer_string(&report));
    buffer_release(&cases);
    buffer_release(&report);
}
END_TEST

/* The conversion's leaves with those before it, after the touch's. */
START_TEST(dead_letters_are_in_the_order_of_the_events) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                FIELDS CASES_HEAD
                "    events: [{c: {id: k1, at: 100}}, {input: c, raw: x}, {input: t, raw: x}]\n"
                "    expect: {dead_letters: [{input: c, offset: 1}, {input: t, offset: 0}]}\n",
                "");
}
END_TEST

/* --- reports */

START_TEST(a_report_says_what_differs) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                FIELDS CASES_HEAD "    events:\n"
                                  "      - t: {id: t1, at: 50}\n"
                                  "      - c: {id: k1, at: 100}\n"
                                  "      - c: {id: k2, at: 10}\n"
                                  "    expect:\n"
                                  "      rows:\n"
                                  "        - {id: k1, t: t2}\n"
                                  "        - {id: k2}\n"
                                  "      outcomes: {attributed: 2, touch_kept: 1}\n",
                "  rows: 2 expected, 1 found\n"
                "    row 1, of c[0]@0, differs from line 11:\n"
                "      t: expected \"t2\", found \"t1\"\n"
                "    line 12 is missing: {id: \"k2\"}\n"
                "  outcomes:\n"
                "    attributed: expected 2, found 1\n"
                "    late: expected 0, found 1\n"
                "  dead letters of the case:\n"
                "    c[0]@1: late: the conversion is 80.000 s behind its partition's watermark\n"
                "  outcomes of the case: attributed=1 touch_kept=1 late=1\n");
}
END_TEST

START_TEST(a_report_says_what_waits) {
    assert_with(BASE ATTRIBUTE OUTPUT,
                FIELDS CASES_HEAD "    partitions: 3\n"
                                  "    close: false\n"
                                  "    events:\n"
                                  "      - c: {id: k1, at: 1}\n"
                                  "      - c: {id: k2, at: 100}\n"
                                  "      - {c: {id: k3, at: 100}, partition: 2}\n"
                                  "      - t: {id: t1, at: 50}\n"
                                  "    expect: {rows: []}\n",
                "  rows: 0 expected, 1 found\n"
                "    row 1, of c[0]@0, was not expected: {id: \"k1\"}\n"
                "  not final yet: 1 of c[0], from offset 1 on\n"
                "  not final yet: 1 of c[2], from offset 0 on\n"
                "  outcomes of the case: unattributed=1 touch_kept=1\n");
}
END_TEST

START_TEST(a_report_of_dead_letters) {
    assert_with(
        BASE ATTRIBUTE OUTPUT,
        FIELDS CASES_HEAD
        "    events: [{input: c, tombstone: true}, {input: t, raw: \"7\"}, {input: c, raw: \"\"}]\n"
        "    expect:\n"
        "      dead_letters:\n"
        "        - {input: c, reason: empty, detail: empty}\n"
        "        - {input: c, offset: 1}\n",
        "  dead letters: 2 expected, 3 found\n"
        "    dead letter 1, of c[0]@0, differs from line 8:\n"
        "      detail: expected a text with \"empty\", found \"the record is a tombstone: it has no value\"\n"
        "    dead letter 2, of t[0]@0, was not expected: {input: \"t\", partition: 0, offset: 0, reason: "
        "\"not_an_object\", detail: \"the record is a number, not an object\"}\n"
        "  outcomes of the case: empty=2 not_an_object=1\n");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("case_run");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, silence_and_what_ends_it);
    tcase_add_test(tests, a_record_of_any_kind_ends_the_silence);
    tcase_add_test(tests, idle_timeouts_are_those_of_the_inputs);
    tcase_add_test(tests, closing);
    tcase_add_test(tests, lateness);
    tcase_add_test(tests, missing_lookups);
    tcase_add_test(tests, chained_lookups);
    tcase_add_test(tests, lookups_before_the_key);
    tcase_add_test(tests, lookups_before_the_key_of_touches);
    tcase_add_test(tests, what_is_dropped_moves_the_watermark);
    tcase_add_test(tests, steps_before_lookups_before_the_key);
    tcase_add_test(tests, the_key_is_the_new_one);
    tcase_add_test(tests, upsert_and_append);
    tcase_add_test(tests, what_is_the_records_own);
    tcase_add_test(tests, values_of_every_type);
    tcase_add_test(tests, no_events);
    tcase_add_test(tests, more_rows_than_a_batch);
    tcase_add_test(tests, dead_letters_are_in_the_order_of_the_events);
    tcase_add_test(tests, a_report_says_what_differs);
    tcase_add_test(tests, a_report_says_what_waits);
    tcase_add_test(tests, a_report_of_dead_letters);
    return suite_run("case_run", tests);
}
