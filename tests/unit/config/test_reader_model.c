/* The options of the models, and what they need of the columns and of each other. */
#include "trials.h"

#define MODEL(text) "  window: 1h\n", "  window: 1h\n" text

START_TEST(defaults) {
    struct pipeline *p = parse_good(base);
    const struct attribute_config *a = &p->attribute;
    ck_assert_int_eq(a->model, MODEL_FIRST);
    ck_assert(!a->weights.present);
    ck_assert_int_eq(a->half_life_us, 0);
    ck_assert_int_eq(a->reach, 0);
    ck_assert_int_eq(a->touch_cap, 0);
    ck_assert_int_eq(a->credit_scale, 6);
    ck_assert_ptr_null(a->credit_of);
    ck_assert(!p->outputs[0].several);
    pipeline_free(p);
}
END_TEST

static struct pipeline *with(const char *options, const char *key, const char *columns) {
    char *first = replaced(base, "  window: 1h\n", options), *second = replaced(first, "[a]", key);
    char *third = replaced(second, "        - b: t.x\n", columns);
    struct pipeline *p = parse_good(third);
    free(first);
    free(second);
    free(third);
    return p;
}

START_TEST(time_decay) {
    struct pipeline *p = with("  window: 1h\n  model: time_decay\n  reach: 20\n  touch_cap: 1000\n"
                              "  credit_scale: 0\n  credit_of: total\n",
                              "[a, n]",
                              "        - n: attribution.touch_number\n"
                              "        - of: attribution.touch_count\n"
                              "        - credit: attribution.credit\n"
                              "        - amount: attribution.amount\n");
    const struct attribute_config *a = &p->attribute;
    ck_assert_int_eq(a->model, MODEL_TIME_DECAY);
    ck_assert_int_eq(a->half_life_us, INT64_C(1800000000)); /* half the window */
    ck_assert_int_eq(a->reach, 20);
    ck_assert_int_eq(a->touch_cap, 1000);
    ck_assert_int_eq(a->credit_scale, 0);
    ck_assert_str_eq(a->credit_of, "total");
    ck_assert(p->outputs[0].several);
    for (int i = 1; i < 5; i++) ck_assert_int_eq(p->outputs[0].columns[i].source.kind, SOURCE_ATTRIBUTION);
    ck_assert_int_eq(p->outputs[0].columns[1].source.attribution, ATTRIBUTION_TOUCH_NUMBER);
    ck_assert_int_eq(p->outputs[0].columns[4].source.attribution, ATTRIBUTION_AMOUNT);
    pipeline_free(p);
    p = with("  window: 1us\n  model: time_decay\n", "[a, n]", "        - n: attribution.touch_number\n");
    ck_assert_int_eq(p->attribute.half_life_us, 1);
    pipeline_free(p);
}
END_TEST

START_TEST(position) {
    struct pipeline *p = with("  window: 1h\n  model: position\n  weights: {first: .123456789, last: 0.5}\n",
                              "[n, a]", "        - n: attribution.touch_number\n");
    ck_assert(p->attribute.weights.present);
    ck_assert_int_eq(p->attribute.weights.first, 123456789);
    ck_assert_int_eq(p->attribute.weights.last, 500000000);
    pipeline_free(p);
    p = with("  window: 1h\n  model: position\n", "[n, a]", "        - n: attribution.touch_number\n");
    ck_assert(p->attribute.weights.present);
    ck_assert_int_eq(p->attribute.weights.first, 400000000);
    ck_assert_int_eq(p->attribute.weights.last, 400000000);
    pipeline_free(p);
}
END_TEST

