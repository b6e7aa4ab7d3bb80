/* What the group's committed offset remembers of a source. */
#include "pipeline/rekey_source.h"

#include "../suite.h"

static void load(struct rekey_source *source, const char *metadata) {
    *source = (struct rekey_source){.input = 1, .partition = 3, .at_end = true, .probing = true};
    rekey_source_load(source, 42, metadata);
    ck_assert_int_eq(source->next, 42);
    ck_assert_int_eq(source->stored_next, 42);
    ck_assert_int_eq(source->high, -1);
    ck_assert(!source->at_end && !source->probing); /* or it would never be idle again */
}

START_TEST(comes_back_as_it_was) {
    struct rekey_source source, again;
    struct record last = {.offset = 41, .timestamp_us = 1718600400123000, .value = {"last", 4}};
    struct buffer text;
    load(&source, NULL);
    source.time.max_time_us = -7;
    source.time.idle = true; /* is found out anew */
    source.ledger = (struct rekey_ledger){42, 7, 1};
    source.anchor = anchor_of(&last);
    buffer_init(&text);
    rekey_source_metadata(&source, &text);
    load(&again, buffer_string(&text));
    ck_assert_int_eq(again.time.max_time_us, -7);
    ck_assert(!again.time.idle);
    ck_assert_int_eq(again.told.max_time_us, TIME_NONE); /* by this re-keyer */
    ck_assert(anchor_matches(&again.anchor, &last));
    ck_assert_uint_eq(again.ledger.forwarded, 42);
    ck_assert_uint_eq(again.ledger.filtered, 7);
    ck_assert_uint_eq(again.ledger.dead_letters, 1);
    ck_assert_uint_eq(again.stored.forwarded, 42);
    buffer_release(&text);
}
END_TEST

/* Brokers refuse metadata that is too long. */
START_TEST(is_never_too_long) {
    struct rekey_source source;
    struct record last = {.offset = INT64_MAX, .timestamp_us = -INT64_MAX, .value = {"last", 4}};
    struct buffer text;
    load(&source, NULL);
    source.time.max_time_us = -INT64_MAX;
    source.ledger = (struct rekey_ledger){UINT64_MAX, UINT64_MAX, UINT64_MAX};
    source.anchor = anchor_of(&last);
    buffer_init(&text);
    rekey_source_metadata(&source, &text);
    ck_assert_uint_gt(text.len, 150);
    ck_assert_uint_lt(text.len, REKEY_METADATA_MAX);
    load(&source, buffer_string(&text));
    ck_assert_uint_eq(source.ledger.dead_letters, UINT64_MAX);
    ck_assert_int_eq(source.time.max_time_us, -INT64_MAX);
    buffer_release(&text);
}
END_TEST

START_TEST(garbage_is_nothing) {
    static const char *const garbage[] = {
        NULL,
        "",
        "x",
        "null",
        "[]",
        "{}",
        "{\"version\":1,",
        "{\"time\":\"1\",\"anchor\":7,\"forwarded\":\"7\",\"filtered\":-1,\"dead_letters\":null}",
        "{\"time\":9223372036854775808}",
        "{\"time\":1.5,\"anchor\":\"1/2\",\"forwarded\":{}}",
    };
    for (int i = 0; i < COUNT_OF(garbage); i++) {
        struct rekey_source source;
        load(&source, garbage[i]);
        ck_assert_int_eq(source.time.max_time_us, TIME_NONE);
        ck_assert_int_lt(source.anchor.offset, 0);
        ck_assert_uint_eq(source.ledger.forwarded + source.ledger.filtered + source.ledger.dead_letters, 0);
    }
}
END_TEST

START_TEST(nothing_is_committed_yet) {
    struct rekey_source source = {.ledger = {1, 2, 3}, .stored = {1, 2, 3}};
    struct buffer text;
    rekey_source_load(&source, -1, NULL);
    ck_assert_int_eq(source.stored_next, -1);
    ck_assert_uint_eq(source.ledger.forwarded + source.stored.forwarded, 0);
    buffer_init(&text);
    rekey_source_metadata(&source, &text);
    ck_assert_str_eq(buffer_string(&text),
                     "{\"version\":1,\"forwarded\":0,\"filtered\":0,\"dead_letters\":0}");
    buffer_release(&text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("rekey_source");
    tcase_add_test(tests, comes_back_as_it_was);
    tcase_add_test(tests, is_never_too_long);
    tcase_add_test(tests, garbage_is_nothing);
    tcase_add_test(tests, nothing_is_committed_yet);
    return suite_run("pipeline.rekey_source", tests);
}
