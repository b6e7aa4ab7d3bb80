#include "base/arena.h"

#include "../suite.h"

enum { BLOCK = 64 * 1024, ALLOCATIONS = 3000 };

START_TEST(starts_empty) {
    struct arena arena;
    arena_init(&arena);
    ck_assert_uint_eq(arena_size(&arena), 0);
    ck_assert_uint_eq(arena.used, 0);
    arena_reset(&arena);
    arena_release(&arena);
    arena_release(&arena);
}
END_TEST

/* Text leaves the next place at any byte; what needs alignment gets it all the same. */
START_TEST(aligns) {
    struct arena arena;
    arena_init(&arena);
    for (size_t text = 0; text < 40; text++) {
        arena_bytes(&arena, text);
        ck_assert_uint_eq((uintptr_t)arena_alloc(&arena, 3) % 16, 0);
    }
    arena_release(&arena);
}
END_TEST

/* Every allocation is filled to its last byte, and none has been written over at the end. */
START_TEST(allocations_do_not_overlap) {
    static struct {
        unsigned char *at;
        size_t size;
    } made[ALLOCATIONS];
    struct random random = {1};
    struct arena arena;
    arena_init(&arena);
    for (int i = 0; i < ALLOCATIONS; i++) {
        int kind = random_below(&random, 100);
        size_t size = (size_t)random_below(&random, kind < 90 ? 200 : kind < 99 ? 20000 : 3 * BLOCK);
        made[i].size = size;
        made[i].at = kind % 2 ? arena_alloc(&arena, size) : (unsigned char *)arena_bytes(&arena, size);
        memset(made[i].at, i % 251, size);
    }
    for (int i = 0; i < ALLOCATIONS; i++) {
        size_t intact = 0;
        while (intact < made[i].size && made[i].at[intact] == i % 251) intact++;
        ck_assert_uint_eq(intact, made[i].size);
    }
    arena_release(&arena);
}
END_TEST

static size_t room_in(const struct arena *arena) {
    return (size_t)(arena->end - arena->next);
}

START_TEST(fills_a_block_to_its_end) {
    struct arena arena;
    arena_init(&arena);
    arena_bytes(&arena, 1);
    size_t one = arena_size(&arena), rest = room_in(&arena);
    memset(arena_bytes(&arena, rest), 1, rest);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 0));
    ck_assert_uint_eq(arena_size(&arena), one);
    *arena_bytes(&arena, 1) = 3;
    ck_assert_uint_gt(arena_size(&arena), one);
    arena_release(&arena);
}
END_TEST

/* An allocation that fits only without its padding opens a new block. */
START_TEST(padding_counts) {
    struct arena arena;
    arena_init(&arena);
    arena_bytes(&arena, 1);
    size_t one = arena_size(&arena);
    arena_bytes(&arena, room_in(&arena) - 15);
    char *at = arena_alloc(&arena, 15);
    ck_assert_uint_eq((uintptr_t)at % 16, 0);
    memset(at, 1, 15);
    ck_assert_uint_gt(arena_size(&arena), one);
    arena_release(&arena);
}
END_TEST

START_TEST(counts_what_it_hands_out) {
    struct arena arena;
    arena_init(&arena);
    arena_bytes(&arena, 100);
    arena_bytes(&arena, 3 * BLOCK);
    ck_assert_uint_eq(arena.used, 100 + 3 * BLOCK);
    arena_reset(&arena);
    ck_assert_uint_eq(arena.used, 0);
    arena_release(&arena);
}
END_TEST

START_TEST(reset_keeps_one_block) {
    struct arena arena;
    arena_init(&arena);
    char *first = arena_bytes(&arena, 10);
    arena_reset(&arena);
    ck_assert_ptr_eq(arena_bytes(&arena, 10), first);
    for (int i = 0; i < 10000; i++) arena_bytes(&arena, 100);
    size_t many = arena_size(&arena);
    arena_reset(&arena);
    size_t kept = arena_size(&arena);
    ck_assert_uint_gt(kept, 0);
    ck_assert_uint_lt(kept, many / 4);
    arena_bytes(&arena, room_in(&arena)); /* which is enough again */
    ck_assert_uint_eq(arena_size(&arena), kept);
    arena_release(&arena);
}
END_TEST

/* A single huge record must not stay in memory for ever. */
START_TEST(reset_keeps_no_large_block) {
    struct arena arena;
    arena_init(&arena);
    arena_bytes(&arena, 10);
    arena_bytes(&arena, 10 * BLOCK);
    arena_reset(&arena);
    ck_assert_uint_le(arena_size(&arena), BLOCK + 64);
    memset(arena_bytes(&arena, 100), 1, 100);
    arena_release(&arena);
}
END_TEST

START_TEST(gives_back) {
    struct arena arena;
    arena_init(&arena);
    char *whole = arena_bytes(&arena, 100);
    arena_give_back(&arena, 60);
    ck_assert_uint_eq(arena.used, 40);
    ck_assert_ptr_eq(arena_bytes(&arena, 1), whole + 40);
    char *large = arena_bytes(&arena, 2 * BLOCK);
    arena_give_back(&arena, 2 * BLOCK - 1);
    ck_assert_ptr_eq(arena_bytes(&arena, 1), large + 1);
    arena_release(&arena);
}
END_TEST

START_TEST(copies) {
    struct arena arena;
    char text[] = "text";
    arena_init(&arena);
    struct span copy = arena_copy(&arena, span_of(text));
    text[0] = 'n';
    assert_span(copy, "text");
    assert_span(arena_copy(&arena, (struct span){"", 0}), "");
    assert_span(arena_copy(&arena, (struct span){0}), NULL);
    arena_release(&arena);
}
END_TEST

START_TEST(prints) {
    struct arena arena;
    arena_init(&arena);
    struct span text = arena_printf(&arena, "%d %s", 7, "x");
    assert_span(text, "7 x");
    ck_assert_int_eq(text.data[text.len], '\0');
    struct span empty = arena_printf(&arena, "%s", "");
    assert_span(empty, "");
    ck_assert_int_eq(empty.data[0], '\0');
    struct span wide = arena_printf(&arena, "%*d", 2 * BLOCK, 1);
    ck_assert_uint_eq(wide.len, 2 * BLOCK);
    ck_assert_int_eq(wide.data[wide.len - 1], '1');
    assert_span(text, "7 x");
    arena_release(&arena);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, starts_empty);
    tcase_add_test(tests, aligns);
    tcase_add_test(tests, allocations_do_not_overlap);
    tcase_add_test(tests, fills_a_block_to_its_end);
    tcase_add_test(tests, padding_counts);
    tcase_add_test(tests, counts_what_it_hands_out);
    tcase_add_test(tests, reset_keeps_one_block);
    tcase_add_test(tests, reset_keeps_no_large_block);
    tcase_add_test(tests, gives_back);
    tcase_add_test(tests, copies);
    tcase_add_test(tests, prints);
    return suite_run("base.arena", tests);
}
