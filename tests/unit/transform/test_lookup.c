#include "transform/lookup.h"

#include <stdio.h>

#include "values.h"

enum { MANY = 3000 };

static int ask(struct lookup_batch *batch, const char *a, const char *b) {
    const struct value key[] = {string_value(a), string_value(b)};
    return lookup_batch_ask(batch, key);
}

static int find(const struct lookup_batch *batch, const char *a, const char *b) {
    const struct value key[] = {string_value(a), string_value(b)};
    return lookup_batch_find(batch, key);
}

static void answer(struct lookup_batch *batch, int question, const char *text) {
    const struct value column = string_value(text);
    lookup_batch_answer(batch, question, &column);
}

START_TEST(asks_each_question_once) {
    struct lookup_batch batch;
    lookup_batch_init(&batch, 2, 1);
    ck_assert_int_eq(find(&batch, "a", "b"), -1);
    ck_assert_int_eq(ask(&batch, "a", "b"), 0);
    ck_assert_int_eq(ask(&batch, "a", "c"), 1);
    ck_assert_int_eq(ask(&batch, "b", "a"), 2);
    ck_assert_int_eq(ask(&batch, "a", "b"), 0);
    ck_assert_int_eq(ask(&batch, "ab", ""), 3);
    ck_assert_int_eq(ask(&batch, "", "ab"), 4);
    ck_assert_int_eq(batch.count, 5);
    ck_assert_int_eq(find(&batch, "b", "a"), 2);
    ck_assert_int_eq(find(&batch, "b", "b"), -1);
    assert_span(lookup_batch_key(&batch, 2)[0].text, "b");
    assert_span(lookup_batch_key(&batch, 2)[1].text, "a");
    lookup_batch_release(&batch);
}
END_TEST

START_TEST(nulls_match_nothing) {
    struct lookup_batch batch;
    lookup_batch_init(&batch, 2, 1);
    ck_assert_int_eq(ask(&batch, NULL, "b"), -1);
    ck_assert_int_eq(ask(&batch, "a", NULL), -1);
    ck_assert_int_eq(ask(&batch, NULL, NULL), -1);
    ck_assert_int_eq(batch.count, 0);
    ck_assert_ptr_null(lookup_batch_result(&batch, -1));
    lookup_batch_release(&batch);
}
END_TEST

START_TEST(the_first_answer_stands) {
    struct lookup_batch batch;
    lookup_batch_init(&batch, 2, 1);
    int asked = ask(&batch, "a", "b"), other = ask(&batch, "c", "d");
    ck_assert_ptr_null(lookup_batch_result(&batch, asked));
    answer(&batch, asked, "first");
    answer(&batch, asked, "second");
    assert_string(*lookup_batch_result(&batch, asked), "first");
    ck_assert_ptr_null(lookup_batch_result(&batch, other));
    answer(&batch, other, NULL); /* an answer that is null is an answer */
    assert_string(*lookup_batch_result(&batch, other), NULL);
    lookup_batch_release(&batch);
}
END_TEST

/* Whether there is a row may be all that one wants to know. */
START_TEST(no_columns) {
    struct lookup_batch batch;
    lookup_batch_init(&batch, 2, 0);
    int there = ask(&batch, "a", "b"), missing = ask(&batch, "c", "d");
    lookup_batch_answer(&batch, there, NULL);
    ck_assert_ptr_nonnull(lookup_batch_result(&batch, there));
    ck_assert_ptr_null(lookup_batch_result(&batch, missing));
    lookup_batch_release(&batch);
}
END_TEST

static void ask_many(struct lookup_batch *batch, char (*texts)[16]) {
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", i);
        ck_assert_int_eq(ask(batch, texts[i], "x"), i);
        if (i % 2) answer(batch, i, texts[i]);
    }
}

/* Far beyond its first size, twice, with the memory kept in between: answers stay with their questions. */
START_TEST(many_questions_twice) {
    static char texts[MANY][16];
    struct lookup_batch batch;
    lookup_batch_init(&batch, 2, 1);
    for (int round = 0; round < 2; round++) {
        ask_many(&batch, texts);
        for (int i = 0; i < MANY; i++) {
            ck_assert_int_eq(find(&batch, texts[i], "x"), i);
            ck_assert_int_eq(ask(&batch, texts[i], "x"), i);
            const struct value *result = lookup_batch_result(&batch, i);
            if (i % 2)
                assert_span(result->text, texts[i]);
            else
                ck_assert_ptr_null(result);
        }
        ck_assert_int_eq(batch.count, MANY);
        lookup_batch_reset(&batch);
        ck_assert_int_eq(batch.count, 0);
        ck_assert_int_eq(find(&batch, "7", "x"), -1);
    }
    lookup_batch_release(&batch);
}
END_TEST

/* The answer to "7.0" may differ from that to 7.0: an integer column holds the number and not the text. */
START_TEST(a_number_is_not_a_string) {
    struct lookup_batch batch;
    lookup_batch_init(&batch, 1, 1);
    const struct value text = string_value("7.0"), number = number_value("7.0");
    int asked = lookup_batch_ask(&batch, &text);
    ck_assert_int_ne(lookup_batch_ask(&batch, &number), asked);
    lookup_batch_release(&batch);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("lookup");
    tcase_add_test(tests, asks_each_question_once);
    tcase_add_test(tests, nulls_match_nothing);
    tcase_add_test(tests, the_first_answer_stands);
    tcase_add_test(tests, no_columns);
    tcase_add_test(tests, many_questions_twice);
    tcase_add_test(tests, a_number_is_not_a_string);
    return suite_run("transform.lookup", tests);
}
