#include "trials.h"

#define TOUCHES  "  t: {kafka: {topic: tt}, time: {field: at}}\n"
#define S(steps) TOUCHES, "  t: {kafka: {topic: tt}, time: {field: at}, steps: [" steps "]}\n"
#define KNOWN                                                                                                \
    "known here: where, strip_non_ascii, remove, replace, trim, lower, upper, count_suffix, cast, null_if, " \
    "default, rename, coalesce, drop, hash\n"

static const struct steps_config *steps_of(const struct pipeline *pipeline, int input) {
    return pipeline->inputs[input].steps;
}

START_TEST(every_step) {
    char *text =
        replaced(base, TOUCHES,
                 "  t:\n"
                 "    kafka: {topic: tt}\n"
                 "    time: {field: at}\n"
                 "    steps:\n"
                 "      - where: {a: [x, 7], b: {not: [true], min: 1.5, max: 3, present: true}, c: \"7\"}\n"
                 "      - strip_non_ascii: [a, b]\n"
                 "      - remove: {fields: [a], text: \",\"}\n"
                 "      - remove: {fields: [a], characters: \"\\n$\"}\n"
                 "      - replace: {fields: [a], text: \"_\", with: \" \"}\n"
                 "      - trim: [a]\n"
                 "      - lower: [a]\n"
                 "      - upper: [b]\n"
                 "      - count_suffix: [a]\n"
                 "      - count_suffix: {fields: [b], otherwise: 0}\n"
                 "      - cast: {a: int, b: decimal, c: text, d: bool, e: timestamp, f: epoch_s, g: "
                 "epoch_ms, h: epoch_us}\n"
                 "      - null_if: {a: [\"\", N/A], b: 0}\n"
                 "      - default: {a: unknown, b: 1.50, c: true, d: \"true\", e: 007}\n"
                 "      - rename: {old: new}\n"
                 "      - coalesce: {a: [a, b]}\n"
                 "      - drop: [secret]\n"
                 "      - hash: [a]\n"
                 "      - hash: {fields: [b], key: \"${T_SECRET}\"}\n");
    struct pipeline *pipeline = parse_good(text);
    const struct steps_config *steps = steps_of(pipeline, 0);
    ck_assert_int_eq(steps->count, 18);
    ck_assert_ptr_null(steps_of(pipeline, 1));
    const struct condition *b = &steps->items[0].fields[1].condition;
    ck_assert_int_eq(b->others.items[0].type, LITERAL_BOOL);
    ck_assert_int_eq(b->min.type, LITERAL_NUMBER);
    ck_assert_int_eq(b->present, FLAG_TRUE);
    ck_assert_int_eq(steps->items[0].fields[2].condition.values.items[0].type, LITERAL_TEXT);
    ck_assert_int_eq(steps->items[12].fields[4].value.type, LITERAL_TEXT);
    ck_assert_str_eq(steps->items[12].fields[4].value.text, "007");
    ck_assert_str_eq(steps->items[17].key, "s3cr3t!");
    char *printed = print(pipeline);
    ck_assert_ptr_null(strstr(printed, "s3cr3t"));
    ck_assert_ptr_nonnull(strstr(
        printed, "    steps:\n"
                 "      - where: {a: [x, 7], b: {not: [true], min: 1.5, max: 3, present: true}, c: [\"7\"]}\n"
                 "      - strip_non_ascii: [a, b]\n"
                 "      - remove: {fields: [a], text: \",\"}\n"
                 "      - remove: {fields: [a], characters: \"\\n$\"}\n"
                 "      - replace: {fields: [a], text: _, with: \" \"}\n"
                 "      - trim: [a]\n"
                 "      - lower: [a]\n"
                 "      - upper: [b]\n"
                 "      - count_suffix: {fields: [a]}\n"
                 "      - count_suffix: {fields: [b], otherwise: 0}\n"
                 "      - cast: {a: int, b: decimal, c: text, d: bool, e: timestamp, f: epoch_s, g: "
                 "epoch_ms, h: epoch_us}\n"
                 "      - null_if: {a: [\"\", \"N/A\"], b: [0]}\n"
                 "      - default: {a: unknown, b: 1.50, c: true, d: \"true\", e: \"007\"}\n"
                 "      - rename: {old: new}\n"
                 "      - coalesce: {a: [a, b]}\n"
                 "      - drop: [secret]\n"
                 "      - hash: {fields: [a]}\n"
                 "      - hash: {fields: [b], key: \"***\"}\n"));
    free(printed);
    pipeline_free(pipeline);
    free(text);
}
END_TEST

