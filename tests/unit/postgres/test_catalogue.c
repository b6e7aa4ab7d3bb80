/* The parts of the catalogue that need no server. */
#include "postgres/catalogue.h"

#include "../suite.h"

static void assert_quoted(const char *name, const char *want) {
    struct buffer sql;
    buffer_init(&sql);
    buffer_text(&sql, "SELECT ");
    quote_identifier(&sql, name);
    ck_assert_str_eq(buffer_string(&sql), want);
    buffer_release(&sql);
}

START_TEST(quotes_identifiers) {
    assert_quoted("name", "SELECT \"name\"");
    assert_quoted("Odd Name", "SELECT \"Odd Name\"");
    assert_quoted("select", "SELECT \"select\"");
    assert_quoted("a\"b", "SELECT \"a\"\"b\"");
    assert_quoted("\"", "SELECT \"\"\"\"");
    assert_quoted("\"; DROP TABLE users; --", "SELECT \"\"\"; DROP TABLE users; --\"");
    assert_quoted("a\\b'c", "SELECT \"a\\b'c\"");
    assert_quoted("kůň", "SELECT \"kůň\"");
}
END_TEST

START_TEST(finds_columns_by_exact_name) {
    static char name[] = "public.t", a[] = "a", upper[] = "A", cast[] = "pg_catalog.text";
    struct catalogue_column columns[] = {{.name = a, .type = 25, .cast = cast},
                                         {.name = upper, .type = 23, .cast = cast}};
    const struct catalogue_table table = {name, columns, 2};
    ck_assert_ptr_eq(catalogue_column(&table, "a"), &columns[0]);
    ck_assert_ptr_eq(catalogue_column(&table, "A"), &columns[1]);
    ck_assert_ptr_null(catalogue_column(&table, ""));
    ck_assert_ptr_null(catalogue_column(&table, "aa"));
    catalogue_free(NULL);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("catalogue");
    tcase_add_test(tests, quotes_identifiers);
    tcase_add_test(tests, finds_columns_by_exact_name);
    return suite_run("postgres.catalogue", tests);
}
