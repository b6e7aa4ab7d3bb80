#include "kafka/token.h"

#include <string.h>

#include "../suite.h"
#include "base/clock.h"

static void says(const char *token, int64_t expected_ms, const char *expected) {
    int64_t expires_ms;
    char principal[TOKEN_PRINCIPAL_MAX];
    token_describe(span_of(token), &expires_ms, principal);
    ck_assert_str_eq(principal, expected);
    if (expected_ms >= 0) {
        ck_assert_int_eq(expires_ms, expected_ms);
        return;
    }
    int64_t left = expires_ms - clock_wall_us() / 1000;
    ck_assert_int_gt(left, TOKEN_OPAQUE_MS - 60000);
    ck_assert_int_le(left, TOKEN_OPAQUE_MS);
}

START_TEST(jwt) {
    /* {"sub":"alice","exp":1718600000} */
    says("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6MTcxODYwMDAwMH0.", 1718600000000, "alice");
    /* {"sub":"alice","exp":1718600000.5}, signed */
    says("e30.eyJzdWIiOiJhbGljZSIsImV4cCI6MTcxODYwMDAwMC41fQ.c2ln", 1718600000500, "alice");
    /* {"sub":"","exp":"soon"} */
    says("e30.eyJzdWIiOiIiLCJleHAiOiJzb29uIn0.", -1, "tributary");
    /* {"exp":-1} */
    says("e30.eyJleHAiOi0xfQ.", -1, "tributary");
    /* [1] */
    says("e30.WzFd.", -1, "tributary");
}
END_TEST

START_TEST(opaque) {
    says("", -1, "tributary");
    says(".", -1, "tributary");
    says("..", -1, "tributary");
    says("no-jwt", -1, "tributary");
    says("a.b", -1, "tributary");
    says("a.***.c", -1, "tributary");
    says("a.e30=.c", -1, "tributary");
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("token");
    tcase_add_test(tests, jwt);
    tcase_add_test(tests, opaque);
    return suite_run("kafka.token", tests);
}
