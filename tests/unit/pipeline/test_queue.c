#include "pipeline/queue.h"

#include <stdio.h>

#include "../suite.h"

enum { SEGMENT = 256 };

/* A record whose bytes follow from its number; `text` is overwritten by the next. */
static struct record record_of(uint64_t number) {
    static char text[300];
    int len = snprintf(text, sizeof text, "value %*llu", (int)(number % 200), (unsigned long long)number);
    return (struct record){.offset = (int64_t)number + 1000, .timestamp_us = 7, .value = {text, (size_t)len}};
}

static void push(struct queue *queue) {
    uint64_t number = queue->next;
    struct record record = record_of(number);
    struct pending *pending = queue_push(queue, &record);
    ck_assert_ptr_eq(pending, queue_at(queue, number));
    ck_assert_int_eq(pending->outcome, 0);
    ck_assert_ptr_null(pending->fields);
    ck_assert_ptr_null(pending->detail);
    ck_assert(!pending->has_key && !pending->touch_count && !pending->touches);
    pending->detail =
        arena_printf(queue_arena(queue, number), "detail %llu", (unsigned long long)number).data;
}

static void assert_entry(const struct queue *queue, uint64_t number) {
    const struct pending *pending = queue_at(queue, number);
    struct record want = record_of(number);
    char detail[40];
    snprintf(detail, sizeof detail, "detail %llu", (unsigned long long)number);
    ck_assert_int_eq(pending->record.offset, want.offset);
    ck_assert(span_equal(pending->record.value, want.value));
    ck_assert_str_eq(pending->detail, detail);
}

START_TEST(starts_empty) {
    struct queue queue;
    queue_init(&queue);
    queue_drop(&queue, 0);
    ck_assert_uint_eq(queue.bytes, 0);
    ck_assert(queue.first == 0 && queue.next == 0);
    queue_release(&queue);
    queue_release(&queue);
}
END_TEST

START_TEST(copies_the_record) {
    struct queue queue;
    char key[] = "key", value[] = "value";
    queue_init(&queue);
    struct record record = {.offset = 5, .timestamp_us = 6, .key = span_of(key), .value = span_of(value)};
    struct pending *pending = queue_push(&queue, &record);
    key[0] = value[0] = '#';
    assert_span(pending->record.key, "key");
    assert_span(pending->record.value, "value");
    ck_assert_int_eq(pending->record.offset, 5);
    ck_assert_int_eq(pending->record.timestamp_us, 6);
    record.key = record.value = (struct span){0}; /* no key, a tombstone */
    pending = queue_push(&queue, &record);
    assert_span(pending->record.key, NULL);
    assert_span(pending->record.value, NULL);
    record.key = record.value = (struct span){"", 0};
    pending = queue_push(&queue, &record);
    assert_span(pending->record.key, "");
    assert_span(pending->record.value, "");
    queue_release(&queue);
}
END_TEST

START_TEST(entries_never_move) {
    struct queue queue;
    struct pending *places[3 * SEGMENT + 5];
    queue_init(&queue);
    for (uint64_t i = 0; i < (uint64_t)COUNT_OF(places); i++) {
        push(&queue);
        places[i] = queue_at(&queue, i);
    }
    for (uint64_t i = 0; i < (uint64_t)COUNT_OF(places); i++) {
        ck_assert_ptr_eq(queue_at(&queue, i), places[i]);
        assert_entry(&queue, i);
    }
    queue_drop(&queue, 2 * SEGMENT);
    for (uint64_t i = 2 * SEGMENT; i < (uint64_t)COUNT_OF(places); i++)
        ck_assert_ptr_eq(queue_at(&queue, i), places[i]);
    queue_release(&queue);
}
END_TEST

/* Segments go when all in them is gone, and not before. */
START_TEST(drops_whole_segments) {
    struct queue queue;
    queue_init(&queue);
    for (int i = 0; i < 3 * SEGMENT; i++) push(&queue);
    ck_assert_int_eq(queue.count, 3);
    queue_drop(&queue, SEGMENT - 1);
    ck_assert_int_eq(queue.count, 3);
    queue_drop(&queue, SEGMENT);
    ck_assert_int_eq(queue.count, 2);
    queue_drop(&queue, 10); /* never goes back */
    ck_assert_uint_eq(queue.first, SEGMENT);
    queue_drop(&queue, 3 * SEGMENT);
    ck_assert_int_eq(queue.count, 0);
    ck_assert_uint_eq(queue.bytes, 0);
    push(&queue); /* the first of a segment of its own */
    ck_assert_int_eq(queue.count, 1);
    assert_entry(&queue, 3 * SEGMENT);
    queue_release(&queue);
}
END_TEST

/* The weight of what is there grows with the records and ends at zero. */
START_TEST(weighs_what_it_holds) {
    static char long_text[100000];
    struct queue queue;
    queue_init(&queue);
    struct record record = {.value = {long_text, sizeof long_text}};
    queue_push(&queue, &record);
    ck_assert_uint_ge(queue.bytes, sizeof long_text);
    record.value = (struct span){0};
    record.key = (struct span){long_text, sizeof long_text};
    size_t before = queue.bytes;
    queue_push(&queue, &record);
    ck_assert_uint_ge(queue.bytes, before + sizeof long_text);
    queue_drop(&queue, 1);
    ck_assert_uint_le(queue.bytes, before + sizeof long_text);
    queue_drop(&queue, 2);
    ck_assert_uint_eq(queue.bytes, 0);
    queue_release(&queue);
}
END_TEST

START_TEST(random_pushes_and_drops) {
    struct random random = {1};
    struct queue queue;
    queue_init(&queue);
    for (int step = 0; step < 1000; step++) {
        if (random_below(&random, 3)) {
            for (int i = random_below(&random, 60); i > 0; i--) push(&queue);
        } else {
            uint64_t there = queue.next - queue.first;
            bool all = random_below(&random, 5) == 0;
            queue_drop(&queue, queue.first + (all ? there : (uint64_t)random_below(&random, (int)there + 1)));
        }
        uint64_t there = queue.next - queue.first;
        if (!there) {
            ck_assert_uint_eq(queue.bytes, 0);
            continue;
        }
        assert_entry(&queue, queue.first);
        assert_entry(&queue, queue.next - 1);
        assert_entry(&queue, queue.first + (uint64_t)random_below(&random, (int)there));
        ck_assert_int_le(queue.count, (int)(there / SEGMENT) + 2);
    }
    queue_release(&queue);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("queue");
    tcase_add_test(tests, starts_empty);
    tcase_add_test(tests, copies_the_record);
    tcase_add_test(tests, entries_never_move);
    tcase_add_test(tests, drops_whole_segments);
    tcase_add_test(tests, weighs_what_it_holds);
    tcase_add_test(tests, random_pushes_and_drops);
    return suite_run("pipeline.queue", tests);
}
