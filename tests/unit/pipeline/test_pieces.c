#include "pipeline/pieces.h"

#include <limits.h>

#include "../suite.h"

enum { TIMEOUT = 60000 };

START_TEST(everything_at_once) {
    struct pieces pieces;
    pieces_init(&pieces);
    ck_assert_int_eq(pieces_take(&pieces, 10000), 10000);
    pieces_grow(&pieces, 0, TIMEOUT);
    ck_assert_int_eq(pieces_take(&pieces, INT_MAX), INT_MAX);
}
END_TEST

/* Halves of what was really sent, down to one row. */
START_TEST(halves_down_to_one) {
    struct pieces pieces;
    pieces_init(&pieces);
    pieces_take(&pieces, 9);
    ck_assert(pieces_halve(&pieces));
    ck_assert_int_eq(pieces_take(&pieces, 9), 4);
    ck_assert(pieces_halve(&pieces));
    ck_assert_int_eq(pieces_take(&pieces, 9), 2);
    ck_assert(pieces_halve(&pieces));
    ck_assert_int_eq(pieces_take(&pieces, 9), 1);
    ck_assert(!pieces_halve(&pieces));
    ck_assert_int_eq(pieces_take(&pieces, 9), 1);
}
END_TEST

/* Twice as much only where that will be quick enough too: otherwise every second batch would run into it. */
START_TEST(grows_when_it_is_quick) {
    struct pieces pieces;
    pieces_init(&pieces);
    pieces_take(&pieces, 100);
    pieces_halve(&pieces);
    ck_assert_int_eq(pieces_take(&pieces, 100), 50);
    pieces_grow(&pieces, TIMEOUT / 4, TIMEOUT);
    ck_assert_int_eq(pieces_take(&pieces, 100), 50);
    pieces_grow(&pieces, TIMEOUT / 4 - 1, TIMEOUT);
    ck_assert_int_eq(pieces_take(&pieces, 1000), 100);
}
END_TEST

/* The quick rest of a batch says nothing about a whole piece. */
START_TEST(does_not_grow_by_what_is_left_over) {
    struct pieces pieces;
    pieces_init(&pieces);
    pieces_take(&pieces, 100);
    pieces_halve(&pieces);
    ck_assert_int_eq(pieces_take(&pieces, 3), 3);
    pieces_grow(&pieces, 0, TIMEOUT);
    ck_assert_int_eq(pieces_take(&pieces, 1000), 50);
}
END_TEST

START_TEST(grows_without_bound) {
    struct pieces pieces;
    pieces_init(&pieces);
    pieces_take(&pieces, 2);
    pieces_halve(&pieces);
    for (int i = 0; i < 100; i++) {
        pieces_take(&pieces, INT_MAX);
        pieces_grow(&pieces, 0, TIMEOUT);
    }
    ck_assert_int_eq(pieces_take(&pieces, INT_MAX), INT_MAX);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("pieces");
    tcase_add_test(tests, everything_at_once);
    tcase_add_test(tests, halves_down_to_one);
    tcase_add_test(tests, grows_when_it_is_quick);
    tcase_add_test(tests, does_not_grow_by_what_is_left_over);
    tcase_add_test(tests, grows_without_bound);
    return suite_run("pipeline.pieces", tests);
}
