#include "event/uuid.h"

#include "suite.h"

static const char canonical[] = "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11";

START_TEST(pack_and_unpack) {
    static const char *const cases[] = {canonical, "00000000-0000-0000-0000-000000000000",
                                        "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                        "01234567-89ab-cdef-0123-456789abcdef"};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[UUID_BYTES];
        char text[UUID_TEXT + 1] = {0};
        ck_assert(uuid_pack(span_of(cases[i]), bytes));
        uuid_unpack(bytes, text);
        ck_assert_str_eq(text, cases[i]);
    }
}
END_TEST

START_TEST(pack_order) {
    uint8_t bytes[UUID_BYTES];
    ck_assert(uuid_pack(span_of("01234567-89ab-cdef-0123-456789abcdef"), bytes));
    ck_assert_int_eq(bytes[0], 0x01);
    ck_assert_int_eq(bytes[7], 0xef);
    ck_assert_int_eq(bytes[15], 0xef);
}
END_TEST

/* Every byte at every place: only the one that belongs there is let in. */
START_TEST(pack_refuses) {
    uint8_t bytes[UUID_BYTES];
    int wrong = 0;
    for (int place = 0; place < UUID_TEXT; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[UUID_TEXT];
            memcpy(text, canonical, UUID_TEXT);
            text[place] = (char)byte;
            bool is_digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
            bool fits = canonical[place] == '-' ? byte == '-' : is_digit;
            wrong += uuid_pack((struct span){text, UUID_TEXT}, bytes) != fits;
        }
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert(!uuid_pack((struct span){canonical, 35}, bytes));
    ck_assert(!uuid_pack(span_of("7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c110"), bytes));
    ck_assert(!uuid_pack((struct span){0}, bytes));
}
END_TEST

START_TEST(parse_spellings) {
    static const char *const cases[] = {
        canonical,
        "7E0BA57B-9D4C-4A5B-8F6E-1F0F3A6D2C11",
        "7e0ba57b9d4c4a5b8f6e1f0f3a6d2c11",
        "{7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11}",
        "{7e0ba57b9d4c4a5b8f6e1f0f3a6d2c11}",
        "7e0b-a57b-9d4c-4a5b-8f6e-1f0f-3a6d-2c11",
        "7e0ba57b-9d4c4a5b8f6e-1f0f3a6d-2c11",
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[UUID_BYTES];
        char text[UUID_TEXT + 1] = {0};
        ck_assert_msg(uuid_parse(span_of(cases[i]), bytes), "%s", cases[i]);
        uuid_unpack(bytes, text);
        ck_assert_str_eq(text, canonical);
    }
}
END_TEST

START_TEST(parse_refuses) {
    static const char *const cases[] = {
        "",
        "{}",
        "{",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c1",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c111",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11-",
        "-7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11",
        " 7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11 ",
        "{7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11}",
        "{7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2c11}}",
        "7e-0ba57b9d4c4a5b8f6e1f0f3a6d2c11",
        "7e0ba-57b9d4c4a5b8f6e1f0f3a6d2c11",
        "7e0ba57b--9d4c4a5b8f6e1f0f3a6d2c11",
        "7e0ba57b-9d4c-4a5b-8f6e-1f0f3a6d2cg1",
    };
    uint8_t bytes[UUID_BYTES];
    for (int i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(!uuid_parse(span_of(cases[i]), bytes), "\"%s\"", cases[i]);
    ck_assert(!uuid_parse((struct span){0}, bytes));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("uuid");
    tcase_add_test(tests, pack_and_unpack);
    tcase_add_test(tests, pack_order);
    tcase_add_test(tests, pack_refuses);
    tcase_add_test(tests, parse_spellings);
    tcase_add_test(tests, parse_refuses);
    return suite_run("event.uuid", tests);
}