START_TEST(of_all_inputs) {
    char *text = replaced(base, "inputs:\n", "defaults: {steps: [trim: [k]]}\ninputs:\n");
    char *own = replaced(text, TOUCHES, "  t: {kafka: {topic: tt}, time: {field: at}, steps: []}\n");
    struct pipeline *both = parse_good(text), *one = parse_good(own);
    ck_assert_int_eq(steps_of(both, 0)->count, 1);
    ck_assert_ptr_eq(steps_of(both, 0), steps_of(both, 1));
    ck_assert_int_eq(steps_of(one, 0)->count, 0);
    ck_assert_int_eq(steps_of(one, 1)->count, 1);
    pipeline_free(both);
    pipeline_free(one);
    free(own);
    free(text);
}
END_TEST

START_TEST(wrong_shapes) {
    static const struct trial trials[] = {
        {TOUCHES, "  t: {kafka: {topic: tt}, time: {field: at}, steps: {trim: [a]}}\n",
         "p.yaml:6:53: \"inputs.t.steps\" must be a list of steps, not a map\n"
         "  hint: for example: steps: [trim: [name], cast: {index: int}]\n"},
        {S("trm: [a]"), "p.yaml:6:54: unknown step \"trm\"; did you mean \"trim\"?\n"},
        {S("sort: [a]"), "p.yaml:6:54: unknown step \"sort\"\n  hint: " KNOWN},
        {S("trim"), "p.yaml:6:54: a step must be a map with one key, its name, not \"trim\"\n"
                    "  hint: one step an item: - trim: [name]\n"},
        {S("{trim: [a], lower: [a]}"),
         "p.yaml:6:54: a step must be a map with one key, its name, not several of them\n"
         "  hint: one step an item: - trim: [name]\n"},
        {S("trim: a"), "p.yaml:6:60: \"inputs.t.steps.trim\" must be a list of fields, not \"a\"\n"
                       "  hint: for example: trim: [name]\n"},
        {S("trim: []"), "p.yaml:6:60: \"inputs.t.steps.trim\" must be a list of fields, not an empty list\n"
                        "  hint: for example: trim: [name]\n"},
        {S("trim: [_time, a.b, a, a]"), "p.yaml:6:61: a field of a step must be the name of a field at the "
                                        "top level of an event, without '.' "
                                        "or a leading '_', not \"_time\"\n"
                                        "p.yaml:6:68: a field of a step must be the name of a field at the "
                                        "top level of an event, without '.' "
                                        "or a leading '_', not \"a.b\"\n"
                                        "p.yaml:6:76: the field \"a\" is given twice\n"},
        {S("trim: [{a: b}]"), "p.yaml:6:61: a field of a step must be the name of a field at the top level "
                              "of an event, without '.' "
                              "or a leading '_', not a map\n"},
        {S("remove: [{a: b}]"), "p.yaml:6:62: \"inputs.t.steps.remove\" must be a map, not a list\n"
                                "  hint: for example: remove: {fields: [price], text: \",\"}\n"},
        {S("remove: {fields: [a]}"),
         "p.yaml:6:62: \"inputs.t.steps.remove\" does not say what to remove\n"
         "  hint: text: \"...\" is a text as a whole; characters: \",;\" is each of these\n"},
        {S("remove: {fields: [a], text: x, characters: y}"),
         "p.yaml:6:62: \"inputs.t.steps.remove\" has both \"text\" and \"characters\"\n"
         "  hint: text: \"...\" is a text as a whole; characters: \",;\" is each of these\n"},
        {S("replace: {fields: [a], text: x, wth: y}"),
         "p.yaml:6:86: unknown key \"wth\"; did you mean \"with\"?\n"},
        {S("replace: {fields: [a], text: \"\", with: y}"),
         "p.yaml:6:83: \"inputs.t.steps.replace.text\" must be a text that is not empty, not \"\"\n"
         "  hint: for example: text: \"_\"\n"},
        {S("cast: {a: integer, b: [int]}"),
         "p.yaml:6:64: unknown type \"integer\"\n"
         "  hint: known here: int, decimal, text, bool, timestamp, epoch_s, epoch_ms, epoch_us\n"
         "p.yaml:6:76: a type must be a word, not a list\n  hint: for example: cast: {index: int}\n"},
        {S("default: {a: null, b: [1]}"),
         "p.yaml:6:67: a value of \"default\" must be a text, a number, true or false, not nothing\n"
         "  hint: an empty text is written \"\"; for null there is \"null_if\", or \"present\" in \"where\"\n"
         "p.yaml:6:76: a value of \"default\" must be a text, a number, true or false, not a list\n"},
        {S("where: {a: [], b: {}, c: {present: maybe}, d: {minimum: 1}}"),
         "p.yaml:6:65: \"where\" asks nothing of \"a\"\n"
         "  hint: for example: where: {category: [art, travel]}\n"
         "p.yaml:6:72: \"where\" asks nothing of \"b\"\n"
         "  hint: for example: where: {category: [art, travel]}\n"
         "p.yaml:6:89: \"inputs.t.steps.where.c.present\" must be true or false, not \"maybe\"\n"
         "  hint: for example: present: true\n"
         "p.yaml:6:101: unknown key \"minimum\"\n  hint: known here: not, min, max, present\n"},
        {S("where: {a: {min: 1, max: x}, b: {min: true}}"),
         "p.yaml:6:62: \"min\" and \"max\" must both be numbers or both be texts\n"
         "p.yaml:6:83: a bound must be a number or a text, not true\n"},
        {S("coalesce: {a: b}"), "p.yaml:6:68: a value of \"coalesce\" must be a list of fields, not \"b\"\n"
                                "  hint: for example: coalesce: {email: [email, contact_email]}\n"},
        {S("hash: {fields: [a], key: written}"),
         "p.yaml:6:79: \"inputs.t.steps.hash.key\" is a secret written in the file\n"
         "  hint: take it from the environment, ${HASH_KEY}, or from a file, "
         "${file:/run/secrets/password}\n"},
        {S("rename: {a: a}"), "p.yaml:6:63: the field \"a\" gets the name that it has\n"},
    };
    set_variables();
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(fields_that_are_gone) {
    static const struct trial trials[] = {
        {S("drop: [u], trim: [u]"),
         "p.yaml:6:72: the field \"u\" is not there any more: step 1 (drop) has taken it away\n"},
        {S("rename: {u: v}, lower: [v], where: {u: x}"),
         "p.yaml:6:90: the field \"u\" is not there any more: step 1 (rename) has taken it away\n"
         "  hint: its new name is \"v\"\n"},
        {S("drop: [u], coalesce: {w: [v, u]}"),
         "p.yaml:6:76: the field \"u\" is not there any more: step 1 (drop) has taken it away\n"},
        {S("drop: [u], drop: [u]"),
         "p.yaml:6:72: the field \"u\" is not there any more: step 1 (drop) has taken it away\n"},
        {S("drop: [at]"), "p.yaml:6:61: step 1 (drop) takes the field \"at\" away, but \"time.field\" of the "
                          "input \"t\" needs it\n"},
        {S("trim: [k], rename: {k: key}"),
         "p.yaml:6:74: step 2 (rename) takes the field \"k\" away, but \"attribute.key\" of the input \"t\" "
         "needs it\n  hint: its new name is \"key\"\n"},
        {S("drop: [x]"), "p.yaml:6:61: step 1 (drop) takes the field \"x\" away, but the column \"b\" of the "
                         "input \"t\" needs it\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(old_and_new_names) {
    static const struct trial trials[] = {
        {S("rename: {a: b, c: b}"), "p.yaml:6:63: two fields get the name \"b\"\n"
                                    "p.yaml:6:69: two fields get the name \"b\"\n"},
        {S("rename: {u: v, v: w}"), "p.yaml:6:69: \"v\" is an old and a new name in one step\n"
                                    "  hint: make it two steps, so that their order is plain\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

/* What comes back is there. */
START_TEST(fields_that_come_back) {
    static const char *const good[] = {
        "drop: [u], coalesce: {u: [v]}, trim: [u]",
        "rename: {k: tmp}, trim: [tmp], rename: {tmp: k}",
        "rename: {ts: at}, trim: [at]",
        "drop: [u, v]",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char line[300];
        snprintf(line, sizeof line, "  t: {kafka: {topic: tt}, time: {field: at}, steps: [%s]}\n", good[i]);
        char *text = replaced(base, TOUCHES, line);
        pipeline_free(parse_good(text));
        free(text);
    }
}
END_TEST

START_TEST(what_others_need_of_the_conversion) {
    static const char conversions[] = "  c: {kafka: {topic: cc}, time: {field: at}}\n";
    static const struct trial trials[] = {
        {conversions, "  c: {kafka: {topic: cc}, time: {field: at}, steps: [drop: [k, a]]}\n",
         "p.yaml:7:61: step 1 (drop) takes the field \"k\" away, but \"attribute.key\" of the input \"c\" "
         "needs "
         "it\n"
         "p.yaml:7:61: step 1 (drop) takes the field \"k\" away, but the lookup \"u\" of the input \"c\" "
         "needs "
         "it\n"
         "p.yaml:7:64: step 1 (drop) takes the field \"a\" away, but the column \"a\" of the input \"c\" "
         "needs "
         "it\n"},
        {conversions,
         "  c: {kafka: {topic: cc}, time: {field: at}, repartition: {by: v, partitions: 2}, "
         "steps: [rename: {v: w}]}\n",
         "p.yaml:7:100: step 1 (rename) takes the field \"v\" away, but \"repartition.by\" of the input "
         "\"c\" "
         "needs it\n  hint: its new name is \"w\"\n"},
    };
    try_all(trials, sizeof trials / sizeof *trials);
}
END_TEST

START_TEST(partitions) {
    static const struct trial trials[] = {
        {TOUCHES,
         "  t: {kafka: {topic: tt}, time: {field: at}, partitioned_by: k, steps: [trim: [x], lower: [k]]}\n",
         "p.yaml:6:92: step 2 (lower) can make different values of \"k\" equal, but the input \"t\" is "
         "partitioned by it as the producer wrote it: events that then have one key lie in several "
         "partitions\n"
         "  hint: let Tributary key the records after the steps: \"repartition\" in place of "
         "\"partitioned_by\"; or leave \"partitioned_by\" out if there is one partition\n"},
    };
    try_all(trials, 1);
    char *text = replaced(base, TOUCHES,
                          "  t: {kafka: {topic: tt}, time: {field: at}, partitioned_by: k, steps: [hash: "
                          "[k], cast: {k: text}]}\n");
    pipeline_free(parse_good(text));
    free(text);
}
END_TEST

START_TEST(times) {
    static const struct trial trials[] = {
        {TOUCHES,
         "  t: {kafka: {topic: tt}, time: {field: at, format: epoch_ms}, steps: [cast: {at: epoch_s}]}\n",
         "p.yaml:6:79: a step casts \"at\", the time of the input \"t\", but \"time.format\" expects a "
         "number\n"
         "  hint: leave out one of them: what has been cast is read by format: iso\n"},
    };
    try_all(trials, 1);
}
END_TEST

/* What comes from a variable is a text, and never part of a message. */
START_TEST(values_from_variables) {
    set_variables();
    char *text =
        replaced(base, TOUCHES,
                 "  t: {kafka: {topic: tt}, time: {field: at}, steps: [default: {u: \"${T_NUMBER}\"}]}\n");
    struct pipeline *pipeline = parse_good(text);
    ck_assert_int_eq(steps_of(pipeline, 0)->items[0].fields[0].value.type, LITERAL_TEXT);
    ck_assert_str_eq(steps_of(pipeline, 0)->items[0].fields[0].value.text, "77123");
    pipeline_free(pipeline);
    free(text);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("steps");
    tcase_add_checked_fixture(tests, set_variables, NULL);
    tcase_add_test(tests, every_step);
    tcase_add_test(tests, of_all_inputs);
    tcase_add_test(tests, wrong_shapes);
    tcase_add_test(tests, fields_that_are_gone);
    tcase_add_test(tests, old_and_new_names);
    tcase_add_test(tests, fields_that_come_back);
    tcase_add_test(tests, what_others_need_of_the_conversion);
    tcase_add_test(tests, partitions);
    tcase_add_test(tests, times);
    tcase_add_test(tests, values_from_variables);
    return run_suite("config.reader_steps", tests);
}
