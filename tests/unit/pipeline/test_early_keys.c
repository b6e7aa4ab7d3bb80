#include "pipeline/early_keys.h"

#include "../suite.h"

enum { KEYS = 300, STEPS = 200000, NOBODY = -1 };

START_TEST(the_first_has_it_until_it_is_decided) {
    struct early_keys keys = {0};
    ck_assert(!early_keys_has(&keys, 7, 0));
    early_keys_yield(&keys, 7, 1);
    ck_assert(early_keys_claim(&keys, 7, 1));
    ck_assert(early_keys_claim(&keys, 7, 1));
    ck_assert(!early_keys_claim(&keys, 7, 2));
    ck_assert(early_keys_has(&keys, 7, 2));
    ck_assert(!early_keys_has(&keys, 7, 1));
    early_keys_yield(&keys, 7, 2); /* never had it */
    ck_assert(!early_keys_claim(&keys, 7, 2));
    early_keys_yield(&keys, 7, 1);
    ck_assert(early_keys_claim(&keys, 7, 2));
    early_keys_release(&keys);
}
END_TEST

/* Against a table of who has which; hashes that meet in few slots, so that there are long rows to close. */
START_TEST(random_steps_agree_with_a_table) {
    struct early_keys keys = {0};
    struct random random = {1};
    int owner[KEYS];
    for (int i = 0; i < KEYS; i++) owner[i] = NOBODY;
    for (int step = 0; step < STEPS; step++) {
        int k = random_below(&random, KEYS), who = random_below(&random, 5);
        uint64_t key = (uint64_t)(k % 7 + 1) + (uint64_t)(k / 7) * 4096;
        if (random_below(&random, 2)) {
            bool free = owner[k] == NOBODY || owner[k] == who;
            ck_assert(early_keys_claim(&keys, key, (uint64_t)who) == free);
            if (free) owner[k] = who;
        } else {
            early_keys_yield(&keys, key, (uint64_t)who);
            if (owner[k] == who) owner[k] = NOBODY;
        }
        ck_assert(early_keys_has(&keys, key, (uint64_t)who) == (owner[k] != NOBODY && owner[k] != who));
    }
    ck_assert_uint_gt(early_keys_bytes(&keys), 0);
    early_keys_release(&keys);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("early_keys");
    tcase_add_test(tests, the_first_has_it_until_it_is_decided);
    tcase_add_test(tests, random_steps_agree_with_a_table);
    return suite_run("early_keys", tests);
}
