#include "pipeline/offset_ranges.h"

#include "../suite.h"

START_TEST(has_what_is_in_its_ranges) {
    struct offset_ranges ranges = {0};
    ck_assert(!offset_ranges_has(&ranges, 0));
    offset_ranges_add(&ranges, 3, 5);
    offset_ranges_add(&ranges, 7, 7);
    offset_ranges_add(&ranges, 100, 1000);
    static const int64_t in[] = {3, 4, 5, 7, 100, 555, 1000}, out[] = {0, 2, 6, 8, 99, 1001};
    for (int i = 0; i < COUNT_OF(in); i++) ck_assert(offset_ranges_has(&ranges, in[i]));
    for (int i = 0; i < COUNT_OF(out); i++) ck_assert(!offset_ranges_has(&ranges, out[i]));
    offset_ranges_release(&ranges);
}
END_TEST

START_TEST(a_copy_is_its_own) {
    struct offset_ranges ranges = {0}, copy = {0};
    offset_ranges_copy(&copy, &ranges);
    for (int i = 0; i < 100; i++) offset_ranges_add(&ranges, i * 10, i * 10 + 3);
    offset_ranges_copy(&copy, &ranges);
    offset_ranges_clear(&ranges);
    ck_assert(!offset_ranges_has(&ranges, 993));
    ck_assert(offset_ranges_has(&copy, 993) && !offset_ranges_has(&copy, 994));
    offset_ranges_release(&ranges);
    offset_ranges_release(&copy);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("offset_ranges");
    tcase_add_test(tests, has_what_is_in_its_ranges);
    tcase_add_test(tests, a_copy_is_its_own);
    return suite_run("offset_ranges", tests);
}
