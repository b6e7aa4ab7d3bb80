#include "config/password.h"

#include "support.h"

static void masked_as(const char *url, const char *expected) {
    struct buffer out;
    buffer_init(&out);
    password_mask(span_of(url), &out);
    ck_assert_str_eq(buffer_string(&out), expected);
    buffer_release(&out);
}

START_TEST(nothing_to_hide) {
    const char *urls[] = {"",
                          "postgresql://localhost:5432/postgres",
                          "postgresql://me@localhost:5432/postgres",
                          "postgresql://host1:1,host2:2/db?application_name=a:b",
                          "postgresql:///db?host=/var/run/postgresql",
                          "host=localhost user=me passfile=/x dbname=password",
                          "postgresql://localhost/db?passwords=1"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) masked_as(urls[i], urls[i]);
}
END_TEST

START_TEST(behind_the_user) {
    masked_as("postgresql://me:secret@localhost/db", "postgresql://me:***@localhost/db");
    masked_as("postgres://me:@localhost/db", "postgres://me:***@localhost/db");
    masked_as("postgresql://:x@/db", "postgresql://:***@/db");
    masked_as("postgresql://me:a:b%40@h1,h2/db", "postgresql://me:***@h1,h2/db");
}
END_TEST

/* These libpq would not accept, but they are passwords. */
START_TEST(badly_encoded) {
    masked_as("postgresql://me:a@b@localhost/db", "postgresql://me:***@localhost/db");
    masked_as("postgresql://me:a/b@localhost/db", "postgresql://me:***@localhost/db");
    masked_as("postgresql://me:a?b@localhost/db", "postgresql://me:***@localhost/db");
}
END_TEST

START_TEST(among_the_parameters) {
    masked_as("postgresql://h/db?password=secret", "postgresql://h/db?password=***");
    masked_as("postgresql://h/db?sslmode=require&password=se=cret&x=y",
              "postgresql://h/db?sslmode=require&password=***&x=y");
    masked_as("postgresql://me:one@h/db?password=two&sslpassword=three",
              "postgresql://me:***@h/db?password=***&sslpassword=***");
    masked_as("postgresql://h/db?password=", "postgresql://h/db?password=***");
}
END_TEST

START_TEST(as_keywords) {
    masked_as("password=secret", "password=***");
    masked_as("host=h password=secret user=me", "host=h password=*** user=me");
    masked_as("host=h password = 'se c\\'ret' user=me", "host=h password = '***' user=me");
    masked_as("host=h\tsslpassword='open", "host=h\tsslpassword='***");
    masked_as("user=me password=one password=two", "user=me password=*** password=***");
}
END_TEST

START_TEST(written) {
    ck_assert(password_written(span_of("secret")));
    ck_assert(!password_written(span_of("")));
    ck_assert(!password_written(span_of("\001")));
    ck_assert(!password_written(span_of("a\001")));
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("password");
    tcase_add_test(tests, nothing_to_hide);
    tcase_add_test(tests, behind_the_user);
    tcase_add_test(tests, badly_encoded);
    tcase_add_test(tests, among_the_parameters);
    tcase_add_test(tests, as_keywords);
    tcase_add_test(tests, written);
    return run_suite("config.password", tests);
}
