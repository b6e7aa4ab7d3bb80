/* docs/configuration.md and docs/pipeline.schema.json are what the table of options says, to the letter. */
#include "config/reference.h"

#include <yyjson.h>

#include "config/json_schema.h"
#include "config/options.h"
#include "support.h"

static void is_current(void (*write)(struct buffer *), const char *path, const char *flag) {
    struct buffer text;
    size_t len;
    buffer_init(&text);
    write(&text);
    char *file = slurp(path, &len);
    ck_assert_msg(strcmp(file, buffer_string(&text)) == 0, "%s is out of date: tributary reference %s > %s",
                  path, flag, path);
    free(file);
    buffer_release(&text);
}

START_TEST(page_is_current) {
    is_current(reference_markdown, "docs/configuration.md", "--markdown");
}
END_TEST

START_TEST(schema_is_current) {
    is_current(json_schema_write, "docs/pipeline.schema.json", "--json-schema");
}
END_TEST

static yyjson_doc *read_schema(void) {
    struct buffer text;
    buffer_init(&text);
    json_schema_write(&text);
    yyjson_doc *doc = yyjson_read(text.data, text.len, 0);
    ck_assert_ptr_nonnull(doc);
    buffer_release(&text);
    return doc;
}

/* Nothing in the table is missing in the page or the schema. */
START_TEST(complete) {
    struct buffer page;
    char row[100];
    buffer_init(&page);
    reference_markdown(&page);
    yyjson_doc *schema = read_schema();
    yyjson_val *root = yyjson_doc_get_root(schema), *definitions = yyjson_obj_get(root, "definitions");
    for (int section = 0; section < SECTION_COUNT; section++) {
        const char *path = options_section((enum section)section)->path;
        yyjson_val *map = *path ? yyjson_obj_get(definitions, path) : root;
        yyjson_val *properties = yyjson_obj_get(map, "properties");
        const struct option_row *option = NULL;
        ck_assert_msg(!yyjson_get_bool(yyjson_obj_get(map, "additionalProperties")), "%s", path);
        size_t count = 0;
        for (; (option = options_next((enum section)section, option)); count++) {
            yyjson_val *property = yyjson_obj_get(properties, option->name);
            ck_assert_msg(yyjson_get_len(yyjson_obj_get(property, "description")) > 0, "%s", option->name);
            snprintf(row, sizeof row, "\n| `%s` | ", option->name);
            ck_assert_msg(strstr(buffer_string(&page), row) != NULL, "%s", option->name);
        }
        ck_assert_uint_eq(yyjson_obj_size(properties), count);
    }
    yyjson_doc_free(schema);
    buffer_release(&page);
}
END_TEST

static void follow(yyjson_val *definitions, yyjson_val *value) {
    size_t i, count;
    yyjson_val *key, *item;
    if (yyjson_is_obj(value)) {
        const char *target = yyjson_get_str(yyjson_obj_get(value, "$ref"));
        if (target) ck_assert_ptr_nonnull(yyjson_obj_get(definitions, target + strlen("#/definitions/")));
        yyjson_obj_foreach(value, i, count, key, item) follow(definitions, item);
    } else if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, i, count, item) follow(definitions, item);
    }
}

START_TEST(references_lead_somewhere) {
    yyjson_doc *schema = read_schema();
    yyjson_val *root = yyjson_doc_get_root(schema);
    follow(yyjson_obj_get(root, "definitions"), root);
    yyjson_doc_free(schema);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("reference");
    tcase_add_test(tests, page_is_current);
    tcase_add_test(tests, schema_is_current);
    tcase_add_test(tests, complete);
    tcase_add_test(tests, references_lead_somewhere);
    return run_suite("config.reference", tests);
}