/* What is printed is the same pipeline. */
START_TEST(printed) {
    static const char *const options[] = {
        "  window: 1h\n  model: position\n  weights: {first: 1, last: 0.000000001}\n",
        "  window: 1h\n  model: position\n", "  window: 1h\n  model: time_decay\n  reach: 3\n",
        "  window: 1h\n  model: linear\n  touch_cap: 5\n  credit_scale: 18\n"};
    for (size_t i = 1; i < sizeof options / sizeof *options; i++) {
        struct pipeline *p = with(options[i], "[a, n]", "        - n: attribution.touch_number\n");
        char *once = print(p);
        struct pipeline *again = parse_good(once);
        char *twice = print(again);
        ck_assert_str_eq(once, twice);
        ck_assert_ptr_nonnull(strstr(once, "\"n\": attribution.touch_number\n"));
        ck_assert((strstr(once, "weights:\n    first: 0.4\n    last: 0.4\n") != NULL) == (i == 1));
        ck_assert((strstr(once, "half_life: 30m\n") != NULL) == (i == 2));
        ck_assert((strstr(once, "touch_cap: 5\n") != NULL) == (i == 3));
        pipeline_free(p);
        pipeline_free(again);
        free(once);
        free(twice);
    }
}
END_TEST

START_TEST(options_of_other_models) {
    static const struct trial trials[] = {
        {MODEL("  weights: {first: 0.5}\n"),
         "p.yaml:13:3: \"attribute.weights\" has no use with \"model: first\"\n"
         "  hint: take it out, or write model: position\n"},
        {MODEL("  model: last\n  half_life: 5m\n"),
         "p.yaml:14:3: \"attribute.half_life\" has no use with \"model: last\"\n"
         "  hint: take it out, or write model: time_decay\n"},
        {MODEL("  model: last\n  weights: {first: 0.6, last: 0.5}\n"),
         "p.yaml:14:3: \"attribute.weights\" has no use with \"model: last\"\n"
         "  hint: take it out, or write model: position\n"
         "p.yaml:14:3: \"attribute.weights\": first and last are more than 1 together\n"
         "  hint: the touches between get what remains: for example: weights: {first: 0.4, last: 0.4}\n"},
        {MODEL("  credit_of: total\n"),
         "p.yaml:13:3: \"attribute.credit_of\" has no use: no column is filled from attribution.amount\n"
         "  hint: add one, for example: - amount: attribution.amount; or take it out\n"},
        {"- b: t.x", "- b: attribution.amount",
         "p.yaml:21:14: \"attribution.amount\" is a part of nothing: \"attribute.credit_of\" is missing\n"
         "  hint: for example: credit_of: total_amount\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(values) {
    static const struct trial trials[] = {
        {MODEL("  reach: 0\n"),
         "p.yaml:13:10: \"attribute.reach\" must be a whole number from 1 to 1000000, not \"0\"\n"
         "  hint: for example: reach: 10\n"},
        {MODEL("  touch_cap: 0\n"),
         "p.yaml:13:14: \"attribute.touch_cap\" must be a whole number from 1 to 1000000, not \"0\"\n"
         "  hint: for example: touch_cap: 1000\n"},
        {MODEL("  credit_scale: 19\n"),
         "p.yaml:13:17: \"attribute.credit_scale\" must be a whole number from 0 to 18, not \"19\"\n"
         "  hint: for example: credit_scale: 6\n"},
        {MODEL("  model: last\n  reach: many\n"),
         "p.yaml:14:10: \"attribute.reach\" must be a whole number from 1 to 1000000, not \"many\"\n"
         "  hint: for example: reach: 10\n"},
        {MODEL("  credit_of: a.b\n"),
         "p.yaml:13:14: \"attribute.credit_of\" must be the name of a field at the top level of an event, "
         "without "
         "'.' or a leading '_', not \"a.b\"\n"
         "  hint: for example: credit_of: total_amount\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

static void try_weight(const char *weight, const char *shown) {
    char yaml[200], errors[400];
    snprintf(yaml, sizeof yaml, "  window: 1h\n  model: position\n  weights: {first: %s}\n", weight);
    snprintf(errors, sizeof errors,
             "p.yaml:14:20: \"attribute.weights.first\" must be a decimal number from 0 to 1, not %s\n"
             "  hint: for example: first: 0.4\n"
             "p.yaml:20:7: with \"model: position\" a conversion has a row for each touch: the primary key "
             "must have "
             "attribution.touch_number\n"
             "  hint: for example: primary_key: [checkout_id, touch_number], with the column - touch_number: "
             "attribution.touch_number\n",
             shown);
    char *text = replaced(base, "  window: 1h\n", yaml);
    assert_errors(text, errors);
    free(text);
}

START_TEST(weights) {
    try_weight("1.1", "\"1.1\"");
    try_weight("-0.1", "\"-0.1\"");
    try_weight("0.1234567891", "\"0.1234567891\"");
    try_weight("1e-1", "\"1e-1\"");
    try_weight("half", "\"half\"");
    try_weight(".", "\".\"");
    try_weight("[0.4]", "a list");
}
END_TEST

START_TEST(primary_keys) {
    static const char good[] = "  window: 1h\n  model: linear\n";
    static const struct trial trials[] = {
        {"      primary_key: [a]\n      columns:\n        - a\n        - b: t.x\n",
         "      primary_key: [n]\n      columns:\n        - n: attribution.touch_number\n",
         "p.yaml:19:7: with \"model: linear\" the primary key needs a field of the conversion as well\n"
         "  hint: for example: primary_key: [checkout_id, touch_number], with the column - touch_number: "
         "attribution.touch_number\n"},
        {"- b: t.x", "- n: attribution.touch_number",
         "p.yaml:19:7: with \"model: linear\" a conversion has a row for each touch: the primary key must "
         "have "
         "attribution.touch_number\n"
         "  hint: for example: primary_key: [checkout_id, touch_number], with the column - touch_number: "
         "attribution.touch_number\n"},
        {"      primary_key: [a]\n      columns:\n        - a\n",
         "      primary_key: [a, n]\n      columns:\n        - a\n        - n: attribution.credit\n",
         "p.yaml:19:24: the column \"n\" of the primary key is not filled from the conversion\n"
         "  hint: a row must keep its key, whichever touch it gets and whatever a lookup holds\n"},
    };
    char *linear = replaced(base, "  window: 1h\n", good);
    for (size_t i = 0; i < 2; i++) {
        char *text = replaced(linear, trials[i].from, trials[i].to);
        assert_errors(text, trials[i].errors);
        free(text);
    }
    free(linear);
    /* One touch needs no number, and may have it; where all rows are kept there is no key. */
    pipeline_free(with("  window: 1h\n  model: last\n", "[a, n]", "        - n: attribution.touch_number\n"));
    char *append = replaced(base, "      primary_key: [a]\n", "      write: append\n");
    char *text = replaced(append, "  window: 1h\n", good);
    pipeline_free(parse_good(text));
    free(text);
    free(append);
}
END_TEST

START_TEST(names) {
    static const struct trial trials[] = {
        {"- b: t.x", "- b: attribution.credits",
         "p.yaml:21:14: unknown field of \"attribution\" \"credits\"; did you mean \"credit\"?\n"},
        {"- b: t.x", "- b: attribution._time",
         "p.yaml:21:14: unknown field of \"attribution\" \"_time\"\n"
         "  hint: known here: credit, touch_number, touch_count, amount, final, revision\n"},
        {"{id: k}", "{id: attribution.touch_number}",
         "p.yaml:14:29: a lookup cannot be matched by \"attribution.touch_number\": it is asked before\n"},
        {"  u: {table", "  attribution: {table",
         "p.yaml:14:3: no lookup can be called \"attribution\"\n"
         "  hint: \"attribution.credit\" is what the model says of a row: take another name\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(names_of_inputs) {
    char *text = replaced(base, "  t: {kafka", "  attribution: {kafka");
    char *role = replaced(text, "touches: t", "touches: attribution");
    char *errors;
    ck_assert_ptr_null(parse_bytes(role, strlen(role), &errors));
    ck_assert_ptr_nonnull(strstr(errors, "p.yaml:6:3: no input can be called \"attribution\"\n"));
    free(errors);
    free(role);
    free(text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, time_decay);
    tcase_add_test(tests, position);
    tcase_add_test(tests, printed);
    tcase_add_test(tests, options_of_other_models);
    tcase_add_test(tests, values);
    tcase_add_test(tests, weights);
    tcase_add_test(tests, primary_keys);
    tcase_add_test(tests, names);
    tcase_add_test(tests, names_of_inputs);
    return run_suite("config.reader_model", tests);
}
